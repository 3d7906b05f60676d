"""A dialog of wrapped text that is as tall as its text needs."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog


class TextDialog(QDialog):
    """Grows until every line can be read: wrapped labels do not ask for their height by themselves."""

    def fit_text(self) -> None:
        """Take the height that the text needs at this width."""
        layout = self.layout()
        if layout is not None:
            layout.invalidate()
            width = max(self.width(), self.minimumWidth())
            self.setMinimumHeight(layout.totalHeightForWidth(width))
            self.resize(width, self.minimumHeight())

    def showEvent(self, event: QShowEvent) -> None:
        """Fit when it is shown."""
        self.fit_text()
        super().showEvent(event)
