"""What the file itself lays over its pixels: the display shutter and the overlay planes of groups 60xx."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPolygonF

from desktop.viewer.film_picture import FilmPicture
from desktop.viewer.image_layer import ImageLayer, logical_transform
from desktop.viewer.prepared_film import COVERED, OverlayPlane
from desktop.viewer.viewport import Viewport
from gaze2report.types import Image, Shutter

_GRAPHICS_COLOUR, _REGION_COLOUR = 0x7FE0A0, 0x7FC8E0


class ShutterLayer(ImageLayer):
    """Covers what lies outside of the shutter of the image on screen."""

    def __init__(self) -> None:
        self._open_part: QPainterPath | None = None
        self._colour = QColor("#000000")

    @property
    def is_needed(self) -> bool:
        """Whether the image has a shutter."""
        return self._open_part is not None

    def shown_names(self) -> tuple[str, ...]:
        """The shutter, where the film has one."""
        return ("shutter",) if self.is_needed else ()

    def set_image(self, image: Image | None) -> None:
        """Take over the shutter of an image."""
        shutter = image.shutter if image is not None else None
        self._open_part = _open_part(shutter) if shutter is not None else None
        if shutter is not None:
            self._colour = QColor.fromRgbF(shutter.grey, shutter.grey, shutter.grey)

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Fill everything but what all shapes leave open."""
        if self._open_part is None:
            return
        whole = QPainterPath()
        device = painter.viewport()
        whole.addRect(QRectF(0, 0, max(device.width(), viewport.width_px), max(device.height(), viewport.height_px)))
        covered = whole.subtracted(logical_transform(viewport, ratio).map(self._open_part))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(covered, QBrush(self._colour))


def _open_part(shutter: Shutter) -> QPainterPath:
    paths = []
    if shutter.rectangle_px is not None:
        left, top, right, bottom = shutter.rectangle_px
        path = QPainterPath()
        path.addRect(QRectF(QPointF(left, top), QPointF(right, bottom)))
        paths.append(path)
    if shutter.circle_px is not None:
        x, y, radius = shutter.circle_px
        path = QPainterPath()
        path.addEllipse(QPointF(x, y), radius, radius)
        paths.append(path)
    if shutter.polygon_px:
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in shutter.polygon_px]))
        path.closeSubpath()
        path.setFillRule(Qt.FillRule.WindingFill)
        paths.append(path)
    open_part = paths[0]
    for path in paths[1:]:
        open_part = open_part.intersected(path)
    return open_part


class OverlayLayer(ImageLayer):
    """Draws the overlay planes of the image on screen; averaged like the film, so that thin lines stay seen."""

    def __init__(self) -> None:
        self._pictures: list[FilmPicture] = []

    @property
    def is_needed(self) -> bool:
        """Whether the image has overlays."""
        return bool(self._pictures)

    def shown_names(self) -> tuple[str, ...]:
        """The overlay planes, where the film has any."""
        return ("overlay planes",) if self.is_needed else ()

    def set_planes(self, planes: tuple[OverlayPlane, ...]) -> None:
        """Take over the overlays of a film."""
        self._pictures = []
        for plane in planes:
            picture = FilmPicture(plane.pyramid)
            picture.set_table(_coverage_table(_REGION_COLOUR if plane.is_region else _GRAPHICS_COLOUR))
            self._pictures.append(picture)

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Draw every plane."""
        for picture in self._pictures:
            picture.paint(painter, viewport, ratio, has_alpha=True)


def _coverage_table(colour: int) -> NDArray[np.uint32]:
    """Premultiplied colour of each coverage; half covered is shown in full, or lines would fade when reduced."""
    alpha = np.minimum(np.arange(COVERED + 1, dtype=np.uint32) * 2, COVERED)
    channels = [((colour >> shift & 0xFF) * alpha // COVERED) << shift for shift in (16, 8, 0)]
    return (alpha << 24 | channels[0] | channels[1] | channels[2]).astype(np.uint32)
