"""Readings: who works on a study, and the text as it stands.

A study has at most one open reading; it is the lock. The text is saved in one small transaction each time, so that
the end of the process at any moment loses only what was typed since.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from db import accounts, audit_chain
from db.database import Workspace, now_utc
from db.errors import ReadingClosed, ReadingLocked, ReportRefused, StudySigned, UnknownRecord
from db.lifecycle import change_status, study_row
from db.records import READING_MODES, SIGNED_STATUSES, Reading, ReadingMode, ReadingPurpose, WorkingText
from db.tables import reading, report, report_version, study
from db.texts import text_columns, text_of, text_sha256

SIGNED, DISCARDED = "signed", "discarded"
"""Why a reading was closed for good; one that was only "closed" is gone on with."""

STALE_AFTER_S = 12 * 3600.0
"""A reading in which nothing was saved for so long was left behind; the next reader gets it."""


def open_reading(
    workspace: Workspace,
    study_uid: str,
    reader: str,
    *,
    mode: ReadingMode = "ai-first",
    force: bool = False,
    stale_after_s: float = STALE_AFTER_S,
) -> Reading:
    """Begin or go on with the work on a study; the text is where it was left.

    A reader who takes the study over from another one starts from that one's text.

    Parameters
    ----------
    mode : str
        How a new reading begins. A reading that goes on keeps its mode, and one that begins with a text in which there
        is AI text is "ai-first" whatever is asked for: that text has been seen.
    force : bool
        Take the study over from a reader who has it open; the audit log keeps it.

    Raises
    ------
    ReadingLocked
        If another reader has it open.
    StudySigned
        If it has a signed report; see :func:`db.reports.of_study` and :func:`db.reports.add_addendum`.
    UnknownRecord, ReportRefused
        If the study is not there; if ``reader`` is blank.
    NotAllowed
        If there are accounts and the reader's is not one that may write.
    """
    return _open(workspace, study_uid, reader, "report", mode, force, stale_after_s)


def open_correction(
    workspace: Workspace, study_uid: str, reader: str, *, force: bool = False, stale_after_s: float = STALE_AFTER_S
) -> Reading:
    """Begin or go on with the correction of a signed report; the signed text itself stays as it is.

    The text is that of an unfinished correction, else of the newest signed version. Arguments are those of
    :func:`open_reading`.

    Raises
    ------
    ReadingLocked, UnknownRecord
        As for :func:`open_reading`.
    ReportRefused
        If there is no signed report yet.
    NotAllowed
        If the reader may not finalise reports.
    """
    return _open(workspace, study_uid, reader, "correction", "ai-first", force, stale_after_s)


def _open(
    workspace: Workspace,
    study_uid: str,
    reader: str,
    purpose: ReadingPurpose,
    mode: ReadingMode,
    force: bool,
    stale_after_s: float,
) -> Reading:
    if not reader.strip():
        raise ReportRefused("a reading needs the name of its reader")
    if mode not in READING_MODES:
        raise ReportRefused(f"a study is read in one of the modes {', '.join(READING_MODES)}, not {mode!r}")
    now = now_utc()
    with workspace.writing() as connection:
        row = study_row(connection, study_uid)
        if purpose == "report" and row.status in SIGNED_STATUSES:
            raise StudySigned(study_uid)
        if purpose == "correction" and row.status not in SIGNED_STATUSES:
            raise ReportRefused("a correction needs a signed report; this study has none yet")
        accounts.refuse_without(connection, reader, "write" if purpose == "report" else "finalise")
        holder = _open_reading_of(connection, row.id)
        if holder is not None and holder.reader != reader:
            if not force and not _is_stale(holder.saved_at_utc, now, stale_after_s):
                raise ReadingLocked(study_uid, holder.reader, holder.opened_at_utc)
            close_row(connection, holder.id, now, f"taken over by {reader}")
            detail = {"from": holder.reader, "forced": force}
            audit_chain.append(connection, now, reader, "reading taken over", study_uid, detail)
        reading_id = _resume_or_add(connection, row, reader, now, purpose, mode)
        if row.status == "unread":
            change_status(connection, row, "in-progress")
        kept = reading_row(connection, reading_id)
    return Reading(
        reading_id, study_uid, reader, kept.opened_at_utc, text_of(kept), purpose, kept.mode, kept.committed_at_utc
    )


def commit_reading(workspace: Workspace, reading_id: int, text: WorkingText) -> str:
    """Keep the text with which a reader of a reader-first reading commits; from now on the AI is shown.

    Returns
    -------
    str
        When it was committed, UTC; the first time counts.

    Raises
    ------
    ReadingClosed, UnknownRecord, ReportRefused
        If the reading takes no text any more; if there is none such; if the text cannot be stored.
    """
    now = now_utc()
    with workspace.writing() as connection:
        row = open_reading_row(connection, reading_id)
        if row.committed_at_utc:
            return str(row.committed_at_utc)
        keep_text(connection, reading_id, text, now)
        connection.execute(update(reading).where(reading.c.id == reading_id).values(committed_at_utc=now))
        if not text.is_empty:
            _begin_draft(connection, reading_id)
        study_uid = connection.execute(select(study.c.study_uid).where(study.c.id == row.study_id)).scalar_one()
        detail = {"mode": row.mode, "text_sha256": text_sha256(text)}
        audit_chain.append(connection, now, row.reader, "reading committed", study_uid, detail)
    return now


def autosave(workspace: Workspace, reading_id: int, text: WorkingText) -> None:
    """Keep the text as it stands; on return it outlives the end of the process.

    Raises
    ------
    ReadingClosed
        If the reading was closed, signed or taken over; nothing is kept.
    UnknownRecord, ReportRefused, StorageFailed
        If there is no such reading; if the text cannot be stored; if the disk refuses.
    """
    columns = text_columns(text)
    with workspace.writing() as connection:
        saved = connection.execute(
            update(reading)
            .where(reading.c.id == reading_id, reading.c.closed_at_utc.is_(None))
            .values(saved_at_utc=now_utc(), **columns)
        )
        if saved.rowcount != 1:
            open_reading_row(connection, reading_id)  # says why not
        if not text.is_empty:
            _begin_draft(connection, reading_id)


def close_reading(workspace: Workspace, reading_id: int) -> None:
    """Let go of a study; the text stays. A study with nothing written is unread again. Closing twice is harmless.

    Raises
    ------
    UnknownRecord
        If there is no such reading.
    """
    now = now_utc()
    with workspace.writing() as connection:
        row = reading_row(connection, reading_id)
        if row.closed_at_utc is not None:
            return
        close_row(connection, reading_id, now, "closed")
        study_ = connection.execute(select(study).where(study.c.id == row.study_id)).one()
        if study_.status == "in-progress" and text_of(row).is_empty:
            change_status(connection, study_, "unread")
        audit_chain.append(connection, now, row.reader, "reading closed", study_.study_uid, {})


def discard_correction(workspace: Workspace, reading_id: int) -> None:
    """Give up a correction: the signed report stays, the text written so far stays in this closed reading.

    Raises
    ------
    ReadingClosed, UnknownRecord, ReportRefused
        If it is closed, is not there, or is not a correction.
    """
    now = now_utc()
    with workspace.writing() as connection:
        row = open_reading_row(connection, reading_id)
        if row.purpose != "correction":
            raise ReportRefused("only a correction is given up; other text is kept as a draft")
        close_row(connection, reading_id, now, DISCARDED)
        uid = connection.execute(select(study.c.study_uid).where(study.c.id == row.study_id)).scalar_one()
        audit_chain.append(connection, now, row.reader, "correction discarded", uid, {"reading": reading_id})


def reading_row(connection: Connection, reading_id: int) -> Row[Any]:
    """Find a reading inside a transaction; raises UnknownRecord."""
    row = connection.execute(select(reading).where(reading.c.id == reading_id)).one_or_none()
    if row is None:
        raise UnknownRecord("reading", reading_id)
    return row


def open_reading_row(connection: Connection, reading_id: int) -> Row[Any]:
    """Find a reading that still takes text; raises UnknownRecord or ReadingClosed."""
    row = reading_row(connection, reading_id)
    if row.closed_at_utc is not None:
        raise ReadingClosed(
            f"this reading takes no more text: it was {row.closed_because} at {row.closed_at_utc}; "
            "open the study again to go on"
        )
    return row


def keep_text(connection: Connection, reading_id: int, text: WorkingText, now: str) -> None:
    """Keep the text of a reading, inside a transaction."""
    connection.execute(update(reading).where(reading.c.id == reading_id).values(saved_at_utc=now, **text_columns(text)))


def close_row(connection: Connection, reading_id: int, now: str, because: str) -> None:
    """End a reading, inside a transaction."""
    connection.execute(
        update(reading).where(reading.c.id == reading_id).values(closed_at_utc=now, closed_because=because)
    )


def _resume_or_add(
    connection: Connection, study_: Row[Any], reader: str, now: str, purpose: ReadingPurpose, mode: ReadingMode
) -> int:
    """Open the reader's last reading again if nobody wrote since, else begin one with the newest text."""
    last = connection.execute(
        select(reading)
        .where(reading.c.study_id == study_.id, reading.c.purpose == purpose)
        .order_by(reading.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and last.closed_because in (SIGNED, DISCARDED):
        last = None  # an earlier correction that is done with
    if last is not None and last.reader == reader:
        if last.closed_at_utc is not None:
            connection.execute(
                update(reading)
                .where(reading.c.id == last.id)
                .values(closed_at_utc=None, closed_because="", saved_at_utc=now)
            )
            detail = {"again": True, "purpose": purpose, "mode": last.mode}
            audit_chain.append(connection, now, reader, "reading opened", study_.study_uid, detail)
        return int(last.id)
    text = text_of(last) if last is not None else _first_text(connection, study_, purpose)
    if any(span.origin in ("ai", "ai-edited") for span in text.spans):
        mode = "ai-first"
    added = connection.execute(
        insert(reading).values(
            study_id=study_.id,
            reader=reader,
            opened_at_utc=now,
            closed_because="",
            saved_at_utc=now,
            purpose=purpose,
            mode=mode,
            **text_columns(text),
        )
    )
    detail = {"again": False, "purpose": purpose, "mode": mode}
    audit_chain.append(connection, now, reader, "reading opened", study_.study_uid, detail)
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


def _first_text(connection: Connection, study_: Row[Any], purpose: ReadingPurpose) -> WorkingText:
    if purpose == "report":
        return WorkingText(indication=study_.indication)
    newest = connection.execute(
        select(report_version)
        .join_from(report_version, report)
        .where(report.c.study_id == study_.id)
        .order_by(report_version.c.version.desc())
        .limit(1)
    ).one()
    return text_of(newest)


def _open_reading_of(connection: Connection, study_id: int) -> Row[Any] | None:
    return connection.execute(
        select(reading).where(reading.c.study_id == study_id, reading.c.closed_at_utc.is_(None))
    ).one_or_none()


def _begin_draft(connection: Connection, reading_id: int) -> None:
    """Text is there, so the study is a draft; in one statement because every autosave comes through here."""
    of_reading = select(reading.c.study_id).where(reading.c.id == reading_id).scalar_subquery()
    connection.execute(
        update(study).where(study.c.id == of_reading, study.c.status == "in-progress").values(status="draft")
    )


def _is_stale(saved_at_utc: str, now: str, stale_after_s: float) -> bool:
    # A clock set back gives a negative age: the reading counts as fresh, and can be taken over by force.
    age = dt.datetime.fromisoformat(now) - dt.datetime.fromisoformat(saved_at_utc)
    return age.total_seconds() > stale_after_s
