"""Accepting and signing the report of the study on screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from db.records import ReportVersion, Study, WorkingText
from desktop.background import Job
from desktop.section_draft import DRAFT_SECTIONS
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace

Kept = tuple[Study, tuple[ReportVersion, ...]]


def accept_report(*, services: Services, owner: QObject, on_accepted: Callable[[], None] | None = None) -> Job | None:
    """Keep the text as the preliminary report. None when there is nothing to write on."""
    return _keep(services, owner, None, on_accepted)


def sign_report(
    *,
    services: Services,
    owner: QObject,
    overridden: Sequence[str] = (),
    on_signed: Callable[[], None] | None = None,
) -> Job | None:
    """Sign the text as the final report, in the name of the reader. None when there is nothing to write on.

    ``overridden`` are the codes of the warnings in spite of which it is signed.
    """
    record = services.reading.record
    return _keep(services, owner, record.reader if record is not None else "", on_signed, tuple(overridden))


def _keep(
    services: Services,
    owner: QObject,
    signer: str | None,
    on_kept: Callable[[], None] | None,
    overridden: tuple[str, ...] = (),
) -> Job | None:
    reading = services.reading
    record, text = reading.record, reading.working_text()
    if record is None or not reading.can_edit:
        return None
    has_ai = any(reading.sections[name].has_ai for name in DRAFT_SECTIONS)
    draft_id = reading.drafts[-1].id if reading.drafts and has_ai else None
    reading.set_leaving(signer is not None)

    def show(kept: Kept) -> None:
        services.studies_changed.emit()
        if reading.record is record:
            reading.is_leaving = False
            reading.set_versions(*kept)
            if on_kept is not None:
                on_kept()

    def stay(error: BaseException) -> None:
        reading.set_leaving(False)
        services.reporter.report(error)

    return services.background.run(
        owner, _write, services.workspace, record.id, text, draft_id, signer, record.study_uid, overridden,
        lane="db", on_success=show, on_failure=stay, must_finish=True,
    )  # fmt: skip


def _write(
    workspace: Workspace,
    reading_id: int,
    text: WorkingText,
    draft_id: int | None,
    signer: str | None,
    study_uid: str,
    overridden: tuple[str, ...],
) -> Kept:
    from db import reports, studies

    if signer is None:
        reports.accept(workspace, reading_id, text, draft_id=draft_id, study_uid=study_uid)
    else:
        reports.sign(
            workspace, reading_id, text, draft_id=draft_id, signer=signer, study_uid=study_uid, overridden=overridden
        )
    return studies.get(workspace, study_uid), tuple(reports.of_study(workspace, study_uid))


def commit_reading(*, services: Services, owner: QObject) -> Job | None:
    """Keep the text as what the reader commits to in a reader-first reading; then the AI is shown."""
    reading = services.reading
    record = reading.record
    if record is None or not reading.can_edit or not reading.is_ai_withheld:
        return None

    def show(committed_at_utc: str) -> None:
        services.studies_changed.emit()
        if reading.record is record:
            reading.set_committed(committed_at_utc)

    return services.background.run(
        owner, _commit, services.workspace, record.id, reading.working_text(),
        lane="db", on_success=show, must_finish=True,
    )  # fmt: skip


def _commit(workspace: Workspace, reading_id: int, text: WorkingText) -> str:
    from db import readings

    return readings.commit_reading(workspace, reading_id, text)


def obstacles_to_signing(services: Services) -> tuple[str, ...]:
    """What stands against signing apart from the text, as sentences; the text itself is checked by the rules."""
    reading = services.reading
    if not reading.can_edit:
        return ("This report cannot be changed.",)
    refusal = services.session.refusal("finalise")
    if refusal:
        return (refusal,)
    if reading.draft_state.phase == "drafting" and not reading.is_ai_withheld:
        return ("A draft is still being written; wait for it or cancel it.",)
    return ()
