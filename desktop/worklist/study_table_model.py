"""The worklist as a table: sorting and filtering of plain Python lists, fast for tens of thousands of studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from db.records import STUDY_STATUSES, WorklistEntry
from desktop import theme
from desktop.patient_text import name_text, sex_age_text, when_text

_AI_TEXTS = {"": "", "ready": "draft ready"}
_STATUS_COLOURS = {"unread": theme.TEXT, "final": theme.FAINT, "addended": theme.FAINT}
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column: its title, its text, what it is sorted by, and its first width."""

    title: str
    text: Callable[[WorklistEntry], str]
    key: Callable[[WorklistEntry], Any]
    width_px: int


def _views(entry: WorklistEntry) -> str:
    return ", ".join(entry.views)


COLUMNS: tuple[Column, ...] = (
    Column("Status", lambda e: e.status, lambda e: STUDY_STATUSES.index(e.status), 96),
    Column("Patient", lambda e: name_text(e.patient_name), lambda e: name_text(e.patient_name).casefold(), 180),
    Column("ID", lambda e: e.patient_id, lambda e: e.patient_id, 104),
    Column("Sex/age", lambda e: sex_age_text(e.sex, e.age_years), lambda e: (e.age_years or -1.0, e.sex), 76),
    Column("Study date", lambda e: when_text(e.study_date, e.study_time), lambda e: (e.study_date, e.study_time), 152),
    Column("Modality", lambda e: e.modality, lambda e: e.modality, 80),
    Column("Views", _views, _views, 90),
    Column("Accession", lambda e: e.accession_number, lambda e: e.accession_number, 110),
    Column("Description", lambda e: e.description, lambda e: e.description.casefold(), 170),
    Column("Films", lambda e: str(e.instance_count), lambda e: e.instance_count, 56),
    Column("AI", lambda e: _AI_TEXTS.get(e.ai_status, e.ai_status), lambda e: e.ai_status, 96),
    Column("Reader", lambda e: e.locked_by, lambda e: e.locked_by, 80),
)
STATUS_COLUMN, DATE_COLUMN = 0, 4


class StudyTableModel(QAbstractTableModel):
    """Studies of the workspace, filtered by words and sorted by one column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[WorklistEntry] = []
        self._words_of: dict[str, str] = {}
        self._shown: list[WorklistEntry] = []
        self._filter: tuple[str, ...] = ()
        self._sort_column, self._order = DATE_COLUMN, Qt.SortOrder.DescendingOrder

    @property
    def total(self) -> int:
        """Studies before filtering."""
        return len(self._entries)

    def set_entries(self, entries: Sequence[WorklistEntry]) -> None:
        """Show other studies."""
        self._entries = list(entries)
        self._words_of = {
            e.study_uid: "\n".join([*(c.text(e) for c in COLUMNS), e.patient_name]).casefold() for e in self._entries
        }
        self._refresh()

    def set_filter(self, text: str) -> None:
        """Show the studies in which every word of ``text`` occurs somewhere."""
        self._filter = tuple(text.casefold().split())
        self._refresh()

    def entry(self, row: int) -> WorklistEntry:
        """The study of a row."""
        return self._shown[row]

    def row_of(self, study_uid: str) -> int | None:
        """Row of a study, None when it is not shown."""
        return next((row for row, e in enumerate(self._shown) if e.study_uid == study_uid), None)

    def shown_entries(self) -> list[WorklistEntry]:
        """Studies in the order of the table."""
        return list(self._shown)

    def _refresh(self) -> None:
        self.beginResetModel()
        words = self._filter
        shown = [e for e in self._entries if all(word in self._words_of[e.study_uid] for word in words)]
        shown.sort(key=lambda e: (e.study_date, e.study_time), reverse=True)  # newest first among equals
        shown.sort(key=COLUMNS[self._sort_column].key, reverse=self._order == Qt.SortOrder.DescendingOrder)
        self._shown = shown
        self.endResetModel()

    # -- Qt -----------------------------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sort_column, self._order = max(column, 0), order
        self._refresh()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Studies shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tooltip and colour of a cell."""
        if not index.isValid():
            return None
        entry = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return COLUMNS[index.column()].text(entry)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(_STATUS_COLOURS.get(entry.status, theme.MUTED if index.column() else theme.TEXT))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None
