"""An error in the program: what it means for the reader, and what to send to whoever can mend it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

SENTENCE = "Something went wrong in the program. You can go on; text is kept as it is typed."


class BugReport(QDialog):
    """Shown beside the window; further errors are counted, not stacked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Error in the program")
        self.setWindowFlag(Qt.WindowType.Tool)
        self._details = ""
        self._count = 0
        sentence = QLabel(SENTENCE)
        sentence.setWordWrap(True)
        self.summary = _selectable()
        self.summary.setObjectName("fault")
        self.where = _selectable()
        self.where.setObjectName("muted")
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Kind of the error and place of the log; nothing of the patient's")
        self.copy_button.clicked.connect(self.copy)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.copy_button)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for widget in (sentence, self.summary, self.where):
            column.addWidget(widget)
        column.addLayout(row)
        self.setMinimumWidth(460)

    def tell(self, summary: str, log_path: str) -> None:
        """Show an error; while one is shown the newest takes its place and is counted."""
        self._count = self._count + 1 if self.isVisible() else 1
        more = f"  (the last of {self._count})" if self._count > 1 else ""
        self.summary.setText(summary + more)
        where = f"The log has the place in the program:\n{log_path}" if log_path else "No log could be written."
        self.where.setText(where)
        kind = summary.partition(":")[0]
        self._details = f"{kind}\n{log_path}"
        self.show()

    def copy(self) -> None:
        """Put the kind of the error and the log's path on the clipboard."""
        QGuiApplication.clipboard().setText(self._details)


def _selectable() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
