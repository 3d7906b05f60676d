"""The grey values of a chosen region as a histogram."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from gaze2report.imaging.measure import RegionHistogram

WIDTH_PX = 220
_FOOT_PX = 16


class RegionHistogramView(QWidget):
    """Bars of one region; hidden while none is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram: RegionHistogram | None = None
        self.setFixedWidth(WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Histogram of the chosen region")
        self.hide()

    def show_histogram(self, histogram: RegionHistogram | None) -> None:
        """Show the histogram of another region, or none."""
        self.histogram = histogram if histogram is not None and histogram.counts.sum() else None
        self.setVisible(self.histogram is not None)
        if self.histogram is not None:
            text = f"{int(self.histogram.counts.sum())} pixels from {self._edge(0)} to {self._edge(-1)}"
            self.setToolTip(f"How often each grey value occurs in the region: {text}")
            self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the bars and their ends in numbers."""
        return QSize(WIDTH_PX, 90)

    def _edge(self, index: int) -> str:
        return f"{self.histogram.edges[index]:.4g}" if self.histogram is not None else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars, the tallest as high as there is room."""
        if self.histogram is None:
            return
        painter = QPainter(self)
        counts = self.histogram.counts
        room = self.rect().adjusted(4, 4, -4, -_FOOT_PX)
        step = room.width() / len(counts)
        for number, count in enumerate(counts):
            height = room.height() * float(count) / float(counts.max())
            bar = QRectF(room.left() + number * step, room.bottom() + 1 - height, max(step - 0.5, 0.5), height)
            painter.fillRect(bar, QColor(theme.ACCENT))
        painter.setPen(QColor(theme.MUTED))
        foot = self.rect().adjusted(4, self.height() - _FOOT_PX, -4, 0)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._edge(0))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._edge(-1))
        painter.end()
