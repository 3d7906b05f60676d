"""Loading what is drawn on films, and keeping it while it is drawn: nothing older than two seconds is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Job
from desktop.drawings import Drawings
from desktop.errors import known_sentence
from desktop.reading import Reading
from desktop.section_draft import joint
from desktop.services import Services
from gaze2report.imaging.measurements import FilmMarks
from gaze2report.imaging.thorax_outline import CtrProposal
from gaze2report.types import Image

if TYPE_CHECKING:
    from db.database import Workspace

SAVE_AFTER_MS = 250
"""From the first change that is not kept; later changes do not put the save off."""

RETRY_AFTER_MS = 2000


class DrawingsKeeper(QObject):
    """Loads the drawings of the patient on screen and saves them as they change.

    Signals
    -------
    state_changed
        ``fault`` or what :meth:`keeping_sentence` says changed.
    failed(str)
        Saving began to fail; it is tried again until it does not.
    """

    state_changed = Signal()
    failed = Signal(str)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self._drawings: Drawings = services.drawings
        self._is_saving = False
        self.fault = ""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.save_now)
        self._drawings.edited.connect(self._on_edited)
        self._reading.opened.connect(self._on_opened)
        self._reading.report_changed.connect(self._on_report_changed)

    @property
    def keeps(self) -> bool:
        """Whether what is drawn now is kept."""
        return self._reading.takes_text

    def keeping_sentence(self) -> str:
        """What the reader must know about keeping; empty when all is well."""
        if self.fault:
            return f"Measurements are not saved: {self.fault}"
        if self._reading.study is not None and not self.keeps:
            return "Not kept: this study is not open for reporting."
        return ""

    def save_now(self) -> None:
        """Save without waiting, unless a save is under way."""
        if not self._is_saving:
            self._save()

    def _save(self) -> None:
        record, workspace, unsaved = self._reading.record, self._services.workspace, self._drawings.unsaved
        if record is None or workspace is None or not unsaved or not self.keeps:
            return
        self._timer.stop()
        self._is_saving = True

        def done(refusal: str) -> None:
            if self._reading.record is record:
                self._drawings.mark_saved(unsaved)
                self._end_save("")
                if refusal:
                    self.failed.emit(refusal)

        def failed(error: BaseException) -> None:
            if self._reading.record is record:
                self._end_save(_sentence(error, self._services))

        self._services.background.run(
            self, save_marks, workspace, record.id, unsaved,
            lane="db", on_success=done, on_failure=failed, must_finish=True,
        )  # fmt: skip

    def _end_save(self, fault: str) -> None:
        self._is_saving = False
        if fault != self.fault:
            self.fault = fault
            self.state_changed.emit()
            if fault:
                self.failed.emit(self.keeping_sentence())
        if self._drawings.unsaved:
            self._timer.start(RETRY_AFTER_MS if fault else SAVE_AFTER_MS)

    def _on_edited(self) -> None:
        if self.keeps and not self._timer.isActive() and not self._is_saving:
            self._timer.start(RETRY_AFTER_MS if self.fault else SAVE_AFTER_MS)

    def _on_report_changed(self) -> None:
        """Before a reading ends, as it does by signing, what is drawn goes to the lane first."""
        if self._reading.is_leaving:
            self._save()
        self.state_changed.emit()

    def _on_opened(self) -> None:
        self._timer.stop()
        self._is_saving, self.fault = False, ""
        self._drawings.clear()
        study, workspace = self._reading.study, self._services.workspace
        if study is not None and workspace is not None:

            def show(marks: dict[str, FilmMarks]) -> None:
                if self._reading.study is not None and self._reading.study.study_uid == study.study_uid:
                    self._drawings.load(marks)

            self._services.background.run(self, _load, workspace, study.study_uid, lane="db", on_success=show)
        self.state_changed.emit()


def save_marks(workspace: Workspace, reading_id: int, marks: dict[str, FilmMarks]) -> str:
    """Keep the drawings of some films; on lane "db". A sentence when a film turns out to be of another patient."""
    from db import measurements
    from db.errors import MeasurementsRefused

    refusal = ""
    for instance_uid, of_film in marks.items():
        try:
            measurements.save(workspace, reading_id, instance_uid, of_film)
        except MeasurementsRefused as error:  # of one film; those of the others are kept
            refusal = str(error)
    return refusal


def _load(workspace: Workspace, study_uid: str) -> dict[str, FilmMarks]:
    from db import measurements

    return measurements.of_patient(workspace, study_uid)


def _sentence(error: BaseException, services: Services) -> str:
    sentence = known_sentence(error)
    if sentence is None:
        services.reporter.report(error)
        sentence = f"unexpected error: {error}"
    return sentence


def propose_ctr(*, image: Image, services: Services, owner: QObject, on_proposed: Callable[[CtrProposal], None]) -> Job:
    """Look for the lines of a cardiothoracic ratio on a film."""
    return services.background.run(owner, _propose_ctr, image, on_success=on_proposed)


def _propose_ctr(image: Image) -> CtrProposal:
    from gaze2report.imaging.thorax_outline import propose_ctr as propose

    return propose(image)


def insert_sentence(sentence: str, reading: Reading) -> bool:
    """Put a sentence of a measurement behind the findings, marked as such; False when they cannot be changed."""
    if not reading.can_edit:
        return False
    text = reading.sections["findings"].text
    reading.splice("findings", len(text), 0, joint(text, sentence) + sentence, "measurement")
    return True
