"""The one registry of what the reader can do: menus, keys, tool tips, cheat sheet and key editor are made from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.action_button import ActionButton
from desktop.action_spec import GROUPS, ActionSpec
from desktop.key_sequences import (
    Scope,
    do_clash,
    first_chord,
    key_fault,
    native_text,
    portable_text,
    scope_of_key,
    sequence_of,
)
from desktop.settings import Settings
from gaze2report.errors import Gaze2ReportError

_ID = re.compile(r"[a-z][a-z_]*\.[a-z0-9][a-z0-9_]*")
__all__ = ["ActionSpec", "Actions", "KeyTaken"]


class KeyTaken(Gaze2ReportError):
    """A key that cannot be given to an action.

    Attributes
    ----------
    other_id : str
        The action that has it; empty when it is reserved or no key at all.
    """

    code = "key_taken"

    def __init__(self, sentence: str, other_id: str = "") -> None:
        super().__init__(sentence)
        self.other_id = other_id


class _Entry:
    """One action with its keys of this moment."""

    def __init__(self, spec: ActionSpec, action: QAction, plain_action: QAction) -> None:
        self.spec, self.action, self.plain_action = spec, action, plain_action
        self.chosen: tuple[str, ...] | None = None  # by the reader
        self.keys: tuple[str, ...] = ()
        self.is_checked: Callable[[], bool] | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """What it should have when nobody else has it."""
        return self.spec.keys if self.chosen is None else self.chosen


class Actions(QObject):
    """All actions of the window.

    Signals
    -------
    added(str)
        An action came, by id.
    keys_changed
        Some action has other keys than before.
    """

    added = Signal(str)
    keys_changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._entries: dict[str, _Entry] = {}
        self._widgets: dict[Scope, list[QWidget]] = {"window": [], "film": [], "worklist": [], "report": []}
        self._taken: dict[str, list[tuple[str, str]]] = {}  # first chord -> (id, key)
        self._reserved: dict[str, str] = {}

    # -- making -------------------------------------------------------------------------------------------------

    def add(
        self, spec: ActionSpec, call: Callable[[], object], *, is_checked: Callable[[], bool] | None = None
    ) -> QAction:
        """Register an action; ``is_checked`` says whether a checkable one is on, and is asked after each use.

        Raises
        ------
        ValueError
            If the id is not new, a default key cannot be or is another action's, or nothing says whether a remembered
            action is on.
        """
        if spec.is_remembered and is_checked is None:
            raise ValueError(f"action {spec.id!r} is remembered, but nothing says whether it is on")
        if spec.id in self._entries or not _ID.fullmatch(spec.id):
            raise ValueError(f"action id {spec.id!r} is taken or malformed")
        action, plain_action = QAction(spec.text, self), QAction(spec.text, self)
        action.setCheckable(spec.is_checkable)
        action.setObjectName(spec.id)
        entry = _Entry(spec, action, plain_action)
        entry.is_checked = is_checked
        action.triggered.connect(partial(self._run, entry, call))
        plain_action.triggered.connect(action.trigger)
        plain_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        entry.chosen = self._kept_keys(spec)
        self._check_defaults(spec)
        self._entries[spec.id] = entry
        for scope, widgets in self._widgets.items():
            for widget in widgets:
                _attach(entry, scope, widget)
        if any(self._owner_of(spec, key) for key in entry.wanted):
            self._assign_all()
        else:
            self._take(self._taken, entry, entry.wanted)
            _show_keys(entry, entry.wanted)
        self._check(entry)
        self.added.emit(spec.id)
        return action

    def _run(self, entry: _Entry, call: Callable[[], object], _is_checked: bool = False) -> None:
        call()
        self._check(entry)
        if entry.spec.is_remembered:
            self._settings.set_on(entry.spec.id, entry.action.isChecked())

    def restore_states(self) -> None:
        """Switch the remembered actions as they were; called once, when every part of the window is there."""
        for entry in self._entries.values():
            kept = self._settings.is_on(entry.spec.id) if entry.spec.is_remembered else None
            if kept is not None and entry.is_checked is not None and kept != entry.is_checked():
                entry.action.trigger()

    def add_widget(self, scope: Scope, widget: QWidget) -> None:
        """Let the keys of a scope work while this widget has the keyboard (in it, for "report" and "window")."""
        self._widgets[scope].append(widget)
        widget.destroyed.connect(partial(_forget, self._widgets[scope], widget))
        for entry in self._entries.values():
            _attach(entry, scope, widget)

    def reserve(self, key: str, sentence: str) -> None:
        """Keep a key from being given to any action, with what to say about it."""
        self._reserved[portable_text(key)] = sentence

    def tie(self, button: QAbstractButton, action_id: str, text: str = "", *, has_own_enabling: bool = False) -> None:
        """Make a button do the action and show its tip, keys and state from now on.

        With ``has_own_enabling`` whoever owns the button enables it, and the key can still say why not.
        """
        button.setText(text or self.spec(action_id).label)
        ActionButton(button, self[action_id], self.spec(action_id).label, has_own_enabling)

    # -- looking ------------------------------------------------------------------------------------------------

    def __getitem__(self, action_id: str) -> QAction:
        return self._entries[action_id].action

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._entries

    def __iter__(self) -> Iterator[ActionSpec]:
        """All actions in the order they came."""
        return iter([entry.spec for entry in self._entries.values()])

    def grouped(self) -> dict[str, list[ActionSpec]]:
        """All actions by group, as menus, sheet of keys and settings show them."""
        found: dict[str, list[ActionSpec]] = {}
        for spec in self:
            found.setdefault(spec.group, []).append(spec)
        known = [group for group in GROUPS if group in found]
        return {group: found[group] for group in (*known, *(group for group in found if group not in GROUPS))}

    def spec(self, action_id: str) -> ActionSpec:
        """What an action was registered as."""
        return self._entries[action_id].spec

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action now, in portable text."""
        return self._entries[action_id].keys

    def keys_text(self, action_id: str) -> str:
        """The keys of an action as this keyboard writes them; empty for none."""
        return ", ".join(native_text(key) for key in self.keys(action_id))

    def tip(self, action_id: str) -> str:
        """What the action does, with its keys."""
        return self[action_id].toolTip()

    def is_changed(self, action_id: str) -> bool:
        """Whether the reader has given it other keys than it came with."""
        return self._entries[action_id].chosen is not None

    def refresh_checks(self) -> None:
        """Ask every checkable action whether it is on."""
        for entry in self._entries.values():
            self._check(entry)

    def _check(self, entry: _Entry) -> None:
        if entry.is_checked is not None:
            entry.action.setChecked(entry.is_checked())

    # -- keys ---------------------------------------------------------------------------------------------------

    def rebind(self, action_id: str, keys: tuple[str, ...]) -> None:
        """Give an action other keys (none is allowed), and remember them.

        Raises
        ------
        KeyTaken
            If one of them cannot be given; nothing is changed then.
        """
        spec = self.spec(action_id)
        new = tuple(dict.fromkeys(portable_text(key) or key for key in keys))
        for key in new:
            self._refuse_taken(spec, key)
        self._choose(action_id, None if new == _portable(spec.keys) else new)

    def reset(self, action_id: str) -> None:
        """Give an action the keys it came with.

        Raises
        ------
        KeyTaken
            If another action has been given one of them.
        """
        self.rebind(action_id, self.spec(action_id).keys)

    def reset_all(self) -> None:
        """Give every action the keys it came with."""
        for entry in self._entries.values():
            entry.chosen = None
            self._settings.set_keys(entry.spec.id, None)
        self._assign_all()

    def _choose(self, action_id: str, keys: tuple[str, ...] | None) -> None:
        self._entries[action_id].chosen = keys
        self._settings.set_keys(action_id, keys)
        self._assign_all()

    def _refuse_taken(self, spec: ActionSpec, key: str) -> None:
        fault = key_fault(spec.scope, key) or self._reserved.get(key, "")
        if fault:
            raise KeyTaken(fault)
        owner = self._owner_of(spec, key)
        if owner:
            other = self.spec(owner)
            raise KeyTaken(f'{native_text(key)} is a key of "{other.group}: {other.label}".', owner)

    def _check_defaults(self, spec: ActionSpec) -> None:
        for key in spec.keys:
            fault = key_fault(spec.scope, key)
            owner = self._owner_of(spec, key)
            if not fault and owner and not self.is_changed(owner):
                fault = f"it is a key of {owner}"
            if fault:
                raise ValueError(f"default key {key!r} of action {spec.id!r}: {fault}")

    def _kept_keys(self, spec: ActionSpec) -> tuple[str, ...] | None:
        kept = self._settings.keys(spec.id)
        return None if kept is None else tuple(key for key in kept if not key_fault(spec.scope, key))

    def _owner_of(self, spec: ActionSpec, key: str, taken: dict[str, list[tuple[str, str]]] | None = None) -> str:
        """Id of another action that listens to this key too; empty when there is none."""
        for other_id, other_key in (self._taken if taken is None else taken).get(first_chord(key), ()):
            if other_id != spec.id and do_clash(spec.scope, key, self.spec(other_id).scope, other_key):
                return other_id
        return ""

    def _take(self, taken: dict[str, list[tuple[str, str]]], entry: _Entry, keys: tuple[str, ...]) -> None:
        for key in keys:
            taken.setdefault(first_chord(key), []).append((entry.spec.id, key))

    def _assign_all(self) -> None:
        """Share out the keys: what the reader chose goes before what an action came with."""
        taken: dict[str, list[tuple[str, str]]] = {}
        for entry in sorted(self._entries.values(), key=lambda entry: entry.chosen is None):
            keys = tuple(key for key in entry.wanted if not self._owner_of(entry.spec, key, taken))
            self._take(taken, entry, keys)
            _show_keys(entry, keys)
        self._taken = taken
        self.keys_changed.emit()


