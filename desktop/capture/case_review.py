"""What happens at the end of a recorded case: kept in the workspace, judged, told to the reader, drafted from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.capture.case_gates_bar import CaseGatesBar
from desktop.capture.case_record import CaseRecording
from desktop.capture.gaze_recording import GazeRecording
from desktop.operations.recorded_cases import ImportedCase, gaze_of_study, import_case, import_left_over
from desktop.operations.studies import draft_instance
from desktop.services import Services

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.operations.drafts import DraftDelivery
    from gaze2report.gaze.recorded_gaze import RecordedGaze


class CaseReview(QObject):
    """Follows the recording.

    Attributes
    ----------
    bar : CaseGatesBar
        For the foot of the window.

    Signals
    -------
    notice(str)
        Small news.
    judged(ImportedCase)
        A case is in the workspace.
    """

    notice = Signal(str)
    judged = Signal(object)

    def __init__(
        self, services: Services, recording: GazeRecording, drafts: DraftDelivery, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._services, self._recording, self._drafts = services, recording, drafts
        self.bar = CaseGatesBar()
        self.bar.draft_wanted.connect(self.draft_with_gaze)
        self._draft_waits_for = ""
        recording.case_ended.connect(self._on_case_ended)
        recording.changed.connect(self._on_recording_changed)

    def import_left_over(self, folder: Path) -> None:
        """Keep what a window before did not come to keep."""

        def done(count: int) -> None:
            if count:
                what = "1 gaze recording" if count == 1 else f"{count} gaze recordings"
                self.notice.emit(f"{what} of before {'is' if count == 1 else 'are'} now in the workspace.")

        if folder.is_dir():
            import_left_over(folder=folder, services=self._services, owner=self, on_done=done)

    # -- the end of a case --------------------------------------------------------------------------------------

    def _on_case_ended(self, case: CaseRecording) -> None:
        import_case(
            path=case.path, study_uid=case.study_uid, services=self._services, owner=self,
            on_imported=lambda imported: self._on_imported(case, imported),
        )  # fmt: skip

    def _on_imported(self, case: CaseRecording, imported: ImportedCase) -> None:
        reading = self._services.reading
        is_on_screen = reading.study is not None and reading.study.study_uid == case.study_uid
        self.judged.emit(imported)
        wants_draft = self._draft_waits_for == case.recording_id
        if wants_draft:
            self._draft_waits_for = ""
        if is_on_screen and (reading.is_signed or wants_draft):  # not before: it draws the eye of who still reads
            self._services.gaze.add_of_study(imported.gaze)
        if wants_draft:
            self._draft()
            return
        self.bar.show_case(imported, can_draft=is_on_screen and reading.can_edit)

    # -- drafting with it ---------------------------------------------------------------------------------------

    def draft_with_gaze(self) -> None:
        """Draft the report anew from the reader's own gaze on the film, with what is recorded up to now."""
        reading, case = self._services.reading, self._recording.case
        self.bar.hide()
        if reading.study is None or not reading.can_edit:
            self.notice.emit("Open a study that you report on first.")
        elif case is not None and case.study_uid == reading.study.study_uid:
            self._draft_waits_for = case.recording_id
            self._recording.stop()
            self._recording.go_on()  # the rest of the case is a recording of its own
        else:
            gaze_of_study(
                study_uid=reading.study.study_uid, services=self._services, owner=self, on_found=self._on_found
            )

    def _on_found(self, found: list[RecordedGaze]) -> None:
        self._services.gaze.add_of_study(found)
        self._draft()

    def _draft(self) -> None:
        reading, gaze = self._services.reading, self._services.gaze
        instance = draft_instance(reading.study) if reading.study is not None else None
        if instance is None:
            return
        fixations = gaze.own_fixations(instance.instance_uid)
        if not fixations:
            self.notice.emit("There is no gaze of yours on the film that the draft is about.")
            return
        if not self._services.host.state.can_draft:
            self.notice.emit("The model is not ready; ask again when it is.")
            return
        self._drafts.request(recorded=fixations)

    def show_recorded(self) -> None:
        """Lay all gaze recorded on the study over its films."""
        study = self._services.reading.study
        if study is None:
            return

        def show(found: list[RecordedGaze]) -> None:
            reading = self._services.reading
            if reading.study is not None and reading.study.study_uid == study.study_uid:
                self._services.gaze.add_of_study(found)
                if not found:
                    self.notice.emit("No gaze is recorded on this study.")

        gaze_of_study(study_uid=study.study_uid, services=self._services, owner=self, on_found=show)

    def _on_recording_changed(self) -> None:
        consent = self._recording.consent
        self._services.gaze.pseudonym = consent.reader_pseudonym if consent is not None else ""
