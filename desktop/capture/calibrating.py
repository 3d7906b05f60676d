"""Calibration and drift check as the reader asks for them, and the result that recordings are made under."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from capture.consent import Consent
from desktop.capture.agent_calls import CaptureFault
from desktop.capture.agent_link import AgentLink
from desktop.capture.calibration_panels import DRIFT_RED_DVA, drift_sentence
from desktop.capture.calibration_result import CalibrationResult, history_text
from desktop.capture.calibration_run import CalibrationRun
from desktop.capture.calibration_window import CalibrationWindow
from desktop.capture.row_sender import now_us
from desktop.capture.screens import monitor_of, tracker_screen
from desktop.capture.tracker_choice import CaptureSettings
from desktop.services import Services

if TYPE_CHECKING:
    from PySide6.QtGui import QScreen

    from db.database import Workspace


class Calibrating(QObject):
    """Opens the calibration window and keeps what comes of it.

    Attributes
    ----------
    window : CalibrationWindow or None
        While it is open.
    drift_dva : float or None
        Of the newest check of the calibration in force.

    Signals
    -------
    changed
        Another calibration is in force, or none.
    failed(str)
        It cannot be done, or was stopped, and why.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        services: Services,
        link: AgentLink,
        settings: CaptureSettings,
        consent: Callable[[], Consent | None],
        is_recording: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._services, self._link, self._settings, self._consent = services, link, settings, consent
        self._is_recording = is_recording
        self._result: CalibrationResult | None = None
        self.drift_dva: float | None = None
        self.window: CalibrationWindow | None = None
        link.lost.connect(self._on_link_lost)

    @property
    def reader(self) -> str:
        """Pseudonym of the reader who has agreed; empty without consent."""
        consent = self._consent()
        return consent.reader_pseudonym if consent is not None else ""

    @property
    def in_force(self) -> CalibrationResult | None:
        """The newest one, if it was made with this tracker, before this monitor, for this reader."""
        result = self._result
        if result is None or self._link.agent is None:
            return None
        try:
            screen = monitor_of(self._screen()).fingerprint
        except CaptureFault:
            return None
        serial = str(self._link.state.tracker.get("serial_number", ""))
        same = (result.tracker_serial, result.screen) == (serial, screen)
        return result if same and result.reader in ("", self.reader) else None

    @property
    def sentence(self) -> str:
        """How the calibration is, for the reader."""
        result = self.in_force
        if self._link.state.source == "mouse":
            return "the mouse needs none"
        if result is None:
            return "none for this tracker, monitor and reader"
        minutes = (now_us() - result.made_us) / 60e6
        drift = f"; last check {self.drift_dva:.2f}° off" if self.drift_dva is not None else ""
        return f"{result.sentence}; {minutes:.0f} min ago{drift}"

    def markers(self) -> list[tuple[str, int, dict[str, Any]]]:
        """What a recording keeps of the calibration in force: event, host time, detail."""
        result = self.in_force
        return [(event, result.made_us, detail) for event, detail in result.markers()] if result is not None else []

    def _screen(self) -> QScreen:
        state = self._link.state
        return tracker_screen(self._settings.screen, state.display_area, state.source)

    # -- the window ---------------------------------------------------------------------------------------------

    def calibrate(self) -> None:
        """Calibrate and validate."""
        self._begin(is_drift_only=False)

    def check_drift(self) -> None:
        """See whether the calibration still holds."""
        self._begin(is_drift_only=True)

    def end(self) -> None:
        """The window goes, with whatever is under way."""
        if self.window is not None:
            self.window.close()

    def _begin(self, *, is_drift_only: bool) -> None:
        if self.window is not None:
            self.window.activateWindow()
            return
        fault = self._obstacle()
        if fault:
            self.failed.emit(fault)
            return
        workspace, reader = self._services.workspace, self.reader
        if workspace is None or not reader or is_drift_only:
            self._open([], is_drift_only=is_drift_only)
            return
        self._services.background.run(
            self, _validations, workspace, reader,
            lane="db", on_success=lambda history: self._open(history, is_drift_only=False),
        )  # fmt: skip

    def _obstacle(self) -> str:
        state = self._link.state
        if state.phase != "ready":
            return state.reason or "Choose an eye tracker first."
        if state.source == "mouse":
            return "The mouse is no eye tracker; there is nothing to calibrate."
        if self._is_recording():
            return "Gaze is being recorded; sign or leave the study, or stop the recording, then calibrate."
        try:
            self._screen()
        except CaptureFault as error:
            return str(error)
        return ""

    def _open(self, history: list[dict[str, Any]], *, is_drift_only: bool) -> None:
        fault = self._obstacle()
        if fault:
            self.failed.emit(fault)
            return
        monitor = monitor_of(self._screen())
        size_px = (monitor.width_px, monitor.height_px)
        run = CalibrationRun(self._link, monitor.fingerprint, size_px, self.reader, self)
        window = CalibrationWindow(run, monitor, history_text(history), is_drift_only=is_drift_only)
        window.closed.connect(lambda: self._on_closed(run))
        self.window = window
        window.begin()

    def _on_closed(self, run: CalibrationRun) -> None:
        window, self.window = self.window, None
        if window is not None:
            window.deleteLater()
        if run.drift is not None:
            self.drift_dva = run.drift.error_dva
            if self.drift_dva is None or self.drift_dva >= DRIFT_RED_DVA:
                self.failed.emit(drift_sentence(run.drift))
        if run.results:
            self._result, self.drift_dva = run.results[-1], None
            self._keep(run.results)
        if run.fault:
            self.failed.emit(run.fault)
        run.deleteLater()
        self.changed.emit()

    def _keep(self, results: list[CalibrationResult]) -> None:
        consent, workspace = self._consent(), self._services.workspace
        if consent is None or workspace is None:
            return
        ahead_us = time.time_ns() // 1000 - now_us()
        kept = [(result.made_us + ahead_us, result.markers()) for result in results]
        self._services.background.run(
            self, _keep, workspace, consent.to_body(), kept, self._services.session.reader,
            lane="db", must_finish=True,
        )  # fmt: skip

    def _on_link_lost(self) -> None:
        if self.window is not None:
            self.window.fail(self._link.state.reason)


def _validations(workspace: Workspace, reader: str) -> list[dict[str, Any]]:
    from db import calibrations

    return calibrations.validations_of(workspace, reader)


def _keep(workspace: Workspace, terms: dict[str, Any], kept: list[tuple[int, Any]], actor: str) -> None:
    from db import calibrations

    for made_utc_us, results in kept:
        calibrations.keep(workspace, terms, made_utc_us, results, actor=actor)
