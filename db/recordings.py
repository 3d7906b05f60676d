"""Recordings of gaze: from the capture agent's file into the workspace, and what the workspace holds of them.

Samples are copied block by block as the agent wrote them. An import that was cut off is gone on with by the next one;
until it is whole nobody sees anything of it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from db import audit_chain, case_rows, consents, dictations
from db.audit_chain import canonical_json
from db.database import Workspace, now_utc
from db.errors import ImportRefused, NoConsent
from db.gaze_tables import (
    RECORDED,
    gaze_audio,
    gaze_calibration,
    gaze_case,
    gaze_chunk,
    gaze_marker,
    gaze_notification,
    gaze_recording,
    gaze_segment,
    gaze_time_sync,
    gaze_utc_anchor,
    gaze_view,
)
from db.recording_rows import joined_recordings, recording_row
from db.sqlite.spool_file import Chunk, SpoolFile, open_spool
from gaze2report.errors import UnreadableInput

CALIBRATION_KINDS = ("calibration", "validation", "validation_target", "drift_check")
"""Markers of a recording that are kept as results of a calibration too."""

_CHUNKS_A_TRANSACTION = 400
_FINISHED = ("stopped", "recovered", "failed")


@dataclass(frozen=True)
class ImportedRecording:
    """What an import did.

    Attributes
    ----------
    is_new : bool
        False where the workspace held it already.
    n_samples : int
    n_missing, n_dropped : int
        That the tracker took and that never arrived; of them, those that found a buffer full.
    n_cases, n_fixations : int
        Derived from it.
    not_derived : str
        Why no fixations follow from it; empty where they do.
    ended : str
        How it ended; what was lost, after a crash.
    """

    recording_id: str
    reader_pseudonym: str
    is_new: bool
    state: str
    n_samples: int
    n_missing: int
    n_dropped: int
    n_cases: int
    n_fixations: int
    not_derived: str
    ended: str


@dataclass(frozen=True)
class RecordingEntry:
    """One recording of the workspace, in a list."""

    recording_id: str
    reader_pseudonym: str
    state: str
    source: str
    tracker_model: str
    frequency_hz: float
    started_at_utc: str
    n_samples: int
    is_degraded: bool
    study_uids: tuple[str, ...]
    levels: tuple[str, ...]
    not_derived: str


def import_recording(workspace: Workspace, path: Path, *, actor: str, study_uid: str = "") -> ImportedRecording:
    """Import a finished or recovered recording, and derive the gaze of its cases. Again, it changes nothing.

    Parameters
    ----------
    study_uid : str
        The study it is of, where the recording does not say.

    Raises
    ------
    UnreadableInput
        If the file is no recording, or is damaged; nothing of it stays.
    NoConsent
        If its consent is not whole, did not hold when it was recorded, or was withdrawn, there or here.
    ImportRefused
        If it is not finished, or another recording of this id is in the workspace.
    """
    try:
        return _import(workspace, path, actor, study_uid)
    except IntegrityError as error:
        if "no consent" not in str(error.orig):
            raise
        raise NoConsent(
            f"{path}: the consent to it was withdrawn while it was imported; nothing of it stays"
        ) from error


def _import(workspace: Workspace, path: Path, actor: str, study_uid: str) -> ImportedRecording:
    with open_spool(path) as spool:
        _refuse_unfinished(spool)
        consents.refuse_unless_valid_at(spool.consent, int(spool.about["started_utc_us"]))
        with workspace.writing() as connection:
            key, is_complete = _begin(connection, spool, actor)
        if not is_complete:
            try:
                _copy_chunks(workspace, spool, key)
                _complete(workspace, spool, key, actor)
            except (UnreadableInput, ImportRefused, NoConsent):
                with workspace.writing() as connection:
                    remove_rows(connection, key)
                    connection.execute(delete(gaze_recording).where(gaze_recording.c.id == key))
                raise
        recording_id = str(spool.about["recording_id"])
    derived = case_rows.kept(workspace, recording_id)
    if not derived.n_cases or study_uid:
        derived = case_rows.derive(workspace, recording_id, study_uid=study_uid)
    with workspace.reading() as connection:
        row = recording_row(connection, recording_id)
        counts = json.loads(row.counts_json)
        return ImportedRecording(
            recording_id,
            row.reader_pseudonym,
            not is_complete,
            row.state,
            _n_samples(connection, row.id),
            int(counts.get("missing", 0)),
            int(counts.get("dropped", 0)),
            derived.n_cases,
            derived.n_fixations,
            row.not_derived,
            row.ended,
        )


def list_recordings(workspace: Workspace) -> list[RecordingEntry]:
    """List what was imported whole, the oldest first; withdrawn ones are named and empty."""
    with workspace.reading() as connection:
        rows = connection.execute(
            joined_recordings().where(gaze_recording.c.is_complete).order_by(gaze_recording.c.id)
        ).all()
        return [_entry(connection, row) for row in rows]


def remove_rows(connection: Connection, key: int) -> dict[str, int]:
    """Delete what a recording holds and what was derived from it; gives how many rows of each table."""
    gone = case_rows.remove(connection, key)
    calibrations = delete(gaze_calibration).where(gaze_calibration.c.recording_key == key)
    gone["gaze_calibration"] = connection.execute(calibrations).rowcount
    for table in (gaze_audio, *RECORDED):
        gone[table.name] = connection.execute(delete(table).where(table.c.recording_key == key)).rowcount
    return gone


def utc_text(utc_us: float) -> str:
    """Write a wall-clock time as the workspace does."""
    when = dt.datetime.fromtimestamp(utc_us / 1e6, dt.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _refuse_unfinished(spool: SpoolFile) -> None:
    state = spool.about["state"]
    if state == "withdrawn":
        raise NoConsent(f"{spool.path}: the consent to it was withdrawn; it is empty")
    if state not in _FINISHED:
        raise ImportRefused(
            spool.path,
            "it is still being recorded, or was cut off; stop it, or close it with: python -m capture recover "
            f"{spool.path.parent}",
        )


def _begin(connection: Connection, spool: SpoolFile, actor: str) -> tuple[int, bool]:
    """Find or add the row of a recording; gives its key and whether all of it is there already."""
    consent = consents.consent_row(connection, spool.consent, actor)
    columns = _columns(spool)
    known = connection.execute(
        select(gaze_recording).where(gaze_recording.c.recording_id == columns["recording_id"])
    ).one_or_none()
    if known is not None:
        if known.consent_key != consent.id or any(getattr(known, name) != value for name, value in columns.items()):
            raise ImportRefused(spool.path, "the workspace holds another recording with the same id; it is kept")
        return int(known.id), bool(known.is_complete)
    key = connection.execute(
        insert(gaze_recording).values(
            consent_key=consent.id, is_complete=False, imported_at_utc=now_utc(), not_derived="", **columns
        )
    ).inserted_primary_key
    assert key is not None
    names = ("segment", "started_us", "frequency_hz", "reason")
    _insert(connection, gaze_segment, key[0], names, spool.rows("segment"))
    return int(key[0]), False


def _columns(spool: SpoolFile) -> dict[str, Any]:
    about = spool.about
    same = ("recording_id", "state", "source", "frequency_hz", "layout", "layout_sha256", "ended")
    times = ("started_us", "started_utc_us", "stored_us")
    return {
        **{name: about[name] for name in (*same, *times)},
        **{f"{name}_json": about[name] for name in ("tracker", "display_area", "versions", "counts")},
        "is_degraded": bool(about["is_degraded"]),
    }


def _copy_chunks(workspace: Workspace, spool: SpoolFile, key: int) -> None:
    """Copy the blocks that are not here yet, some at a time so that nobody else waits long to write."""
    of_recording = gaze_chunk.c.recording_key == key
    newest = select(gaze_chunk.c.seq, gaze_chunk.c.crc).where(of_recording).order_by(gaze_chunk.c.seq.desc()).limit(1)
    with workspace.reading() as connection:
        row = connection.execute(newest).one_or_none()
    seq, crc = (int(row.seq), int(row.crc)) if row is not None else (-1, 0)
    for batch in _batches(spool.chunks(seq, crc)):
        with workspace.writing() as connection:
            connection.execute(insert(gaze_chunk), [{"recording_key": key, **vars(chunk)} for chunk in batch])


def _batches(chunks: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    while batch := list(itertools.islice(chunks, _CHUNKS_A_TRANSACTION)):
        yield batch


def _complete(workspace: Workspace, spool: SpoolFile, key: int, actor: str) -> None:
    """Add the rest in one transaction, after which the recording is seen."""
    markers, views = spool.rows("marker"), spool.rows("view_log")
    logged = ("seq", "system_us", "kind", "body_json")
    with workspace.writing() as connection:
        n_samples, written = _n_samples(connection, key), spool.counts.get("written", 0)
        if n_samples != written:
            raise UnreadableInput(spool.path, f"{written} samples were written and {n_samples} are there")
        names = ("segment", "request_us", "device_us", "response_us")
        _insert(connection, gaze_time_sync, key, names, spool.rows("time_sync"))
        _insert(connection, gaze_utc_anchor, key, ("system_us", "utc_us"), spool.rows("utc_anchor"))
        _insert(connection, gaze_notification, key, ("system_us", "kind", "text"), spool.rows("notification"))
        _insert(connection, gaze_marker, key, logged, markers)
        _insert(connection, gaze_view, key, logged, views)
        _keep_calibrations(connection, spool, key, markers)
        dictations.take_in(workspace, connection, spool.path, key, spool.consent["purpose"])
        connection.execute(update(gaze_recording).where(gaze_recording.c.id == key).values(is_complete=True))
        detail = {"state": spool.about["state"], "samples": n_samples, "reader": spool.consent["reader_pseudonym"]}
        recording_id = str(spool.about["recording_id"])
        audit_chain.append(connection, now_utc(), actor, "recording imported", recording_id, detail)


def _keep_calibrations(connection: Connection, spool: SpoolFile, key: int, markers: list[tuple[Any, ...]]) -> None:
    ahead_us = int(spool.about["started_utc_us"]) - int(spool.about["started_us"])
    consent_key = connection.execute(
        select(gaze_recording.c.consent_key).where(gaze_recording.c.id == key)
    ).scalar_one()
    for _, system_us, kind, body in markers:
        if kind in CALIBRATION_KINDS:
            values = {"consent_key": consent_key, "kind": kind, "at_utc": utc_text(system_us + ahead_us)}
            content_json = canonical_json(json.loads(body))
            keep_calibration_row(connection, recording_key=key, content_json=content_json, **values)


def keep_calibration_row(connection: Connection, *, recording_key: int | None, **values: Any) -> None:
    """Add a result of a calibration; one that is there already gets the recording it belongs to."""
    same = [gaze_calibration.c[name] == value for name, value in values.items()]
    known = connection.execute(select(gaze_calibration.c.id).where(*same)).scalar_one_or_none()
    if known is None:
        connection.execute(insert(gaze_calibration).values(recording_key=recording_key, **values))


def _insert(connection: Connection, table: Any, key: int, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        values = [{"recording_key": key, **dict(zip(names, row, strict=True))} for row in rows]
        connection.execute(insert(table), values)


def _n_samples(connection: Connection, key: int) -> int:
    query = select(func.coalesce(func.sum(gaze_chunk.c.n), 0)).where(gaze_chunk.c.recording_key == key)
    return int(connection.execute(query).scalar_one())


def _entry(connection: Connection, row: Row[Any]) -> RecordingEntry:
    of_recording = gaze_case.c.recording_key == row.id
    cases = connection.execute(
        select(gaze_case.c.study_uid, gaze_case.c.level).where(of_recording).order_by(gaze_case.c.number)
    ).all()
    return RecordingEntry(
        row.recording_id,
        row.reader_pseudonym,
        row.state,
        row.source,
        str(json.loads(row.tracker_json).get("model", "")),
        row.frequency_hz,
        utc_text(row.started_utc_us),
        _n_samples(connection, row.id),
        row.is_degraded,
        tuple(case.study_uid for case in cases),
        tuple(case.level for case in cases),
        row.not_derived,
    )
