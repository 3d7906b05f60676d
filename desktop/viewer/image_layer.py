"""What is drawn over a film, and may take the mouse: the one way to add to :class:`ImageView` without changing it.

A layer keeps its things in image coordinates and is told the viewport at each paint. ``ImageView.add_layer`` puts it
on top of those before it; ``layer.is_visible`` switches it, ``view.update()`` paints again. The banner, the corner
texts and the warnings are painted after all layers, so no layer can cover them.

When the left button goes down (and neither space nor Ctrl makes it a pan) the visible layers are asked from the top
one down; the first whose :meth:`ImageLayer.press` returns True has the mouse until the button goes up. When none
does, the film's own tool (window, pan, zoom) has it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QTransform

from desktop.viewer.viewport import Viewport


@dataclass(frozen=True)
class LayerMouse:
    """The mouse over a film.

    Attributes
    ----------
    x_px, y_px : float
        Image coordinates under the pointer; may lie outside of the image.
    position : QPointF
        Logical pixels of the view.
    button : Qt.MouseButton
        Which button went down; ``NoButton`` while hovering.
    viewport, ratio
        As in :meth:`ImageLayer.paint`: ``distance_image_px = distance_logical_px * ratio / viewport.scale``.
    """

    x_px: float
    y_px: float
    position: QPointF
    button: Qt.MouseButton
    modifiers: Qt.KeyboardModifier
    viewport: Viewport
    ratio: float


class ImageLayer:
    """A layer that draws nothing and takes nothing; override what is needed.

    Attributes
    ----------
    is_visible : bool
        An invisible layer is neither painted nor asked.
    """

    is_visible = True

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Draw. The painter works in logical pixels of the view and is restored afterwards.

        Parameters
        ----------
        viewport
            Maps image coordinates to device pixels; :func:`logical_point` gives them in logical pixels.
        ratio
            Device pixels per logical pixel.
        """

    def corner_lines(self) -> list[tuple[str, str]]:
        """What the reader must know of what is drawn: (text, colour) lines for the corner with the warnings."""
        return []

    def shown_names(self) -> tuple[str, ...]:
        """Names of what is drawn now, for the view log of a gaze recording; empty when nothing is.

        A name that is not in ``gaze2report.gaze.view_log.NOT_BY_A_MODEL`` counts as a model's, so a layer that does
        not say is taken for one: gaze wrongly taken for unaided cannot be mended later.
        """
        return (type(self).__name__,)

    def press(self, mouse: LayerMouse) -> bool:
        """The left button went down; True takes the mouse until it goes up."""
        return False

    def move(self, mouse: LayerMouse) -> None:
        """The mouse moved while this layer has it."""

    def release(self, mouse: LayerMouse) -> None:
        """The button went up while this layer has the mouse."""

    def double_click(self, mouse: LayerMouse) -> bool:
        """A double click; True keeps it from the layers below."""
        return False

    def hover(self, mouse: LayerMouse) -> Qt.CursorShape | None:
        """The mouse moved without a button; a shape when a press here would be taken."""
        return None


def logical_point(viewport: Viewport, ratio: float, x_px: float, y_px: float) -> QPointF:
    """Image coordinates as logical pixels of the view."""
    x, y = viewport.image_to_device(x_px, y_px)
    return QPointF(x / ratio, y / ratio)


def logical_transform(viewport: Viewport, ratio: float) -> QTransform:
    """Transform from image coordinates to logical pixels, for painting paths made in image coordinates."""
    a, b, c, d = viewport.orientation.matrix
    left, top = viewport.origin_px
    scale = viewport.scale / ratio
    return QTransform(a * scale, c * scale, b * scale, d * scale, left / ratio, top / ratio)
