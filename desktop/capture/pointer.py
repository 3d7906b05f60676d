"""Tells the mouse in an eye's place where it is; only where the reader has chosen the mouse, and labelled as mouse."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QCursor, QGuiApplication

from desktop.capture.agent_calls import CaptureFault
from desktop.capture.agent_link import AgentLink
from desktop.capture.screens import monitor_of, tracker_screen
from desktop.capture.tracker_choice import CaptureSettings
from gaze2report.errors import Gaze2ReportError

_TELL_EVERY_MS = 16


class PointerFeed(QObject):
    """Sends the place of the mouse on the tracker's monitor sixty times a second, the newest only."""

    def __init__(self, link: AgentLink, settings: CaptureSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link, self._settings = link, settings
        self._is_sending = False
        self._timer = QTimer(self, interval=_TELL_EVERY_MS)
        self._timer.timeout.connect(self._tell)
        link.state_changed.connect(self._on_state_changed)

    def _on_state_changed(self) -> None:
        is_wanted = self._link.state.phase == "ready" and self._link.state.source == "mouse"
        if is_wanted != self._timer.isActive():
            self._timer.start() if is_wanted else self._timer.stop()

    def _tell(self) -> None:
        if self._is_sending:
            return
        place = QCursor.pos()
        try:
            screen = tracker_screen(self._settings.screen, None, "mouse")
        except CaptureFault:
            return  # the panel says that a monitor has to be chosen
        if QGuiApplication.screenAt(place) is not screen:
            return
        x, y = monitor_of(screen).to_fraction(place.x(), place.y())
        self._is_sending = True
        self._link.ask("pointer", on_done=lambda _: self._sent(), on_failed=self._failed, x=x, y=y)

    def _sent(self) -> None:
        self._is_sending = False

    def _failed(self, _: Gaze2ReportError) -> None:
        self._is_sending = False
