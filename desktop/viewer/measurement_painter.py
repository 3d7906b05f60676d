"""How a measurement looks: thin lines that stay readable on bone and on air."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from desktop import theme
from desktop.viewer.measurement_shapes import Shape

MARK = "#f4e04d"
CHOSEN = "#9be7ff"
_SHADOW = QColor(0, 0, 0, 150)
_LINE_HEIGHT_PX = 16.0
_HANDLE_PX = 3.5


def paint_shape(painter: QPainter, shape: Shape, *, is_selected: bool, is_proposed: bool) -> None:
    """Draw the lines, dashed while they are only proposed, and the handles of the selected one."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = QColor(theme.AI_MARK if is_proposed else CHOSEN if is_selected else MARK)
    style = Qt.PenStyle.DashLine if is_proposed else Qt.PenStyle.SolidLine
    for pen in (QPen(_SHADOW, 3.6, style), QPen(colour, 1.5, style)):
        painter.setPen(pen)
        for line in shape.lines:
            painter.drawPolyline(list(line))
    painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
    for line in shape.leaders:
        painter.drawPolyline(list(line))
    if is_selected or is_proposed:
        for handle in shape.handles:
            painter.setPen(QPen(_SHADOW, 3.0))
            painter.setBrush(QColor(0, 0, 0, 60))
            painter.drawEllipse(handle, _HANDLE_PX, _HANDLE_PX)
            painter.setPen(QPen(colour, 1.5))
            painter.drawEllipse(handle, _HANDLE_PX, _HANDLE_PX)


def label_box(painter: QPainter, at: QPointF, lines: Sequence[str], width: float, height: float) -> QRectF:
    """Where a label goes, inside of a view of this size, logical pixels."""
    metrics = QFontMetricsF(_font(painter))
    label_width = max((metrics.horizontalAdvance(line) for line in lines), default=0.0) + 10
    label_height = _LINE_HEIGHT_PX * len(lines) + 4
    x = min(max(at.x(), 2.0), max(width - label_width - 2.0, 2.0))
    y = min(max(at.y() - label_height / 2, 2.0), max(height - label_height - 2.0, 2.0))
    return QRectF(x, y, label_width, label_height)


def beside(box: QRectF, taken: Sequence[QRectF], height: float) -> QRectF:
    """The box, lowered until it covers none of those taken; where it is when there is no room below."""
    moved = QRectF(box)
    while blocking := next((other for other in taken if other.intersects(moved)), None):
        moved.moveTop(blocking.bottom() + 2)
        if moved.bottom() > height:
            return box
    return moved


def paint_label(painter: QPainter, box: QRectF, lines: Sequence[str], *, is_selected: bool, is_proposed: bool) -> None:
    """Write the values into their box."""
    painter.setFont(_font(painter))
    painter.fillRect(box, QColor(0, 0, 0, 190))
    painter.setPen(QColor(theme.AI_MARK if is_proposed else CHOSEN if is_selected else MARK))
    for number, line in enumerate(lines):
        row = QRectF(box.x() + 5, box.y() + 2 + number * _LINE_HEIGHT_PX, box.width() - 5, _LINE_HEIGHT_PX)
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, line)


def _font(painter: QPainter) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(12)
    font.setBold(False)
    return font
