"""Gaze recording as one thing for the rest of the window: tracker, consent, recording and their dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCursor

from capture.consent import Consent
from desktop.capture.agent_calls import CaptureFault
from desktop.capture.agent_link import AgentLink
from desktop.capture.calibrating import Calibrating
from desktop.capture.capture_actions import add_capture_actions
from desktop.capture.capture_panel import CapturePanel
from desktop.capture.case_review import CaseReview
from desktop.capture.consent_dialog import ConsentDialog
from desktop.capture.gaze_recording import GazeRecording
from desktop.capture.operator_window import OperatorWindow
from desktop.capture.pointer import PointerFeed
from desktop.capture.recording_light import RecordingLight, RecordingMark
from desktop.capture.row_sender import now_us
from desktop.capture.screens import monitor_of, tracker_screen
from desktop.capture.tracker_choice import CaptureSettings, TrackerChoice
from desktop.capture.view_log import ViewLog
from desktop.capture.withdraw_dialog import WithdrawDialog
from desktop.operations.recorded_cases import withdraw_consent
from desktop.services import Services
from gaze2report.errors import Gaze2ReportError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop.main_window import MainWindow
    from desktop.viewer.image_view import ImageView

RECORDINGS_FOLDER = "recordings"


class GazeCapture(QObject):
    """Made once by the window.

    Attributes
    ----------
    settings : CaptureSettings
    link : AgentLink
    recording : GazeRecording
    light : RecordingLight
        For the foot of the window.
    panel : CapturePanel or None
        Once it was wanted.
    """

    def __init__(self, services: Services, window: MainWindow) -> None:
        super().__init__(window)
        self._services, self._window = services, window
        self.settings = CaptureSettings(services.settings)
        self.link = AgentLink(services.background, self)
        self.recording = GazeRecording(self.link, services.reading, services.session, lambda: self.folder, self)
        self.recording.frequency_hz = self.settings.choice.frequency_hz
        self.recording.refusal, self.recording.first_markers = self._refusal, self._first_markers
        self.calibrating = Calibrating(
            services, self.link, self.settings, lambda: self.recording.consent,
            lambda: self.recording.is_under_way, self,
        )  # fmt: skip
        self.review = CaseReview(services, self.recording, window.drafts, self)
        self.review.notice.connect(window.status.say)
        self.review.bar.calibration_wanted.connect(self.calibrating.calibrate)
        self.pointer = PointerFeed(self.link, self.settings, self)
        self.panel: CapturePanel | None = None
        self.operator: OperatorWindow | None = None
        self.front: QWidget = window  # the window that the reader has before them
        self.shown_views: Callable[[], Sequence[ImageView]] = lambda: window.viewer.views
        self.study_progress: Callable[[], str] = lambda: ""
        self.consent_dialog: ConsentDialog | None = None
        self.withdraw_dialog: WithdrawDialog | None = None
        self.marks: list[RecordingMark] = []
        add_capture_actions(services.actions, self)
        self.light = RecordingLight(self.link, self.recording, services.actions)
        self.recording.notice.connect(window.status.say)
        self.recording.failed.connect(window.notices.fault)
        self.calibrating.failed.connect(window.notices.fault)
        self.recording.changed.connect(self._on_changed)
        self.link.state_changed.connect(self._on_changed)
        self._on_changed()

    def stand_before(self, window: QWidget, view: ImageView, is_draft_visible: Callable[[], bool]) -> None:
        """Let another window, with one film, take the place of the main one: that of study mode."""
        self.front, self.shown_views = window, lambda: (view,)
        self.recording.views = ViewLog((view,), self.recording.rows, is_draft_visible, self)
        self.recording.comes_back = False
        self.marks = []

    def watch_views(self) -> None:
        """Log what the window's views present; called when they are there."""
        views = self._window.viewer.views
        self.recording.views = ViewLog(views, self.recording.rows, self._is_draft_visible, self)
        sign = self._window.report.sign_bar.sign_button
        sign.pressed.connect(self._note_click)
        for view in views:
            mark = RecordingMark(self.link, self.recording)
            self.marks.append(mark)
            view.add_layer(mark)

    def _note_click(self) -> None:
        """Who presses a button with the mouse looks at it: that says how far the calibration has drifted."""
        at = QCursor.pos()
        button = self._window.report.sign_bar.sign_button
        if self.recording.case is None or not button.rect().contains(button.mapFromGlobal(at)):
            return
        state = self.link.state
        monitor = monitor_of(tracker_screen(self.settings.screen, state.display_area, state.source))
        x_px, y_px = monitor.to_device(at.x(), at.y())
        if 0 <= x_px < monitor.width_px and 0 <= y_px < monitor.height_px:
            self.recording.rows.mark("drift_check", x_px=x_px, y_px=y_px)

    @property
    def folder(self) -> Path | None:
        """Where recordings are written; None while no workspace is open."""
        workspace = self._services.workspace
        return workspace.folder / RECORDINGS_FOLDER if workspace is not None else None

    # -- beginning and ending -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Use the tracker that was chosen last; called when somebody may work."""
        if self.folder is not None:
            self.review.import_left_over(self.folder)
        if self.settings.choice.backend:
            self.choose(self.settings.choice)

    def choose(self, choice: TrackerChoice) -> None:
        """Use another tracker, or none; what is recorded ends first."""
        self.settings.choice = choice
        self.recording.frequency_hz = choice.frequency_hz
        self.recording.stop()
        if self.folder is not None:
            self.link.begin(self.folder, choice)

    def end(self) -> None:
        """The window goes."""
        self.calibrating.end()
        if self.operator is not None:
            self.operator.close()
        self.recording.stop()
        self.link.end()

    def _refusal(self) -> str:
        """Why no gaze can be recorded on this window: it must be where the tracker looks."""
        state = self.link.state
        try:
            screen = tracker_screen(self.settings.screen, state.display_area, state.source)
        except CaptureFault as error:
            return str(error)
        handle = self.front.windowHandle()
        own = handle.screen() if handle is not None else None
        if own is not None and monitor_of(own).fingerprint != monitor_of(screen).fingerprint:
            return (
                f"The eye tracker looks at the monitor {monitor_of(screen).name}, but this window is on "
                f"{monitor_of(own).name}. Move the window there; gaze is recorded from the next study on."
            )
        return ""

    def _first_markers(self) -> list[tuple[str, int, dict[str, Any]]]:
        state = self.link.state
        screen = tracker_screen(self.settings.screen, state.display_area, state.source)
        return [("tracker_screen", now_us(), monitor_of(screen).as_marker()), *self.calibrating.markers()]

    # -- what the reader does -----------------------------------------------------------------------------------

    def toggle_recording(self) -> None:
        """Record, after the consent, or stop."""
        if self.recording.is_armed:
            self.recording.disarm()
        elif self.link.state.phase in ("off", "lost"):
            self.show_panel()
        elif self.recording.consent is not None:
            self.recording.arm(self.recording.consent)
        else:
            self._ask_for_consent()

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        self.recording.set_paused(not self.recording.is_paused)

    def withdraw_consent(self) -> None:
        """Ask whose consent is withdrawn; a recording under way ends, and what was recorded is deleted."""
        dialog = WithdrawDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.confirmed.connect(self._withdraw)
        self.withdraw_dialog = dialog
        dialog.open()

    def _withdraw(self, pseudonym: str) -> None:
        dialog = self.withdraw_dialog
        if dialog is None or self._services.workspace is None:
            return
        self.recording.withdraw()

        def say(error: BaseException) -> None:
            if isinstance(error, Gaze2ReportError):
                dialog.show_outcome((str(error),))
            else:
                self._services.background.report(error)

        withdraw_consent(
            pseudonym=pseudonym, services=self._services, owner=dialog, on_done=dialog.show_outcome, on_failure=say
        )

    def show_panel(self) -> None:
        """Show the panel of the tracker."""
        if self.panel is None:
            self.panel = CapturePanel(self, self._services.actions, self.front)
        self.panel.refresh()
        self.panel.show()
        self.panel.raise_()
        self.panel.activateWindow()

    def show_operator(self) -> None:
        """Show live gaze to an operator, on another monitor than the reader's."""
        if self.link.state.phase != "ready":
            self.show_panel()
            return
        if self.operator is None:
            self.operator = OperatorWindow(self, self.views_now, self.progress_text)
        try:
            self.operator.begin()
        except CaptureFault as error:
            self._window.notices.fault(str(error))

    def views_now(self) -> Sequence[ImageView]:
        """The views that the reader has before them."""
        return self.shown_views()

    def progress_text(self) -> str:
        """How far a study under way is; empty without one."""
        return self.study_progress()

    def _ask_for_consent(self) -> None:
        keys = self._services.actions.keys_text("gaze.pause_recording")
        dialog = ConsentDialog(self.settings.pseudonym, keys, self.front)
        dialog.agreed.connect(self._on_agreed)
        self.consent_dialog = dialog
        dialog.open()

    def _on_agreed(self, consent: Consent) -> None:
        self.settings.pseudonym = consent.reader_pseudonym
        self.recording.arm(consent)

    # -- what is shown ------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        actions, recording = self._services.actions, self.recording
        actions["gaze.pause_recording"].setEnabled(recording.case is not None)
        actions.refresh_checks()
        is_foot_away = self._window.status.isHidden()
        for mark in self.marks:
            mark.is_visible = is_foot_away
        for view in self._window.viewer.views if self.marks else ():
            view.update()

    def show_light_on_films(self, is_on: bool) -> None:
        """The foot of the window, with the light, goes or comes back."""
        for mark, view in zip(self.marks, self._window.viewer.views, strict=True):
            mark.is_visible = is_on
            view.update()

    def _is_draft_visible(self) -> bool:
        reading, report = self._services.reading, self._window.report
        if reading.study is None or reading.is_ai_withheld or not _is_seen(report):
            return False
        sections = reading.sections
        has_ai_text = any(origin == "ai" for text in sections.values() for _, _, origin, _ in text.spans)
        return has_ai_text or any(reading.aside(name) for name in sections)


def _is_seen(widget: QWidget) -> bool:
    return widget.isVisible() and not widget.window().isMinimized()
