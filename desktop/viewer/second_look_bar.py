"""A quiet line once the reader has committed: what was not looked at, or that this cannot be known."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from desktop.reading_gaze import ReadingGaze
from desktop.viewer.tool_button import tool_button
from gaze2report.gaze.second_look import Box, SecondLook


class SecondLookBar(QFrame):
    """Shows the hint; nothing waits for the reader, and it can be put away.

    Signals
    -------
    changed
        What it says, or whether it is there, may have changed.
    """

    changed = Signal()

    def __init__(self, gaze: ReadingGaze, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._gaze = gaze
        self.is_dismissed = False
        self.regions_px: tuple[Box, ...] = ()
        self.said = QLabel()
        self.said.setObjectName("muted")
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.hide_button = tool_button("Hide", "Put this hint away for this study")
        self.hide_button.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 8, 3)
        row.addWidget(self.said, 1)
        row.addWidget(self.hide_button)
        gaze.tracks_changed.connect(self.refresh)
        gaze.commitment_changed.connect(self.refresh)
        self.refresh()

    def dismiss(self) -> None:
        """Put the hint away for this study."""
        self.is_dismissed = True
        self.refresh()

    def begin_anew(self) -> None:
        """Another study is on screen."""
        self.is_dismissed = False
        self.refresh()

    def refresh(self) -> None:
        """Show what can be said now."""
        look = self._gaze.second_look()
        is_shown = look is not None and not self.is_dismissed
        text = second_look_text(look) if look is not None and is_shown else ""
        self.regions_px = look.regions_px if look is not None and is_shown else ()
        self.said.setText(text)
        self.setVisible(bool(text))
        self.changed.emit()


def second_look_text(look: SecondLook) -> str:
    """The hint in words: regions, never a diagnosis."""
    if look.unavailable:
        return f"Second look: not available: {look.unavailable}."
    count = len(look.regions_px)
    if not count:
        return ""
    regions = "1 region" if count == 1 else f"{count} regions"
    return f"Second look: {regions} outlined on the film (dashed) that your recorded gaze did not reach."
