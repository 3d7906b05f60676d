"""All keys on one sheet (F1), as they are now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from desktop.actions import Actions
from desktop.key_sequences import native_text

MOUSE = (
    ("left drag", "the chosen tool"),
    ("right drag", "window"),
    ("middle, Ctrl or Space drag", "pan"),
    ("wheel", "zoom to the cursor"),
    ("right click", "window presets"),
)
"""What the mouse does over a film; not to be changed, so no action."""

_COLUMN_WIDTH_PX = 380
FOOTNOTE = "Keys without Ctrl, Alt or F work while the film has the keyboard, never while you type."


class ShortcutSheet(QDialog):
    """Shows the keys of every action that has one; stays open while the reader works, and follows changes."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self._actions = actions
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName("Keys")
        note = QLabel(FOOTNOTE)
        note.setObjectName("muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        column.setSpacing(12)
        column.addWidget(self._scroll, 1)
        column.addWidget(note)
        self.setWindowFlag(Qt.WindowType.Tool)
        actions.keys_changed.connect(self.refresh)
        actions.added.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Write the sheet anew."""
        page = QWidget()
        page.setObjectName("page")
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(32)
        screen = self.screen().availableSize()
        columns = min(max((screen.width() - 80) // _COLUMN_WIDTH_PX, 1), 4)
        for groups in _balanced(sheet_rows(self._actions), columns):
            column = QVBoxLayout()
            column.setSpacing(6)
            for title, lines in groups:
                _write_group(column, title, lines)
            column.addStretch()
            row.addLayout(column)
        self._scroll.setWidget(page)
        wanted = page.sizeHint()
        self.resize(min(wanted.width() + 70, screen.width() - 80), min(wanted.height() + 90, screen.height() - 120))


Group = tuple[str, list[tuple[str, str]]]
"""Title, and keys with what they do."""


def sheet_rows(actions: Actions) -> list[Group]:
    """What the sheet says: groups in the order of the menus, submenus as one line, the mouse last."""
    groups: dict[str, dict[str, list[str]]] = {}
    for spec in (spec for specs in actions.grouped().values() for spec in specs):
        keys = [native_text(key) for key in actions.keys(spec.id)]
        if keys:
            groups.setdefault(spec.group, {}).setdefault(spec.submenu or spec.label, []).extend(keys)
    made = [(title, [(_joined(keys), text) for text, keys in lines.items()]) for title, lines in groups.items()]
    return [*made, ("Mouse over the film", list(MOUSE))]


def _joined(keys: list[str]) -> str:
    return "   ".join(keys) if len(keys) <= 4 else f"{keys[0]} ... {keys[-2]}, {keys[-1]}"


def _balanced(groups: list[Group], columns: int) -> list[list[Group]]:
    """Spread the groups, in order, over columns of about the same length."""
    share = sum(len(lines) + 2 for _, lines in groups) / columns
    made: list[list[Group]] = [[]]
    length = 0.0
    for group in groups:
        height = len(group[1]) + 2
        if made[-1] and length + height / 2 > share * len(made) and len(made) < columns:
            made.append([])
        made[-1].append(group)
        length += height
    return made


def _write_group(column: QVBoxLayout, title: str, lines: list[tuple[str, str]]) -> None:
    heading = QLabel(title)
    heading.setObjectName("title")
    column.addWidget(heading)
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    for number, (key, meaning) in enumerate(lines):
        grid.addWidget(QLabel(key), number, 0)
        text = QLabel(meaning)
        text.setObjectName("muted")
        grid.addWidget(text, number, 1)
    column.addLayout(grid)
    column.addSpacing(8)
