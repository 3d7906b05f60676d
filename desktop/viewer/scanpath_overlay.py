"""Scanpaths over the image: numbered fixations, as large as they are long, each scanpath in its colour and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, hypot, sqrt
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from desktop import theme
from gaze2report.types import Fixation

Shape = Literal["circle", "square", "diamond"]

LABEL = "predicted gaze (AI)"
NUMBER_RADIUS_PX = 8.0
_RADIUS_OF_ONE_SECOND_PX = 30.0
_SMALLEST_RADIUS_PX, _LARGEST_RADIUS_PX = 8.0, 44.0
_PAST_OPACITY = 0.45
_MOST_SMOOTH_LINES = 200  # a smooth line across the film takes 0.1 ms, a thin one hardly any time
_DIAMOND_REACH = 1.25  # so that shapes of one duration look equally large


@dataclass(frozen=True)
class ScanpathStyle:
    """How one scanpath is told from another; ``mark`` is the shape as a character."""

    colour: str
    shape: Shape
    mark: str


PREDICTED = ScanpathStyle(theme.GAZE, "circle", "○")
RECORDED = (ScanpathStyle(theme.RECORDED_GAZE, "square", "□"), ScanpathStyle(theme.OTHER_GAZE, "diamond", "◇"))
"""Styles of recorded scanpaths, in turn."""


@dataclass(frozen=True)
class ShownScanpath:
    """A scanpath with what is to be seen of it.

    Attributes
    ----------
    label : str
        Whose gaze it is, for the corner of the film.
    shown : int, optional
        So many fixations have begun in a replay; all are shown when None.
    current : int, optional
        The one that lasts at this moment of a replay.
    lit : frozenset of int
        Those that belong to what the reader has chosen.
    """

    fixations: tuple[Fixation, ...]
    style: ScanpathStyle = PREDICTED
    label: str = LABEL
    shown: int | None = None
    current: int | None = None
    lit: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """How many fixations are drawn."""
        return len(self.fixations) if self.shown is None else min(self.shown, len(self.fixations))


def radius_px(duration_s: float) -> float:
    """Radius on screen, logical pixels; the area grows with the duration."""
    return min(max(_RADIUS_OF_ONE_SECOND_PX * sqrt(max(duration_s, 0.0)), _SMALLEST_RADIUS_PX), _LARGEST_RADIUS_PX)


def paint_scanpath(painter: QPainter, centers: Sequence[QPointF], scanpath: ShownScanpath, ratio: float = 1.0) -> None:
    """Draw fixations in order, the lit ones on top.

    Parameters
    ----------
    centers : sequence of QPointF
        Their places in logical pixels of the viewport.
    ratio : float
        Device pixels per logical pixel.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    count = scanpath.count
    radii = [radius_px(fixation.duration_s) for fixation in scanpath.fixations[:count]]
    painter.setOpacity(_PAST_OPACITY if scanpath.shown is not None else 1.0)
    _paint_lines(painter, centers[:count], radii, QColor(scanpath.style.colour))
    strong = {*scanpath.lit, *([scanpath.current] if scanpath.current is not None else [])}
    for index in sorted(range(count), key=lambda index: (index in strong, index == scanpath.current)):
        is_strong = index in strong
        painter.setOpacity(1.0 if is_strong or scanpath.shown is None else _PAST_OPACITY)
        for picture in (
            _glyph(scanpath.style, round(radii[index] * 2) / 2, is_strong, ratio),
            _number(index + 1, scanpath.style.colour, ratio),
        ):
            _draw_centered(painter, centers[index], picture, ratio)
    painter.restore()


def _draw_centered(painter: QPainter, center: QPointF, picture: QImage, ratio: float) -> None:
    """On whole device pixels: nothing is resampled."""
    x, y = (round(at * ratio - size / 2) / ratio for at, size in _axes(center, picture))
    painter.drawImage(QPointF(x, y), picture)


def _axes(center: QPointF, picture: QImage) -> tuple[tuple[float, int], tuple[float, int]]:
    return (center.x(), picture.width()), (center.y(), picture.height())


def _paint_lines(painter: QPainter, centers: Sequence[QPointF], radii: Sequence[float], colour: QColor) -> None:
    """Connect the rims, not the centres, so that what is looked at stays visible."""
    lines = []
    for index in range(1, len(centers)):
        start, end = centers[index - 1], centers[index]
        dx, dy = end.x() - start.x(), end.y() - start.y()
        length = hypot(dx, dy)
        if length <= radii[index - 1] + radii[index]:
            continue
        from_rim, to_rim = radii[index - 1] / length, 1 - radii[index] / length
        rim = QPointF(start.x() + dx * from_rim, start.y() + dy * from_rim)
        lines.append(QLineF(rim, QPointF(start.x() + dx * to_rim, start.y() + dy * to_rim)))
    if len(lines) > _MOST_SMOOTH_LINES:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QPen(colour, 0))
        painter.drawLines(lines)
        painter.restore()
        return
    for ground, width in ((QColor(0, 0, 0, 110), 3.2), (colour, 1.4)):
        painter.setPen(QPen(ground, width))
        painter.drawLines(lines)


@lru_cache(maxsize=1024)
def _glyph(style: ScanpathStyle, radius: float, is_strong: bool, ratio: float) -> QImage:
    """Picture of a fixation without its number; drawn once, for a path takes a hundred times as long as a picture."""
    picture, painter, center = _begin_picture(radius * _DIAMOND_REACH + 4, ratio)
    colour = QColor(style.colour)
    fill = QColor(colour)
    fill.setAlpha(110 if is_strong else 28)
    outline = _outline(style.shape, center, radius)
    painter.setBrush(fill)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 5.0 if is_strong else 3.0))
    painter.drawPath(outline)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 3.2 if is_strong else 1.6))
    painter.drawPath(outline)
    painter.end()
    return picture


@lru_cache(maxsize=8192)
def _number(number: int, colour: str, ratio: float) -> QImage:
    """Picture of a number on a dark ground, which must be readable on bone too."""
    text = str(number)
    font = QFont()
    font.setPixelSize(11)
    font.setBold(True)
    half_width = max(NUMBER_RADIUS_PX, QFontMetricsF(font).horizontalAdvance(text) / 2 + 2)
    picture, painter, center = _begin_picture(half_width + 1, ratio)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 160))
    box = QRectF(center.x() - half_width, center.y() - NUMBER_RADIUS_PX, 2 * half_width, 2 * NUMBER_RADIUS_PX)
    painter.drawRoundedRect(box, NUMBER_RADIUS_PX, NUMBER_RADIUS_PX)
    painter.setPen(QColor(colour).lighter(125))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return picture


def _begin_picture(reach: float, ratio: float) -> tuple[QImage, QPainter, QPointF]:
    """A clear square picture that reaches so far from its middle, a painter on it, and the middle."""
    side = ceil(2 * reach * ratio)
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return picture, painter, QPointF(side / 2 / ratio, side / 2 / ratio)


def _outline(shape: Shape, center: QPointF, radius: float) -> QPainterPath:
    path = QPainterPath()
    if shape == "circle":
        path.addEllipse(center, radius, radius)
    elif shape == "square":
        half = radius * 0.886  # the same area as the circle
        path.addRect(QRectF(center.x() - half, center.y() - half, 2 * half, 2 * half))
    else:
        reach = radius * _DIAMOND_REACH
        path.moveTo(center.x(), center.y() - reach)
        for dx, dy in ((reach, 0), (0, reach), (-reach, 0)):
            path.lineTo(center.x() + dx, center.y() + dy)
        path.closeSubpath()
    return path
