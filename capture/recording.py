"""Reading side of a recording: samples to the bit, whether the file is whole, recovery after a crash, withdrawal."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from capture.clocks import TimeSync
from capture.gaps import GapCounter, StreamCounts
from capture.samples import LAYOUT_SHA256, SAMPLE_DTYPE, SAMPLE_LAYOUT, Samples
from capture.spool import beat_path, read_beat
from capture.spool_schema import PERSONAL_TABLES, SCHEMA_VERSION, SUFFIX, connect


class NotARecording(ValueError):
    """A file that is not a recording of this program, or of another version; the text says which."""


@dataclass(frozen=True)
class Recording:
    """What a recording says of itself.

    Attributes
    ----------
    state : str
        ``recording`` (or killed while recording), ``stopped``, ``recovered``, ``failed``, ``withdrawn``.
    source : str
        ``eye``, ``simulation``, ``replay`` or ``mouse``.
    counts : dict
        Samples received, written, dropped, missing and so on, as of the last transaction.
    stored_us : int
        Host time of the last transaction.
    """

    path: Path
    recording_id: str
    state: str
    source: str
    consent: dict[str, Any]
    tracker: dict[str, Any]
    frequency_hz: float
    display_area: dict[str, Any] | None
    versions: dict[str, str]
    started_us: int
    started_utc_us: int
    stored_us: int
    is_degraded: bool
    counts: dict[str, int]
    ended: str


@dataclass(frozen=True)
class Verification:
    """Whether a recording is whole.

    Attributes
    ----------
    is_whole : bool
        The file is sound, every chunk is there, unchanged and in its place, and as many samples as were written.
    faults : tuple of str
        What is not, each a sentence.
    n_samples, n_chunks, n_segments : int
    counts : StreamCounts
        Counted anew from what is stored.
    """

    recording_id: str
    is_whole: bool
    faults: tuple[str, ...]
    n_samples: int
    n_chunks: int
    n_segments: int
    counts: StreamCounts


@dataclass(frozen=True)
class Recovery:
    """What was found of a recording whose writer was killed.

    Attributes
    ----------
    lost_samples : int or None
        Received and not stored, as of the last beat; None where there was no beat.
    lost_ms : float or None
        From the last stored sample to the last beat.
    """

    recording_id: str
    n_samples: int
    lost_samples: int | None
    lost_ms: float | None
    verification: Verification


def open_recording(path: Path) -> sqlite3.Connection:
    """Open a recording to read.

    Raises
    ------
    NotARecording
        If it is none.
    """
    if not path.is_file():
        raise NotARecording(f"{path}: there is no such recording")
    db = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION or not db.execute("SELECT count(*) FROM recording").fetchone()[0]:
            raise NotARecording(f"{path}: not a recording of this version ({version}, not {SCHEMA_VERSION})")
    except sqlite3.DatabaseError as error:
        db.close()
        raise NotARecording(f"{path}: not a recording: {error}") from error
    except NotARecording:
        db.close()
        raise
    return db


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Say of a damaged file that it is damaged, whichever of the many errors reading it ends with."""
    try:
        yield
    except NotARecording:
        raise
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        raise NotARecording(f"{path}: the recording is damaged: {error}") from error


def describe(path: Path) -> Recording:
    """Read what a recording says of itself.

    Raises
    ------
    NotARecording
        If it is none, of another version, or too damaged to say.
    """
    with _damage_named(path):
        return _describe(path)


def _describe(path: Path) -> Recording:
    with closing(open_recording(path)) as db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM recording").fetchone())
        consent = dict(db.execute("SELECT * FROM consent WHERE consent_id = ?", (row["consent_id"],)).fetchone())
    if row["layout"] != SAMPLE_LAYOUT or row["layout_sha256"] != LAYOUT_SHA256:
        raise NotARecording(f"{path}: its samples have the layout {row['layout']}, this program knows {SAMPLE_LAYOUT}")
    texts = {name: json.loads(row.pop(name)) for name in ("tracker", "display_area", "versions", "counts")}
    for name in ("layout", "layout_sha256", "consent_id"):
        del row[name]
    row["is_degraded"] = bool(row["is_degraded"])
    return Recording(path=path, consent=consent, **row, **texts)


def chunks(path: Path) -> Iterator[tuple[int, Samples]]:
    """Give segment number and samples, chunk by chunk, in the order of their arrival."""
    with closing(open_recording(path)) as db:
        for segment, data in db.execute("SELECT segment, data FROM gaze_chunk ORDER BY seq"):
            yield segment, np.frombuffer(data, SAMPLE_DTYPE)


def samples(path: Path) -> Samples:
    """Read every sample of a recording."""
    found = [block for _, block in chunks(path)]
    return np.concatenate(found) if found else np.zeros(0, SAMPLE_DTYPE)


