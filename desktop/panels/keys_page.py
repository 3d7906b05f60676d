"""The page on which keys are changed: choose an action, press the key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.actions import Actions, KeyTaken

_ID_ROLE = Qt.ItemDataRole.UserRole


class KeysPage(QWidget):
    """All actions with their keys; every change holds at once and is kept."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._wanted = self._other_id = ""
        self._adds = False
        self._make_list()
        self._make_editor()
        self._lay_out()
        actions.keys_changed.connect(self.refresh)
        actions.added.connect(lambda _: self.refresh())
        self.refresh()

    # -- layout -------------------------------------------------------------------------------------------------

    def _make_list(self) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find an action or a key")
        self.filter.setAccessibleName("Find an action or a key")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(lambda _: self._apply_filter())
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Actions and their keys")
        self.tree.setHeaderLabels(["Action", "Keys", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.tree.currentItemChanged.connect(lambda *_: self._on_chosen())

    def _make_editor(self) -> None:
        self.chosen = QLabel()
        self.chosen.setObjectName("title")
        self.press = _KeyField()
        self.press.key_pressed.connect(self._try)
        self.replace_button = QPushButton("Press a new key")
        self.replace_button.clicked.connect(lambda: self._listen(adds=False))
        self.add_button = QPushButton("Add a key")
        self.add_button.clicked.connect(lambda: self._listen(adds=True))
        self.clear_button = QPushButton("No key")
        self.clear_button.clicked.connect(lambda: self._rebind(()))
        self.reset_button = QPushButton("As it came")
        self.reset_button.clicked.connect(self._reset)
        self.reset_all_button = QPushButton("Reset all keys")
        self.reset_all_button.clicked.connect(self._actions.reset_all)
        self.conflict = QLabel()
        self.conflict.setObjectName("fault")
        self.conflict.setWordWrap(True)
        self.take_button = QPushButton("Take it from there")
        self.take_button.clicked.connect(self._take)

    def _lay_out(self) -> None:
        keys = QHBoxLayout()
        keys.addWidget(self.chosen, 1)
        for widget in (self.press, self.replace_button, self.add_button, self.clear_button, self.reset_button):
            keys.addWidget(widget)
        conflict = QHBoxLayout()
        conflict.addWidget(self.conflict, 1)
        conflict.addWidget(self.take_button)
        note = QLabel("Keys without Ctrl, Alt or F work while the film has the keyboard, never while you type.")
        note.setObjectName("muted")
        note.setWordWrap(True)
        foot = QHBoxLayout()
        foot.addWidget(note, 1)
        foot.addWidget(self.reset_all_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        column.addWidget(self.filter)
        column.addWidget(self.tree, 1)
        column.addLayout(keys)
        column.addLayout(conflict)
        column.addLayout(foot)

    # -- the list -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Write the list anew; the chosen action stays chosen."""
        chosen = self.chosen_id()
        self.tree.blockSignals(True)
        self.tree.clear()
        for group, specs in self._actions.grouped().items():
            top = QTreeWidgetItem(self.tree, [group])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            top.setExpanded(True)
            for spec in specs:
                label = f"{spec.submenu}: {spec.label}" if spec.submenu else spec.label
                mark = "changed" if self._actions.is_changed(spec.id) else ""
                item = QTreeWidgetItem(top, [label, self._actions.keys_text(spec.id), mark])
                item.setData(0, _ID_ROLE, spec.id)
                item.setToolTip(0, spec.tip)
        self.tree.blockSignals(False)
        self._apply_filter()
        self.choose(chosen or next(iter(self._actions.grouped().values()))[0].id)

    def chosen_id(self) -> str:
        """The action whose keys can be changed."""
        item = self.tree.currentItem()
        return str(item.data(0, _ID_ROLE) or "") if item is not None else ""

    def choose(self, action_id: str) -> None:
        """Choose an action."""
        for item in self._items():
            if item.data(0, _ID_ROLE) == action_id:
                self.tree.setCurrentItem(item)
        self._on_chosen()

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.tree.topLevelItem(number) for number in range(self.tree.topLevelItemCount())]
        return [top.child(number) for top in tops for number in range(top.childCount())]

    def _apply_filter(self) -> None:
        words = self.filter.text().casefold().split()
        for item in self._items():
            text = " ".join((item.parent().text(0), item.text(0), item.text(1))).casefold()
            item.setHidden(not all(word in text for word in words))
        for number in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(number)
            top.setHidden(all(top.child(row).isHidden() for row in range(top.childCount())))

    # -- the keys -----------------------------------------------------------------------------------------------

    def _on_chosen(self) -> None:
        action_id = self.chosen_id()
        self._say_conflict("")
        self.press.hide()
        for widget in (self.replace_button, self.add_button):
            widget.setEnabled(bool(action_id))
        self.clear_button.setEnabled(bool(action_id) and bool(self._actions.keys(action_id)))
        self.reset_button.setEnabled(bool(action_id) and self._actions.is_changed(action_id))
        self.chosen.setText(self._actions.spec(action_id).label if action_id else "")

    def _listen(self, *, adds: bool) -> None:
        self._adds = adds
        self._say_conflict("")
        self.press.listen()

    def _try(self, key: str) -> None:
        action_id = self.chosen_id()
        if not action_id:
            return
        self._wanted = key
        kept = self._actions.keys(action_id) if self._adds else ()
        self._rebind((*kept, key))

    def _rebind(self, keys: tuple[str, ...]) -> None:
        action_id = self.chosen_id()
        try:
            self._actions.rebind(action_id, keys)
        except KeyTaken as error:
            self._say_conflict(str(error), error.other_id)

    def _reset(self) -> None:
        try:
            self._actions.reset(self.chosen_id())
        except KeyTaken as error:
            self._say_conflict(f"It cannot be as it came: {error}")

    def _say_conflict(self, sentence: str, other_id: str = "") -> None:
        self._other_id = other_id
        self.conflict.setText(sentence)
        self.conflict.setVisible(bool(sentence))
        self.take_button.setVisible(bool(other_id))

    def _take(self) -> None:
        """Take the wanted key from the action that has it."""
        action_id, other_id, wanted = self.chosen_id(), self._other_id, self._wanted
        left = tuple(key for key in self._actions.keys(other_id) if key != wanted)
        kept = self._actions.keys(action_id) if self._adds else ()
        self._actions.rebind(other_id, left)
        self.choose(action_id)
        self._rebind((*kept, wanted))


class _KeyField(QKeySequenceEdit):
    """Listens for one key.

    Signals
    -------
    key_pressed(str)
        Portable text of the key.
    """

    key_pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setMaximumSequenceLength(1)
        self.setAccessibleName("New key")
        for child in self.findChildren(QLineEdit):
            child.setPlaceholderText("press the key ...")
            child.setAccessibleName("New key")
        self.setFixedWidth(150)
        self.keySequenceChanged.connect(self._on_pressed)
        self.hide()

    def listen(self) -> None:
        """Wait for a key."""
        self.clear()
        self.show()
        self.setFocus()

    def _on_pressed(self, sequence: QKeySequence) -> None:
        if not sequence.isEmpty():
            self.hide()
            self.key_pressed.emit(sequence.toString(QKeySequence.SequenceFormat.PortableText))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Give up when the keyboard goes elsewhere."""
        super().focusOutEvent(event)
        self.hide()
