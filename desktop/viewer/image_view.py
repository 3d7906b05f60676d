"""One film on screen: zoom, pan, window, and the texts that must never be missing."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.viewer.annotations import BANNER_HEIGHT_PX, Banner, banner_of, paint_banner, paint_corners
from desktop.viewer.codes_pyramid import CodesPyramid, ViewCodes, view_codes
from desktop.viewer.image_gestures import ImageGestures
from desktop.viewer.scanpath_overlay import LABEL, paint_scanpath
from desktop.viewer.viewport import Viewport, fitted
from desktop.viewer.window_tool import WindowTool
from gaze2report.types import Fixation, Image


class ImageView(QWidget):
    """Shows one image; every grey level on screen comes from ``gaze2report.imaging.windowing``.

    Signals
    -------
    view_changed
        Zoom, pan, window or inversion changed.
    menu_wanted(QPoint)
        The reader clicked with the right button, at this global position.
    """

    view_changed = Signal()
    menu_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(False)
        self.image: Image | None = None
        self.window_tool: WindowTool | None = None
        self.viewport: Viewport | None = None
        self.is_smooth = True
        self.is_gaze_shown = True
        self.are_corners_shown = True
        self._pyramid: CodesPyramid | None = None
        self._banner: Banner | None = None
        self._message = ""
        self._fixations: tuple[Fixation, ...] = ()
        self._is_fitted = True
        self._codes: ViewCodes | None = None
        self._codes_of: tuple[Viewport, bool] | None = None
        self._table: NDArray[np.uint32] | None = None
        self.gestures = ImageGestures(self)

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_image(self, image: Image, pyramid: CodesPyramid) -> None:
        """Show an image, fitted, under the window it opens with."""
        self.image, self._pyramid = image, pyramid
        self.window_tool = WindowTool(image)
        self._banner = banner_of(image.header)
        self._message = ""
        self.fit()
        self.window_changed()

    def set_message(self, message: str, banner: Banner | None = None) -> None:
        """Show a sentence instead of an image."""
        self.image = self._pyramid = self.window_tool = self.viewport = self._codes = self._codes_of = None
        self._message, self._banner = message, banner
        self.view_changed.emit()
        self.update()

    def set_fixations(self, fixations: tuple[Fixation, ...]) -> None:
        """Scanpath to draw over the image; empty for none."""
        self._fixations = fixations
        self.update()

    @property
    def banner(self) -> Banner | None:
        """Identity painted at the top."""
        return self._banner

    # -- zoom and pan -------------------------------------------------------------------------------------------

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
        view = fitted(width_px, max(1, height_px - banner_px), columns, rows)
        center_y_px = view.center_y_px - banner_px / 2 / view.scale
        self._set_viewport(Viewport(width_px, height_px, view.scale, view.center_x_px, center_y_px))
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
        if self.viewport is not None and self._pyramid is not None:
            ratio = self.devicePixelRatioF()
            moved = self.viewport.panned(dx * ratio, dy * ratio, self._pyramid.columns, self._pyramid.rows)
            self._set_viewport(moved)

    def reset(self) -> None:
        """Fit, opening window, no inversion."""
        if self.window_tool is not None:
            self.window_tool.reset()
            self.fit()
            self.window_changed()

    def window_changed(self) -> None:
        """Take over what the window tool says now."""
        if self.window_tool is not None:
            self._table = self.window_tool.table()
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
        """Image, scanpath, corners, banner: in this order, so that nothing covers the banner."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#000000"))
        if self.image is not None and self.viewport is not None and self._pyramid is not None:
            self._paint_image(painter)
            self._paint_fixations(painter)
        elif self._message:
            painter.setPen(QColor(theme.MUTED))
            box = self.rect().adjusted(40, 40, -40, -40)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
        self._paint_corners(painter)
        if self._banner is not None:
            paint_banner(painter, self._banner, self.width())
        painter.end()

    def _paint_image(self, painter: QPainter) -> None:
        viewport, pyramid = self.viewport, self._pyramid
        assert viewport is not None
        assert pyramid is not None
        if self._codes_of != (viewport, self.is_smooth):
            self._codes = view_codes(pyramid, viewport, is_smooth=self.is_smooth)
            self._codes_of = (viewport, self.is_smooth)
        if self._codes is None or self._table is None:
            return
        pixels = np.take(self._table, self._codes.codes)
        rows, columns = pixels.shape
        picture = QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_RGB32)
        # whole device pixels, also where a fractional screen scale puts this widget between two of them
        ratio = self.devicePixelRatioF()
        device = painter.deviceTransform()
        left_px = self._codes.left_px + ceil(device.dx() - 1e-6) - device.dx()
        top_px = self._codes.top_px + ceil(device.dy() - 1e-6) - device.dy()
        painter.drawImage(QRectF(left_px / ratio, top_px / ratio, columns / ratio, rows / ratio), picture)

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
        header = self.image.header
        left: list[tuple[str, str]] = []
        right: list[tuple[str, str]] = []
        if header.presentation_intent.upper() == "FOR PROCESSING":
            left.append(("FOR PROCESSING: not meant for reading", theme.ERROR))
        if header.is_lossy:
            left.append(("LOSSY compression", theme.WARNING))
        if self.is_gaze_shown and self._fixations:
            left.append((LABEL, theme.GAZE))
        if self.are_corners_shown:
            left = [(f"tolerated while reading: {note}", theme.MUTED) for note in self.image.notes] + left
            rows, columns = self.image.codes.shape
            zoom = "fit" if self._is_fitted else "1:1" if self.viewport.scale == 1.0 else "zoom"
            right = [
                (self.window_tool.text(), theme.TEXT),
                (f"{columns} x {rows}   {zoom} {self.viewport.scale * 100:.0f} %", theme.TEXT),
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
        """Do nothing: a double click inside a film must not become a drag."""

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
