"""Who was told of a critical result, when and how: kept with the report, signed with it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from db.records import Communication
from desktop.reading import Reading
from desktop.text_spans import plain

MEANS = ("by telephone", "in person", "by secure message")
_TIME_FORMAT = "%Y-%m-%d %H:%M"


def communication_text(entry: Communication) -> str:
    """One communication as the report says it."""
    return f"{entry.told}, {entry.at}, {entry.means}"


class CommunicationRow(QWidget):
    """The communications of the report on screen, and a form for one more."""

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._entries = QVBoxLayout()
        self._entries.setSpacing(2)
        self.add_button = QPushButton("Note who was told...")
        self.add_button.clicked.connect(self.begin)
        self._make_form()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._entries)
        column.addWidget(self._form)
        row = QHBoxLayout()
        row.addWidget(self.add_button)
        row.addStretch()
        column.addLayout(row)
        for signal in (reading.opened, reading.report_changed, reading.communications_changed):
            signal.connect(self.refresh)
        reading.opened.connect(self._form.hide)
        self.refresh()

    def _make_form(self) -> None:
        self._form = QWidget()
        self.told, self.at, self.means = QLineEdit(), QLineEdit(), QComboBox()
        self.told.setPlaceholderText("Who was told")
        self.told.setAccessibleName("Who was told of the critical result")
        self.at.setAccessibleName("When, as year-month-day hour:minute")
        self.means.setAccessibleName("How it was communicated")
        self.means.setEditable(True)
        self.means.addItems(MEANS)
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        self.keep_button, cancel = QPushButton("Keep"), QPushButton("Cancel")
        self.keep_button.clicked.connect(self.keep)
        cancel.clicked.connect(self._end)
        for field in (self.told, self.at, self.means.lineEdit()):
            field.returnPressed.connect(self.keep)
        column = QVBoxLayout(self._form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        second, third = QHBoxLayout(), QHBoxLayout()
        self.at.setMinimumWidth(136)
        second.addWidget(self.at)
        second.addWidget(self.means, 1)
        third.addStretch()
        third.addWidget(cancel)
        third.addWidget(self.keep_button)
        column.addWidget(self.told)
        column.addLayout(second)
        column.addWidget(self.fault)
        column.addLayout(third)
        self._form.hide()

    def begin(self) -> None:
        """Ask who was told; the time is now until the reader says otherwise."""
        if not self._reading.can_edit:
            return
        self.told.clear()
        self.at.setText(datetime.now().strftime(_TIME_FORMAT))
        self.means.setCurrentIndex(0)
        self.fault.hide()
        self._form.show()
        self.add_button.hide()
        self.told.setFocus()

    def keep(self) -> None:
        """Add the entry to the report, or say what is missing."""
        told, at, means = (plain(text).strip() for text in (self.told.text(), self.at.text(), self.means.currentText()))
        fault = entry_fault(told, at, means)
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        if not fault:
            self._reading.set_communications((*self._reading.communications, Communication(told, at, means)))
            self._end()

    def _end(self) -> None:
        self._form.hide()
        self.refresh()
        self.add_button.setFocus()

    def refresh(self) -> None:
        """Show the entries of the report."""
        while self._entries.count():
            widget = self._entries.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        can_edit = self._reading.can_edit
        for number, entry in enumerate(self._reading.communications):
            self._entries.addWidget(self._entry_widget(number, entry, can_edit))
        if not can_edit:
            self._form.hide()
        self.add_button.setVisible(can_edit and self._form.isHidden())

    def _entry_widget(self, number: int, entry: Communication, can_edit: bool) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 2, 0, 2)
        label = QLabel(f"Told: {communication_text(entry)}")
        label.setWordWrap(True)
        row.addWidget(label, 1)
        if can_edit:
            remove = QPushButton("Remove")
            remove.setAccessibleName(f"Remove the communication to {entry.told}")
            remove.clicked.connect(lambda: self._remove(number))
            row.addWidget(remove)
        return box

    def _remove(self, number: int) -> None:
        kept = self._reading.communications
        self._reading.set_communications(kept[:number] + kept[number + 1 :])


def entry_fault(told: str, at: str, means: str) -> str:
    """Why an entry is not complete; empty when it is."""
    if not told:
        return "Say who was told."
    try:
        datetime.strptime(at, _TIME_FORMAT)
    except ValueError:
        return "Give the time as year-month-day hour:minute, for example 2026-03-01 14:05."
    return "" if means else "Say how it was communicated."
