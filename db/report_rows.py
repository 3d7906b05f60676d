"""The rows of report versions: written once, in order, each with its hash in the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from db import audit_chain
from db.errors import ReportRefused
from db.records import ReportVersion, VersionKind, WorkingText
from db.tables import draft, report, report_version, study
from db.texts import sha256_of_text, text_columns, text_of, text_sha256


def add_version(
    connection: Connection,
    study_: Row[Any],
    kind: VersionKind,
    text: WorkingText,
    *,
    now: str,
    author: str,
    signer: str = "",
    addendum: str = "",
    reason: str = "",
    reading_id: int | None = None,
    draft_id: int | None = None,
) -> int:
    """Write the next version of a study's report; returns its row id."""
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
            text_sha256=text_sha256(text, addendum),
            created_at_utc=now,
            reason=reason,
            **columns,
        )
    )
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


def finish(
    connection: Connection, version_id: int, study_: Row[Any], actor: str, action: str, now: str
) -> ReportVersion:
    """Record a new version in the audit log, in the transaction that wrote it."""
    version = version_of(connection.execute(select_versions().where(report_version.c.id == version_id)).one())
    detail: dict[str, Any] = {
        "version": version.version,
        "text_sha256": version.text_sha256,
        "draft_id": version.draft_id,
    }
    if version.reason:  # only its hash: words about a patient do not belong in the audit log
        detail["reason_sha256"] = sha256_of_text(version.reason)
    audit_chain.append(connection, now, actor, action, study_.study_uid, detail)
    return version


def select_versions() -> Any:
    """Select versions with the UID of their study."""
    return select(report_version, study.c.study_uid).join_from(report_version, report).join(study)


def newest_signed(connection: Connection, study_id: int) -> ReportVersion:
    """Give the newest signed version of a study that has one."""
    rows = connection.execute(
        select_versions()
        .where(report.c.study_id == study_id, report_version.c.kind != "preliminary")
        .order_by(report_version.c.version.desc())
        .limit(1)
    )
    return version_of(rows.one())


def version_of(row: Row[Any]) -> ReportVersion:
    """Read a row of :func:`select_versions`."""
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
        reason=row.reason,
    )
