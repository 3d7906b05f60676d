"""The operator's window: what the reader has on screen and where they look now. Never on the reader's own monitor."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import theme
from desktop.capture.agent_calls import CaptureFault
from desktop.capture.recording_light import Lamp, light_colour, light_text
from desktop.capture.screens import Monitor, device_rect, monitor_of, monitors, tracker_screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop.capture.gaze_capture import GazeCapture
    from desktop.viewer.image_view import ImageView

Place = tuple[float, float]
_POLL_MS, _GRAB_AFTER_MS = 33, 500
_TRAIL_S = 1.0
ONE_MONITOR = (
    "Live gaze is for an operator at a monitor of their own: who sees their own gaze reads differently. There is only "
    "one monitor here."
)
ON_READERS_MONITOR = "This window is on the reader's monitor, where live gaze is never shown. Move it to another one."


class Stage(QWidget):
    """The reader's monitor in small, with the newest gaze."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(480, 300)
        self.setAccessibleName("The reader's monitor with the newest gaze")
        self.size_px = (1, 1)
        self.pictures: list[tuple[QRectF, QPixmap]] = []
        self.trail: deque[tuple[float, Place]] = deque()
        self.sentence = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Monitor, films, trail; or why there is none."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.FIELD))
        if self.sentence:
            painter.setPen(QColor(theme.WARNING))
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(40, 20, -40, -20), words, self.sentence)
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / self.size_px[0], self.height() / self.size_px[1])
        painter.translate((self.width() - self.size_px[0] * scale) / 2, (self.height() - self.size_px[1] * scale) / 2)
        painter.setPen(QPen(QColor(theme.BORDER), 1.0))
        painter.drawRect(QRectF(0, 0, self.size_px[0] * scale, self.size_px[1] * scale))
        for area, picture in self.pictures:
            target = QRectF(area.x() * scale, area.y() * scale, area.width() * scale, area.height() * scale)
            painter.drawPixmap(target, picture, QRectF(picture.rect()))
        self._paint_trail(painter, scale)
        painter.end()

    def _paint_trail(self, painter: QPainter, scale: float) -> None:
        points = [QPointF(x * self.size_px[0] * scale, y * self.size_px[1] * scale) for _, (x, y) in self.trail]
        if not points:
            return
        painter.setPen(QPen(QColor(theme.RECORDED_GAZE), 1.5))
        painter.drawPolyline(points)
        painter.setBrush(QColor(theme.RECORDED_GAZE))
        painter.drawEllipse(points[-1], 7.0, 7.0)


class OperatorWindow(QWidget):
    """Polls the newest sample by a timer while it is open.

    Parameters
    ----------
    views : callable
        The reader's views of this moment.
    progress : callable
        What to say of a study under way; empty without one.
    """

    def __init__(
        self, capture: GazeCapture, views: Callable[[], Sequence[ImageView]], progress: Callable[[], str]
    ) -> None:
        super().__init__(None)
        self.setWindowTitle("Operator: live gaze")
        self.resize(980, 620)
        self._capture, self._views, self._progress = capture, views, progress
        self.stage, self.lamp = Stage(), Lamp()
        self.light, self.quality, self.calibration, self.study = QLabel(), QLabel(), QLabel(), QLabel()
        self.pause_button = QPushButton("Pause")
        self.pause_button.clicked.connect(capture.toggle_pause)
        self._lay_out()
        self._poll = QTimer(self, interval=_POLL_MS)
        self._poll.timeout.connect(self.poll)
        self._grab = QTimer(self, interval=_GRAB_AFTER_MS)
        self._grab.timeout.connect(self._take_pictures)
        capture.link.state_changed.connect(self.refresh)
        capture.link.opened.connect(lambda _: self._set_live(is_on=self.isVisible()))
        capture.recording.changed.connect(self.refresh)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.lamp)
        top.addWidget(self.light)
        top.addStretch()
        top.addWidget(self.study)
        top.addWidget(self.pause_button)
        for label in (self.quality, self.calibration):
            label.setObjectName("muted")
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.stage, 1)
        column.addWidget(self.quality)
        column.addWidget(self.calibration)

    def begin(self) -> None:
        """Open on a monitor that is not the reader's.

        Raises
        ------
        CaptureFault
            If there is none.
        """
        own = self._reader_monitor()
        for fingerprint, screen in monitors().items():
            if fingerprint != own.fingerprint:
                self.setScreen(screen)
                self.move(screen.availableGeometry().topLeft())
                self.show()
                self._set_live(is_on=True)
                self._poll.start()
                self._grab.start()
                self._take_pictures()
                self.refresh()
                return
        raise CaptureFault(ONE_MONITOR)

    def closeEvent(self, event: QCloseEvent) -> None:
        """No more live gaze."""
        self._poll.stop()
        self._grab.stop()
        self._set_live(is_on=False)
        event.accept()

    def _set_live(self, *, is_on: bool) -> None:
        self._capture.link.ask("live", on_failed=lambda _: None, is_on=is_on)

    def _reader_monitor(self) -> Monitor:
        state = self._capture.link.state
        return monitor_of(tracker_screen(self._capture.settings.screen, state.display_area, state.source))

    @property
    def misplacement(self) -> str:
        """Why no live gaze is shown here; empty where it may be."""
        handle = self.windowHandle()
        screen = handle.screen() if handle is not None else None
        try:
            reader = self._reader_monitor()
        except CaptureFault as error:
            return str(error)
        if screen is None or monitor_of(screen).fingerprint == reader.fingerprint:
            return ON_READERS_MONITOR
        return ""

    def poll(self) -> None:
        """Take the newest sample."""
        gaze = self._capture.link.take_gaze()
        now_s = time.monotonic()
        stage = self.stage
        stage.sentence = self.misplacement
        if stage.sentence:
            stage.trail.clear()
        elif gaze is not None:
            seen = [gaze[eye] for eye in ("left", "right") if gaze[eye] is not None]
            if seen:
                x, y = (sum(place[axis] for place in seen) / len(seen) for axis in (0, 1))
                stage.trail.append((now_s, (x, y)))
        while stage.trail and now_s - stage.trail[0][0] > _TRAIL_S:
            stage.trail.popleft()
        stage.update()

    def _take_pictures(self) -> None:
        """What the reader's views show; half a second old at most."""
        if self.misplacement:
            self.stage.pictures = []
            return
        monitor = self._reader_monitor()
        self.stage.size_px = (monitor.width_px, monitor.height_px)
        found = []
        for view in self._views():
            if view.isVisible():
                area = view.rect().translated(view.mapToGlobal(view.rect().topLeft()))
                left, top, right, bottom = device_rect(monitor, area)
                found.append((QRectF(left, top, right - left, bottom - top), view.grab()))
        self.stage.pictures = found

    def refresh(self) -> None:
        """Show how everything is now."""
        from desktop.capture.capture_panel import quality_text

        link, recording = self._capture.link, self._capture.recording
        self.lamp.show_colour(light_colour(recording))
        self.light.setText(light_text(link, recording))
        self.pause_button.setEnabled(recording.case is not None)
        self.pause_button.setText("Go on" if recording.is_paused else "Pause")
        self.quality.setText(f"Quality: {quality_text(link.state.valid_share, link.state.recording)}")
        self.calibration.setText(f"Calibration: {self._capture.calibrating.sentence}")
        self.study.setText(self._progress())
