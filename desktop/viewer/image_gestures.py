"""What the mouse does over a film."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QWheelEvent

from desktop.viewer.image_layer import ImageLayer, LayerMouse

if TYPE_CHECKING:
    from desktop.viewer.image_view import ImageView

ToolName = Literal["window", "pan", "zoom"]
_CLICK_PX = 4
_ZOOM_TRAVEL_PX = 200.0
_WHEEL_STEP = 120.0
_ZOOM_PER_STEP = 1.2

_CURSORS = {
    "window": Qt.CursorShape.CrossCursor,
    "pan": Qt.CursorShape.OpenHandCursor,
    "zoom": Qt.CursorShape.SizeVerCursor,
}


class ImageGestures:
    """Left drag uses the chosen tool, right drag windows, middle, Ctrl or space drag pans, the wheel zooms.

    A layer of the view may take a left drag before the tool does, see :mod:`desktop.viewer.image_layer`.
    """

    def __init__(self, view: ImageView) -> None:
        self._view = view
        self._tool: ToolName = "window"
        self._action: ToolName | None = None
        self._taker: ImageLayer | None = None
        self._button = Qt.MouseButton.NoButton
        self._start = self._last = QPointF()
        self._has_moved = self._is_space_down = False
        self.does_wheel_up_zoom_in = True
        view.setCursor(QCursor(_CURSORS[self._tool]))

    @property
    def tool(self) -> ToolName:
        """What a left drag does."""
        return self._tool

    @tool.setter
    def tool(self, tool: ToolName) -> None:
        self._tool = tool
        self._view.setCursor(QCursor(_CURSORS[tool]))

    def forget(self, layer: ImageLayer) -> None:
        """A layer is gone; it has the mouse no more."""
        if self._taker is layer:
            self._taker = None

    def press(self, event: QMouseEvent) -> None:
        """Choose what this drag does."""
        if self._action is not None or self._taker is not None or self._view.image is None:
            return
        self._button, self._start, self._last = event.button(), event.position(), event.position()
        self._has_moved = False
        if self._is_for_layers(event):
            self._taker = next((layer for layer in self._layers() if layer.press(self._mouse(event))), None)
            if self._taker is not None:
                return
        self._action = self._action_of(event)
        if self._action == "window" and self._view.window_tool is not None:
            self._view.window_tool.begin_drag()

    def _action_of(self, event: QMouseEvent) -> ToolName | None:
        if event.button() == Qt.MouseButton.MiddleButton:
            return "pan"
        if event.button() == Qt.MouseButton.RightButton:
            return "window"
        if event.button() == Qt.MouseButton.LeftButton:
            return "pan" if self._wants_pan(event) else self._tool
        return None

    def _wants_pan(self, event: QMouseEvent) -> bool:
        return self._is_space_down or bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)

    def _is_for_layers(self, event: QMouseEvent) -> bool:
        return event.button() == Qt.MouseButton.LeftButton and not self._wants_pan(event)

    def _layers(self) -> list[ImageLayer]:
        return [layer for layer in reversed(self._view.layers) if layer.is_visible]

    def _mouse(self, event: QMouseEvent) -> LayerMouse:
        at, viewport = self._view.image_position(event.position()), self._view.viewport
        assert at is not None
        assert viewport is not None
        ratio = self._view.devicePixelRatioF()
        return LayerMouse(*at, event.position(), event.button(), event.modifiers(), viewport, ratio)

    def move(self, event: QMouseEvent) -> None:
        """Follow the drag, or show what a press here would do."""
        if self._view.image is None:
            return
        if self._taker is not None:
            self._taker.move(self._mouse(event))
            return
        if self._action is None:
            self._hover(event)
            return
        total = event.position() - self._start
        if not self._has_moved and total.manhattanLength() < _CLICK_PX:
            return
        step = event.position() - self._last
        self._has_moved, self._last = True, event.position()
        if self._action in ("pan", "zoom"):
            self._view.begin_moving()
        if self._action == "pan":
            self._view.pan(step.x(), step.y())
        elif self._action == "zoom":
            self._view.zoom(2.0 ** (-step.y() / _ZOOM_TRAVEL_PX * 2), self._start)
        elif self._view.window_tool is not None:
            self._view.window_tool.drag(total.x(), total.y())
            self._view.window_changed()

    def _hover(self, event: QMouseEvent) -> None:
        shapes = (layer.hover(self._mouse(event)) for layer in self._layers())
        shape = next((shape for shape in shapes if shape is not None), None)
        usual = Qt.CursorShape.OpenHandCursor if self._is_space_down else _CURSORS[self._tool]
        wanted = usual if shape is None else shape
        if self._view.cursor().shape() != wanted:
            self._view.setCursor(QCursor(wanted))

    def double_click(self, event: QMouseEvent) -> bool:
        """Offer a double click to the layers; False when it is left over."""
        if self._view.image is None or not self._is_for_layers(event):
            return True
        return any(layer.double_click(self._mouse(event)) for layer in self._layers())

    def release(self, event: QMouseEvent) -> None:
        """End the drag; a right click without one asks for the menu."""
        if event.button() != self._button:
            return
        if self._taker is not None:
            taker, self._taker, self._button = self._taker, None, Qt.MouseButton.NoButton
            if self._view.image is not None:
                taker.release(self._mouse(event))
            return
        if self._view.window_tool is not None:
            self._view.window_tool.end_drag()
        self._action, self._button = None, Qt.MouseButton.NoButton
        if event.button() == Qt.MouseButton.RightButton and not self._has_moved:
            self._view.menu_wanted.emit(event.globalPosition().toPoint())

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom to the cursor; fine steps of a touch pad count as what they are."""
        steps = event.angleDelta().y() / _WHEEL_STEP * (1 if self.does_wheel_up_zoom_in else -1)
        if steps:
            self._view.begin_moving()
            self._view.zoom(_ZOOM_PER_STEP**steps, event.position())
        event.accept()

    def key(self, event: QKeyEvent, *, is_down: bool) -> bool:
        """Note the space bar; True when the key was ours."""
        if event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self._is_space_down = is_down
            shape = Qt.CursorShape.OpenHandCursor if is_down else _CURSORS[self._tool]
            self._view.setCursor(QCursor(shape))
        return True
