"""The workspace: a folder with a database and the files it speaks of.

``workspace.db`` (the database), ``objects/`` (imported files by content hash), ``recordings/``, ``adapters/``,
``exports/``, ``logs/``, ``backups/`` (copies of the database made before a migration).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine

from db import audit_chain, objects, schema
from db.errors import WorkspaceDamaged, WorkspaceExists, WorkspaceMissing, WorkspaceTooNew, WorkspaceTooOld
from db.lock import WorkspaceLock
from db.sqlite import connection as sqlite
from db.tables import SCHEMA_REVISION
from gaze2report.errors import StorageFailed

DATABASE_NAME = "workspace.db"
SUBFOLDERS = ("objects", "recordings", "adapters", "exports", "logs", "backups")


class Workspace:
    """An open workspace. All functions of ``db`` take it first; may be used from several threads.

    Attributes
    ----------
    folder, database_path, objects_dir, recordings_dir, adapters_dir, exports_dir, logs_dir, backups_dir : Path
        Where things lie.
    """

    def __init__(self, folder: Path, engine: Engine, lock: WorkspaceLock | None) -> None:
        self.folder = folder
        self.database_path = folder / DATABASE_NAME
        self.objects_dir = folder / "objects"
        self.recordings_dir = folder / "recordings"
        self.adapters_dir = folder / "adapters"
        self.exports_dir = folder / "exports"
        self.logs_dir = folder / "logs"
        self.backups_dir = folder / "backups"
        self._engine = engine
        self._lock = lock

    def close(self) -> None:
        """Close the database and give the lock back; closing twice is harmless."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look at the database; nothing may be written."""
        with sqlite.storage_errors(self.database_path), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: kept as a whole when the block ends, undone as a whole when it raises."""
        with (
            sqlite.storage_errors(self.database_path),
            self._engine.connect().execution_options(**{sqlite.WRITES: True}) as connection,
            connection.begin(),
        ):
            yield connection


def default_workspace_dir() -> Path:
    """Where the workspace lies when nobody says: the user's data folder."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("gaze2report")) / "workspace"


def now_utc() -> str:
    """Give the time as the workspace writes it: UTC, ISO 8601, microseconds, ``Z``."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def create_workspace(folder: Path | str, *, exclusive: bool = False) -> Workspace:
    """Make a workspace in a folder and open it.

    The database is made aside and renamed at the end: a workspace is there as a whole or not at all.

    Raises
    ------
    WorkspaceExists
        If the folder holds one already.
    StorageFailed
        If the folder cannot be written.
    """
    folder = Path(folder)
    database = folder / DATABASE_NAME
    if database.exists():
        raise WorkspaceExists(folder)
    _make_subfolders(folder)
    aside = folder / f"{DATABASE_NAME}.new"
    with WorkspaceLock.held(folder, "making the workspace"):
        if database.exists():
            raise WorkspaceExists(folder)
        for leftover in folder.glob(f"{aside.name}*"):
            leftover.unlink()
        try:
            sqlite.create_file(aside)
            schema.migrate(aside)
            aside.rename(database)
        except OSError as error:
            raise StorageFailed(f"{folder}: the workspace could not be made ({error})") from error
    workspace = open_workspace(folder, exclusive=exclusive)
    with workspace.writing() as connection:
        audit_chain.append(connection, now_utc(), "system", "workspace created", "", {"schema": SCHEMA_REVISION})
    return workspace


def open_workspace(folder: Path | str, *, exclusive: bool = False, migrate: bool = True) -> Workspace:
    """Open a workspace; one of an older schema is copied to ``backups/`` and then migrated.

    Parameters
    ----------
    exclusive : bool
        True for the workstation, of which one at a time may run on a workspace. Commands need it only to migrate.
    migrate : bool
        False to leave an older schema alone and raise.

    Raises
    ------
    WorkspaceMissing, WorkspaceDamaged, WorkspaceTooNew, WorkspaceTooOld, WorkspaceInUse, StorageFailed
        With the workspace as it was.
    """
    folder = Path(folder)
    database = folder / DATABASE_NAME
    if not database.is_file():
        raise WorkspaceMissing(folder)
    lock = WorkspaceLock.take(folder, "workstation") if exclusive else None
    engine = sqlite.make_engine(database)
    try:
        if found := _older_schema(folder, engine):
            if not migrate:
                raise WorkspaceTooOld(folder, found, SCHEMA_REVISION)
            engine.dispose()
            with contextlib.nullcontext() if lock else WorkspaceLock.held(folder, "migrating"):
                _migrate_with_backup(folder)
        _make_subfolders(folder)
        if exclusive:
            objects.remove_leftovers(folder / "objects")
    except BaseException:
        engine.dispose()
        if lock is not None:
            lock.release()
        raise
    return Workspace(folder, engine, lock)


def _older_schema(folder: Path, engine: Engine) -> str | None:
    """Give the schema of the database if it is older than ours; raises if it is newer or none of ours."""
    database = folder / DATABASE_NAME
    with sqlite.storage_errors(database), engine.begin() as connection:
        found = schema.revision_of(connection)
    if found is None:
        raise WorkspaceDamaged(database, "it is a database of something else")
    if found > SCHEMA_REVISION:
        raise WorkspaceTooNew(folder, found, SCHEMA_REVISION)
    return found if found < SCHEMA_REVISION else None


def _migrate_with_backup(folder: Path) -> None:
    database = folder / DATABASE_NAME
    engine = sqlite.make_engine(database)
    try:
        found = _older_schema(folder, engine)  # again, now under the lock: another program may have been faster
    finally:
        engine.dispose()
    if found is None:
        return
    _make_subfolders(folder)
    stamp = now_utc().replace(":", "").replace(".", "-")
    sqlite.copy_database(database, folder / "backups" / f"workspace-schema-{found}-{stamp}.db")
    schema.migrate(database)


def _make_subfolders(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds names and films of patients
        for name in SUBFOLDERS:
            (folder / name).mkdir(exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"{folder}: the workspace folder cannot be made ({error})") from error
