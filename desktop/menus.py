"""The menu bar, made from the registry of actions, and the actions of the window itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMenu, QMenuBar

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.main_window import MainWindow
    from desktop.model_host import ModelHost

MENU_TITLES = {
    "File": "Fil&e",
    "Study": "St&udy",
    "Image": "I&mage",
    "Measure": "Mea&sure",
    "Gaze": "Ga&ze",
    "Report": "Re&port",
    "Model": "M&odel",
    "Window": "&Window",
    "Help": "&Help",
}
"""Titles of the groups. Alt with F, R, L and A stays free: readers turn and flip films with those."""


class Menus(QObject):
    """Keeps the menu bar like the registry.

    Parameters
    ----------
    bar : QMenuBar
        Where the menus go.
    """

    def __init__(self, bar: QMenuBar, actions: Actions) -> None:
        super().__init__(bar)
        self._bar, self._actions = bar, actions
        self._fill_later = QTimer(self, singleShot=True, interval=0)
        self._fill_later.timeout.connect(self.fill)
        for group, title in MENU_TITLES.items():
            mnemonic = title[title.index("&") + 1].upper()
            actions.reserve(f"Alt+{mnemonic}", f"Alt+{mnemonic} opens the menu {group}.")
        actions.added.connect(lambda _: self._fill_later.start())
        self.fill()

    def fill(self) -> None:
        """Make all menus anew."""
        self._bar.clear()
        for group, specs in self._actions.grouped().items():
            if not any(spec.in_menu for spec in specs):
                continue
            menu = self._bar.addMenu(MENU_TITLES.get(group, group))
            menu.setToolTipsVisible(False)
            menu.aboutToShow.connect(self._actions.refresh_checks)
            self._fill_menu(menu, [spec for spec in specs if spec.in_menu])

    def _fill_menu(self, menu: QMenu, specs: list[ActionSpec]) -> None:
        sections = list(dict.fromkeys(spec.section for spec in specs))
        submenus: dict[str, QMenu] = {}
        for section in sections:
            if section != sections[0]:
                menu.addSeparator()
            for spec in (spec for spec in specs if spec.section == section):
                place = menu
                if spec.submenu:
                    place = submenus.get(spec.submenu) or submenus.setdefault(spec.submenu, menu.addMenu(spec.submenu))
                place.addAction(self._actions[spec.id])


def add_window_actions(actions: Actions, window: MainWindow, host: ModelHost) -> None:
    """Register what the window itself can do."""
    for spec, call in (
        (ActionSpec("file.open_files", "Open &files...", "File", ("Ctrl+O",)), window.ask_for_files),
        (ActionSpec("file.open_folder", "Open f&older...", "File", ("Ctrl+Shift+O",)), window.ask_for_folder),
        (ActionSpec("study.worklist", "&Worklist", "Study", ("Ctrl+L",)), window.show_worklist),
        (ActionSpec("study.filter", "&Filter the worklist", "Study", ("Ctrl+F",)), window.focus_filter),
        (
            ActionSpec("study.next_unread", "Next &unread", "Study", ("Ctrl+N",), section="next"),
            window.open_next_unread,
        ),
        (
            ActionSpec("study.before", "Study &before", "Study", ("Ctrl+Left",), section="next"),
            lambda: window.open_neighbour(-1),
        ),
        (
            ActionSpec("study.after", "Study &after", "Study", ("Ctrl+Right",), section="next"),
            lambda: window.open_neighbour(1),
        ),
        (
            ActionSpec("report.switch_focus", "&Keyboard to report / image", "Report", ("F3",), section="focus"),
            window.switch_focus,
        ),
        (ActionSpec("model.start", "Start &again", "Model"), host.retry_now),
        (ActionSpec("model.off", "Switch &off", "Model"), host.switch_off),
        (
            ActionSpec(
                "model.versions",
                "&Versions...",
                "Model",
                section="versions",
                tip="Which version drafts, what the gate found of each, and the way back",
            ),
            lambda: window.dialogs.show_versions(window.versions),
        ),
        (
            ActionSpec("file.settings", "&Settings...", "File", ("Ctrl+,",), section="settings"),
            window.dialogs.show_settings,
        ),
        (ActionSpec("file.quit", "&Quit", "File", ("Ctrl+Q",), section="quit"), window.close),
        (ActionSpec("help.keys", "&Keys", "Help", ("F1",)), window.dialogs.show_keys),
        (ActionSpec("help.change_keys", "&Change keys...", "Help"), lambda: window.dialogs.show_settings("Keys")),
        (ActionSpec("help.tour", "&Tour of the window", "Help", section="about"), window.tour.start),
        (
            ActionSpec("help.about", "&About...", "Help", section="about"),
            lambda: window.dialogs.show_settings("About"),
        ),
    ):
        actions.add(spec, call)
    actions.add(
        ActionSpec(
            "window.full_screen", "&Full screen", "Window", ("F11",), is_checkable=True,
            tip="The whole screen for the window, and back",
        ),
        window.place.toggle_full_screen,
        is_checked=window.isFullScreen,
    )  # fmt: skip
