"""Signing asks once more, in place: what it means, what is still in the way, and who signs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


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
        self.ai_read = QCheckBox()
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
        for widget in (self.question, self.obstacles, self.ai_read):
            column.addWidget(widget)
        column.addLayout(row)
        self.sign_button.clicked.connect(self.sign_confirmed)
        back.clicked.connect(self.dismissed)
        self.ai_read.toggled.connect(self._refresh_button)
        self._has_obstacles = False
        self.hide()

    def ask(self, reader: str, obstacles: tuple[str, ...], untouched_ai_sentences: int) -> None:
        """Show the question."""
        self._has_obstacles = bool(obstacles)
        self.question.setText(f"Sign as {reader}? The report becomes final and cannot be changed any more.")
        self.question.setVisible(not obstacles)
        self.obstacles.setText("Not ready to sign: " + " ".join(obstacles))
        self.obstacles.setVisible(bool(obstacles))
        count = untouched_ai_sentences
        noun = "1 sentence that is" if count == 1 else f"{count} sentences that are"
        self.ai_read.setText(f"I have checked the {noun} AI text as it came.")
        self.ai_read.setChecked(False)
        self.ai_read.setVisible(count > 0 and not obstacles)
        self._refresh_button()
        self.show()
        (self.ai_read if count and not obstacles else self.sign_button).setFocus()

    def _refresh_button(self) -> None:
        needs_check = not self.ai_read.isHidden() and not self.ai_read.isChecked()
        self.sign_button.setEnabled(not self._has_obstacles and not needs_check)
