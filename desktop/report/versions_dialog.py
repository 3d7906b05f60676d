"""All versions of the report on screen, and word by word what changed between any two."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from desktop.reading import Reading
from desktop.report.version_texts import NOTHING, ComparedText, change_count, compared_texts, diff_html


class VersionsDialog(QDialog):
    """Stays open beside the work and follows the study on screen."""

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Versions of the report")
        self.setWindowFlag(Qt.WindowType.Tool)
        self._reading = reading
        self._texts: tuple[ComparedText, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Versions, the newest first")
        self.list.setWordWrap(True)
        self.list.setSpacing(4)
        self.other = QComboBox()
        self.other.setAccessibleName("Compare with")
        self.summary = QLabel()
        self.summary.setObjectName("muted")
        self.diff = QTextBrowser()
        self.diff.setAccessibleName("What changed")
        self.diff.setOpenLinks(False)
        head = QHBoxLayout()
        head.addWidget(QLabel("Compared with"))
        head.addWidget(self.other, 1)
        right = QVBoxLayout()
        right.addLayout(head)
        right.addWidget(self.summary)
        right.addWidget(self.diff, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(12)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        self.list.setFixedWidth(250)
        self.resize(820, 520)
        self.list.currentRowChanged.connect(self._on_chosen)
        self.other.currentIndexChanged.connect(lambda _: self._show_diff())
        for signal in (reading.opened, reading.report_changed, reading.draft_changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the texts of the study on screen; what was chosen stays chosen while it is the same study's."""
        texts = compared_texts(self._reading)
        if texts == self._texts and self.list.count():
            return
        self._texts = texts
        self.list.clear()
        for text in reversed(texts):
            item = QListWidgetItem(f"{text.title}\n{text.detail}")
            item.setToolTip(text.detail)
            self.list.addItem(item)
        self.list.setCurrentRow(0 if texts else -1)
        if not texts:
            self.other.clear()
            self.summary.setText("There is no draft and no version of this report yet.")
            self.diff.clear()

    def choose(self, number: int, other: int | None = None) -> None:
        """Show text ``number`` (0 is the oldest) against another one, by number; None for nothing."""
        self.list.setCurrentRow(len(self._texts) - 1 - number)
        self.other.setCurrentIndex(0 if other is None else 1 + other - (other > number))

    def _number(self) -> int:
        return len(self._texts) - 1 - self.list.currentRow()

    def _on_chosen(self, row: int) -> None:
        if row < 0:
            return
        number = self._number()
        others = [NOTHING, *(text for index, text in enumerate(self._texts) if index != number)]
        self.other.blockSignals(True)
        self.other.clear()
        for text in others:
            self.other.addItem(text.title if text is NOTHING else f"{text.title}, {text.detail}", text)
        self.other.setCurrentIndex(number)  # the one before it; NOTHING before the first
        self.other.blockSignals(False)
        self._show_diff()

    def _show_diff(self) -> None:
        old = self.other.currentData()
        if old is None or self.list.currentRow() < 0:
            return
        old, new = ComparedText(*old), self._texts[self._number()]
        count = change_count(old, new)
        self.summary.setText("No difference." if not count else f"{count} stretches of text differ.")
        self.diff.setHtml(diff_html(old, new))
