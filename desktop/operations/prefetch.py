"""The next studies made ready while the reader is busy with this one: films decoded, drafts written.

Nothing here may be felt. One film and one draft at a time; a film by a worker process of its own and of low priority; a
draft only while the host has nothing else to do, and given up the moment the study on screen wants one. A study that
is opened while its draft is being written takes that draft over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from db.records import Study, WorklistEntry
from desktop.errors import known_sentence
from desktop.operations.studies import draft_instance
from desktop.services import Services
from gaze2report.draft_json import draft_from_json
from gaze2report.messages import Message
from gaze2report.types import Draft, Image

if TYPE_CHECKING:
    from pathlib import Path

    from db.database import Workspace
    from gaze2report.imaging.intake import Intake

STUDIES_AHEAD = 3
_SETTLE_MS = 300
_WORKER_NICENESS = 10
_ENDED_PHASES = ("none", "done", "refused", "failed", "cancelled")
_NOT_DRAFTED = ("", "queued", "drafting", "cancelled", "unavailable")


@dataclass
class AheadDraft:
    """A draft being written ahead, with all that the host has said so far."""

    request_id: str
    study_uid: str
    instance_uid: str
    messages: list[Message] = field(default_factory=list)


class Prefetch(QObject):
    """Works ahead of the reader, once :meth:`start` was called.

    Parameters
    ----------
    upcoming : callable
        Gives the studies that are likely to be opened next, the likeliest first, at most so many.
    prepare : callable
        What is made of a decoded film before it can be shown; called in lane "io".
    """

    def __init__(
        self,
        services: Services,
        upcoming: Callable[[int], list[WorklistEntry]],
        prepare: Callable[[Image], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._services, self._reading, self._host = services, services.reading, services.host
        self._upcoming, self._prepare = upcoming, prepare
        self._intake: Intake | None = None
        self._is_started = False
        self._is_decoding = self._is_finding = False
        self._studies: dict[str, Study] = {}
        self._tried_films: set[str] = set()
        self._tried_drafts: set[str] = set()
        self._running: AheadDraft | None = None
        self._look_later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._look_later.timeout.connect(self._look)
        for signal in (
            self._reading.opened, self._reading.image_changed, self._reading.draft_changed,
            self._host.state_changed, services.studies_changed,
        ):  # fmt: skip
            signal.connect(self._on_news)
        self._host.answered.connect(self._on_answered)
        self._reading.opened.connect(self._tried_films.clear)

    @property
    def running(self) -> AheadDraft | None:
        """The draft that is being written ahead now."""
        return self._running

    def start(self) -> None:
        """Begin to work ahead."""
        self._is_started = True
        self._look_later.start()

    def stop(self) -> None:
        """Work ahead no more, and end the worker."""
        self._is_started = False
        self._look_later.stop()
        self.give_way()
        if self._intake is not None:
            self._intake.close()
            self._intake = None

    def give_way(self) -> None:
        """Free the host for the study on screen; the draft under way is begun anew later."""
        if self._running is not None:
            self._host.cancel(self._running.request_id)
            self._tried_drafts.discard(self._running.study_uid)
            self._running = None

    def take_over(self, study_uid: str) -> AheadDraft | None:
        """Hand over the draft under way if it is of this study; its further answers are the new owner's."""
        if self._running is None or self._running.study_uid != study_uid:
            return None
        taken, self._running = self._running, None
        return taken

    # -- looking for something to do ----------------------------------------------------------------------------

    def _on_news(self, *_: object) -> None:
        if self._is_started and not self._look_later.isActive():
            self._look_later.start()

    def _is_reader_served(self) -> bool:
        """Whether the study on screen has all it waits for."""
        reading = self._reading
        if reading.is_leaving:
            return False
        if reading.study is None:
            return True
        has_film = reading.image is not None or bool(reading.image_fault)
        return has_film and reading.draft_state.phase in _ENDED_PHASES

    def _look(self) -> None:
        services = self._services
        if not self._is_started or services.workspace is None or not services.settings.does_prefetch:
            return
        if not self._is_reader_served():
            return  # its end is news
        entries = self._upcoming(STUDIES_AHEAD)
        wanted = {entry.study_uid for entry in entries}
        self._studies = {uid: study for uid, study in self._studies.items() if uid in wanted}
        unknown = next((entry.study_uid for entry in entries if entry.study_uid not in self._studies), None)
        if unknown is not None and not self._is_finding:
            self._find(unknown)
        self._decode_next(entries)
        self._draft_next(entries)

    def _find(self, study_uid: str) -> None:
        self._is_finding = True

        def found(study: Study) -> None:
            self._is_finding = False
            self._studies[study_uid] = study
            self._look()

        def failed(error: BaseException) -> None:
            self._is_finding = False
            if known_sentence(error) is None:
                self._services.reporter.report(error)

        self._services.background.run(
            self, _get_study, self._services.workspace, study_uid, lane="db", on_success=found, on_failure=failed
        )

    # -- films --------------------------------------------------------------------------------------------------

    def _decode_next(self, entries: list[WorklistEntry]) -> None:
        if self._is_decoding:
            return
        for entry in entries:
            study = self._studies.get(entry.study_uid)
            instance = draft_instance(study) if study is not None else None
            if instance is None or instance.instance_uid in self._tried_films:
                continue
            if instance.object_path not in self._services.films:
                self._decode(instance.instance_uid, instance.object_path)
                return
        self._keep_likeliest(entries)

    def _keep_likeliest(self, entries: list[WorklistEntry]) -> None:
        """Where not all have room, the film that is wanted first must be the last to go."""
        for entry in reversed(entries):
            study = self._studies.get(entry.study_uid)
            instance = draft_instance(study) if study is not None else None
            if instance is not None:
                self._services.films.touch(instance.object_path)

    def _decode(self, instance_uid: str, path: Path) -> None:
        self._is_decoding = True

        def done(_: object) -> None:
            self._is_decoding = False
            self._tried_films.add(instance_uid)  # one that had to make room is not decoded over and over
            self._keep_likeliest(self._upcoming(STUDIES_AHEAD))
            self._on_news()

        def failed(error: BaseException) -> None:
            self._is_decoding = False
            self._tried_films.add(instance_uid)  # the reader will be told why when it is opened
            if known_sentence(error) is None:
                self._services.reporter.report(error)
            self._on_news()

        self._services.background.run(self, self._decode_here, path, lane="io", on_success=done, on_failure=failed)

    def _decode_here(self, path: Path) -> None:
        """Runs in lane "io"."""
        if not self._is_started:
            return
        if self._intake is None:
            from gaze2report.imaging.intake import Intake
            from gaze2report.imaging.limits import IntakeLimits

            self._intake = Intake(IntakeLimits(niceness=_WORKER_NICENESS))
        image = self._intake.read(path)
        self._services.films.put(path, image, self._prepare(image))

    # -- drafts -------------------------------------------------------------------------------------------------

    def _draft_next(self, entries: list[WorklistEntry]) -> None:
        if self._running is not None or self._host.state.phase != "ready":
            return
        for entry in entries:
            study = self._studies.get(entry.study_uid)
            if study is None or entry.study_uid in self._tried_drafts or study.ai_status not in _NOT_DRAFTED:
                continue
            instance = draft_instance(study)
            if instance is not None:
                self._tried_drafts.add(study.study_uid)
                request_id = self._host.request_draft(str(instance.object_path), seed=0)
                self._running = AheadDraft(request_id, study.study_uid, instance.instance_uid)
                return

    def _on_answered(self, message: Message) -> None:
        running = self._running
        if running is None or message.id != running.request_id:
            return
        running.messages.append(message)
        if message.kind == "draft":
            self._running = None
            self._keep(running.study_uid, message)
        elif message.kind in ("refused", "failed", "cancelled"):
            self._running = None
            if message.kind == "refused":
                self._note(running.study_uid, "refused", str(message.body.get("reason", "")))
            self._on_news()

    def _keep(self, study_uid: str, message: Message) -> None:
        try:
            draft = draft_from_json(message.body["draft"])
        except (KeyError, TypeError, ValueError) as error:
            self._note(study_uid, "failed", f"the model host sent a draft that cannot be read ({error})")
            return

        def kept(_: object) -> None:
            self._studies.pop(study_uid, None)
            self._services.studies_changed.emit()

        self._services.background.run(
            self, _add_draft, self._services.workspace, study_uid, draft,
            lane="db", on_success=kept, on_failure=self._services.reporter.report, must_finish=True,
        )  # fmt: skip

    def _note(self, study_uid: str, status: str, reason: str) -> None:
        self._services.background.run(
            self, _set_ai_status, self._services.workspace, study_uid, status, reason,
            lane="db", on_success=lambda _: self._services.studies_changed.emit(),
        )  # fmt: skip


def _get_study(workspace: Workspace, study_uid: str) -> Study:
    from db import studies

    return studies.get(workspace, study_uid)


def _add_draft(workspace: Workspace, study_uid: str, draft: Draft) -> None:
    from db import drafts

    drafts.add(workspace, None, study_uid, draft)


def _set_ai_status(workspace: Workspace, study_uid: str, status: Any, reason: str) -> None:
    from db import studies

    studies.set_ai_status(workspace, study_uid, status, reason)
