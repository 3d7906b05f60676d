"""One film on screen: its grey levels, what lies over it, and the texts that must never be missing."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.viewer.annotations import (
    BANNER_HEIGHT_PX,
    Banner,
    CornerLine,
    banner_height_px,
    banner_of,
    notes_of,
    paint_banner,
    paint_corners,
    size_text,
    warnings_of,
)
from desktop.viewer.film_marks import NOT_STATED, paint_letters, paint_ruler, ruler_of
from desktop.viewer.film_navigation import FilmNavigation
from desktop.viewer.film_picture import FilmPicture
from desktop.viewer.header_layers import OverlayLayer, ShutterLayer
from desktop.viewer.image_gestures import ImageGestures
from desktop.viewer.image_layer import ImageLayer
from desktop.viewer.magnifier import Magnifier
from desktop.viewer.prepared_film import PreparedFilm
from desktop.viewer.viewport import Viewport
from desktop.viewer.window_tool import WindowTool
from gaze2report.imaging.calibration import Calibration, calibration_of
from gaze2report.imaging.orientation import STORED, EdgeLetters, edge_letters
from gaze2report.types import Image, InstanceHeader


class ImageView(FilmNavigation):
    """Shows one image; every grey level on screen comes from ``gaze2report.imaging.windowing``.

    Attributes
    ----------
    header : InstanceHeader or None
        Of the film that is shown, or spoken of.
    tag : str
        What the film is beside others, for the banner: ``PRIOR``.
    note : str
        What must be known about the choice of this film; shown with the warnings.
    calibration : Calibration or None
        What the scale ruler measures with; the header's, until a reader's own is set.
    overlays, shutter : ImageLayer
        What the file lays over its pixels; ``is_visible`` switches them.
    magnifier : Magnifier

    Signals
    -------
    image_changed
        Another image, or none, is shown.
    window_moved
        The reader changed window or inversion.
    activated
        The reader pressed a button over this view, or gave it the keyboard.
    double_clicked
        The reader double-clicked, and no layer took it.
    painted
        The view was painted as it is now; the window system presents it next.
    menu_wanted(QPoint)
        The reader clicked with the right button, at this global position.
    """

    image_changed = Signal()
    window_moved = Signal()
    activated = Signal()
    double_clicked = Signal()
    painted = Signal()
    menu_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName("Film")
        self.image: Image | None = None
        self.window_tool: WindowTool | None = None
        self.calibration: Calibration | None = None
        self.are_corners_shown = True
        self.shutter, self.overlays = ShutterLayer(), OverlayLayer()
        self._layers: list[ImageLayer] = [self.shutter, self.overlays]
        self.magnifier = Magnifier(lambda: self._picture, lambda: self._layers, self.update)
        self._picture: FilmPicture | None = None
        self.header: InstanceHeader | None = None
        self.tag = self.note = self._message = self._alarm = ""
        self._is_marked_active = self._is_key_image = False
        self.gestures = ImageGestures(self)

    # -- what is shown ------------------------------------------------------------------------------------------

    def set_film(self, film: PreparedFilm) -> None:
        """Show a film, fitted, under the window it opens with."""
        self.image, self._picture = film.image, FilmPicture(film.pyramid)
        self.window_tool = WindowTool(film.image, film.presets)
        self._picture.set_table(self.window_tool.table())
        self.calibration = calibration_of(film.image.header)
        self.shutter.set_image(film.image)
        self.overlays.set_planes(film.overlays)
        self.magnifier.switch_off()
        self.header, self._message, self.note = film.image.header, "", ""
        self.begin_at(film.pyramid.columns, film.pyramid.rows)
        self.image_changed.emit()

    def set_message(self, message: str, header: InstanceHeader | None = None) -> None:
        """Show a sentence instead of an image; ``header`` says whose film it is about."""
        self.image = self._picture = self.window_tool = self.viewport = self.calibration = None
        self.shutter.set_image(None)
        self.overlays.set_planes(())
        self.magnifier.switch_off()
        self._message, self.header, self.note = message, header, ""
        self.view_changed.emit()
        self.image_changed.emit()
        self.update()

    def set_alarm(self, sentence: str) -> None:
        """Say in red, above all else, what is dangerous about this view; empty when nothing is."""
        if sentence != self._alarm:
            self._alarm = sentence
            self.update()

    @property
    def alarm(self) -> str:
        """What is said in red."""
        return self._alarm

    def mark_active(self, is_active: bool) -> None:
        """Frame the view as the one that keys and buttons act on."""
        if is_active != self._is_marked_active:
            self._is_marked_active = is_active
            self.update()

    def set_calibration(self, calibration: Calibration) -> None:
        """Measure with this calibration from now on."""
        self.calibration = calibration
        self.update()

    @property
    def layers(self) -> tuple[ImageLayer, ...]:
        """What is drawn over the film, the lowest first; the magnifier is always the last."""
        return (*self._layers, self.magnifier)

    def add_layer(self, layer: ImageLayer) -> None:
        """Draw a layer on top of those there."""
        self._layers.append(layer)
        self.update()

    def remove_layer(self, layer: ImageLayer) -> None:
        """Draw a layer no more; one that has the mouse lets go of it."""
        self._layers.remove(layer)
        self.gestures.forget(layer)
        self.update()

    @property
    def banner(self) -> Banner | None:
        """Identity painted at the top."""
        return banner_of(self.header, self.tag) if self.header is not None else None

    def set_note(self, note: str) -> None:
        """What must be known about the choice of this film."""
        self.note = note
        self.update()

    def mark_key_image(self, is_key: bool) -> None:
        """Show that the film is a key image."""
        self._is_key_image = is_key
        self.update()

    @property
    def letters(self) -> EdgeLetters | None:
        """Directions of the patient at the edges of the screen; None where the file does not state them."""
        stated = self.image.header.patient_orientation if self.image is not None else None
        return None if stated is None else edge_letters(stated, self.orientation)

    # -- window -------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Fit, as stored, opening window, no inversion."""
        if self.window_tool is not None:
            self.window_tool.reset()
            self.orient(STORED)
            self.fit()
            self.window_changed()

    def window_changed(self, *, is_by_link: bool = False) -> None:
        """Take over what the window tool says now."""
        if self.window_tool is not None and self._picture is not None:
            self._picture.set_table(self.window_tool.table())
            self.view_changed.emit()
            self.update()
            if not is_by_link:
                self.window_moved.emit()

    def invert(self) -> None:
        """Turn black to white and back."""
        if self.window_tool is not None:
            self.window_tool.is_inverted = not self.window_tool.is_inverted
            self.window_changed()

    # -- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Image, layers, marks, corners, banner: in this order, so that nothing covers the banner."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#000000"))
        if self._picture is not None and self.viewport is not None:
            painter.save()
            self._to_whole_device_pixels(painter)
            self._picture.paint(painter, self.viewport, self.devicePixelRatioF(), is_moving=self.is_moving)
            self._paint_layers(painter, self.viewport)
            painter.restore()
            self._paint_marks(painter, self.viewport)
        elif self._message:
            painter.setPen(QColor(theme.MUTED))
            box = self.rect().adjusted(40, 40, -40, -40)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
        self._paint_corners(painter)
        if self.banner is not None:
            paint_banner(painter, self.banner, self.width(), alarm=self._alarm)
        self._paint_frame(painter)
        painter.end()
        self.painted.emit()

    def _to_whole_device_pixels(self, painter: QPainter) -> None:
        """Also where a fractional screen scale puts this widget between two device pixels."""
        ratio, device = self.devicePixelRatioF(), painter.deviceTransform()
        painter.translate(
            (ceil(device.dx() - 1e-6) - device.dx()) / ratio, (ceil(device.dy() - 1e-6) - device.dy()) / ratio
        )

    def _paint_layers(self, painter: QPainter, viewport: Viewport) -> None:
        for layer in self.layers:
            if layer.is_visible:
                painter.save()
                layer.paint(painter, viewport, self.devicePixelRatioF())
                painter.restore()

    def _paint_marks(self, painter: QPainter, viewport: Viewport) -> None:
        is_narrow = banner_height_px(self.width()) > BANNER_HEIGHT_PX
        raised = 36 if is_narrow and self.are_corners_shown else 0  # above the corner, which reaches the middle
        area = QRectF(self.rect()).adjusted(0, banner_height_px(self.width()), 0, -raised)
        if self.letters is not None:
            paint_letters(painter, self.letters, area)
        if self.are_corners_shown and self.calibration is not None:
            paint_ruler(painter, ruler_of(viewport, self.devicePixelRatioF(), self.calibration), area)

    def _paint_corners(self, painter: QPainter) -> None:
        if self.image is None or self.viewport is None or self.window_tool is None:
            return
        right: list[CornerLine] = []
        left = self.warning_lines()
        if self.are_corners_shown:
            left = notes_of(self.image) + left
            fit = "fit" if self.is_fitted else "1:1" if self.viewport.scale == 1.0 else "zoom"
            right = [
                (self.window_tool.text(), theme.TEXT),
                (f"{size_text(self.image)}   {fit} {self.viewport.scale * 100:.0f} %", theme.TEXT),
            ]
        paint_corners(painter, left, right, self.width(), self.height())

    def warning_lines(self) -> list[CornerLine]:
        """What must be known about the film as it is shown; it stays when the corner text is off."""
        if self.image is None:
            return []
        lines = warnings_of(self.image.header)
        if self.note:
            lines.append((self.note, theme.WARNING))
        if self._is_key_image:
            lines.append(("KEY IMAGE", theme.ACCENT))
        if self.orientation.badge:
            lines.append((self.orientation.badge, theme.WARNING))
        if self.letters is None:
            lines.append((NOT_STATED, theme.MUTED))
        if self.shutter.is_needed:
            lines.append(("Shutter on" if self.shutter.is_visible else "Shutter off", theme.MUTED))
        if self.overlays.is_needed and not self.overlays.is_visible:
            lines.append(("Overlays off", theme.MUTED))
        for layer in self._layers:
            lines += layer.corner_lines() if layer.is_visible else []
        return lines

    def _paint_frame(self, painter: QPainter) -> None:
        if self._alarm:
            painter.setPen(QPen(QColor(theme.ALARM), 4.0))
            painter.drawRect(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        elif self._is_marked_active:
            painter.setPen(QPen(QColor(theme.ACCENT), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # -- events -------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room to read."""
        return QSize(760, 700)

    def event(self, event: QEvent) -> bool:
        """Say when the view is the one the reader works with."""
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.FocusIn):
            self.activated.emit()
        return super().event(event)

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
        """For the layers, else for the whole screen; it must not become a drag."""
        if not self.gestures.double_click(event):
            self.double_clicked.emit()

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
