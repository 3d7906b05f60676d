"""Asking the model host for a draft, and carrying its answers to the study on screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from db.records import DraftRecord
from desktop.long_work import LongWork
from desktop.operations.prefetch import Prefetch
from desktop.operations.studies import draft_instance
from desktop.services import Services
from gaze2report.draft_json import draft_from_json
from gaze2report.messages import Message
from gaze2report.types import Draft, Fixation

if TYPE_CHECKING:
    from db.database import Workspace


MOST_AUTOMATIC_REQUESTS = 3


class DraftDelivery(QObject):
    """Keeps the study on screen and the model host in step.

    A study opened with an empty editor asks for its draft by itself, as soon as the host can. A change of study cancels
    the request. Answers to any but the present request are dropped.
    """

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._reading = services.reading
        self._running = ""
        self.ahead: Prefetch | None = None
        self._automatic_requests = 0
        self._reading.opened.connect(self._on_opened)
        services.host.state_changed.connect(self._on_host_changed)
        services.host.answered.connect(self._on_answered)
        self._is_asking = False
        self._shown: LongWork | None = None
        self._reading.draft_changed.connect(self._show_work)
        self._reading.opened.connect(self._show_work)

    def request(self, *, by_reader: bool = True, section: str | None = None, recorded: Sequence[Fixation] = ()) -> None:
        """Ask for a draft of the study on screen, or of one section of it, now or as soon as the host can.

        One section, or a draft from what the reader looked at (``recorded``), is asked for only when the host can at
        once; an impression is written for the findings as they are.
        """
        reading, host = self._reading, self._services.host
        instance = draft_instance(reading.study) if reading.study is not None else None
        if instance is None or not reading.can_edit or reading.is_correcting:
            return
        self._cancel_running()
        if self.ahead is not None:
            if not by_reader and self._take_over(self.ahead):
                return
            self.ahead.give_way()
        if not host.state.can_draft:
            if by_reader and not host.is_wanted:
                host.retry_now()
            if host.is_wanted:
                reading.wait_for_draft(host.state.reason, by_reader=by_reader)  # a reason only while unavailable
            return
        findings = reading.sections["findings"].text if section == "impression" else ""
        self._is_asking = True  # the host says that it is drafting before it gives the id back
        try:
            request_id = host.request_draft(
                str(instance.object_path), seed=self._next_seed(), section=section, findings=findings,
                gaze="recorded" if recorded else "predicted", recorded=recorded,
            )  # fmt: skip
        finally:
            self._is_asking = False
        self._running = request_id
        reading.begin_draft(request_id, instance.instance_uid, section, is_from_recorded_gaze=bool(recorded))
        self._set_ai_status("drafting")

    def _take_over(self, ahead: Prefetch) -> bool:
        """Go on with the draft that is being written ahead, if it is of the study on screen."""
        study = self._reading.study
        taken = ahead.take_over(study.study_uid) if study is not None else None
        if taken is None:
            return False
        self._running = taken.request_id
        self._reading.begin_draft(taken.request_id, taken.instance_uid)
        self._set_ai_status("drafting")
        for message in taken.messages:
            self._on_answered(message)
        return True

    def cancel(self) -> None:
        """Stop the draft; what has come of it stays in the text."""
        self._cancel_running()
        if self._reading.draft_state.phase in ("waiting", "drafting"):
            self._reading.end_draft("cancelled", "Cancelled.")
            self._set_ai_status("cancelled")

    def _show_work(self) -> None:
        """Keep the status bar's line in step with the draft under way."""
        is_drafting = self._reading.draft_state.phase == "drafting"
        if is_drafting and self._shown is None:
            self._shown = self._services.background.work.begin("Drafting the report", self.cancel)
        elif not is_drafting and self._shown is not None:
            self._shown.end()
            self._shown = None

    def _next_seed(self) -> int:
        """The same seed would write the same draft again."""
        seeds = [record.draft.provenance.seed for record in self._reading.kept_drafts]
        return max(seeds) + 1 if seeds else 0

    def _cancel_running(self) -> None:
        if self._running:
            self._services.host.cancel(self._running)
            self._running = ""

    def _on_opened(self) -> None:
        self._cancel_running()
        self._automatic_requests = 0
        reading = self._reading
        is_wanted = reading.is_blank or reading.is_ai_withheld
        if reading.study is not None and reading.can_edit and is_wanted and not reading.kept_drafts:
            self.request(by_reader=False)

    def _on_host_changed(self, state: Any) -> None:
        reading = self._reading
        if state.phase == "unavailable" and reading.draft_state.phase == "waiting":
            reading.wait_for_draft(state.reason, by_reader=reading.is_draft_wanted_by_reader)
        is_free = not self._running and not self._is_asking
        if state.can_draft and is_free and reading.draft_state.phase == "waiting":
            if reading.has_only_ai_text or reading.is_draft_wanted_by_reader or reading.is_ai_withheld:
                self.request(by_reader=reading.is_draft_wanted_by_reader)
            else:  # the reader has begun to write without it
                reading.end_draft("none")

    def _on_answered(self, message: Message) -> None:
        if not self._running or message.id != self._running or message.id != self._reading.request_id:
            return
        try:
            self._take(message)
        except (KeyError, TypeError, ValueError) as error:
            self._services.host.cancel(self._running)
            self._running = ""
            self._reading.end_draft("failed", f"The model host sent a {message.kind} that cannot be read ({error}).")
            self._set_ai_status("failed", str(error))

    def _take(self, message: Message) -> None:
        reading, body = self._reading, message.body
        if message.kind == "scanpath":
            if not reading.is_draft_from_recorded_gaze:  # what comes then is the reader's own, not a prediction
                reading.set_scanpath(_fixation(item) for item in body["fixations"])
        elif message.kind == "text":
            if body["section"] in reading.section_drafts and reading.can_edit:
                reading.append_draft(body["section"], str(body["text"]))
        elif message.kind == "draft":
            draft = draft_from_json(body["draft"])
            if reading.study is None or draft.study_uid != reading.study.study_uid:
                raise ValueError("it is of another study")
            self._running = ""
            reading.finish_draft(draft)
            self._keep(draft)
        elif message.kind == "refused":
            self._end("refused", str(body.get("reason", "")))
        elif message.kind == "cancelled":
            self._end("cancelled", "Cancelled.")
        elif message.kind == "failed":
            self._fail(str(body.get("code", "")), str(body.get("reason", "")))

    def _end(self, phase: Any, reason: str) -> None:
        self._running = ""
        self._reading.end_draft(phase, reason)
        self._set_ai_status(phase, reason)

    def _fail(self, code: str, reason: str) -> None:
        self._end("failed", reason)
        self._automatic_requests += 1  # a film that fells the host is not sent to it for ever
        can_wait = self._automatic_requests < MOST_AUTOMATIC_REQUESTS and self._services.host.is_wanted
        if code == "host_gone" and can_wait and self._reading.can_edit and self._reading.has_only_ai_text:
            self._reading.wait_for_draft(reason)

    def _keep(self, draft: Draft) -> None:
        reading = self._reading
        record = reading.record
        if record is None:
            return

        def kept(draft_record: DraftRecord) -> None:
            self._services.studies_changed.emit()
            if reading.record is record:
                reading.add_draft_record(draft_record)

        self._services.background.run(
            self, _add_draft, self._services.workspace, record.id, record.study_uid, draft,
            lane="db", on_success=kept, must_finish=True,
        )  # fmt: skip

    def _set_ai_status(self, status: str, detail: str = "") -> None:
        study = self._reading.study
        if study is not None and self._services.workspace is not None:
            self._services.background.run(
                self, _set_ai_status, self._services.workspace, study.study_uid, status, detail,
                lane="db", on_success=lambda _: self._services.studies_changed.emit(),
            )  # fmt: skip


def _fixation(item: dict[str, Any]) -> Fixation:
    return Fixation(float(item["x_px"]), float(item["y_px"]), float(item["duration_s"]))


def _add_draft(workspace: Workspace, reading_id: int, study_uid: str, draft: Draft) -> DraftRecord:
    from db import drafts

    return drafts.add(workspace, reading_id, study_uid, draft)


def _set_ai_status(workspace: Workspace, study_uid: str, status: Any, detail: str) -> None:
    from db import studies

    studies.set_ai_status(workspace, study_uid, status, detail)
