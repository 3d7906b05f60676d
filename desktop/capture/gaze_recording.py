"""Recording the reader's gaze case by case: from the opening of a study to its signing or leaving.

Nothing is recorded before the reader has agreed; the agreement belongs to one reader and goes when another logs in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from capture.consent import Consent
from desktop.capture.agent_calls import OpenedAgent
from desktop.capture.agent_link import AgentLink
from desktop.capture.case_dictation import CaseDictation
from desktop.capture.case_record import (
    CaseRecording,
    forget_under_way,
    keep_under_way,
    new_recording_id,
    read_under_way,
)
from desktop.capture.row_sender import RowSender
from desktop.capture.view_log import ViewLog
from desktop.reading import Reading
from desktop.session import Session
from gaze2report.errors import Gaze2ReportError


class GazeRecording(QObject):
    """Starts and ends the recording of each case.

    Attributes
    ----------
    rows : RowSender
        Markers go through it.
    is_armed : bool
        The reader wants their gaze recorded: each case that is opened is.
    consent : Consent or None
        What the reader has agreed to.
    refusal : callable
        Why no recording may begin now, as a sentence; empty when it may.
    first_markers : callable
        What each recording begins with: event, host time, detail.
    comes_back : bool
        Whether a recording under way is gone on with after the window was killed; otherwise it is closed.
    case : CaseRecording or None
        What is being recorded.
    is_paused : bool

    Signals
    -------
    changed
        Any of these.
    case_ended(CaseRecording)
        Its samples are stored and its file is closed.
    notice(str)
        Small news.
    failed(str)
        A recording did not begin or did not go on, and why.
    """

    changed = Signal()
    case_ended = Signal(object)
    notice = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        link: AgentLink,
        reading: Reading,
        session: Session,
        folder: Callable[[], Path | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._link, self._reading, self._session, self._folder = link, reading, session, folder
        self.rows = RowSender(link, self)
        self.dictation = CaseDictation()
        self.views: ViewLog | None = None
        self.frequency_hz = 0.0
        self.is_armed = self.is_paused = False
        self.consent: Consent | None = None
        self.refusal: Callable[[], str] = lambda: ""
        self.first_markers: Callable[[], list[tuple[str, int, dict[str, Any]]]] = list
        self.comes_back = True
        self._study_alone = ""  # a study that is shown without the reading, by study mode
        self.case: CaseRecording | None = None
        self._starting: CaseRecording | None = None
        self._reader = session.reader
        self._was_signed = False
        reading.opened.connect(self._on_opened)
        reading.report_changed.connect(self._on_report_changed)
        session.changed.connect(self._on_session_changed)
        link.opened.connect(self._on_link_opened)
        link.lost.connect(self._on_link_lost)
        link.recording_ended.connect(self._on_ended_unasked)

    @property
    def is_recording(self) -> bool:
        """Whether samples of the reader are being kept."""
        return self.case is not None and not self.is_paused

    @property
    def is_under_way(self) -> bool:
        """Whether a recording is there, paused or about to begin too."""
        return self.case is not None or self._starting is not None

    # -- what the reader wants ----------------------------------------------------------------------------------

    def arm(self, consent: Consent) -> None:
        """Record from now on, the study on screen at once."""
        self.consent, self.is_armed = consent, True
        self._start_if_wanted()
        self.changed.emit()

    def disarm(self) -> None:
        """Record no more; what is under way ends."""
        self.is_armed = False
        self.stop()
        self.changed.emit()

    def withdraw(self) -> None:
        """The consent holds no longer: nothing more is recorded under it."""
        self.consent = None
        self.disarm()

    def set_paused(self, is_paused: bool) -> None:
        """Keep no samples for a while, or go on."""
        if self.case is None or is_paused == self.is_paused:
            return
        self.is_paused = is_paused
        self.dictation.set_paused(is_paused)
        self._link.ask("pause", is_paused=is_paused)
        self.rows.mark("paused" if is_paused else "resumed")
        self.changed.emit()

    def record_study(self, study_uid: str) -> None:
        """Record a study that is shown elsewhere than in the reading; "" ends it."""
        self.stop()
        self._study_alone = study_uid
        self._start_if_wanted()

    def go_on(self) -> None:
        """Record the study on screen again, after a stop."""
        self._start_if_wanted()

    # -- one case -----------------------------------------------------------------------------------------------

    def _start_if_wanted(self) -> None:
        study, folder = self._reading.study, self._folder()
        study_uid = self._study_alone or (study.study_uid if study is not None else "")
        if not self.is_armed or self.consent is None or not study_uid or folder is None or self.is_under_way:
            return
        if self._link.agent is None or self._session.is_locked or self._reading.is_signed:
            return
        refusal = self.refusal()
        if refusal:
            self.failed.emit(refusal)
            return
        record = self._reading.record
        case = CaseRecording(
            new_recording_id(), folder, study_uid, self.consent, record.id if record is not None else None
        )
        self._starting = case
        self._link.call(
            lambda agent: _start(agent, case, self.frequency_hz, self.dictation),
            on_done=lambda dictation_fault: self._on_started(case, dictation_fault),
            on_failed=lambda error: self._on_start_failed(case, error),
        )

    def _on_started(self, case: CaseRecording, dictation_fault: str) -> None:
        if self._starting is not case:
            return
        if dictation_fault:
            self.failed.emit(dictation_fault)
        self._starting, self.case, self.is_paused = None, case, False
        self.rows.begin()
        for event, when_us, detail in self.first_markers():
            self.rows.mark(event, when_us, **detail)
        self.rows.mark("case_opened", study_uid=case.study_uid)
        if self.views is not None:
            self.views.begin()
        self.changed.emit()

    def _on_start_failed(self, case: CaseRecording, error: Gaze2ReportError) -> None:
        if self._starting is case:
            self._starting = None
            self.failed.emit(f"Gaze is not recorded: {error}")
            self.changed.emit()

    def stop(self) -> None:
        """End the recording of the case."""
        starting, self._starting = self._starting, None
        case, self.case = self.case, None
        if starting is not None:  # asked for already: the agent does both in order
            self._link.call(
                lambda agent: _stop(agent, starting, self.dictation), on_failed=lambda _: None, must_finish=True
            )
        if case is None:
            return
        self.rows.mark("case_closed", is_signed=self._reading.is_signed)
        if self.views is not None:
            self.views.end()
        self.rows.end()
        self.is_paused = False
        self._link.call(
            lambda agent: _stop(agent, case, self.dictation),
            on_done=lambda dictation_fault: self._on_stopped(case, dictation_fault),
            on_failed=lambda error: self.failed.emit(f"The gaze recording was not closed: {error}"),
            must_finish=True,
        )
        self.changed.emit()

    def _on_stopped(self, case: CaseRecording, dictation_fault: str) -> None:
        if dictation_fault:
            self.failed.emit(dictation_fault)
        self.case_ended.emit(case)

    # -- the study on screen ------------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        study = self._reading.study
        self._was_signed = self._reading.is_signed
        if self.case is not None and study is not None and study.study_uid == self.case.study_uid:
            return  # come back to after the window was killed
        self.stop()
        self._start_if_wanted()

    def _on_report_changed(self) -> None:
        is_signed = self._reading.is_signed
        if is_signed and not self._was_signed:
            self.stop()
        self._was_signed = is_signed

    def _on_session_changed(self) -> None:
        if self._session.reader != self._reader:
            self._reader = self._session.reader
            self.withdraw()
        elif self._session.is_locked:
            self.set_paused(True)  # whoever sits there has agreed to nothing

    # -- the agent ----------------------------------------------------------------------------------------------

    def _on_link_opened(self, agent: OpenedAgent) -> None:
        if agent.recording is not None:
            self._come_back(agent, agent.recording)
            return
        for recovery in agent.recovered:
            self.notice.emit(_recovery_sentence(recovery))
        self._start_if_wanted()

    def _come_back(self, agent: OpenedAgent, recording: dict[str, Any]) -> None:
        folder = self._folder()
        case = read_under_way(folder, str(recording["recording_id"])) if folder is not None else None
        if case is None or not self.comes_back:
            self._link.ask("stop", on_failed=lambda _: None)
            self.notice.emit("A gaze recording of before was still under way; it has been closed.")
            return
        self.case, self.consent, self.is_armed = case, case.consent, True
        self.is_paused = bool(recording["is_paused"])
        self.rows.begin(int(recording["stored_marker_seq"]) + 1, int(recording["stored_view_seq"]) + 1)
        self.rows.mark("window_came_back")
        if self.views is not None:
            self.views.come_back(int(recording["alone_since_us"]))
        study = self._reading.study
        if study is not None and study.study_uid != case.study_uid:
            self.stop()
        else:
            self.notice.emit("The gaze recording that was under way when the window ended goes on.")
        self.changed.emit()

    def _on_link_lost(self) -> None:
        case, self.case, self._starting = self.case, None, None
        self._end_dictation()
        if case is not None:
            if self.views is not None:
                self.views.end()
            self.rows.end()
            self.failed.emit(
                f"{self._link.state.reason} What was recorded of this case is kept, up to the last tenth of a second; "
                "the rest of the case becomes a recording of its own."
            )
        self.is_paused = False
        self.changed.emit()

    def _end_dictation(self) -> None:
        """Without the agent there is nobody to wait for; ending waits for the sound system, so not here."""
        threading.Thread(target=self.dictation.end, name="end of the dictation", daemon=True).start()

    def _on_ended_unasked(self, recording_id: str, why: str) -> None:
        case = self.case
        if case is None or case.recording_id != recording_id:
            return
        self.case = None
        self._end_dictation()
        if self.views is not None:
            self.views.end()
        self.rows.end()
        self.is_armed = False
        self.failed.emit(why)
        self.changed.emit()


def _start(agent: OpenedAgent, case: CaseRecording, frequency_hz: float, dictation: CaseDictation) -> str:
    """Begin gaze, then dictation; gives why there is no dictation where one was agreed to."""
    agent.client.ask("start", recording_id=case.recording_id, consent=case.consent.to_body(), frequency_hz=frequency_hz)
    keep_under_way(case)
    return dictation.begin(case)


def _stop(agent: OpenedAgent, case: CaseRecording, dictation: CaseDictation) -> str:
    """End dictation, then gaze, so that both are whole when the case is imported."""
    fault = dictation.end()
    agent.client.ask("stop")
    forget_under_way(case.folder)
    return fault


def _recovery_sentence(recovery: dict[str, Any]) -> str:
    lost_ms = recovery.get("lost_ms")
    lost = "how much is missing at its end is not known" if lost_ms is None else f"{lost_ms:.0f} ms are missing"
    return f"The gaze recording {recovery['recording_id']} was cut off and has been recovered; {lost}."
