"""Which schema a database has, and how it gets to another one."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection

from db.sqlite import connection as sqlite
from db.tables import SCHEMA_REVISION
from gaze2report.errors import StorageFailed

MIGRATIONS_DIR = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """Give the revision of a database, ``"0000"`` for one taken down to nothing, None when it is not one of ours."""
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return str(found) if found is not None else "0000"


def migrate(database: Path, revision: str = SCHEMA_REVISION) -> None:
    """Take a database up or down to a revision, in one transaction: it gets there or stays as it was.

    Parameters
    ----------
    revision : str
        One of the migrations, or ``"base"`` for an empty database.

    Raises
    ------
    StorageFailed
        If the disk refuses, or rows would be left that refer to missing rows.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    engine = sqlite.make_engine(database, foreign_keys=False)
    try:
        with (
            sqlite.storage_errors(database),
            engine.connect().execution_options(**{sqlite.WRITES: True}) as connection,
            connection.begin(),
        ):
            config.attributes["connection"] = connection
            before = revision_of(connection) or "0000"
            is_down = revision == "base" or revision < before
            (command.downgrade if is_down else command.upgrade)(config, revision)
            problems = sqlite.foreign_key_problems(connection)
            if problems:
                raise StorageFailed(f"{database} was not migrated: {problems[0]}")
    finally:
        engine.dispose()
