"""A finished recording of the capture agent, to be read: one SQLite file, as ``docs/recording-gaze.md`` describes it.

The agent is another program and its files come from outside: nothing in one is believed before it was checked.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import urllib.parse
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.sqlite import connection
from gaze2report.errors import StorageFailed, UnreadableInput
from gaze2report.gaze.sample_layout import LAYOUT_SHA256, SAMPLE_DTYPE, SAMPLE_LAYOUT

SCHEMA_VERSION = 1
_CONSENT = (
    *("consent_id", "reader_pseudonym", "text_version", "purpose", "operator", "given_utc", "valid_until_utc"),
    "withdrawn_utc",
)
_ROWS = {
    "segment": "segment, started_us, frequency_hz, reason",
    "time_sync": "segment, request_us, device_us, response_us",
    "utc_anchor": "system_us, utc_us",
    "notification": "system_us, kind, text",
    "marker": "seq, system_us, kind, body",
    "view_log": "seq, system_us, kind, body",
}


@dataclass(frozen=True)
class Chunk:
    """A block of samples as it was written, and the checksum that continues the one before."""

    seq: int
    segment: int
    first_device_us: int
    n: int
    crc: int
    data: bytes


class SpoolFile:
    """An open recording.

    Attributes
    ----------
    about : dict
        Columns of its one row.
    consent : dict of str to str
        What the reader agreed to; ``withdrawn_utc`` is empty while it holds.
    """

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._connection = db
        self._connection.row_factory = sqlite3.Row
        self.about = dict(self._one("SELECT * FROM recording"))
        row = self._one(f"SELECT {', '.join(_CONSENT)} FROM consent WHERE consent_id = ?", self.about["consent_id"])
        self.consent = {name: "" if row[name] is None else str(row[name]) for name in _CONSENT}
        if (self.about["layout"], self.about["layout_sha256"]) != (SAMPLE_LAYOUT, LAYOUT_SHA256):
            layout = self.about["layout"]
            raise UnreadableInput(path, f"its samples have the layout {layout}, this program knows {SAMPLE_LAYOUT}")

    @property
    def counts(self) -> dict[str, int]:
        """What the agent counted: samples received, written, dropped, missing and so on."""
        counts: dict[str, int] = json.loads(self.about["counts"])
        return counts

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Rows of a table in the order in which they were written."""
        query = f"SELECT {_ROWS[table]} FROM {table} ORDER BY rowid"
        return [tuple(row) for row in self._connection.execute(query)]

    def chunks(self, after_seq: int = -1, crc: int = 0) -> Iterator[Chunk]:
        """Give the blocks of samples that follow one, each checked.

        Raises
        ------
        UnreadableInput
            At the first one that is missing, changed or in another's place.
        """
        query = "SELECT seq, segment, first_device_us, n, crc, data FROM gaze_chunk WHERE seq > ? ORDER BY seq"
        for expected, row in enumerate(self._connection.execute(query, (after_seq,)), start=after_seq + 1):
            chunk = Chunk(*row)
            if chunk.seq != expected:
                raise UnreadableInput(self.path, f"block {expected} of its samples is missing")
            crc = zlib.crc32(chunk.data, crc)
            if crc != chunk.crc or len(chunk.data) != chunk.n * SAMPLE_DTYPE.itemsize:
                raise UnreadableInput(self.path, f"block {expected} of its samples is not what was written")
            yield chunk

    def _one(self, query: str, *values: Any) -> sqlite3.Row:
        row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        if row is None:
            raise UnreadableInput(self.path, "it holds no recording with its consent")
        return row


def reader_of_spool(path: Path) -> str:
    """Give the pseudonym of the reader that a recording is of, whatever its state or version.

    Raises
    ------
    UnreadableInput
        If it does not say.
    """
    try:
        with closing(sqlite3.connect(f"file:{urllib.parse.quote(str(path.absolute()))}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT reader_pseudonym FROM recording JOIN consent USING (consent_id)").fetchone()
    except sqlite3.DatabaseError as error:
        raise UnreadableInput(path, f"it cannot be read as a recording ({error})") from error
    if row is None:
        raise UnreadableInput(path, "it holds no recording with its consent")
    return str(row[0])


def scrub_spool(path: Path) -> None:
    """Empty a recording and mark its consent as withdrawn, so that no byte of it stays and no agent writes on.

    Raises
    ------
    StorageFailed
        If the disk refuses, or another program keeps it busy.
    """
    when = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    try:
        with closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete = ON")
            db.execute("BEGIN IMMEDIATE")
            for table in (*(name for name in _ROWS if name != "segment"), "gaze_chunk", "segment"):
                db.execute(f"DELETE FROM {table}")
            db.execute("UPDATE consent SET withdrawn_utc = ? WHERE withdrawn_utc IS NULL", (when,))
            db.execute("UPDATE recording SET state = 'withdrawn', ended = '', counts = '{}'")
            db.execute("COMMIT")
        connection.scrub(path)
    except sqlite3.DatabaseError as error:
        raise StorageFailed(f"{path}: {error}") from error
    path.with_suffix(".beat").unlink(missing_ok=True)


@contextmanager
def open_spool(path: Path) -> Iterator[SpoolFile]:
    """Open a recording to read; the file stays as it is.

    Raises
    ------
    UnreadableInput
        If it is none, of another version, or damaged, also while it is read in the block.
    """
    if not path.is_file():
        raise UnreadableInput(path, "there is no such recording")
    # Without a log beside it nobody is writing; opened as unchanging, not even a lock file is left beside it.
    is_at_rest = not path.with_name(path.name + "-wal").exists()
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode=ro{'&immutable=1' if is_at_rest else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5.0)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA_VERSION:
                raise UnreadableInput(path, f"it is not a recording of this version ({version}, not {SCHEMA_VERSION})")
            sound = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if sound != "ok":
                raise UnreadableInput(path, f"the file is damaged ({sound})")
            yield SpoolFile(path, db)
    except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
        raise UnreadableInput(path, f"it cannot be read as a recording ({error})") from error
