from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from workspaces import add_study, bring_to, make_draft

from db import accounts, addenda, check, drafts, readings, reports
from db.database import open_workspace
from db.schema import MIGRATIONS_DIR, migrate
from db.sqlite import triggers
from db.sqlite.connection import make_engine
from db.tables import SCHEMA_REVISION, metadata
from db.texts import text_sha256
from gaze2report.errors import StorageFailed


def all_revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def contents(database: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(database)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


@pytest.fixture
def populated(folder, tmp_path) -> Path:
    with open_workspace(folder) as workspace:
        for status in ("unread", "in-progress", "draft", "preliminary", "final"):
            uid = add_study(workspace, tmp_path, f"1.{len(status)}{ord(status[0])}", patient_id=status)
            bring_to(workspace, uid, status)
            drafts.add(workspace, None, uid, make_draft(uid))
    return folder


def test_the_newest_migration_is_the_one_the_program_expects():
    assert all_revisions()[-1] == SCHEMA_REVISION
    assert all_revisions() == sorted(all_revisions()), "revisions are compared as text to tell older from newer"


def test_the_migrations_make_exactly_the_tables_the_program_uses(folder):
    engine = make_engine(folder / "workspace.db")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        inspector = sqlalchemy.inspect(connection)
        for table in metadata.tables.values():
            found = {check["name"] for check in inspector.get_check_constraints(table.name)}
            assert found == {
                str(check.name) for check in table.constraints if isinstance(check, sqlalchemy.CheckConstraint)
            }
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize("revision", all_revisions())
def test_a_populated_database_keeps_every_row_down_to_a_revision_and_up_again(populated, revision):
    database = populated / "workspace.db"
    before = contents(database)
    migrate(database, revision)
    migrate(database)
    assert contents(database) == before
    with open_workspace(populated) as workspace:
        assert check.check(workspace).problems == ()


@pytest.mark.parametrize("newer", ["addended", "corrected", "an account", "a begun addendum"])
def test_a_database_does_not_go_down_to_a_schema_that_cannot_hold_it(populated, tmp_path, newer):
    with open_workspace(populated) as workspace:
        if newer == "an account":
            accounts.add(workspace, "Anna", "long enough", "admin", actor="test")
        elif newer == "a begun addendum":
            addenda.keep(workspace, "1.5102", "reader", "More")
        else:
            bring_to(workspace, add_study(workspace, tmp_path, "1.9"), newer)
    before = contents(populated / "workspace.db")
    with pytest.raises(StorageFailed, match="cannot hold"):
        migrate(populated / "workspace.db", "0003")
    assert contents(populated / "workspace.db") == before


def test_a_populated_database_goes_down_to_nothing_and_up_again(populated):
    database = populated / "workspace.db"
    migrate(database, "base")
    assert set(contents(database)) <= {"alembic_version"}
    shutil.rmtree(populated / "objects")
    migrate(database)
    with open_workspace(populated) as workspace:
        assert check.check(workspace) == check.CheckResult((), ())


def test_a_migration_that_fails_changes_nothing(populated, monkeypatch):
    database = populated / "workspace.db"
    migrate(database, "0001")
    before = contents(database)
    monkeypatch.setattr(triggers, "REVISION_0002", [*triggers.REVISION_0002, ("bad", "CREATE TRIGGER bad nonsense")])
    with pytest.raises(sqlalchemy.exc.OperationalError, match="nonsense"):
        migrate(database)
    monkeypatch.undo()
    assert contents(database) == before
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)
    migrate(database)


def test_the_text_of_an_older_release_is_there_after_the_migration(populated, sql):
    migrate(populated / "workspace.db", "0001")
    sql("UPDATE reading SET findings = 'typed in the older release'")
    with open_workspace(populated) as workspace:
        assert readings.open_reading(workspace, "1.11105", "reader").work.findings == "typed in the older release"


def test_a_report_signed_in_an_older_release_has_its_text_and_its_hash_after_the_migration(populated):
    migrate(populated / "workspace.db", "0002")
    with open_workspace(populated) as workspace:
        version = reports.of_study(workspace, "1.5102")[-1]
        assert version.text_sha256 == text_sha256(version.text)
        assert (version.text.technique, version.text.communications) == ("", ())
        assert readings.open_reading(workspace, "1.5100", "reader").mode == "ai-first"
