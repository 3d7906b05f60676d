"""Adding to a signed report, and correcting it; the signed text itself always stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from db.records import Reading as ReadingRecord
from db.records import ReportVersion, Study, WorkingText
from desktop.background import Job
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace

Kept = tuple[Study, tuple[ReportVersion, ...]]
OnFailure = Callable[[BaseException], None]


def begin_correction(*, services: Services, owner: QObject, on_failure: OnFailure) -> Job | None:
    """Open the signed report on screen for correction. None when there is none, or it is being corrected."""
    reading = services.reading
    study = reading.study
    if study is None or not reading.is_signed or reading.is_correcting or reading.is_leaving:
        return None

    def begin(record: ReadingRecord) -> None:
        services.studies_changed.emit()
        is_shown = reading.study is not None and reading.study.study_uid == study.study_uid
        if is_shown and reading.is_signed and not reading.is_correcting:
            reading.begin_correction(record)

    return services.background.run(
        owner, _open_correction, services.workspace, study.study_uid, services.session.reader,
        lane="db", on_success=begin, on_failure=on_failure, must_finish=True,
    )  # fmt: skip


def sign_correction(
    *,
    reason: str,
    services: Services,
    owner: QObject,
    overridden: Sequence[str] = (),
    on_signed: Callable[[], None],
    on_failure: OnFailure,
) -> Job | None:
    """Sign the text on screen in place of the signed one. None when nothing is being corrected.

    ``overridden`` are the codes of the warnings in spite of which it is signed.
    """
    reading = services.reading
    record = reading.record
    if record is None or not reading.is_correcting or not reading.can_edit:
        return None
    reading.set_leaving(True)

    def show(kept: Kept) -> None:
        services.studies_changed.emit()
        if reading.record is record:
            reading.end_correction(*kept)
            on_signed()

    def stay(error: BaseException) -> None:
        reading.set_leaving(False)
        on_failure(error)

    return services.background.run(
        owner, _correct, services.workspace, record, reading.working_text(), reason, tuple(overridden),
        lane="db", on_success=show, on_failure=stay, must_finish=True,
    )  # fmt: skip


def discard_correction(*, services: Services, owner: QObject, on_failure: OnFailure) -> Job | None:
    """Give up the correction under way and show the signed text again."""
    reading = services.reading
    record = reading.record
    if record is None or not reading.is_correcting or reading.is_leaving:
        return None
    reading.set_leaving(True)

    def show(kept: Kept) -> None:
        services.studies_changed.emit()
        if reading.record is record:
            reading.end_correction(*kept)

    def stay(error: BaseException) -> None:
        reading.set_leaving(False)
        on_failure(error)

    return services.background.run(
        owner, _discard, services.workspace, record, reading.working_text(),
        lane="db", on_success=show, on_failure=stay, must_finish=True,
    )  # fmt: skip


def load_addendum(*, services: Services, owner: QObject, on_success: Callable[[str], None]) -> Job | None:
    """Read what the reader has begun of an addendum to the study on screen."""
    study = services.reading.study
    if study is None:
        return None
    return services.background.run(
        owner, _kept_addendum, services.workspace, study.study_uid, services.session.reader,
        lane="db", on_success=on_success,
    )  # fmt: skip


def keep_addendum(*, study_uid: str, text: str, services: Services, owner: QObject, on_failure: OnFailure) -> Job:
    """Keep what is written of an addendum."""
    return services.background.run(
        owner, _keep_addendum, services.workspace, study_uid, services.session.reader, text,
        lane="db", on_failure=on_failure, must_finish=True,
    )  # fmt: skip


def sign_addendum(
    *,
    text: str,
    reason: str,
    services: Services,
    owner: QObject,
    on_signed: Callable[[], None],
    on_failure: OnFailure,
) -> Job | None:
    """Sign an addendum to the study on screen."""
    reading = services.reading
    study = reading.study
    if study is None or not reading.is_signed or reading.is_correcting:
        return None

    def show(kept: Kept) -> None:
        services.studies_changed.emit()
        if reading.study is not None and reading.study.study_uid == study.study_uid:
            reading.set_versions(*kept)
            on_signed()

    return services.background.run(
        owner, _add_addendum, services.workspace, study.study_uid, text, services.session.reader, reason,
        lane="db", on_success=show, on_failure=on_failure, must_finish=True,
    )  # fmt: skip


def _open_correction(workspace: Workspace, study_uid: str, reader: str) -> ReadingRecord:
    from db import readings

    return readings.open_correction(workspace, study_uid, reader)


def _correct(
    workspace: Workspace, record: ReadingRecord, text: WorkingText, reason: str, overridden: tuple[str, ...]
) -> Kept:
    from db import reports

    reports.correct(
        workspace, record.id, text,
        signer=record.reader, reason=reason, study_uid=record.study_uid, overridden=overridden,
    )  # fmt: skip
    return _kept(workspace, record.study_uid)


def _discard(workspace: Workspace, record: ReadingRecord, text: WorkingText) -> Kept:
    from db import readings

    readings.autosave(workspace, record.id, text)  # what was written stays in the closed reading
    readings.discard_correction(workspace, record.id)
    return _kept(workspace, record.study_uid)


def _kept_addendum(workspace: Workspace, study_uid: str, reader: str) -> str:
    from db import addenda

    return addenda.kept(workspace, study_uid, reader)


def _keep_addendum(workspace: Workspace, study_uid: str, reader: str, text: str) -> None:
    from db import addenda

    addenda.keep(workspace, study_uid, reader, text)


def _add_addendum(workspace: Workspace, study_uid: str, text: str, signer: str, reason: str) -> Kept:
    from db import reports

    reports.add_addendum(workspace, study_uid, text, signer, reason=reason)
    return _kept(workspace, study_uid)


def _kept(workspace: Workspace, study_uid: str) -> Kept:
    from db import reports, studies

    return studies.get(workspace, study_uid), tuple(reports.of_study(workspace, study_uid))
