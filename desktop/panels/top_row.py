"""Menus, pages and what the program is for, in one row: height belongs to the film."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenuBar, QSizePolicy, QToolButton, QWidget

from desktop import theme

_LONGEST_NAME = 28
"""Longer ones are cut here, so that they do not widen the window; the banner over the film shows all of it."""


class TopRow(QWidget):
    """The row above both pages."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.menus = QMenuBar()
        self.menus.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.worklist_button, self.reading_button = QToolButton(), QToolButton()
        self.worklist_button.setText("Worklist")
        self.worklist_button.setToolTip("Ctrl+L")
        for button in (self.worklist_button, self.reading_button):
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reader = QLabel()
        self.reader.setObjectName("muted")
        self.reader.setToolTip("Who is logged in")
        notice = QLabel(theme.RESEARCH_NOTICE)
        notice.setObjectName("research")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 3, 12, 3)
        row.setSpacing(4)
        row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addSpacing(16)
        row.addWidget(self.worklist_button)
        row.addWidget(self.reading_button)
        row.addStretch()
        row.addWidget(self.reader)
        row.addSpacing(14)
        row.addWidget(notice)

    def show_reader(self, name: str) -> None:
        """Show who is logged in; nothing for the local user."""
        self.reader.setText(name)

    def show_page(self, patient: str | None, *, is_reading: bool) -> None:
        """Show which page is up, and whose study is open."""
        self.worklist_button.setChecked(not is_reading)
        self.reading_button.setChecked(is_reading)
        self.reading_button.setEnabled(patient is not None)
        name = patient if patient is None or len(patient) <= _LONGEST_NAME else f"{patient[: _LONGEST_NAME - 1]}…"
        self.reading_button.setText(f"Reading: {name}" if name is not None else "Reading")
