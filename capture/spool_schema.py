"""Tables of a recording's file, and the rules that hold against every program that opens it.

One recording is one SQLite file. SQLite enforces foreign keys only where a connection asks for it, so the rule that
nothing is kept without consent is a trigger as well.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA_VERSION = 1
SUFFIX = ".gaze"

_TABLES = """
CREATE TABLE consent (
    consent_id TEXT PRIMARY KEY,
    reader_pseudonym TEXT NOT NULL CHECK (length(reader_pseudonym) >= 3),
    text_version TEXT NOT NULL CHECK (length(text_version) > 0),
    purpose TEXT NOT NULL CHECK (length(purpose) > 0),
    operator TEXT NOT NULL,
    given_utc TEXT NOT NULL,
    valid_until_utc TEXT NOT NULL,
    withdrawn_utc TEXT
);
CREATE TABLE recording (
    recording_id TEXT PRIMARY KEY,
    consent_id TEXT NOT NULL REFERENCES consent,
    state TEXT NOT NULL CHECK (state IN ('recording', 'stopped', 'recovered', 'failed', 'withdrawn')),
    source TEXT NOT NULL CHECK (source IN ('eye', 'simulation', 'replay', 'mouse')),
    tracker TEXT NOT NULL,
    frequency_hz REAL NOT NULL,
    display_area TEXT NOT NULL,
    layout TEXT NOT NULL,
    layout_sha256 TEXT NOT NULL,
    versions TEXT NOT NULL,
    started_us INTEGER NOT NULL,
    started_utc_us INTEGER NOT NULL,
    stored_us INTEGER NOT NULL,
    is_degraded INTEGER NOT NULL DEFAULT 0,
    counts TEXT NOT NULL,
    ended TEXT NOT NULL DEFAULT ''
);
CREATE TABLE segment (
    recording_id TEXT NOT NULL REFERENCES recording,
    segment INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    frequency_hz REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (recording_id, segment)
);
CREATE TABLE gaze_chunk (
    recording_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    first_device_us INTEGER NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0),
    crc INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (recording_id, seq),
    FOREIGN KEY (recording_id, segment) REFERENCES segment
);
CREATE TABLE time_sync (
    recording_id TEXT NOT NULL,
    segment INTEGER NOT NULL,
    request_us INTEGER NOT NULL,
    device_us INTEGER NOT NULL,
    response_us INTEGER NOT NULL,
    FOREIGN KEY (recording_id, segment) REFERENCES segment
);
CREATE TABLE utc_anchor (
    recording_id TEXT NOT NULL REFERENCES recording,
    system_us INTEGER NOT NULL,
    utc_us INTEGER NOT NULL
);
CREATE TABLE notification (
    recording_id TEXT NOT NULL REFERENCES recording,
    system_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE marker (
    recording_id TEXT NOT NULL REFERENCES recording,
    seq INTEGER NOT NULL,
    system_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (recording_id, seq)
);
CREATE TABLE view_log (
    recording_id TEXT NOT NULL REFERENCES recording,
    seq INTEGER NOT NULL,
    system_us INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (recording_id, seq)
);
"""

PERSONAL_TABLES = ("gaze_chunk", "time_sync", "utc_anchor", "notification", "marker", "view_log")
"""Tables that hold what a reader did; emptied when consent is withdrawn. Segments go with them."""

_CONSENT_RULE = """
CREATE TRIGGER {table}_needs_consent BEFORE INSERT ON {table}
WHEN NOT EXISTS (
    SELECT 1 FROM recording r JOIN consent c USING (consent_id)
    WHERE r.recording_id = NEW.recording_id AND c.withdrawn_utc IS NULL
)
BEGIN SELECT RAISE(ABORT, 'no consent: nothing is kept of this reader'); END;
"""

_RECORDING_RULE = """
CREATE TRIGGER recording_needs_consent BEFORE INSERT ON recording
WHEN NOT EXISTS (SELECT 1 FROM consent c WHERE c.consent_id = NEW.consent_id AND c.withdrawn_utc IS NULL)
BEGIN SELECT RAISE(ABORT, 'no consent: nothing is kept of this reader'); END;
CREATE TRIGGER consent_stays BEFORE DELETE ON consent
BEGIN SELECT RAISE(ABORT, 'a consent is withdrawn, never deleted'); END;
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables and rules in an empty file."""
    rules = "".join(_CONSENT_RULE.format(table=table) for table in PERSONAL_TABLES)
    connection.executescript(f"BEGIN;{_TABLES}{rules}{_RECORDING_RULE}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")


def connect(path: Path, busy_s: float = 5.0) -> sqlite3.Connection:
    """Open a recording's file for writing: WAL, foreign keys, what is deleted is overwritten."""
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
