"""Reports: accepted and signed versions of the text. A version is never changed; the text of a signed one is hashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from db import accounts, audit_chain, edits, readings, report_rows
from db.database import Workspace, now_utc
from db.errors import ReportRefused, StudySigned
from db.lifecycle import change_status, study_row
from db.records import SIGNED_STATUSES, TEXT_SECTIONS, ReadingPurpose, ReportVersion, WorkingText
from db.tables import addendum_work, report, report_version, study
from db.texts import refuse_unstorable, text_columns
from gaze2report.report_templates.fields import find_fields


def accept(
    workspace: Workspace,
    reading_id: int,
    text: WorkingText,
    *,
    draft_id: int | None = None,
    study_uid: str | None = None,
) -> ReportVersion:
    """Keep the text as a preliminary version; the reading stays open.

    Parameters
    ----------
    draft_id : int, optional
        The draft that the text grew from.
    study_uid : str, optional
        The study on screen; given, it must be the one of the reading.

    Raises
    ------
    ReportRefused
        If there is no text, or reading, draft and study do not belong together.
    ReadingClosed, StudySigned, UnknownRecord
        If the reading takes no text any more, the study is signed, there is no such reading.
    """
    now = now_utc()
    with workspace.writing() as connection:
        reading_, study_ = _open_for_text(connection, reading_id, study_uid)
        accounts.refuse_without(connection, reading_.reader, "write")
        if text.is_empty:
            raise ReportRefused("findings and impression are both empty; there is nothing to keep")
        version_id = report_rows.add_version(
            connection, study_, "preliminary", text, now=now, author=reading_.reader, reading_id=reading_id,
            draft_id=draft_id,
        )  # fmt: skip
        if study_.status != "preliminary":
            change_status(connection, study_, "preliminary")
        readings.keep_text(connection, reading_id, text, now)
        return report_rows.finish(connection, version_id, study_, reading_.reader, "report accepted", now)


def sign(
    workspace: Workspace,
    reading_id: int,
    text: WorkingText,
    *,
    signer: str,
    draft_id: int | None = None,
    study_uid: str | None = None,
    overridden: Sequence[str] = (),
) -> ReportVersion:
    """Sign the text as the final report of its study; the reading is closed.

    Parameters
    ----------
    overridden : sequence of str
        Codes of the warnings in spite of which the reader signs; the audit log keeps them.

    Raises
    ------
    ReportRefused
        If the impression is missing, a field such as ``[side]`` is not filled in, AI text was not accepted, somebody
        else than the reader of the reading signs, or reading, draft and study do not belong together.
    StudySigned
        If the study has a signed report.
    NotAllowed, ReadingClosed, UnknownRecord
        If the signer may not finalise reports; if the reading takes no text any more, or there is none such.
    """
    now = now_utc()
    with workspace.writing() as connection:
        reading_, study_ = _open_for_text(connection, reading_id, study_uid)
        if not signer.strip() or signer != reading_.reader:
            raise ReportRefused(f"this is the reading of {reading_.reader}; {signer or 'nobody'} cannot sign it")
        accounts.refuse_without(connection, signer, "finalise")
        _refuse_unsignable(text)
        version_id = report_rows.add_version(
            connection, study_, "final", text, now=now, author=reading_.reader, signer=signer, reading_id=reading_id,
            draft_id=draft_id,
        )  # fmt: skip
        change_status(connection, study_, "final")
        readings.keep_text(connection, reading_id, text, now)
        readings.close_row(connection, reading_id, now, readings.SIGNED)
        if draft_id is not None:
            edits.record(connection, version_id, draft_id, text)
        _record_overridden(connection, now, signer, study_.study_uid, overridden)
        return report_rows.finish(connection, version_id, study_, signer, "report signed", now)


def add_addendum(workspace: Workspace, study_uid: str, text: str, signer: str, *, reason: str) -> ReportVersion:
    """Add a signed text to a signed report, which itself stays as it is.

    Parameters
    ----------
    reason : str
        Why: "prior films have come", "called the ward".

    Raises
    ------
    ReportRefused
        If text, signer or reason is empty, or the study has no signed report.
    NotAllowed, UnknownRecord
        If the signer may not finalise reports; if the study is not there.
    """
    refuse_unstorable(text, reason)
    now = now_utc()
    with workspace.writing() as connection:
        study_ = study_row(connection, study_uid)
        if study_.status not in SIGNED_STATUSES:
            raise ReportRefused("an addendum needs a signed report; this study has none yet")
        if not text.strip() or not signer.strip():
            raise ReportRefused("an addendum needs a text and a signer")
        _refuse_without_reason("an addendum", reason)
        accounts.refuse_without(connection, signer, "finalise")
        before = report_rows.newest_signed(connection, study_.id)
        version_id = report_rows.add_version(
            connection, study_, "addendum", before.text, now=now, author=signer, signer=signer, addendum=text,
            reason=reason.strip(),
        )  # fmt: skip
        if study_.status == "final":  # one that was corrected stays corrected
            change_status(connection, study_, "addended")
        work = (addendum_work.c.study_id == study_.id, addendum_work.c.reader == signer)
        connection.execute(delete(addendum_work).where(*work))
        return report_rows.finish(connection, version_id, study_, signer, "addendum signed", now)


def correct(
    workspace: Workspace,
    reading_id: int,
    text: WorkingText,
    *,
    signer: str,
    reason: str,
    study_uid: str | None = None,
    overridden: Sequence[str] = (),
) -> ReportVersion:
    """Sign a text in place of the signed one; the version before stays and can be compared. The reading is closed.

    Parameters
    ----------
    reading_id : int
        One of :func:`db.readings.open_correction`.
    reason : str
        Why: "wrong side", "dictation error".
    overridden : sequence of str
        As for :func:`sign`.

    Raises
    ------
    ReportRefused
        As for :func:`sign`, and if the reason is empty, the text is unchanged or the reading is no correction.
    NotAllowed, ReadingClosed, UnknownRecord
        If the signer may not finalise reports; if the reading takes no text any more, or there is none such.
    """
    refuse_unstorable(reason)
    now = now_utc()
    with workspace.writing() as connection:
        reading_, study_ = _open_for_text(connection, reading_id, study_uid, purpose="correction")
        if not signer.strip() or signer != reading_.reader:
            raise ReportRefused(f"this is the correction of {reading_.reader}; {signer or 'nobody'} cannot sign it")
        accounts.refuse_without(connection, signer, "finalise")
        _refuse_unsignable(text)
        _refuse_without_reason("a correction", reason)
        before = report_rows.newest_signed(connection, study_.id)
        if text_columns(before.text) == text_columns(text):
            raise ReportRefused(f"the text is that of version {before.version}; there is nothing to correct")
        version_id = report_rows.add_version(
            connection, study_, "correction", text, now=now, author=signer, signer=signer, reading_id=reading_id,
            reason=reason.strip(),
        )  # fmt: skip
        change_status(connection, study_, "corrected")
        readings.keep_text(connection, reading_id, text, now)
        readings.close_row(connection, reading_id, now, readings.SIGNED)
        _record_overridden(connection, now, signer, study_.study_uid, overridden)
        return report_rows.finish(connection, version_id, study_, signer, "correction signed", now)


def of_study(workspace: Workspace, study_uid: str) -> list[ReportVersion]:
    """List the versions of a study's report, the oldest first.

    Raises
    ------
    UnknownRecord
        If the study is not there.
    """
    with workspace.reading() as connection:
        study_ = study_row(connection, study_uid)
        rows = connection.execute(
            report_rows.select_versions().where(report.c.study_id == study_.id).order_by(report_version.c.version)
        ).all()
    return [report_rows.version_of(row) for row in rows]


def _open_for_text(
    connection: Connection, reading_id: int, study_uid: str | None, *, purpose: ReadingPurpose = "report"
) -> tuple[Row[Any], Row[Any]]:
    reading_ = readings.reading_row(connection, reading_id)
    study_ = connection.execute(select(study).where(study.c.id == reading_.study_id)).one()
    if study_uid is not None and study_.study_uid != study_uid:
        raise ReportRefused("the text is of another study than the one on screen; nothing was kept")
    if purpose == "report" and study_.status in SIGNED_STATUSES:
        raise StudySigned(study_.study_uid)
    if reading_.purpose != purpose:
        raise ReportRefused("this reading is not the correction of a signed report")
    return readings.open_reading_row(connection, reading_id), study_


def _refuse_unsignable(text: WorkingText) -> None:
    if text.is_empty:
        raise ReportRefused("findings and impression are both empty; there is nothing to sign")
    if not text.impression.strip():
        raise ReportRefused("the impression is missing; a report is not signed without one")
    for section in TEXT_SECTIONS:
        for field in find_fields(text.section(section))[:1]:
            shown = text.section(section)[field.start : field.end]
            raise ReportRefused(f"the field {shown} is not filled in")
    for span in text.spans:
        if span.origin == "ai" and not span.is_accepted and text.section(span.section)[span.start : span.end].strip():
            raise ReportRefused(f"AI text in the {span.section} was neither accepted nor changed by the reader")


def _record_overridden(connection: Connection, now: str, signer: str, study_uid: str, codes: Sequence[str]) -> None:
    if codes:
        audit_chain.append(connection, now, signer, "warnings overridden", study_uid, {"codes": sorted(codes)})


def _refuse_without_reason(what: str, reason: str) -> None:
    if not reason.strip():
        raise ReportRefused(f"{what} needs a reason")
