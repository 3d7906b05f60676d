from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from db import audit, check
from db.database import create_workspace, default_workspace_dir, open_workspace
from db.errors import (
    WorkspaceDamaged,
    WorkspaceExists,
    WorkspaceInUse,
    WorkspaceMissing,
    WorkspaceTooNew,
    WorkspaceTooOld,
)
from db.schema import migrate
from db.sqlite import connection as connection_settings
from gaze2report.errors import StorageFailed


def test_a_new_workspace_has_its_folders_and_is_whole(tmp_path):
    with create_workspace(tmp_path / "a b%20?#é" / "w") as workspace:
        assert workspace.database_path.is_file()
        for folder in ("objects", "recordings", "adapters", "exports", "logs", "backups"):
            assert (workspace.folder / folder).is_dir()
        assert check.check(workspace) == check.CheckResult((), ())
        assert [event.action for event in audit.events(workspace)] == ["workspace created"]


def test_a_workspace_is_never_made_over_another(folder):
    before = (folder / "workspace.db").read_bytes()
    with pytest.raises(WorkspaceExists):
        create_workspace(folder)
    assert (folder / "workspace.db").read_bytes() == before


def test_what_an_interrupted_creation_left_does_not_matter(tmp_path):
    (tmp_path / "workspace.db.new").write_bytes(b"half")
    (tmp_path / "workspace.db.new-wal").write_bytes(b"half")
    with create_workspace(tmp_path) as workspace:
        assert check.check(workspace).problems == ()
    assert not list(tmp_path.glob("workspace.db.new*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_only_the_user_may_look_into_a_new_workspace(tmp_path):
    create_workspace(tmp_path / "new").close()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_workstation_removes_what_imports_left_over_a_day_ago(folder):
    (folder / "objects" / ".incoming").mkdir()
    old, young = (folder / "objects" / ".incoming" / name for name in ("old", "young"))
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (0, 0))
    open_workspace(folder).close()
    assert old.exists()
    open_workspace(folder, exclusive=True).close()
    assert not old.exists()
    assert young.exists()


def test_a_folder_without_a_workspace_is_named(tmp_path):
    with pytest.raises(WorkspaceMissing, match="holds no workspace"):
        open_workspace(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_second_workstation_gets_a_sentence_that_names_the_first(folder):
    with open_workspace(folder, exclusive=True):
        with pytest.raises(WorkspaceInUse, match=f"process {os.getpid()}"):
            open_workspace(folder, exclusive=True)
        open_workspace(folder).close()  # commands may work beside it
    open_workspace(folder, exclusive=True).close()


def test_the_lock_of_a_killed_workstation_is_gone(folder):
    code = f"import db.database, os; db.database.open_workspace({str(folder)!r}, exclusive=True); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False, timeout=100)
    open_workspace(folder, exclusive=True).close()


def test_a_workspace_of_a_newer_release_is_left_alone(folder, sql):
    sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WorkspaceTooNew, match=r"schema is 9999.* knows up to"):
        open_workspace(folder)
    assert sql("SELECT version_num FROM alembic_version") == [("9999",)]


def test_an_older_schema_is_copied_aside_and_migrated(folder):
    migrate(folder / "workspace.db", "0001")
    with pytest.raises(WorkspaceTooOld, match="schema 0001"):
        open_workspace(folder, migrate=False)
    assert not list((folder / "backups").iterdir())
    with open_workspace(folder) as workspace:
        assert check.check(workspace).problems == ()
    (backup,) = (folder / "backups").iterdir()
    assert backup.name.startswith("workspace-schema-0001-")
    backup.replace(folder / "workspace.db")
    with pytest.raises(WorkspaceTooOld, match="schema 0001"):  # the copy is the database as it was
        open_workspace(folder, migrate=False)


def test_no_other_program_migrates_under_a_workstation(folder):
    with open_workspace(folder, exclusive=True):
        migrate(folder / "workspace.db", "0001")
        with pytest.raises(WorkspaceInUse):
            open_workspace(folder)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_database_of_ours_is_a_sentence(folder, content):
    (folder / "workspace.db").write_bytes(content)
    with pytest.raises(WorkspaceDamaged, match="cannot be read as a workspace database"):
        open_workspace(folder)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="cannot be made"):
        create_workspace(tmp_path / "file" / "workspace")


def test_nothing_of_a_failed_transaction_stays(workspace):
    class Stop(BaseException):
        pass

    def add_a_patient_and_stop() -> None:
        with workspace.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO patient (identity, patient_id, name, birth_date, sex) VALUES ('i', 'p', 'n', '', '')"
            )
            raise Stop

    with pytest.raises(Stop):
        add_a_patient_and_stop()
    with workspace.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM patient").scalar() == 0


def test_a_database_kept_busy_is_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(connection_settings, "BUSY_TIMEOUT_MS", 1)
    with (
        open_workspace(folder) as workspace,
        workspace.writing(),
        pytest.raises(StorageFailed, match="another program keeps it busy"),
    ):
        audit.record(workspace, "reader", "view")


def test_the_default_place_is_the_data_folder_of_the_user():
    assert default_workspace_dir().parts[-2:] == ("gaze2report", "workspace")
    assert default_workspace_dir().is_relative_to(Path(os.environ["XDG_DATA_HOME"]))
