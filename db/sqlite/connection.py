"""Connections to an SQLite file: settings, transactions, copies, and what its error codes mean."""

from __future__ import annotations

import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from db.errors import WorkspaceDamaged
from gaze2report.errors import StorageFailed

BUSY_TIMEOUT_MS = 5000
SYNCHRONOUS = "FULL"  # a commit is on the disk when it returns, also when the power fails next
WRITES = "gaze2report_writes"  # execution option of a connection that will write

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_STORAGE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: "the disk reports a read or write error",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "there is no permission",
    sqlite3.SQLITE_BUSY: "another program keeps it busy",
    sqlite3.SQLITE_LOCKED: "another program keeps it busy",
}


def make_engine(path: Path, *, foreign_keys: bool = True) -> Engine:
    """Make an engine whose connections are durable (WAL, synchronous FULL) and check foreign keys.

    ``foreign_keys=False`` is for migrations, which rebuild tables and check the keys themselves at the end.
    """
    # mode=rw: a missing file is an error, never a new empty database.
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        # SQLAlchemy, not the sqlite3 module, begins transactions: else DDL would run outside of them.
        connection.isolation_level = None
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
            cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten: a withdrawal relies on it

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer asks for the lock at once: one that reads first and then finds another writer could only give up.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def create_file(path: Path) -> None:
    """Make an empty database file; its folder must exist."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use, consistently, into a new file (SQLite's online backup).

    Raises
    ------
    StorageFailed
        If the copy cannot be written. No partial file stays.
    """
    aside = target.with_name(target.name + ".part")
    try:
        with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(aside)) as writer:
            reader.backup(writer)
        aside.replace(target)
    except (sqlite3.Error, OSError) as error:
        aside.unlink(missing_ok=True)
        raise StorageFailed(f"the database could not be copied to {target}: {error}") from error


def scrub(path: Path) -> None:
    """Write a database anew and empty its log, so that nothing of what was deleted stays in either.

    Raises
    ------
    StorageFailed
        If another program is reading it, or there is no room for the new copy.
    """
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                row = connection.execute(statement).fetchone()
                if row is not None and row[0]:
                    raise StorageFailed(f"{path}: another program is reading it")
    except sqlite3.Error as error:
        raise StorageFailed(f"{path}: it could not be written anew ({error})") from error


def has_table(connection: Connection, name: str) -> bool:
    """Say whether a database has a table."""
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.first() is not None


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's reports about the disk into sentences; anything else passes through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:  # the second while a connection is being set up
        known = _translate(path, error.orig if isinstance(error, DBAPIError) else error)
        if known is None:
            raise
        raise known from error


def _translate(path: Path, error: BaseException | None) -> StorageFailed | WorkspaceDamaged | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        if "Could not decode to UTF-8" in str(error):  # raised by the sqlite3 module, which gives it no code
            return WorkspaceDamaged(path, "a text in it is not UTF-8")
        return None
    primary = code & 0xFF
    if primary in _DAMAGED:
        return WorkspaceDamaged(path, str(error))
    if primary in _STORAGE:
        return StorageFailed(f"{path}: {_STORAGE[primary]}; nothing was changed ({error})")
    return None


def integrity_problems(connection: Connection) -> list[str]:
    """Run SQLite's own checks of the file and of the foreign keys; empty when all is well."""
    problems = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    return problems + foreign_key_problems(connection)


def trigger_problems(connection: Connection, expected: list[tuple[str, str]]) -> list[str]:
    """Name each trigger that is missing or reads otherwise than it should."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = {str(name): str(sql) for name, sql in rows}
    return [f"the rule {name} is missing or was changed" for name, sql in expected if found.get(name) != sql]


def foreign_key_problems(connection: Connection) -> list[str]:
    """Name each row that refers to a missing row."""
    return [
        f"row {row[1]} of table {row[0]} refers to a missing row of {row[2]}"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]
