"""Opening the workspace, listing, importing and opening studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from db.records import (
    SIGNED_STATUSES,
    DraftRecord,
    Instance,
    ReadingMode,
    ReportVersion,
    Study,
    WorkingText,
    WorklistEntry,
)
from db.records import Reading as ReadingRecord
from desktop.background import Job
from desktop.errors import known_sentence
from desktop.operations.drawings import save_marks
from desktop.services import Services
from gaze2report.imaging.film_views import film_kind
from gaze2report.imaging.measurements import FilmMarks
from gaze2report.types import Image

if TYPE_CHECKING:
    from db.database import Workspace


@dataclass(frozen=True)
class OpenedStudy:
    """All that the workspace knows about a study that was just opened."""

    study: Study
    record: ReadingRecord | None
    versions: tuple[ReportVersion, ...]
    drafts: tuple[DraftRecord, ...]
    locked_sentence: str = ""
    can_take_over: bool = False


def open_workspace(
    *,
    folder: Path,
    services: Services,
    owner: QObject,
    on_opened: Callable[[], None],
    on_failure: Callable[[BaseException], None],
) -> Job:
    """Open the workspace, making it where there is none."""

    def keep(workspace: Workspace) -> None:
        services.workspace = workspace
        on_opened()

    return services.background.run(
        owner, _open_workspace, folder,
        lane="db", on_success=keep, on_failure=on_failure, title="Opening the workspace",
    )  # fmt: skip


def _open_workspace(folder: Path) -> Workspace:
    from db import database
    from db.errors import WorkspaceMissing

    try:
        return database.open_workspace(folder, exclusive=True)
    except WorkspaceMissing:
        return database.create_workspace(folder, exclusive=True)


def load_worklist(*, services: Services, owner: QObject, on_success: Callable[[list[WorklistEntry]], None]) -> Job:
    """Read the worklist."""
    return services.background.run(owner, _worklist, services.workspace, lane="db", on_success=on_success)


def assign_study(*, study_uid: str, reader: str, services: Services, owner: QObject) -> Job:
    """Say for whom a study is meant; for anybody when empty."""
    return services.background.run(
        owner, _assign, services.workspace, study_uid, reader, services.session.reader,
        lane="db", on_success=lambda _: services.studies_changed.emit(), must_finish=True,
    )  # fmt: skip


def _assign(workspace: Workspace, study_uid: str, reader: str, actor: str) -> None:
    from db import studies

    studies.assign(workspace, study_uid, reader, actor=actor)


def _worklist(workspace: Workspace) -> list[WorklistEntry]:
    from db import studies

    return studies.worklist(workspace)


def open_study(
    *,
    study_uid: str,
    services: Services,
    owner: QObject,
    on_opened: Callable[[OpenedStudy], None] | None = None,
    take_over: bool = False,
) -> Job | None:
    """Keep the text of the study on screen, let go of it, and put another one on screen.

    When the text cannot be kept, the study on screen stays where it is. None while another study is being opened.
    """
    reading = services.reading
    if reading.is_leaving:
        return None
    left, mode = leaving(services), services.settings.reading_mode
    reading.set_leaving(True)

    def show(opened: OpenedStudy) -> None:
        reading.open(
            opened.study, opened.record, opened.versions, opened.drafts,
            locked_by=opened.locked_sentence, withholds_ai=mode == "reader-first",
        )  # fmt: skip
        services.studies_changed.emit()
        instance = draft_instance(opened.study)
        if instance is not None:
            show_instance(instance=instance, services=services)
        if on_opened is not None:
            on_opened(opened)

    return services.background.run(
        owner, _open_study, services.workspace, left, study_uid, services.session.reader, mode, take_over,
        lane="db", on_success=show, on_failure=_stay(services), title="Opening the study",
    )  # fmt: skip


def close_study(*, services: Services, owner: QObject, on_closed: Callable[[], None]) -> Job | None:
    """Keep the text of the study on screen and let go of it. None while another study is being opened."""
    if services.reading.is_leaving:
        return None
    left = leaving(services)
    services.reading.set_leaving(True)

    def close(_: Any) -> None:
        services.reading.close()
        services.studies_changed.emit()
        on_closed()

    return services.background.run(
        owner, _leave, services.workspace, left,
        lane="db", on_success=close, on_failure=_stay(services), must_finish=True,
    )  # fmt: skip


def _stay(services: Services) -> Callable[[BaseException], None]:
    def stay(error: BaseException) -> None:
        services.reading.set_leaving(False)
        services.reporter.report(error)

    return stay


Leaving = tuple[int, WorkingText, dict[str, FilmMarks]]


def leaving(services: Services) -> Leaving | None:
    """What has to be kept of the study on screen before it goes."""
    reading = services.reading
    if reading.record is None or not reading.can_edit:
        return None
    return reading.record.id, reading.working_text(), services.drawings.unsaved


def _leave(workspace: Workspace, left: Leaving | None) -> None:
    from db import readings

    if left is not None:
        reading_id, text, drawn = left
        readings.autosave(workspace, reading_id, text)
        save_marks(workspace, reading_id, drawn)
        readings.close_reading(workspace, reading_id)


def _open_study(
    workspace: Workspace, left: Leaving | None, study_uid: str, reader: str, mode: ReadingMode, take_over: bool
) -> OpenedStudy:
    from db import audit, drafts, readings, reports, studies
    from db.errors import NotAllowed, ReadingLocked

    study = studies.get(workspace, study_uid)
    _leave(workspace, left)
    record, locked_sentence, can_take_over = None, "", False
    if study.status not in SIGNED_STATUSES:
        try:
            record = readings.open_reading(workspace, study_uid, reader, mode=mode, force=take_over)
            study = studies.get(workspace, study_uid)
        except ReadingLocked as error:
            locked_sentence, can_take_over = str(error), True
        except NotAllowed as error:
            locked_sentence = str(error)
    if record is None:
        audit.record(workspace, reader, "study viewed", study_uid)
    versions = tuple(reports.of_study(workspace, study_uid))
    return OpenedStudy(
        study, record, versions, tuple(drafts.of_study(workspace, study_uid)), locked_sentence, can_take_over
    )


def draft_instance(study: Study) -> Instance | None:
    """The film a report is drafted for, and the one shown first: the first frontal one."""
    frontal = [i for i in study.instances if film_kind(i.header) == "frontal"]
    return next(iter(frontal or study.instances), None)


def show_instance(*, instance: Instance, services: Services) -> Job:
    """Read one film of the study on screen and show it; the answer for an older choice is dropped."""
    reading = services.reading
    film = (reading.study.study_uid if reading.study else "", instance.instance_uid)
    reading.wanted_film = film

    def show(image: Image) -> None:
        if reading.wanted_film == film:
            reading.set_image(instance, image)

    def fail(error: BaseException) -> None:
        sentence = known_sentence(error)
        if sentence is None:
            services.reporter.report(error)
        if reading.wanted_film == film:
            reading.set_image_fault(instance, sentence or "This film could not be read; the log says more.")

    def stopped() -> None:
        if reading.wanted_film == film:
            reading.set_image_fault(instance, "Opening it was stopped; open the study again to see it.")

    return services.background.run(
        reading, services.films.read, instance.object_path,
        lane="io", on_success=show, on_failure=fail, title="Opening the film", on_stopped=stopped,
    )  # fmt: skip
