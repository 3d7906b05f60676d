"""The magnifier: a lens over the film that follows the pointer, or stays where it was frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from desktop import theme
from desktop.viewer.film_picture import FilmPicture
from desktop.viewer.image_layer import ImageLayer, LayerMouse, logical_point
from desktop.viewer.viewport import LARGEST_SCALE, Viewport

MagnifierState = Literal["off", "following", "frozen"]
SIDE_PX = 240
"""Side of the lens, logical pixels."""

FACTOR = 2.5
_NEXT: dict[MagnifierState, MagnifierState] = {"off": "following", "following": "frozen", "frozen": "off"}


class Magnifier(ImageLayer):
    """Shows the film, and the layers over it, larger inside a square.

    Attributes
    ----------
    state : {"off", "following", "frozen"}

    Parameters
    ----------
    picture : callable
        Gives the picture to magnify, None where there is none.
    layers : callable
        Gives the layers to draw into the lens.
    update : callable
        Called when the lens has to be painted anew.
    """

    def __init__(
        self,
        picture: Callable[[], FilmPicture | None],
        layers: Callable[[], list[ImageLayer]],
        update: Callable[[], None],
    ) -> None:
        self._picture, self._layers, self._update = picture, layers, update
        self._lens: FilmPicture | None = None
        self._at_px: tuple[float, float] | None = None
        self.state: MagnifierState = "off"

    def shown_names(self) -> tuple[str, ...]:
        """The lens, while it is on."""
        return ("magnifier",) if self.state != "off" else ()

    def step(self, at_px: tuple[float, float] | None) -> None:
        """Off, following the pointer, frozen, off; ``at_px`` is the image point to begin with."""
        self.state = _NEXT[self.state]
        if at_px is not None and self.state == "following":
            self._at_px = at_px
        self._update()

    def switch_off(self) -> None:
        """Take the lens away."""
        self.state, self._at_px, self._lens = "off", None, None
        self._update()

    def hover(self, mouse: LayerMouse) -> Qt.CursorShape | None:
        """Follow the pointer unless frozen."""
        if self.state == "following":
            self._at_px = (mouse.x_px, mouse.y_px)
            self._update()
        return None

    def lens_viewport(self, viewport: Viewport, ratio: float) -> Viewport | None:
        """What the lens shows; None while it is off."""
        if self.state == "off" or self._at_px is None:
            return None
        side = round(SIDE_PX * ratio)
        scale = min(viewport.scale * FACTOR, LARGEST_SCALE)
        x_px, y_px = self._at_px
        return replace(viewport, width_px=side, height_px=side, scale=scale, center_x_px=x_px, center_y_px=y_px)

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Draw the lens around its image point."""
        lens, source = self.lens_viewport(viewport, ratio), self._picture()
        if lens is None or source is None or self._at_px is None:
            return
        if self._lens is None or self._lens.pyramid is not source.pyramid:
            self._lens = FilmPicture(source.pyramid)
        self._lens.take_table(source)
        center = logical_point(viewport, ratio, *self._at_px)
        # whole device pixels, or the lens would be interpolated once more
        left, top = (round((value - SIDE_PX / 2) * ratio) / ratio for value in (center.x(), center.y()))
        box = QRectF(left, top, lens.width_px / ratio, lens.height_px / ratio)
        painter.setClipRect(box)
        painter.fillRect(box, QColor("#000000"))
        painter.translate(QPointF(left, top))
        self._lens.paint(painter, lens, ratio)
        for layer in self._layers():
            if layer.is_visible:
                painter.save()
                layer.paint(painter, lens, ratio)
                painter.restore()
        painter.translate(QPointF(-left, -top))
        self._paint_frame(painter, box, lens.scale / viewport.scale)

    def _paint_frame(self, painter: QPainter, box: QRectF, factor: float) -> None:
        is_frozen = self.state == "frozen"
        painter.setPen(QPen(QColor(theme.WARNING if is_frozen else theme.ACCENT), 2.0))
        painter.drawRect(box.adjusted(1, 1, -1, -1))
        text = f"{factor:.1f}x" + ("  frozen" if is_frozen else "")
        corner = QRectF(box.left() + 3, box.bottom() - 20, 90, 17)
        painter.fillRect(corner, QColor(0, 0, 0, 170))
        painter.drawText(corner.adjusted(4, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
