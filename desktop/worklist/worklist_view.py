"""The worklist page: filter, table, and what to do while there is nothing to list."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from db.records import WorklistEntry
from desktop.worklist.columns import COLUMNS, DATE_COLUMN
from desktop.worklist.filter_bar import FilterBar
from desktop.worklist.study_index import StudyIndex
from desktop.worklist.study_table_model import StudyTableModel

EMPTY_TEXT = (
    "No studies yet.\n\nDrop DICOM, PNG or JPEG films (or folders with them) here,\nor use File > Open files (Ctrl+O)."
)
_TITLES = "\n".join(column.title for column in COLUMNS).encode() + b"\0"


class WorklistView(QWidget):
    """Lists studies.

    Signals
    -------
    study_chosen(str)
        The reader wants to open this study.
    """

    study_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.table_model = StudyTableModel(self)
        self.table = _StudyTable()
        self.table.setModel(self.table_model)
        self.bar = FilterBar()
        self.filter = self.bar.words
        self.table.setAccessibleName("Worklist")
        self.count = self.bar.count
        self.empty = QLabel("Opening the workspace...")
        self.empty.setObjectName("muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self.reader: Callable[[], str] = lambda: ""
        self.bar.changed.connect(self.apply_filter)
        self.bar.left.connect(self._give_keyboard_to_the_list)
        self._each_minute = QTimer(self, interval=60_000)
        self._each_minute.timeout.connect(self.table.viewport().update)  # how long a study waits
        self._each_minute.start()
        self.table.activated_row.connect(lambda row: self.study_chosen.emit(self.table_model.entry(row).study_uid))

    def _lay_out(self) -> None:
        self._body = QStackedLayout()
        self._body.addWidget(self.empty)
        self._body.addWidget(self.table)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addLayout(self._body, 1)

    def show_above(self, bar: QWidget) -> None:
        """Show a bar above the filter."""
        self._column.insertWidget(0, bar)
        bar.show()

    def set_entries(self, entries: Sequence[WorklistEntry]) -> None:
        """Show these studies; the chosen one stays chosen."""
        self.set_index(StudyIndex(entries, self.table_model.index_of_all))

    def set_index(self, index: StudyIndex) -> None:
        """Show these studies, prepared off the GUI thread; the chosen one stays chosen."""
        with self._choice_kept():
            self.table_model.set_index(index)

    @contextmanager
    def _choice_kept(self) -> Iterator[None]:
        chosen = self.current_study_uid()
        yield
        self._show_body()
        if chosen is not None:
            self.choose(chosen)

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence instead of the table."""
        self.empty.setText(sentence)
        self._body.setCurrentWidget(self.empty)

    def current_study_uid(self) -> str | None:
        """The chosen study."""
        index = self.table.currentIndex()
        return self.table_model.entry(index.row()).study_uid if index.isValid() else None

    def choose(self, study_uid: str) -> None:
        """Choose a study, if it is shown."""
        row = self.table_model.row_of(study_uid)
        if row is not None:
            self.table.selectRow(row)

    def neighbour(self, study_uid: str, step: int) -> str | None:
        """The study so many rows after (before, when negative) another one."""
        row = self.table_model.row_of(study_uid)
        entries = self.table_model.shown_entries()
        if row is None or not 0 <= row + step < len(entries):
            return None
        return entries[row + step].study_uid

    def next_unread(self, study_uid: str | None) -> str | None:
        """The first unread study after this one, from the top again when there is none."""
        entries = self.table_model.shown_entries()
        row = self.table_model.row_of(study_uid) if study_uid is not None else None
        start = 0 if row is None else row + 1
        return next((e.study_uid for e in entries[start:] + entries[:start] if e.status == "unread"), None)

    def upcoming(self, study_uid: str | None, count: int) -> list[WorklistEntry]:
        """The unread studies that :meth:`next_unread` would open one after the other."""
        entries = self.table_model.shown_entries()
        row = self.table_model.row_of(study_uid) if study_uid is not None else None
        start = 0 if row is None else row + 1
        order = itertools.chain(entries[start:], entries[:start])
        unread = (e for e in order if e.status == "unread" and e.study_uid != study_uid)
        return list(itertools.islice(unread, count))

    def layout_state(self) -> QByteArray:
        """Widths, order and sorting of the columns, behind the titles they are of."""
        return QByteArray(_TITLES) + self.table.horizontalHeader().saveState()

    def restore_layout(self, state: QByteArray) -> None:
        """Take up widths, order and sorting; those of other columns, of another release, are forgotten."""
        if state.startsWith(_TITLES):
            self.table.horizontalHeader().restoreState(state.mid(len(_TITLES)))

    def apply_filter(self) -> None:
        """Show what the bar asks for."""
        with self._choice_kept():
            self.table_model.set_filter(self.bar.wanted(), self.reader())

    def _give_keyboard_to_the_list(self) -> None:
        if self.table_model.rowCount():
            if not self.table.currentIndex().isValid():
                self.table.selectRow(0)
            self.table.setFocus()

    def _show_body(self) -> None:
        shown, total = self.table_model.rowCount(), self.table_model.total
        noun = "study" if total == 1 else "studies"
        self.count.setText(f"{total} {noun}" if shown == total else f"{shown} of {total} {noun}")
        if not total:
            self.show_sentence(EMPTY_TEXT)
        elif not shown:
            self.show_sentence("No study is like that. Choose another filter, or fewer words.")
        else:
            self._body.setCurrentWidget(self.table)


class _StudyTable(QTableView):
    """A table whose rows open with Enter or a double click.

    Signals
    -------
    activated_row(int)
    """

    activated_row = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(lambda index: self.activated_row.emit(index.row()))

    def setModel(self, model: StudyTableModel) -> None:  # type: ignore[override]
        """Size the columns and sort by date."""
        super().setModel(model)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width_px)
        self.setSortingEnabled(True)
        self.sortByColumn(DATE_COLUMN, Qt.SortOrder.DescendingOrder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the chosen study."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.activated_row.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)
