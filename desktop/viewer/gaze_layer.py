"""Gaze over the film: heat map, scanpaths and regions, and the click on a fixation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from desktop import theme
from desktop.viewer.image_layer import ImageLayer, LayerMouse, logical_point, logical_transform
from desktop.viewer.scanpath_overlay import NUMBER_RADIUS_PX, PREDICTED, ShownScanpath, paint_scanpath
from desktop.viewer.viewport import Viewport

_CLICK_RADIUS_PX = NUMBER_RADIUS_PX + 3
_LINES: dict[str, tuple[str, Qt.PenStyle]] = {
    "linked": (theme.GAZE, Qt.PenStyle.SolidLine),
    "second look": (theme.SECOND_LOOK, Qt.PenStyle.DashLine),
}


@dataclass(frozen=True)
class GazeRegion:
    """A box (x0, y0, x1, y1) in image pixels, and why it is outlined."""

    box_px: tuple[float, float, float, float]
    kind: Literal["linked", "second look"]


class GazeLayer(ImageLayer):
    """Draws what it is given.

    Attributes
    ----------
    scanpaths : tuple of ShownScanpath
    regions : tuple of GazeRegion
    heat_map : QImage or None
        Covers the whole image, whatever its own size.
    opacity : float
        Of the heat map, 0 to 1.
    size_px : tuple of float
        Width and height of the image.
    heat_map_label : str
        Whose looking time it shows, and what its sigma is.
    on_fixation : callable
        Called with the scanpath's and the fixation's index when one is clicked.
    """

    def __init__(self) -> None:
        self.scanpaths: tuple[ShownScanpath, ...] = ()
        self.regions: tuple[GazeRegion, ...] = ()
        self.heat_map: QImage | None = None
        self.opacity = 0.5
        self.size_px = (0.0, 0.0)
        self.heat_map_label = ""
        self.on_fixation: Callable[[int, int], None] = lambda *_: None

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Heat map below, regions, scanpaths on top."""
        if self.heat_map is not None:
            self._paint_heat_map(painter, self.heat_map, viewport, ratio)
        for region in self.regions:
            self._paint_region(painter, region, viewport, ratio)
        for scanpath in self.scanpaths:
            centers = [logical_point(viewport, ratio, f.x_px, f.y_px) for f in scanpath.fixations[: scanpath.count]]
            paint_scanpath(painter, centers, scanpath, ratio)

    def _paint_heat_map(self, painter: QPainter, picture: QImage, viewport: Viewport, ratio: float) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(self.opacity)
        painter.setTransform(logical_transform(viewport, ratio), combine=True)
        painter.drawImage(QRectF(0, 0, *self.size_px), picture)
        painter.restore()

    def _paint_region(self, painter: QPainter, region: GazeRegion, viewport: Viewport, ratio: float) -> None:
        x0, y0, x1, y1 = region.box_px
        colour, style = _LINES[region.kind]
        box = logical_transform(viewport, ratio).mapRect(QRectF(QPointF(x0, y0), QPointF(x1, y1)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ground, width in ((QColor(0, 0, 0, 130), 4.0), (QColor(colour), 1.8)):
            painter.setPen(QPen(ground, width, style))
            painter.drawRoundedRect(box, 6, 6)

    def corner_lines(self) -> list[tuple[str, str]]:
        """Whose gaze is drawn, with its mark."""
        lines = [(f"{path.style.mark} {path.label}", path.style.colour) for path in self.scanpaths if path.fixations]
        if self.heat_map is not None:
            lines.append((self.heat_map_label, theme.MUTED))
        return lines

    def shown_names(self) -> tuple[str, ...]:
        """Whose gaze is drawn, and regions by their kind."""
        names = [
            "predicted gaze" if path.style is PREDICTED else "recorded gaze"
            for path in self.scanpaths
            if path.fixations
        ]
        names += ["heat map"] if self.heat_map is not None else []
        return tuple(dict.fromkeys([*names, *(region.kind for region in self.regions)]))

    # -- the mouse ----------------------------------------------------------------------------------------------

    def press(self, mouse: LayerMouse) -> bool:
        """Take a press on the number of a fixation."""
        hit = self.fixation_at(mouse)
        if hit is not None:
            self.on_fixation(*hit)
        return hit is not None

    def hover(self, mouse: LayerMouse) -> Qt.CursorShape | None:
        """A hand over the number of a fixation."""
        return Qt.CursorShape.PointingHandCursor if self.fixation_at(mouse) is not None else None

    def fixation_at(self, mouse: LayerMouse) -> tuple[int, int] | None:
        """Scanpath and fixation whose number lies under the mouse; the nearest one, the topmost of equally near."""
        found: tuple[float, int, int] | None = None
        for path_index, scanpath in enumerate(self.scanpaths):
            for index, fixation in enumerate(scanpath.fixations[: scanpath.count]):
                center = logical_point(mouse.viewport, mouse.ratio, fixation.x_px, fixation.y_px)
                far = hypot(center.x() - mouse.position.x(), center.y() - mouse.position.y())
                if far <= _CLICK_RADIUS_PX and (found is None or far <= found[0]):
                    found = (far, path_index, index)
        return found[1:] if found is not None else None
