"""Reader first: the reader commits to the text, and only then the AI is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from desktop.actions import Actions
from desktop.reading import Reading
from desktop.report.report_actions import COMMIT


class CommitRow(QWidget):
    """The way from the reader's own text to the AI's; there only while the AI is withheld."""

    def __init__(self, reading: Reading, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        label = QLabel("Write your own findings first. What you commit to is recorded.")
        label.setObjectName("muted")
        label.setWordWrap(True)
        self.button = QPushButton()
        actions.tie(self.button, COMMIT.id, "Commit, show AI", has_own_enabling=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        row.addWidget(self.button)
        for signal in (reading.opened, reading.report_changed, reading.edited):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show it while the AI is withheld."""
        self.setVisible(self._reading.is_ai_withheld and self._reading.can_edit)
        self.button.setEnabled(not self._reading.is_blank)
