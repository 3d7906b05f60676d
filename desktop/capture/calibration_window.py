"""The full-screen window of a calibration, on the tracker's monitor and on no other."""

from __future__ import annotations

import time
from math import isfinite

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.capture.calibration_panels import GuidePanel, ResultPanel
from desktop.capture.calibration_points import CALIBRATION_POINTS, Place
from desktop.capture.calibration_run import SETTLE_MS, CalibrationRun
from desktop.capture.head_position import HeadPosition, head_position
from desktop.capture.row_sender import now_us
from desktop.capture.screens import Monitor, monitor_of, monitors

GROUND = "#3a3d41"
"""About as light as a film in a dim room, so that the pupil is as wide as when reading."""

_LARGE_PX, _SMALL_PX, _DOT_PX = 34.0, 9.0, 2.2
_FRAME_MS, _GUIDE_MS = 16, 100
_POINT_HIT_PX = 28.0


class CalibrationWindow(QWidget):
    """Shows guide, targets and result.

    Signals
    -------
    closed
        It is gone, and the tracker is out of calibration mode.
    """

    closed = Signal()

    def __init__(
        self, run: CalibrationRun, monitor: Monitor, history: str = "", *, is_drift_only: bool = False
    ) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setWindowTitle("Calibration of the eye tracker")
        self.setAccessibleName("Calibration of the eye tracker")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.run, self._monitor, self._is_drift_only = run, monitor, is_drift_only
        self._target: Place | None = None
        self._target_since_s = 0.0
        self._is_painted = False
        self.head: HeadPosition | None = None
        self.chosen: set[Place] = set()
        self.guide, self.result = GuidePanel(history, self), ResultPanel(self)
        self._lay_out()
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self.update)
        self._presented = QTimer(self, singleShot=True, interval=0)
        self._presented.timeout.connect(self._on_presented)
        self._guide_timer = QTimer(self, interval=_GUIDE_MS)
        self._guide_timer.timeout.connect(self._ask_for_head)
        run.changed.connect(self._on_changed)
        run.ended.connect(self._on_ended)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # as large as the monitor, whatever lies in it
        column.addStretch()
        for panel in (self.guide, self.result):
            column.addWidget(panel, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        self.guide.start_wanted.connect(self._start)
        self.guide.cancel_wanted.connect(self.close)
        self.result.accept_wanted.connect(self.close)
        self.result.redo_wanted.connect(self._redo)
        self.result.again_wanted.connect(self.run.validate_again)
        self.result.anew_wanted.connect(lambda: self._start(self.guide.n_points))
        self.result.hide()

    def begin(self) -> None:
        """Cover the tracker's monitor, and begin."""
        screen = monitors()[self._monitor.fingerprint]
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.showFullScreen()
        self.activateWindow()
        self.guide.show_words(self.run.source, is_drift_only=self._is_drift_only)
        self.guide.start_button.setFocus()
        self.run.begin()
        self._guide_timer.start()
        self._frames.start()

    def misplacement(self) -> str:
        """Why targets must not be shown here; empty when the window covers the tracker's monitor."""
        handle = self.windowHandle()
        screen = handle.screen() if handle is not None else None
        if screen is None or monitor_of(screen).fingerprint != self._monitor.fingerprint:
            return "The calibration is not on the tracker's monitor; it was stopped, and nothing was changed."
        if self.geometry() != screen.geometry():
            return "The calibration does not cover the tracker's monitor; it was stopped, and nothing was changed."
        return ""

    # -- what the reader does -----------------------------------------------------------------------------------

    def _start(self, n_points: int) -> None:
        self.chosen = set()
        if self._is_drift_only:
            self.run.check_drift()
        else:
            self.run.calibrate(n_points)

    def _redo(self) -> None:
        self.run.redo(tuple(self.chosen))
        self.chosen = set()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """In the result, choose points to be done again."""
        if self.run.step != "result":
            return
        for point in CALIBRATION_POINTS.get(self.guide.n_points, ()):
            if (self._place(point) - event.position()).manhattanLength() <= _POINT_HIT_PX:
                self.chosen ^= {point}
                self.result.redo_button.setEnabled(bool(self.chosen))
                self.update()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The tracker leaves calibration mode, whatever was under way."""
        self._frames.stop()
        self._guide_timer.stop()
        self.run.end()
        event.accept()

    def fail(self, sentence: str) -> None:
        """Stop at once, saying why."""
        self.run.end(sentence)
        self.close()

    # -- what the run says --------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        run = self.run
        is_target = run.target is not None
        if is_target and run.step != "ended":
            fault = self.misplacement()
            if fault:
                QTimer.singleShot(0, self, lambda: self.fail(fault))
                return
        self._target, self._target_since_s, self._is_painted = run.target, time.monotonic(), False
        self.guide.setVisible(run.step == "position")
        if run.step == "position":
            self.guide.show_fault(run.fault)
        self.result.setVisible(run.step == "result")
        if run.step == "result":
            self.result.show_result(run, is_drift_only=self._is_drift_only)
            self.result.accept_button.setFocus()
        else:
            self.setFocus()
        self.setCursor(Qt.CursorShape.BlankCursor if is_target else Qt.CursorShape.ArrowCursor)
        self.update()

    def _on_ended(self) -> None:
        self.closed.emit()

    def _ask_for_head(self) -> None:
        if self.run.step == "position":
            self.run.read_recent(now_us() - 300_000, self._show_head)

    def _show_head(self, table: object) -> None:
        self.head = head_position(table)
        self.guide.show_head(self.head)
        self.update()

    # -- painting -----------------------------------------------------------------------------------------------

    def _place(self, target: Place) -> QPointF:
        return QPointF(target[0] * self.width(), target[1] * self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, head or target; what is painted as a target is told once it is presented."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(GROUND))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._target is not None:
            share = min((time.monotonic() - self._target_since_s) * 1000 / SETTLE_MS, 1.0)
            self._paint_target(painter, self._place(self._target), _LARGE_PX + (_SMALL_PX - _LARGE_PX) * share)
            if not self._is_painted:
                self._is_painted = True
                self._presented.start()
        elif self.run.step == "position" and self.head is not None:
            self._paint_head(painter, self.head)
        elif self.run.step == "result" and not self._is_drift_only:
            self._paint_points(painter)
        painter.end()

    def _on_presented(self) -> None:
        if self._target is not None:
            at = self.mapToGlobal(self._place(self._target))
            self.run.target_is_shown(self._monitor.to_fraction(at.x(), at.y()))

    def _paint_target(self, painter: QPainter, at: QPointF, radius_px: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#101214"))
        painter.drawEllipse(at, radius_px, radius_px)
        painter.setBrush(QColor("#f2f4f6"))
        painter.drawEllipse(at, radius_px * 0.55, radius_px * 0.55)
        painter.setBrush(QColor("#101214"))
        painter.drawEllipse(at, _DOT_PX, _DOT_PX)

    def _paint_points(self, painter: QPainter) -> None:
        for point in CALIBRATION_POINTS.get(self.guide.n_points, ()):
            is_failed, is_chosen = point in self.run.failed_points, point in self.chosen
            painter.setPen(QPen(QColor(theme.ERROR if is_failed else theme.GOOD), 2.0))
            painter.setBrush(QColor(theme.ACCENT_DEEP) if is_chosen else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self._place(point), 13.0, 13.0)

    def _paint_head(self, painter: QPainter, head: HeadPosition) -> None:
        """Both eyes in a frame above the words, as in a mirror; the nearer the larger."""
        frame_w, frame_h = 360.0, 190.0
        center = QPointF(self.width() / 2, max(self.guide.y() - frame_h / 2 - 26.0, frame_h / 2 + 8))
        painter.setPen(QPen(QColor(theme.BORDER), 2.0))
        painter.setBrush(QColor("#202326"))
        painter.drawRoundedRect(center.x() - frame_w / 2, center.y() - frame_h / 2, frame_w, frame_h, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.GOOD if head.is_good else theme.WARNING))
        for eye in head.eyes_mm:
            if eye is None or not all(isfinite(value) for value in eye):
                continue
            radius = min(max(16.0 * 650.0 / max(eye[2], 1.0), 7.0), 34.0)
            at = center + QPointF(eye[0] * frame_w / 400.0, -eye[1] * frame_h / 250.0)
            painter.drawEllipse(at, radius, radius)