def _attach(entry: _Entry, scope: Scope, widget: QWidget) -> None:
    if scope in (entry.spec.scope, "film" if entry.spec.scope == "window" else ""):
        widget.addActions([entry.action, entry.plain_action])


def _show_keys(entry: _Entry, keys: tuple[str, ...]) -> None:
    """Give the keys to Qt. An action has one context in Qt, so plain keys beside others have an action of their own."""
    entry.keys = _portable(keys)
    spec = entry.spec
    scopes = {scope_of_key(spec.scope, key) for key in keys}
    main = scopes.pop() if len(scopes) == 1 else spec.scope
    entry.action.setShortcutContext(_CONTEXTS[main])
    entry.action.setShortcuts([sequence_of(key) for key in keys if scope_of_key(spec.scope, key) == main])
    entry.plain_action.setShortcuts([sequence_of(key) for key in keys if scope_of_key(spec.scope, key) != main])
    text = ", ".join(native_text(key) for key in keys)
    entry.action.setToolTip((spec.tip or spec.label) + (f" ({text})" if text else ""))


_CONTEXTS = {
    "window": Qt.ShortcutContext.WindowShortcut,
    "film": Qt.ShortcutContext.WidgetShortcut,
    "worklist": Qt.ShortcutContext.WidgetShortcut,
    "report": Qt.ShortcutContext.WidgetWithChildrenShortcut,
}


def _portable(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(portable_text(key) for key in keys)


def _forget(widgets: list[QWidget], widget: QWidget, *_: object) -> None:
    if widget in widgets:
        widgets.remove(widget)
