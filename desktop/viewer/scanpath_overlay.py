"""The predicted scanpath over the image: numbered fixations, as large as they are long."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from desktop import theme
from gaze2report.types import Fixation

LABEL = "predicted gaze (AI)"
_RADIUS_OF_ONE_SECOND_PX = 30.0
_SMALLEST_RADIUS_PX, _LARGEST_RADIUS_PX = 8.0, 44.0


def radius_px(duration_s: float) -> float:
    """Radius on screen, logical pixels; the area grows with the duration."""
    return min(max(_RADIUS_OF_ONE_SECOND_PX * sqrt(max(duration_s, 0.0)), _SMALLEST_RADIUS_PX), _LARGEST_RADIUS_PX)


def paint_scanpath(painter: QPainter, centers: Sequence[QPointF], fixations: Sequence[Fixation]) -> None:
    """Draw fixations at ``centers`` (logical pixels of the viewport), in order."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(theme.GAZE)
    radii = [radius_px(fixation.duration_s) for fixation in fixations]
    _paint_lines(painter, centers, radii, colour)
    font = QFont(painter.font())
    font.setPixelSize(11)
    font.setBold(True)
    painter.setFont(font)
    for number, (center, radius) in enumerate(zip(centers, radii, strict=True), 1):
        _paint_fixation(painter, center, radius, str(number), colour)
    painter.restore()


def _paint_lines(painter: QPainter, centers: Sequence[QPointF], radii: Sequence[float], colour: QColor) -> None:
    """Connect the rims, not the centres, so that what is looked at stays visible."""
    for index in range(1, len(centers)):
        start, end = centers[index - 1], centers[index]
        dx, dy = end.x() - start.x(), end.y() - start.y()
        length = hypot(dx, dy)
        if length <= radii[index - 1] + radii[index]:
            continue
        from_rim, to_rim = radii[index - 1] / length, 1 - radii[index] / length
        rim = QPointF(start.x() + dx * from_rim, start.y() + dy * from_rim)
        other_rim = QPointF(start.x() + dx * to_rim, start.y() + dy * to_rim)
        for ground, width in ((QColor(0, 0, 0, 110), 3.2), (colour, 1.4)):
            painter.setPen(QPen(ground, width))
            painter.drawLine(rim, other_rim)


def _paint_fixation(painter: QPainter, center: QPointF, radius: float, number: str, colour: QColor) -> None:
    fill = QColor(colour)
    fill.setAlpha(28)
    painter.setBrush(fill)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 3.0))
    painter.drawEllipse(center, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.6))
    painter.drawEllipse(center, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 140))  # behind the number, which must be readable on bone too
    painter.drawEllipse(center, 8.0, 8.0)
    box = QRectF(center.x() - 14, center.y() - 8, 28, 16)
    painter.setPen(QColor("#ffe3b0"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number)
