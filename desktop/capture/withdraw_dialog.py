"""Withdrawing a consent: what goes, the pseudonym to be typed, and what was done and could not be."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop.capture.text_dialog import TextDialog

WHAT_GOES = (
    "Everything that was recorded of this reader's eyes and voice is deleted, with all that was made from it, for "
    "good. Exports and training sets that held some of it are marked as withdrawn, and models trained on them are not "
    "used any more. Reports stay. A recording under way ends now."
)


class WithdrawDialog(TextDialog):
    """Asks whose consent is withdrawn, and says what became of it.

    Signals
    -------
    confirmed(str)
        The pseudonym.
    """

    confirmed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Withdraw consent")
        self.setMinimumWidth(560)
        self.pseudonym = QLineEdit()
        self.pseudonym.setAccessibleName("Pseudonym of the reader")
        self.pseudonym.setPlaceholderText("type it to confirm")
        self.pseudonym.setMaxLength(40)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setAccessibleName("What was done")
        self.outcome.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.withdraw_button = self.buttons.addButton("Withdraw and delete", QDialogButtonBox.ButtonRole.ActionRole)
        self.withdraw_button.clicked.connect(self._confirm)
        self.buttons.rejected.connect(self.reject)
        self.pseudonym.textChanged.connect(self._check)
        text = QLabel(WHAT_GOES)
        text.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Pseudonym", self.pseudonym)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.addWidget(text)
        column.addLayout(form)
        column.addWidget(self.outcome)
        column.addWidget(self.buttons)
        self._check()

    def show_outcome(self, sentences: tuple[str, ...]) -> None:
        """Say what was done, or why nothing was."""
        self.outcome.setText("\n".join(sentences))
        self.outcome.show()
        self.pseudonym.setEnabled(True)
        self._check()
        self.fit_text()

    def _check(self) -> None:
        self.withdraw_button.setEnabled(len(self.pseudonym.text().strip()) >= 3)

    def _confirm(self) -> None:
        self.withdraw_button.setEnabled(False)
        self.pseudonym.setEnabled(False)
        self.confirmed.emit(self.pseudonym.text().strip())
