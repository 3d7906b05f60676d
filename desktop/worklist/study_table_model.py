"""The worklist as a table: sorting and filtering of plain Python lists, fast for tens of thousands of studies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from db.records import SIGNED_STATUSES, WorklistEntry
from desktop import theme
from desktop.worklist.columns import COLUMNS, DATE_COLUMN, PRIORITY_COLUMN, STATUS_COLUMN
from desktop.worklist.study_filter import ALL_STUDIES, StudyFilter
from desktop.worklist.study_index import StudyIndex

Index = QModelIndex | QPersistentModelIndex


class StudyTableModel(QAbstractTableModel):
    """Studies of the workspace, filtered and sorted by one column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.index_of_all = StudyIndex(())
        self._shown: list[WorklistEntry] = []
        self._rows: dict[str, int] | None = None
        self._filter, self._reader = ALL_STUDIES, ""
        self._sort_column, self._order = DATE_COLUMN, Qt.SortOrder.DescendingOrder

    @property
    def total(self) -> int:
        """Studies before filtering."""
        return len(self.index_of_all.entries)

    @property
    def filter(self) -> StudyFilter:
        """What is shown."""
        return self._filter

    @property
    def sorting(self) -> tuple[int, bool]:
        """Column, and whether it descends."""
        return self._sort_column, self._order == Qt.SortOrder.DescendingOrder

    def set_entries(self, entries: Sequence[WorklistEntry]) -> None:
        """Show other studies, prepared here; :meth:`set_index` takes them prepared elsewhere."""
        self.set_index(StudyIndex(entries, self.index_of_all))

    def set_index(self, index: StudyIndex) -> None:
        """Show other studies."""
        self.index_of_all = index
        self._refresh()

    def set_filter(self, wanted: StudyFilter | str, reader: str = "") -> None:
        """Show the studies that a filter lets through; a text is a filter by its words."""
        self._filter = StudyFilter(words=wanted) if isinstance(wanted, str) else wanted
        self._reader = reader
        self._refresh()

    def entry(self, row: int) -> WorklistEntry:
        """The study of a row."""
        return self._shown[row]

    def row_of(self, study_uid: str) -> int | None:
        """Row of a study, None when it is not shown."""
        if self._rows is None:
            self._rows = {entry.study_uid: row for row, entry in enumerate(self._shown)}
        return self._rows.get(study_uid)

    def shown_entries(self) -> list[WorklistEntry]:
        """Studies in the order of the table."""
        return list(self._shown)

    def _refresh(self) -> None:
        column, is_descending = self.sorting
        is_shown = self._filter.predicate(self._reader, dt.date.today())
        shown = self.index_of_all.shown(is_shown, column, is_descending=is_descending)
        self.beginResetModel()
        self._shown, self._rows = shown, None
        self.endResetModel()

    # -- Qt -----------------------------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sort_column, self._order = min(max(column, 0), len(COLUMNS) - 1), order
        self._refresh()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Studies shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tool tip and colour of a cell."""
        if not index.isValid():
            return None
        entry, column = self._shown[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(entry)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.tip or column.text)(entry)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(_colour(entry, index.column()))
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


def _colour(entry: WorklistEntry, column: int) -> str:
    if entry.status in SIGNED_STATUSES:
        return theme.FAINT
    if column == PRIORITY_COLUMN and entry.ai_priority:
        return theme.WARNING
    return theme.TEXT if entry.status == "unread" or column == STATUS_COLUMN else theme.MUTED