def time_syncs(path: Path, segment: int) -> list[TimeSync]:
    """Read the time exchanges of one segment."""
    query = "SELECT request_us, device_us, response_us FROM time_sync WHERE segment = ? ORDER BY request_us"
    with closing(open_recording(path)) as db:
        return [TimeSync(*row) for row in db.execute(query, (segment,))]


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """Read markers, view log, notifications, UTC anchors or segments, oldest first."""
    if table not in ("marker", "view_log", "notification", "utc_anchor", "segment"):
        raise ValueError(f"{table} is not a table of rows")
    with closing(open_recording(path)) as db:
        db.row_factory = sqlite3.Row
        found = [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY rowid")]
    for row in found:
        if "body" in row:
            row["body"] = json.loads(row["body"])
    return found


def verify(path: Path) -> Verification:
    """Check a recording byte by byte and count its samples anew.

    Raises
    ------
    NotARecording
        If it is none, of another version, or too damaged to be looked through.
    """
    with _damage_named(path):
        return _verify(path)


def _verify(path: Path) -> Verification:
    about = describe(path)
    faults: list[str] = []
    rates = {row["segment"]: row["frequency_hz"] for row in rows(path, "segment")}
    counters = {segment: GapCounter(rate) for segment, rate in rates.items()}
    chain = n_samples = n_chunks = 0
    with closing(open_recording(path)) as db:
        sound = db.execute("PRAGMA integrity_check(5)").fetchall()
        if sound != [("ok",)]:
            faults += [f"The file is damaged: {row[0]}" for row in sound]
        if db.execute("PRAGMA foreign_key_check").fetchall():
            faults.append("A row belongs to no recording or consent.")
        try:
            for seq, segment, n, crc, data in db.execute(
                "SELECT seq, segment, n, crc, data FROM gaze_chunk ORDER BY seq"
            ):
                if seq != n_chunks:
                    faults.append(f"Chunk {n_chunks} is missing.")
                n_chunks = seq + 1
                expected, chain = zlib.crc32(data, chain), crc
                if expected != crc or len(data) != n * SAMPLE_DTYPE.itemsize:
                    faults.append(f"Chunk {seq} is not what was written, or stands in another's place.")
                    continue
                block = np.frombuffer(data, SAMPLE_DTYPE)
                counters[segment].add(block["device_us"])
                n_samples += n
        except sqlite3.DatabaseError as error:
            faults.append(f"The samples cannot be read on: {error}")
    written = about.counts.get("written", 0)
    if about.state != "withdrawn" and written != n_samples:
        faults.append(f"{written} samples were written and {n_samples} are there.")
    total = StreamCounts()
    for counter in counters.values():
        total = total.plus(counter.counts)
    return Verification(about.recording_id, not faults, tuple(faults), n_samples, n_chunks, len(counters), total)


def recover(path: Path) -> Recovery | None:
    """Close a recording whose writer was killed, and state what was lost; None where there is nothing to recover.

    The caller makes sure that no agent is writing it (:class:`capture.endpoint.SpoolLock`).
    """
    about = describe(path)
    if about.state != "recording":
        return None
    checked = verify(path)
    beat = read_beat(path)
    lost_samples = lost_ms = None
    if beat is not None:
        beat_us, received, _ = beat
        lost_samples = max(0, received - checked.n_samples)
        lost_ms = max(0, beat_us - about.stored_us) / 1000
    recovery = Recovery(about.recording_id, checked.n_samples, lost_samples, lost_ms, checked)
    said = {"lost_samples": lost_samples, "lost_ms": lost_ms, "faults": checked.faults, "is_whole": checked.is_whole}
    with closing(connect(path)) as db:
        db.execute("UPDATE recording SET state = 'recovered', ended = ?", (json.dumps(said),))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    beat_path(path).unlink(missing_ok=True)
    return recovery


def recover_all(folder: Path) -> tuple[list[Recovery], dict[str, str]]:
    """Recover every recording of a folder that was cut off.

    Returns
    -------
    list of Recovery
    dict of str to str
        Files that could not be read, each with a sentence; they are left as they are and keep no other from recovery.
    """
    found: list[Recovery] = []
    unreadable: dict[str, str] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with _damage_named(path):
                recovery = recover(path)
        except NotARecording as error:
            unreadable[path.name] = str(error)
            continue
        if recovery is not None:
            found.append(recovery)
    return found, unreadable


def withdraw(path: Path) -> dict[str, int]:
    """Delete everything that a reader did from a recording; what stays says that it was withdrawn.

    Deleted rows are overwritten, the log is emptied and the file is written anew, so that no byte of them stays in it.

    Returns
    -------
    dict
        How many rows each table lost.
    """
    about = describe(path)
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with closing(connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        gone = {table: db.execute(f"DELETE FROM {table}").rowcount for table in (*PERSONAL_TABLES, "segment")}
        db.execute("UPDATE consent SET withdrawn_utc = ?", (when,))
        db.execute("UPDATE recording SET state = 'withdrawn', ended = ?", (json.dumps({"deleted": gone}),))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    beat_path(about.path).unlink(missing_ok=True)
    return gone


def as_json(thing: Recording | Verification | Recovery) -> dict[str, Any]:
    """Write what was found as plain values."""
    content = asdict(thing)
    if "path" in content:
        content["path"] = str(content["path"])
    return content
