from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from workspaces import add_study

from db import objects
from db.database import Workspace, create_workspace, open_workspace
from db.sqlite import connection


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits return before they are on the disk; what survives a fault is proved in tests/integration."""
    monkeypatch.setattr(connection, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(objects, "flush_folder", lambda folder: None)


@pytest.fixture(scope="session")
def empty_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made once; tests copy it."""
    folder = tmp_path_factory.mktemp("template") / "workspace"
    create_workspace(folder).close()
    return folder


@pytest.fixture
def folder(empty_template: Path, tmp_path: Path) -> Path:
    """The folder of a closed, empty workspace."""
    return shutil.copytree(empty_template, tmp_path / "workspace")


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    """An open, empty workspace."""
    with open_workspace(folder) as opened:
        yield opened


@pytest.fixture
def study(workspace: Workspace, tmp_path: Path) -> str:
    """The UID of an unread study of the workspace."""
    return add_study(workspace, tmp_path, patient_id="P1", patient_name="Doe^Jane", indication="Cough.")


@pytest.fixture
def sql(folder: Path) -> Callable[..., list[Any]]:
    """Runs raw SQL as another program would, without the settings of ours."""

    def run(statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(folder / "workspace.db")) as raw, raw:
            raw.execute("PRAGMA synchronous = OFF")
            return raw.execute(statement, values).fetchall()

    return run
