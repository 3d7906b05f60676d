"""The course of a gaze study for one reader: what comes next, and what is kept of what was done. No widgets here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from desktop.capture.gaze_capture import GazeCapture
from desktop.operations.recorded_cases import ImportedCase
from desktop.services import Services
from desktop.study_mode.study_film import StudyCase, load_case
from gaze2report.gaze_study import progress as progress_file
from gaze2report.gaze_study.progress import CaseDone, Progress
from gaze2report.gaze_study.protocol import Protocol

Step = Literal["instructions", "consent", "calibration", "break", "loading", "reading", "questions", "finished"]


class StudyRun(QObject):
    """Leads through the cases.

    Attributes
    ----------
    step : str
    case : StudyCase or None
        On screen now.
    fault : str
        What stands in the way of going on.

    Signals
    -------
    changed
        Another step, case or fault.
    """

    changed = Signal()

    def __init__(
        self, services: Services, capture: GazeCapture, protocol: Protocol, reader: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._services, self._capture, self.protocol, self.reader = services, capture, protocol, reader
        self.progress: Progress | None = None
        self.step: Step = "instructions"
        self.case: StudyCase | None = None
        self.fault = ""
        self._has_rested = self._has_begun = False
        self._started_utc = ""
        self._recordings: list[str] = []
        self._used_calibrations: set[str] = set()
        self._levels: dict[str, str] = {}
        capture.recording.changed.connect(self._on_recording_changed)
        capture.review.judged.connect(self._on_judged)
        capture.calibrating.changed.connect(self._on_calibrated)
        capture.link.state_changed.connect(self.changed)

    @property
    def folder(self) -> Path:
        """Where this study keeps what it knows."""
        workspace = self._services.workspace
        assert workspace is not None
        return progress_file.study_folder(workspace.folder, self.protocol)

    @property
    def n_done(self) -> int:
        """Cases that are finished."""
        return len(self.progress.done) if self.progress is not None else 0

    @property
    def words(self) -> str:
        """Which case it is."""
        return f"Case {min(self.n_done + 1, len(self.protocol.cases))} of {len(self.protocol.cases)}"

    @property
    def is_calibration_due(self) -> bool:
        """Whether the protocol wants a calibration before the next case, or none is in force that it wants."""
        if not self.protocol.calibrate_every or self._capture.link.state.source == "mouse":
            return False
        result = self._capture.calibrating.in_force
        if result is None:
            return True
        return self.protocol.needs_calibration(self.n_done) and result.calibration_id in self._used_calibrations

    def begin(self) -> None:
        """Begin, or go on where the reader was; called when the workspace is open.

        Raises
        ------
        StudyNotResumed
            If it cannot go on.
        """
        self.progress = progress_file.begin(self.folder, self.protocol, self.reader)
        self._go("finished" if self.progress.next_case is None else "instructions")

    def go_on(self) -> None:
        """Do what comes next."""
        assert self.progress is not None
        self.fault = ""
        if self.progress.next_case is None:
            self._go("finished")
        elif self._capture.recording.consent is None:
            self._go("consent")
        elif self.protocol.needs_break(self.n_done) and not self._has_rested:
            self._has_rested = True
            self._go("break")
        elif self.is_calibration_due:
            self._go("calibration")
        else:
            self._load(self.progress.next_case)

    def _load(self, name: str) -> None:
        self._go("loading")
        self._services.background.run(
            self, load_case, self._services.workspace, self._services.films, name, not self.protocol.hides_ai,
            lane="io", on_success=self._on_loaded, on_failure=self._on_not_loaded,
        )  # fmt: skip

    def _on_loaded(self, case: StudyCase) -> None:
        result = self._capture.calibrating.in_force
        if result is not None:
            self._used_calibrations.add(result.calibration_id)
        self.case, self._recordings = case, []
        self._started_utc = progress_file.utc_now()
        self._go("reading")
        self._capture.recording.record_study(case.study.study_uid)

    def _on_not_loaded(self, error: BaseException) -> None:
        from desktop.errors import known_sentence

        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
        self.fault = sentence or "The film could not be read; the log says more."
        self.changed.emit()

    def end_reading(self) -> None:
        """The reader is done with the film."""
        if self.step == "reading":
            self._capture.recording.record_study("")
            self._go("questions")

    def answer(self, answers: dict[str, Any]) -> None:
        """Keep the answers; the case is finished, and stays so whatever becomes of the program."""
        assert self.progress is not None
        assert self.case is not None
        level = next((self._levels[one] for one in reversed(self._recordings) if one in self._levels), "")
        done = CaseDone(
            self.n_done, self.case.name, self._started_utc, progress_file.utc_now(), tuple(self._recordings), answers,
            level,
        )  # fmt: skip
        self.progress = self.progress.with_case(done)
        self.case, self._has_rested = None, False
        self._keep()
        self.go_on()

    def _keep(self) -> None:
        self._services.background.run(self, progress_file.keep, self.folder, self.progress, lane="db", must_finish=True)

    def _on_recording_changed(self) -> None:
        case = self._capture.recording.case
        if case is not None and self.case is not None and case.recording_id not in self._recordings:
            self._recordings.append(case.recording_id)

    def _on_judged(self, imported: ImportedCase) -> None:
        level = imported.cases[-1].gates.level if imported.cases else "red"
        self._levels[imported.recording_id] = level
        if self.progress is None:
            return
        done = tuple(
            replace(one, gaze_level=level)
            if one.recording_ids and one.recording_ids[-1] == imported.recording_id
            else one
            for one in self.progress.done
        )
        if done != self.progress.done:  # judged after the answers were given
            self.progress = replace(self.progress, done=done)
            self._keep()
        self.changed.emit()

    def _on_calibrated(self) -> None:
        if self.step == "calibration" and self._capture.calibrating.in_force is not None:
            self.go_on()

    def _go(self, step: Step) -> None:
        self.step = step
        self.changed.emit()

    @property
    def level_of_last_case(self) -> str:
        """What the gates say of the newest finished recording; empty while not known."""
        return next((self._levels[one] for one in reversed(self._recordings) if one in self._levels), "")
