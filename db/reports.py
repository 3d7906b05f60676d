"""Reports: accepted and signed versions of the text. A version is never changed; the text of a signed one is hashed."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from db import audit_chain, readings
from db.database import Workspace, now_utc
from db.errors import ReportRefused, StudySigned
from db.lifecycle import change_status, study_row
from db.records import SIGNED_STATUSES, ReportVersion, VersionKind, WorkingText
from db.tables import draft, report, report_version, study
from db.texts import refuse_unstorable, text_columns, text_of, text_sha256

_UNFILLED_FIELD = re.compile(r"\[[A-Za-z _-]*\]|_{3,}")


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
        if text.is_empty:
            raise ReportRefused("findings and impression are both empty; there is nothing to keep")
        version_id = _add_version(
            connection, study_, "preliminary", text, now=now, author=reading_.reader, reading_id=reading_id,
            draft_id=draft_id,
        )  # fmt: skip
        if study_.status != "preliminary":
            change_status(connection, study_, "preliminary")
        readings.keep_text(connection, reading_id, text, now)
        return _finish(connection, version_id, study_, reading_.reader, "report accepted", now)


def sign(
    workspace: Workspace,
    reading_id: int,
    text: WorkingText,
    *,
    signer: str,
    draft_id: int | None = None,
    study_uid: str | None = None,
) -> ReportVersion:
    """Sign the text as the final report of its study; the reading is closed.

    Raises
    ------
    ReportRefused
        If the impression is missing, a field such as ``[side]`` is not filled in, somebody else than the reader of the
        reading signs, or reading, draft and study do not belong together.
    StudySigned
        If the study has a signed report.
    ReadingClosed, UnknownRecord
        If the reading takes no text any more, or there is none such.
    """
    now = now_utc()
    with workspace.writing() as connection:
        reading_, study_ = _open_for_text(connection, reading_id, study_uid)
        if not signer.strip() or signer != reading_.reader:
            raise ReportRefused(f"this is the reading of {reading_.reader}; {signer or 'nobody'} cannot sign it")
        _refuse_unsignable(text)
        version_id = _add_version(
            connection, study_, "final", text, now=now, author=reading_.reader, signer=signer, reading_id=reading_id,
            draft_id=draft_id,
        )  # fmt: skip
        change_status(connection, study_, "final")
        readings.keep_text(connection, reading_id, text, now)
        readings.close_row(connection, reading_id, now, "signed")
        return _finish(connection, version_id, study_, signer, "report signed", now)


def add_addendum(workspace: Workspace, study_uid: str, text: str, signer: str) -> ReportVersion:
    """Add a signed text to a signed report, which itself stays as it is.

    Raises
    ------
    ReportRefused
        If the text or the signer is empty, or the study has no signed report.
    UnknownRecord
        If the study is not there.
    """
    refuse_unstorable(text)
    now = now_utc()
    with workspace.writing() as connection:
        study_ = study_row(connection, study_uid)
        if study_.status not in SIGNED_STATUSES:
            raise ReportRefused("an addendum needs a signed report; this study has none yet")
        if not text.strip() or not signer.strip():
            raise ReportRefused("an addendum needs a text and a signer")
        final = connection.execute(
            _versions().where(report.c.study_id == study_.id, report_version.c.kind == "final")
        ).one()
        version_id = _add_version(
            connection, study_, "addendum", text_of(final), now=now, author=signer, signer=signer, addendum=text
        )
        change_status(connection, study_, "addended")
        return _finish(connection, version_id, study_, signer, "addendum signed", now)


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
            _versions().where(report.c.study_id == study_.id).order_by(report_version.c.version)
        ).all()
    return [_version_of(row) for row in rows]


def _open_for_text(connection: Connection, reading_id: int, study_uid: str | None) -> tuple[Row[Any], Row[Any]]:
    reading_ = readings.reading_row(connection, reading_id)
    study_ = connection.execute(select(study).where(study.c.id == reading_.study_id)).one()
    if study_uid is not None and study_.study_uid != study_uid:
        raise ReportRefused("the text is of another study than the one on screen; nothing was kept")
    if study_.status in SIGNED_STATUSES:
        raise StudySigned(study_.study_uid)
    return readings.open_reading_row(connection, reading_id), study_


def _refuse_unsignable(text: WorkingText) -> None:
    if text.is_empty:
        raise ReportRefused("findings and impression are both empty; there is nothing to sign")
    if not text.impression.strip():
        raise ReportRefused("the impression is missing; a report is not signed without one")
    for section in (text.findings, text.impression):
        field = _UNFILLED_FIELD.search(section)
        if field:
            raise ReportRefused(f"the field {field.group()} is not filled in")


def _add_version(
    connection: Connection,
    study_: Row[Any],
    kind: VersionKind,
    text: WorkingText,
    *,
    now: str,
    author: str,
    signer: str = "",
    addendum: str = "",
    reading_id: int | None = None,
    draft_id: int | None = None,
) -> int:
    if draft_id is not None:
        draft_study = connection.execute(select(draft.c.study_id).where(draft.c.id == draft_id)).scalar_one_or_none()
        if draft_study != study_.id:
            raise ReportRefused(f"draft {draft_id} is not one of this study")
    columns = text_columns(text)
    report_id = connection.execute(select(report.c.id).where(report.c.study_id == study_.id)).scalar_one_or_none()
    if report_id is None:
        added = connection.execute(insert(report).values(study_id=study_.id, created_at_utc=now))
        assert added.inserted_primary_key is not None
        report_id = added.inserted_primary_key[0]
    last = connection.execute(
        select(func.max(report_version.c.version)).where(report_version.c.report_id == report_id)
    ).scalar_one()
    added = connection.execute(
        insert(report_version).values(
            report_id=report_id,
            version=(last or 0) + 1,
            kind=kind,
            reading_id=reading_id,
            draft_id=draft_id,
            addendum=addendum,
            author=author,
            signer=signer,
            text_sha256=text_sha256(text.indication, text.findings, text.impression, addendum),
            created_at_utc=now,
            **columns,
        )
    )
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


def _finish(
    connection: Connection, version_id: int, study_: Row[Any], actor: str, action: str, now: str
) -> ReportVersion:
    version = _version_of(connection.execute(_versions().where(report_version.c.id == version_id)).one())
    detail = {"version": version.version, "text_sha256": version.text_sha256, "draft_id": version.draft_id}
    audit_chain.append(connection, now, actor, action, study_.study_uid, detail)
    return version


def _versions() -> Any:
    return select(report_version, study.c.study_uid).join_from(report_version, report).join(study)


def _version_of(row: Row[Any]) -> ReportVersion:
    return ReportVersion(
        id=row.id,
        study_uid=row.study_uid,
        version=row.version,
        kind=row.kind,
        text=text_of(row),
        addendum=row.addendum,
        author=row.author,
        signer=row.signer,
        draft_id=row.draft_id,
        text_sha256=row.text_sha256,
        created_at_utc=row.created_at_utc,
    )
