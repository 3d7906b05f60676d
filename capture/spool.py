"""Writing side of a recording: one SQLite file, one transaction every 100 ms, and a beat that outlives a crash.

A chunk is a block of samples with a checksum that continues the one before, so that a chunk that is changed, missing
or out of place is noticed. The beat is a few bytes beside the file, rewritten far more often than samples are stored:
they reach the system's cache at once, so what was received but never stored can be stated after the process is killed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from capture.clocks import TimeSync
from capture.consent import Consent
from capture.log_rows import LogRow
from capture.samples import LAYOUT_SHA256, SAMPLE_LAYOUT, Samples
from capture.spool_schema import SUFFIX, connect, create
from capture.tracker import DisplayArea, Notice, TrackerInfo

_BEAT = struct.Struct("<qqq")
_CHECKPOINT_EVERY_US = 1_000_000


class SpoolError(Exception):
    """A recording that cannot be written; the text says why."""


@dataclass(frozen=True)
class Start:
    """What is known when a recording begins. ``started_us`` is host time, ``started_utc_us`` the wall clock then."""

    recording_id: str
    consent: Consent
    info: TrackerInfo
    frequency_hz: float
    display_area: DisplayArea | None
    versions: dict[str, str]
    started_us: int
    started_utc_us: int


@dataclass
class Batch:
    """What goes into one transaction."""

    segments: list[tuple[int, int, float, str]] = field(default_factory=list)  # number, host µs, Hz, reason
    chunks: list[tuple[int, Samples]] = field(default_factory=list)  # segment, samples
    syncs: list[tuple[int, TimeSync]] = field(default_factory=list)  # segment, exchange
    notices: list[Notice] = field(default_factory=list)
    rows: list[LogRow] = field(default_factory=list)
    anchors: list[tuple[int, int]] = field(default_factory=list)  # host µs, UTC µs


def beat_path(path: Path) -> Path:
    """Name the file of the beat that belongs to a recording."""
    return path.with_suffix(".beat")


def read_beat(path: Path) -> tuple[int, int, int] | None:
    """Read host time, samples received and the newest sample's host time, or None without a whole beat."""
    try:
        data = beat_path(path).read_bytes()
    except FileNotFoundError:
        return None
    return _BEAT.unpack(data) if len(data) == _BEAT.size else None


class SpoolWriter:
    """Writes one recording; not to be shared by threads.

    Raises
    ------
    SpoolError
        If the file is there already or cannot be written.
    """

    def __init__(self, folder: Path, start: Start) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{start.recording_id}{SUFFIX}"
        self.recording_id = start.recording_id
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise SpoolError(f"There is a recording {start.recording_id} already; it is never written over.") from None
        except OSError as error:
            raise SpoolError(f"The recording cannot be written: {error}") from error
        self._beat = os.open(beat_path(self.path), os.O_CREAT | os.O_WRONLY, 0o600)
        self._db = connect(self.path)
        self._seq = 0
        self._chain = 0
        self._checkpoint_us = start.started_us
        create(self._db)
        self._begin(start)

    def beat(self, now_us: int, received: int, newest_us: int) -> None:
        """Leave word of how far the reception is; cheap enough for every few milliseconds."""
        os.lseek(self._beat, 0, os.SEEK_SET)
        os.write(self._beat, _BEAT.pack(now_us, received, newest_us))

    def commit(self, batch: Batch, counts: dict[str, int], is_degraded: bool, now_us: int) -> None:
        """Store a batch, whole or not at all.

        Raises
        ------
        sqlite3.Error
            If it could not be stored; nothing of it is, and it may be tried again.
        """
        key, seq, chain = self.recording_id, self._seq, self._chain
        chunks = []
        for segment, samples in batch.chunks:
            data = samples.tobytes()
            chain = zlib.crc32(data, chain)
            chunks.append((key, seq, segment, int(samples["device_us"][0]), len(samples), chain, data))
            seq += 1
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("INSERT INTO segment VALUES (?, ?, ?, ?, ?)", [(key, *row) for row in batch.segments])
            db.executemany("INSERT INTO gaze_chunk VALUES (?, ?, ?, ?, ?, ?, ?)", chunks)
            syncs = [(key, n, s.request_us, s.device_us, s.response_us) for n, s in batch.syncs]
            db.executemany("INSERT INTO time_sync VALUES (?, ?, ?, ?, ?)", syncs)
            notices = [(key, n.system_us, n.kind, n.text) for n in batch.notices]
            db.executemany("INSERT INTO notification VALUES (?, ?, ?, ?)", notices)
            db.executemany("INSERT INTO utc_anchor VALUES (?, ?, ?)", [(key, *row) for row in batch.anchors])
            for table in ("marker", "view_log"):
                rows = [(key, r.seq, r.system_us, r.kind, r.body) for r in batch.rows if r.table == table]
                db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)", rows)
            db.execute(
                "UPDATE recording SET stored_us = ?, counts = ?, is_degraded = ? WHERE recording_id = ?",
                (now_us, json.dumps(counts), int(is_degraded), key),
            )
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._seq, self._chain = seq, chain
        if now_us - self._checkpoint_us >= _CHECKPOINT_EVERY_US:
            self._checkpoint_us = now_us
            with suppress(sqlite3.OperationalError):  # the batch is safe in the log; a full disk shows at the next one
                db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def finish(self, state: str, ended: str) -> None:
        """Say how the recording ended, and leave one whole file without log or beat."""
        try:
            self._db.execute(
                "UPDATE recording SET state = ?, ended = ? WHERE recording_id = ?", (state, ended, self.recording_id)
            )
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.release()
        beat_path(self.path).unlink(missing_ok=True)

    def release(self) -> None:
        """Close the files as they are."""
        self._db.close()
        if self._beat >= 0:
            os.close(self._beat)
            self._beat = -1

    def _begin(self, start: Start) -> None:
        consent = start.consent.to_body()
        area = asdict(start.display_area) if start.display_area else None
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            f"INSERT INTO consent ({', '.join(consent)}) VALUES ({', '.join('?' * len(consent))})",
            tuple(consent.values()),
        )
        self._db.execute(
            "INSERT INTO recording VALUES (?, ?, 'recording', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '{}', '')",
            (
                start.recording_id,
                start.consent.consent_id,
                start.info.source,
                json.dumps(asdict(start.info)),
                start.frequency_hz,
                json.dumps(area),
                SAMPLE_LAYOUT,
                LAYOUT_SHA256,
                json.dumps(start.versions),
                start.started_us,
                start.started_utc_us,
                start.started_us,
            ),
        )
        self._db.execute("COMMIT")
