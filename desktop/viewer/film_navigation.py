"""Zoom, pan, turn and flip of a film on screen: a widget that knows where an image of some size lies on it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop.viewer.annotations import banner_height_px
from desktop.viewer.viewport import Viewport, fitted
from gaze2report.imaging.orientation import STORED, Orientation

_SETTLE_MS = 80
"""So long after its last move a film stands still."""


class FilmNavigation(QWidget):
    """The part of the view that moves its viewport.

    Attributes
    ----------
    viewport : Viewport or None
        None while no image is shown.
    is_fitted : bool
        Whether the film is shown whole, and stays so when the widget's size changes.

    Signals
    -------
    view_changed
        Zoom, pan, orientation, window or inversion changed.
    viewport_moved
        The reader moved, zoomed, turned or flipped the film (not the window, not a new size).
    """

    view_changed = Signal()
    viewport_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport: Viewport | None = None
        self.is_fitted = True
        self._size_px = (0, 0)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.update)

    @property
    def is_moving(self) -> bool:
        """Whether the film is on its way, by drag or wheel: painted fast now, and exactly when it stands still."""
        return self._settle.isActive()

    def begin_moving(self) -> None:
        """The film moves, or goes on moving."""
        self._settle.start()

    def begin_at(self, columns: int, rows: int) -> None:
        """Show an image of this size, fitted and as stored."""
        self._size_px, self.viewport = (columns, rows), None
        self._fit(STORED)

    def device_size(self) -> tuple[int, int]:
        """Size in device pixels, whole pixels only."""
        ratio = self.devicePixelRatioF()
        return max(1, int(self.width() * ratio)), max(1, int(self.height() * ratio))

    def fitted_viewport(self, orientation: Orientation) -> Viewport:
        """The viewport that shows the whole image below the banner."""
        width_px, height_px = self.device_size()
        banner_px = round(banner_height_px(self.width()) * self.devicePixelRatioF())
        columns, rows = self._size_px
        view = fitted(width_px, max(1, height_px - banner_px), columns, rows, orientation)
        whole = Viewport(width_px, height_px, view.scale, view.center_x_px, view.center_y_px, view.orientation)
        middle_y = banner_px + (height_px - banner_px) / 2
        return whole.centered_on(view.center_x_px, view.center_y_px, width_px / 2, middle_y)

    def fit(self) -> None:
        """Show the whole image below the banner."""
        if self.viewport is not None:
            self._fit(self.orientation)
            self.viewport_moved.emit()

    def _fit(self, orientation: Orientation) -> None:
        self._set_viewport(self.fitted_viewport(orientation))
        self.is_fitted = True

    def zoom_to_pixels(self) -> None:
        """One image pixel per device pixel, around the middle of what is shown."""
        if self.viewport is not None:
            viewport = self.viewport
            self.move_to(viewport.at_scale(1.0, viewport.width_px / 2, viewport.height_px / 2))

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom; the image point at ``at`` (logical pixels, the middle when not given) stays where it is."""
        if self.viewport is not None:
            x, y = self._to_device(at or QPointF(self.width() / 2, self.height() / 2))
            self.move_to(self.viewport.zoomed(factor, x, y))

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        if self.viewport is not None:
            ratio = self.devicePixelRatioF()
            self.move_to(self.viewport.panned(dx * ratio, dy * ratio, *self._size_px))

    @property
    def orientation(self) -> Orientation:
        """How the film is turned and mirrored."""
        return self.viewport.orientation if self.viewport is not None else STORED

    def orient(self, orientation: Orientation) -> None:
        """Turn or mirror the film; a fitted one stays fitted."""
        if self.viewport is None:
            return
        if self.is_fitted:
            self._fit(orientation)
            self.viewport_moved.emit()
        else:
            self.move_to(self.viewport.oriented(orientation))

    def turn(self, quarter_turns: int) -> None:
        """Turn by clockwise quarter turns."""
        self.orient(self.orientation.turned(quarter_turns))

    def flip_horizontally(self) -> None:
        """Exchange left and right of the screen."""
        self.orient(self.orientation.flipped_horizontally())

    def flip_vertically(self) -> None:
        """Exchange top and bottom of the screen."""
        self.orient(self.orientation.flipped_vertically())

    def image_position(self, position: QPointF) -> tuple[float, float] | None:
        """Image coordinates under a logical position of the widget."""
        return None if self.viewport is None else self.viewport.device_to_image(*self._to_device(position))

    def _to_device(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def move_to(self, viewport: Viewport) -> None:
        """Show another part of the image."""
        self._set_viewport(viewport)
        self.viewport_moved.emit()

    def follow(self, viewport: Viewport, *, is_fitted: bool) -> None:
        """Show what a linked view shows, without telling the others of it."""
        self._set_viewport(viewport)
        self.is_fitted = is_fitted

    def _set_viewport(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self.is_fitted = False
        self.view_changed.emit()
        self.update()

    def event(self, event: QEvent) -> bool:
        """Take the window's way to a screen of another scale for a change of size."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._take_size()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay fitted, or stay where it is."""
        self._take_size()

    def _take_size(self) -> None:
        if self.viewport is None:
            return
        if self.is_fitted:
            self._fit(self.orientation)
        else:
            self._set_viewport(self.viewport.resized(*self.device_size()))
