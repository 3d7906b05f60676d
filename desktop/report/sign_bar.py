"""Signing asks once more, in place: what it means, what is still in the way, and who signs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class SignBar(QFrame):
    """The question before a report becomes final. Nothing waits for the answer.

    Signals
    -------
    sign_confirmed, dismissed
        The reader's answer.
    """

    sign_confirmed = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("signBar")
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.obstacles = QLabel()
        self.obstacles.setObjectName("fault")
        self.obstacles.setWordWrap(True)
        self.sign_button = QPushButton("Sign now")
        self.sign_button.setObjectName("primary")
        back = QPushButton("Back")
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(back)
        row.addWidget(self.sign_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        for widget in (self.question, self.obstacles):
            column.addWidget(widget)
        column.addLayout(row)
        self.sign_button.clicked.connect(self.sign_confirmed)
        back.clicked.connect(self.dismissed)
        self.hide()

    def ask(self, reader: str, obstacles: tuple[str, ...]) -> None:
        """Show the question."""
        self.question.setText(f"Sign as {reader}? The report becomes final and cannot be changed any more.")
        self.question.setVisible(not obstacles)
        self.obstacles.setText("Not ready to sign: " + " ".join(obstacles))
        self.obstacles.setVisible(bool(obstacles))
        self.sign_button.setEnabled(not obstacles)
        self.show()
        self.sign_button.setFocus()
