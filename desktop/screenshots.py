"""Pictures of the window for documents and for machines without a screen: reach a state, save it, go."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.main_window import MainWindow
from desktop.operations.reports import sign_report
from desktop.services import Services

ScreenshotState = Literal["window", "image", "draft", "signed"]
SCREENSHOT_STATES: tuple[str, ...] = get_args(ScreenshotState)
_LOOK_EVERY_MS = 50
_SETTLE_MS = 250


class Screenshot(QObject):
    """Waits for a state of the window and writes a PNG.

    Signals
    -------
    finished(str)
        Empty when the picture shows the state; else why it does not (a picture is written all the same).
    """

    finished = Signal(str)

    def __init__(
        self, window: MainWindow, services: Services, path: Path, state: ScreenshotState, timeout_s: float
    ) -> None:
        super().__init__(window)
        self._window, self._services, self._path, self._state = window, services, path, state
        self._is_signing = False
        self._look = QTimer(self, interval=_LOOK_EVERY_MS)
        self._look.timeout.connect(self._on_look)
        self._deadline = QTimer(self, singleShot=True, interval=int(timeout_s * 1000))
        self._deadline.timeout.connect(lambda: self._end(f"the state '{state}' was not reached in {timeout_s:.0f} s"))
        self._look.start()
        self._deadline.start()

    def _on_look(self) -> None:
        fault = self._fault()
        if fault:
            self._end(fault)
        elif self._is_reached():
            self._end("")

    def _fault(self) -> str:
        """Why the state will never be reached."""
        reading = self._services.reading
        if self._state == "window" or self._services.workspace_fault:
            return self._services.workspace_fault
        if reading.image_fault:
            return reading.image_fault
        if self._state in ("draft", "signed") and reading.draft_state.phase in ("refused", "failed", "cancelled"):
            return f"no draft: {reading.draft_state.reason}"
        host = self._services.host.state
        if self._state in ("draft", "signed") and host.phase == "unavailable" and host.retry_in_s is None:
            return f"no draft: {host.reason}"
        return ""

    def _is_reached(self) -> bool:
        reading = self._services.reading
        if self._state == "window":
            return self._window.isVisible() and self._services.workspace is not None
        is_shown = self._window.viewer.view.image is not None
        if self._state == "image":
            return is_shown
        has_draft = is_shown and reading.draft_state.phase == "done" and bool(reading.drafts)
        if self._state == "draft":
            return has_draft or (is_shown and reading.is_signed)
        if has_draft and not reading.is_signed and not self._is_signing:
            self._is_signing = True
            reading.accept_all()
            sign_report(services=self._services, owner=self)
        return reading.is_signed and is_shown

    def _end(self, fault: str) -> None:
        self._look.stop()
        self._deadline.stop()
        self._window.notices.hide()
        QTimer.singleShot(_SETTLE_MS, lambda: self._save(fault))

    def _save(self, fault: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        picture = self._window.grab()
        if not picture.save(str(self._path), "PNG"):
            fault = f"{self._path} could not be written"
        self.finished.emit(fault)
