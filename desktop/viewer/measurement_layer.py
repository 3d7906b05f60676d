"""Measurements over one film: drawn, chosen, moved and painted."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from desktop.drawings import Drawings
from desktop.viewer.image_layer import ImageLayer, LayerMouse, logical_point
from desktop.viewer.measured_words import MeasuredWords
from desktop.viewer.measurement_painter import MARK, beside, label_box, paint_label, paint_shape
from desktop.viewer.measurement_shapes import Hit, Shape, hit, shape_of
from desktop.viewer.viewport import Viewport
from gaze2report.imaging.measurements import POINT_COUNTS, Measurement, Point

if TYPE_CHECKING:
    from desktop.viewer.image_view import ImageView

_CLICK_PX = 4.0


class MeasurementLayer(ImageLayer):
    """Lets the reader draw on one view.

    A point is set by a click, two by a drag; a drawing is done when it has all its points, and the film's own tool is
    back. Every handle can be dragged at any time, and the drawing as a whole by its lines.

    Parameters
    ----------
    finished : callable
        Called with the tool and its points, in image pixels, when a drawing is complete.
    edit_wanted : callable
        Called with a measurement whose words the reader wants to change.
    """

    def __init__(
        self,
        view: ImageView,
        drawings: Drawings,
        words: MeasuredWords,
        finished: Callable[[tuple[Point, ...]], None],
        edit_wanted: Callable[[Measurement], None],
    ) -> None:
        self._view, self._drawings, self._words = view, drawings, words
        self._finished, self._edit_wanted = finished, edit_wanted
        self._points: list[Point] = []
        self._rubber: Point | None = None
        self._pressed_at: QPointF | None = None
        self._grabbed: tuple[Measurement, Hit, Point] | None = None
        self._in_hand: Measurement | None = None

    @property
    def film_uid(self) -> str:
        """SOP Instance UID of the film shown; empty for none."""
        return self._view.image.header.instance_uid if self._view.image is not None else ""

    def shown_names(self) -> tuple[str, ...]:
        """Drawings of the reader, and lines that the program proposes."""
        drawn = self._drawings.marks(self.film_uid).measurements
        names = ["measurements"] if self._points or any(not one.is_proposed for one in drawn) else []
        return (*names, *(["proposed lines"] if any(one.is_proposed for one in drawn) else []))

    def cancel(self) -> bool:
        """Let go of what is being drawn or moved; False when there was nothing."""
        was_busy = bool(self._points) or self._in_hand is not None
        self._points, self._rubber, self._pressed_at, self._grabbed, self._in_hand = [], None, None, None, None
        self._view.update()
        return was_busy

    # -- mouse --------------------------------------------------------------------------------------------------

    def press(self, mouse: LayerMouse) -> bool:
        """Set a point of what is drawn, or take hold of what is there."""
        if self._drawings.tool is not None:
            if self._drawings.are_loaded:
                self._add_point((mouse.x_px, mouse.y_px))
                self._pressed_at = mouse.position
            return True
        found = self._hit(mouse)
        self._drawings.select(found.key if found is not None else "")
        if found is None:
            return False
        measurement = self._drawings.find(self.film_uid, found.key)
        if measurement is not None:
            self._grabbed, self._pressed_at = (measurement, found, (mouse.x_px, mouse.y_px)), mouse.position
        return True

    def move(self, mouse: LayerMouse) -> None:
        """Follow the mouse with the point or the drawing in hand."""
        if self._points:
            self._rubber = (mouse.x_px, mouse.y_px)
        elif self._grabbed is not None and (self._in_hand is not None or self._is_drag(mouse)):
            measurement, found, start = self._grabbed
            if found.handle is not None:
                self._in_hand = measurement.with_point(found.handle, (mouse.x_px, mouse.y_px))
            else:
                self._in_hand = measurement.moved(mouse.x_px - start[0], mouse.y_px - start[1])
        self._view.update()

    def release(self, mouse: LayerMouse) -> None:
        """Set the second point of a drag, or put down what was moved."""
        if self._points and self._is_drag(mouse):
            self._add_point((mouse.x_px, mouse.y_px))
        in_hand, self._in_hand, self._grabbed, self._pressed_at = self._in_hand, None, None, None
        if in_hand is not None:
            self._drawings.put(self.film_uid, in_hand)
        self._view.update()

    def double_click(self, mouse: LayerMouse) -> bool:
        """Set a point while something is drawn; else change the words of what is there."""
        if self._drawings.tool is not None:
            if self._points:
                self._add_point((mouse.x_px, mouse.y_px))
            return True
        found = self._hit(mouse)
        measurement = self._drawings.find(self.film_uid, found.key) if found is not None else None
        if measurement is not None:
            self._edit_wanted(measurement)
        return measurement is not None

    def hover(self, mouse: LayerMouse) -> Qt.CursorShape | None:
        """Follow the mouse to the next point; a hand over what can be taken."""
        if self._drawings.tool is not None:
            if self._points:
                self._rubber = (mouse.x_px, mouse.y_px)
                self._view.update()
            return Qt.CursorShape.CrossCursor
        found = self._hit(mouse)
        if found is None:
            return None
        return Qt.CursorShape.SizeAllCursor if found.handle is None else Qt.CursorShape.PointingHandCursor

    def _is_drag(self, mouse: LayerMouse) -> bool:
        return self._pressed_at is not None and (mouse.position - self._pressed_at).manhattanLength() > _CLICK_PX

    def _add_point(self, point: Point) -> None:
        tool = self._drawings.tool
        if tool is None or point in self._points[-1:]:
            return
        self._points.append(point)
        self._rubber = None
        if len(self._points) == _points_of(tool):
            points, self._points = tuple(self._points), []
            self._finished(points)

    def _hit(self, mouse: LayerMouse) -> Hit | None:
        to_screen = partial(logical_point, mouse.viewport, mouse.ratio)
        shapes = [(one, shape_of(one, to_screen)) for one in self._drawings.marks(self.film_uid).measurements]
        return hit(shapes, mouse.position, self._drawings.selected_key)

    # -- painting -----------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, viewport: Viewport, ratio: float) -> None:
        """Draw all measurements of the film, then what is being drawn, then all labels."""
        image = self._view.image
        if image is None:
            return
        to_screen = partial(logical_point, viewport, ratio)
        in_hand = self._in_hand
        marks = self._drawings.marks(self.film_uid)
        shown = [in_hand if in_hand is not None and in_hand.key == one.key else one for one in marks.measurements]
        new = self._unfinished()
        if new is not None:
            shown.append(new)
        elif self._points:
            self._paint_points(painter, to_screen)
        labels: list[tuple[Measurement, QRectF, tuple[str, ...]]] = []
        for one in shown:
            shape = shape_of(one, to_screen)
            is_selected = one.key == self._drawings.selected_key or one is new
            paint_shape(painter, shape, is_selected=is_selected, is_proposed=one.is_proposed)
            lines = self._words.lines(one, image, is_in_hand=one is in_hand or one is new)
            if lines:
                taken = [box for _, box, _ in labels]
                labels.append((one, self._label_box(painter, shape, lines, taken), lines))
        for one, box, lines in labels:
            is_selected = one.key == self._drawings.selected_key or one is new
            paint_label(painter, box, lines, is_selected=is_selected, is_proposed=one.is_proposed)
        if marks.line is not None:
            self._paint_calibration(painter, to_screen)

    def _label_box(
        self, painter: QPainter, shape: Shape, lines: tuple[str, ...], taken: list[QRectF] | None = None
    ) -> QRectF:
        box = label_box(painter, shape.label_at, lines, self._view.width(), self._view.height())
        return beside(box, taken or [], self._view.height())

    def _unfinished(self) -> Measurement | None:
        """What is being drawn, as soon as the next point would complete it."""
        tool = self._drawings.tool
        points = self._points + ([self._rubber] if self._rubber is not None else [])
        if tool is None or tool in ("calibration", "text") or len(points) != POINT_COUNTS[tool]:
            return None
        return Measurement(tool, tuple(points), axis=self.axis)

    @property
    def axis(self) -> str:
        """Image axis along which the screen is wide."""
        viewport = self._view.viewport
        return "y" if viewport is not None and viewport.orientation.swaps_axes else "x"

    def _paint_points(self, painter: QPainter, to_screen: Callable[[float, float], QPointF]) -> None:
        points = self._points + ([self._rubber] if self._rubber is not None else [])
        handles = tuple(to_screen(*point) for point in points)
        is_pairs = self._drawings.tool in ("cobb", "ctr")
        lines = (handles[:2], handles[2:]) if is_pairs else (handles,)
        shape = Shape(tuple(line for line in lines if len(line) > 1), (), handles, handles[0])
        paint_shape(painter, shape, is_selected=True, is_proposed=False)

    def _paint_calibration(self, painter: QPainter, to_screen: Callable[[float, float], QPointF]) -> None:
        line = self._drawings.marks(self.film_uid).line
        assert line is not None
        start, end = to_screen(line.x0_px, line.y0_px), to_screen(line.x1_px, line.y1_px)
        shape = Shape(((start, end),), (), (start, end), end + QPointF(12, 0))
        paint_shape(painter, shape, is_selected=False, is_proposed=False)
        across = QPointF(end.y() - start.y(), start.x() - end.x())
        across *= 5 / max(math.hypot(across.x(), across.y()), 1e-6)
        painter.setPen(QPen(MARK))
        for at in (start, end):
            painter.drawLine(at - across, at + across)
        lines = (f"scale: {line.length_mm:g} mm",)
        paint_label(painter, self._label_box(painter, shape, lines), lines, is_selected=False, is_proposed=False)


def _points_of(tool: str) -> int:
    return 2 if tool == "calibration" else POINT_COUNTS[tool]  # type: ignore[index]
