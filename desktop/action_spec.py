"""What an action of the window is: its name, its place in the menus, its keys."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.key_sequences import Scope

GROUPS = ("File", "Study", "Image", "Measure", "Gaze", "Report", "Model", "Window", "Help")
"""Groups of actions in the order in which they are shown; others come after them."""


@dataclass(frozen=True)
class ActionSpec:
    """What an action is called and how it is reached.

    Attributes
    ----------
    id : str
        "group.name"; changed keys are kept under it, so it stays the same for ever.
    text : str
        Menu text with its mnemonic (&).
    group : str
        Title of its menu and of its column on the sheet of keys: one of :data:`GROUPS`, or a new one.
    keys : tuple of str
        Default keys in Qt's portable text ("Ctrl+Shift+I", "W", "F9"); none by default.
    scope : {"window", "film", "worklist", "report"}
        Where the keys work. A key without Ctrl, Alt or F of scope "window" works only while a film has the keyboard,
        so that it stays silent while typing.
    section : str
        Actions of a menu with the same section stand together, with a line between two sections.
    submenu : str
        Put it in this submenu; the sheet of keys shows a submenu as one line.
    tip : str
        What it does, for tool tips; the keys are added to it. The text, when empty.
    is_checkable : bool
        It is on or off.
    is_remembered : bool
        Whether it is on is kept for the next start, and can be chosen on the page "Display" of the settings.
    in_menu : bool
        False for what would only lengthen a menu.
    """

    id: str
    text: str
    group: str
    keys: tuple[str, ...] = ()
    scope: Scope = "window"
    section: str = ""
    submenu: str = ""
    tip: str = ""
    is_checkable: bool = False
    is_remembered: bool = False
    in_menu: bool = True

    @property
    def label(self) -> str:
        """The text without mnemonic and dots."""
        return self.text.replace("&", "").removesuffix("...")
