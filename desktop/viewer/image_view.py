"""One film on screen: zoom, pan, window, and the texts that must never be missing."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.viewer.annotations import (
    BANNER_HEIGHT_PX,
    Banner,
    CornerLine,
    banner_of,
    notes_of,
    paint_banner,
    paint_corners,
    size_text,
    warnings_of,
)
from desktop.viewer.codes_pyramid import CodesPyramid
from desktop.viewer.film_picture import FilmPicture
from desktop.viewer.image_gestures import ImageGestures
from desktop.viewer.image_layer import ImageLayer
from desktop.viewer.scanpath_overlay import LABEL, paint_scanpath
from desktop.viewer.viewport import Viewport, fitted
from desktop.viewer.window_tool import WindowTool
from gaze2report.imaging.orientation import STORED, Orientation
from gaze2report.types import Fixation, Image


class ImageView(QWidget):
    """Shows one image; every grey level on screen comes from ``gaze2report.imaging.windowing``.

    Signals
    -------
    view_changed
        Zoom, pan, orientation, window or inversion changed.
    image_changed
        Another image, or none, is shown.
    menu_wanted(QPoint)
        The reader clicked with the right button, at this global position.
    """

    view_changed = Signal()
    image_changed = Signal()
    menu_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.image: Image | None = None
        self.window_tool: WindowTool | None = None
        self.viewport: Viewport | None = None
        self.is_gaze_shown = True
        self.are_corners_shown = True
        self._layers: list[ImageLayer] = []
        self._picture: FilmPicture | None = None
        self._banner: Banner | None = None
        self._message = ""
        self._fixations: tuple[Fixation, ...] = ()
        self._is_fitted = True
        self.gestures = ImageGestures(self)

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_image(self, image: Image, pyramid: CodesPyramid) -> None:
        """Show an image, fitted, under the window it opens with."""
        self.image, self._picture, self.viewport = image, FilmPicture(pyramid), None
        self.window_tool = WindowTool(image)
        self._banner = banner_of(image.header)
        self._message = ""
        self.fit()
        self.window_changed()
        self.image_changed.emit()

    def set_message(self, message: str, banner: Banner | None = None) -> None:
        """Show a sentence instead of an image."""
        self.image = self._picture = self.window_tool = self.viewport = None
        self._message, self._banner = message, banner
        self.view_changed.emit()
        self.image_changed.emit()
        self.update()

    def set_fixations(self, fixations: tuple[Fixation, ...]) -> None:
        """Scanpath to draw over the image; empty for none."""
        self._fixations = fixations
        self.update()

    @property
    def layers(self) -> tuple[ImageLayer, ...]:
        """What is drawn over the film, the lowest first."""
        return tuple(self._layers)

    def add_layer(self, layer: ImageLayer) -> None:
        """Draw a layer on top of those there."""
        self._layers.append(layer)
        self.setMouseTracking(True)
        self.update()

    def remove_layer(self, layer: ImageLayer) -> None:
        """Draw a layer no more; one that has the mouse lets go of it."""
        self._layers.remove(layer)
        self.gestures.forget(layer)
        self.update()

    @property
    def banner(self) -> Banner | None:
        """Identity painted at the top."""
        return self._banner

    # -- zoom, pan and orientation --------------------------------------------------------------------------------

    def device_size(self) -> tuple[int, int]:
        """Size in device pixels, whole pixels only."""
        ratio = self.devicePixelRatioF()
        return max(1, int(self.width() * ratio)), max(1, int(self.height() * ratio))

    def fit(self) -> None:
        """Show the whole image below the banner."""
        if self.image is None:
            return
        width_px, height_px = self.device_size()
        banner_px = round(BANNER_HEIGHT_PX * self.devicePixelRatioF())
        rows, columns = self.image.codes.shape
        view = fitted(width_px, max(1, height_px - banner_px), columns, rows, self.orientation)
        whole = Viewport(width_px, height_px, view.scale, view.center_x_px, view.center_y_px, view.orientation)
        middle_y = banner_px + (height_px - banner_px) / 2
        self._set_viewport(whole.centered_on(view.center_x_px, view.center_y_px, width_px / 2, middle_y))
        self._is_fitted = True

    def zoom_to_pixels(self) -> None:
        """One image pixel per device pixel, around the middle of what is shown."""
        if self.viewport is not None:
            viewport = self.viewport
            self._set_viewport(viewport.at_scale(1.0, viewport.width_px / 2, viewport.height_px / 2))

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom; the image point at ``at`` (logical pixels, the middle when not given) stays where it is."""
        if self.viewport is None:
            return
        x, y = self._to_device(at or QPointF(self.width() / 2, self.height() / 2))
        self._set_viewport(self.viewport.zoomed(factor, x, y))

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        if self.viewport is not None and self.image is not None:
            ratio = self.devicePixelRatioF()
            rows, columns = self.image.codes.shape
            self._set_viewport(self.viewport.panned(dx * ratio, dy * ratio, columns, rows))

    @property
    def orientation(self) -> Orientation:
        """How the film is turned and mirrored."""
        return self.viewport.orientation if self.viewport is not None else STORED

    def orient(self, orientation: Orientation) -> None:
        """Turn or mirror the film; a fitted one stays fitted."""
        if self.viewport is None:
            return
        was_fitted = self._is_fitted
        self._set_viewport(self.viewport.oriented(orientation))
        if was_fitted:
            self.fit()

    def turn(self, quarter_turns: int) -> None:
        """Turn by clockwise quarter turns."""
        self.orient(self.orientation.turned(quarter_turns))

    def flip_horizontally(self) -> None:
        """Exchange left and right of the screen."""
        self.orient(self.orientation.flipped_horizontally())

    def flip_vertically(self) -> None:
        """Exchange top and bottom of the screen."""
        self.orient(self.orientation.flipped_vertically())

    def reset(self) -> None:
        """Fit, as stored, opening window, no inversion."""
        if self.window_tool is not None:
            self.window_tool.reset()
            self.orient(STORED)
            self.fit()
            self.window_changed()

    def window_changed(self) -> None:
        """Take over what the window tool says now."""
        if self.window_tool is not None and self._picture is not None:
            self._picture.set_table(self.window_tool.table())
            self.view_changed.emit()
            self.update()

    def invert(self) -> None:
        """Turn black to white and back."""
        if self.window_tool is not None:
            self.window_tool.is_inverted = not self.window_tool.is_inverted
            self.window_changed()

    def image_position(self, position: QPointF) -> tuple[float, float] | None:
        """Image coordinates under a logical position of the widget."""
        return None if self.viewport is None else self.viewport.device_to_image(*self._to_device(position))

    def _to_device(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def _set_viewport(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self._is_fitted = False
        self.view_changed.emit()
        self.update()

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Image, layers, corners, banner: in this order, so that nothing covers the banner."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#000000"))
        if self._picture is not None and self.viewport is not None:
            painter.save()
            self._to_whole_device_pixels(painter)
            self._picture.paint(painter, self.viewport, self.devicePixelRatioF())
            self._paint_fixations(painter)
            self._paint_layers(painter, self.viewport)
            painter.restore()
        elif self._message:
            painter.setPen(QColor(theme.MUTED))
            box = self.rect().adjusted(40, 40, -40, -40)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
        self._paint_corners(painter)
        if self._banner is not None:
            paint_banner(painter, self._banner, self.width())
        painter.end()

    def _to_whole_device_pixels(self, painter: QPainter) -> None:
        """Also where a fractional screen scale puts this widget between two device pixels."""
        ratio, device = self.devicePixelRatioF(), painter.deviceTransform()
        painter.translate(
            (ceil(device.dx() - 1e-6) - device.dx()) / ratio, (ceil(device.dy() - 1e-6) - device.dy()) / ratio
        )

    def _paint_layers(self, painter: QPainter, viewport: Viewport) -> None:
        for layer in self._layers:
            if layer.is_visible:
                painter.save()
                layer.paint(painter, viewport, self.devicePixelRatioF())
                painter.restore()

    def _paint_fixations(self, painter: QPainter) -> None:
        if not (self.is_gaze_shown and self._fixations) or self.viewport is None:
            return
        ratio = self.devicePixelRatioF()
        centers = [
            QPointF(x / ratio, y / ratio)
            for x, y in (self.viewport.image_to_device(f.x_px, f.y_px) for f in self._fixations)
        ]
        paint_scanpath(painter, centers, self._fixations)

    def _paint_corners(self, painter: QPainter) -> None:
        if self.image is None or self.viewport is None or self.window_tool is None:
            return
        left = warnings_of(self.image.header)
        if self.orientation.badge:
            left.append((self.orientation.badge, theme.WARNING))
        if self.is_gaze_shown and self._fixations:
            left.append((LABEL, theme.GAZE))
        right: list[CornerLine] = []
        if self.are_corners_shown:
            left = notes_of(self.image) + left
            fit = "fit" if self._is_fitted else "1:1" if self.viewport.scale == 1.0 else "zoom"
            right = [
                (self.window_tool.text(), theme.TEXT),
                (f"{size_text(self.image)}   {fit} {self.viewport.scale * 100:.0f} %", theme.TEXT),
            ]
        paint_corners(painter, left, right, self.width(), self.height())

    # -- events -------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room to read."""
        return QSize(760, 700)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay fitted, or stay where it is."""
        if self.viewport is None:
            return
        if self._is_fitted:
            self.fit()
        else:
            self._set_viewport(self.viewport.resized(*self.device_size()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture."""
        self.gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a gesture."""
        self.gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a gesture."""
        self.gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """For the layers only: a double click inside a film must not become a drag."""
        self.gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the cursor."""
        self.gestures.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave everything but the space bar to the shortcuts."""
        if not self.gestures.key(event, is_down=True):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The space bar goes up."""
        if not self.gestures.key(event, is_down=False):
            super().keyReleaseEvent(event)
