"""Letters at the edges of a film, and the scale ruler: drawn by the view itself, above every layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from desktop import theme
from desktop.viewer.viewport import Viewport
from gaze2report.imaging.calibration import Calibration
from gaze2report.imaging.orientation import EdgeLetters

NOT_STATED = "Orientation not stated"
_LETTER_COLOUR = "#e6d9a8"
_EDGE_PX = 8.0
_RULER_PX, _RULER_SHARE = 170.0, 0.25
"""The ruler is never longer than this, in logical pixels and as a share of the view's width."""

_TICKS = 5


def paint_letters(painter: QPainter, letters: EdgeLetters, area: QRectF) -> None:
    """Draw the patient's directions at the middles of the edges of ``area``."""
    painter.save()
    font = QFont(painter.font())
    font.setPixelSize(17)
    font.setBold(True)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    flags = Qt.AlignmentFlag
    for text, side in (
        (letters.left, flags.AlignLeft | flags.AlignVCenter),
        (letters.right, flags.AlignRight | flags.AlignVCenter),
        (letters.top, flags.AlignHCenter | flags.AlignTop),
        (letters.bottom, flags.AlignHCenter | flags.AlignBottom),
    ):
        inner = area.adjusted(_EDGE_PX, 4, -_EDGE_PX, -4)
        box = metrics.boundingRect(inner, int(side), text).adjusted(-3, 0, 3, 0)
        painter.fillRect(box, QColor(0, 0, 0, 130))
        painter.setPen(QColor(_LETTER_COLOUR))
        painter.drawText(inner, side, text)
    painter.restore()


@dataclass(frozen=True)
class Ruler:
    """A ruler of a round length.

    Attributes
    ----------
    length : float
        In the calibration's unit.
    length_logical_px : float
        On screen.
    text : str
        Length with its unit and caveat.
    """

    length: float
    length_logical_px: float
    text: str


def ruler_of(viewport: Viewport, ratio: float, calibration: Calibration) -> Ruler:
    """The longest ruler of 1, 2 or 5 times a power of ten that fits, across the screen."""
    longest_px = min(_RULER_PX, viewport.width_px / ratio * _RULER_SHARE)
    spacing = calibration.row_spacing if viewport.orientation.swaps_axes else calibration.column_spacing
    pixels_per_unit = viewport.scale / ratio / spacing
    longest = longest_px / pixels_per_unit
    power = 10.0 ** floor(log10(longest))
    length = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest * (1 + 1e-9))
    return Ruler(length, length * pixels_per_unit, f"{length:g} {calibration.unit_suffix}")


def paint_ruler(painter: QPainter, ruler: Ruler, area: QRectF) -> None:
    """Draw the ruler at the bottom of ``area``, in the middle."""
    painter.save()
    font = QFont(painter.font())
    font.setPixelSize(12)
    painter.setFont(font)
    left, y = area.center().x() - ruler.length_logical_px / 2, area.bottom() - 34
    ends = [left + ruler.length_logical_px * tick / _TICKS for tick in range(_TICKS + 1)]
    for colour, width in ((QColor(0, 0, 0, 170), 3.4), (QColor(theme.TEXT), 1.4)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(QPointF(ends[0], y), QPointF(ends[-1], y))
        for number, x in enumerate(ends):
            height = 7 if number in (0, _TICKS) else 4
            painter.drawLine(QPointF(x, y), QPointF(x, y - height))
    text_box = QRectF(left - 80, y - 25, ruler.length_logical_px + 160, 16)
    bounds = QFontMetricsF(font).boundingRect(text_box, int(Qt.AlignmentFlag.AlignCenter), ruler.text)
    painter.fillRect(bounds.adjusted(-4, 0, 4, 0), QColor(0, 0, 0, 130))
    painter.setPen(QColor(theme.TEXT))
    painter.drawText(text_box, Qt.AlignmentFlag.AlignCenter, ruler.text)
    painter.restore()
