"""How far an import is, and the button that stops it."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from desktop.operations.imports import ImportRun

_SHOW_AFTER_MS = 500
"""A short import shows no bar at all, so nothing flickers."""


class ImportBar(QFrame):
    """Follows one import at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.label = QLabel("Importing")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.cancel_button = QPushButton("Stop import")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.addWidget(self.label)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        self._run: ImportRun | None = None
        self._show_later = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._show_later.timeout.connect(self.show)
        self.cancel_button.clicked.connect(self._cancel)
        self.hide()

    def follow(self, run: ImportRun) -> None:
        """Show this import until it has ended."""
        self._run = run
        self.cancel_button.setEnabled(True)
        self.progress.setRange(0, 0)
        run.progressed.connect(self._on_progressed)
        run.finished.connect(self._on_finished)
        self._show_later.start()

    def _on_progressed(self, done: int, total: int) -> None:
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.label.setText(f"Importing {done} of {total}")

    def _on_finished(self, _result: object) -> None:
        self._run = None
        self._show_later.stop()
        self.hide()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        if self._run is not None:
            self._run.cancel()
