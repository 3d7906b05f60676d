"""A database of every released schema opens in this release with all it held.

A file is made once, by the release it is of, and never again. Each holds the studies 1.0 to 1.5, one in every status
in order of life, with one draft each, and the live adapter "embedded".
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from workspaces import TEXT, make_draft

from db import adapters, audit, check, drafts, readings, reports, studies
from db.database import open_workspace
from db.records import TextSpan
from db.schema import migrate

STATUSES_OF_THE_FIRST = ("unread", "in-progress", "draft", "preliminary", "final", "addended")
DATABASES = sorted((Path(__file__).parents[2] / "data" / "databases").glob("*.db"))


@pytest.mark.parametrize("released", DATABASES, ids=lambda path: path.stem)
def test_a_released_database_opens_with_all_it_held(released, tmp_path):
    shutil.copy(released, tmp_path / "workspace.db")
    with open_workspace(tmp_path) as workspace:
        status_of = {entry.study_uid: entry.status for entry in studies.worklist(workspace)}
        assert status_of == {f"1.{number}": status for number, status in enumerate(STATUSES_OF_THE_FIRST)}
        for number, uid in enumerate(sorted(status_of)):
            assert [one.draft for one in drafts.of_study(workspace, uid)] == [make_draft(uid, seed=2**40 + number)]
            (instance,) = studies.get(workspace, uid).instances
            assert (instance.header.view_position, instance.header.pixel_spacing_mm) == ("PA", (0.14, 0.15))
        assert [version.kind for version in reports.of_study(workspace, "1.5")] == ["preliminary", "final", "addendum"]
        assert readings.open_reading(workspace, "1.2", "anna").work == replace(
            TEXT, spans=(TextSpan("findings", 0, 16, "ai"),)
        )
        live = adapters.live(workspace)
        assert live is not None
        assert (live.name, live.metrics) == ("embedded", {"f1": 0.5})
        assert [entry.ai_priority for entry in studies.worklist(workspace)] == [0] * 6  # ranked by the drafts it held
        assert audit.verify(workspace) == []
        # The films themselves are not kept with the tests.
        problems = check.check(workspace).problems
        assert len(problems) == 6
        assert all("is missing" in problem for problem in problems)


@pytest.mark.parametrize("released", DATABASES, ids=lambda path: path.stem)
def test_a_released_database_goes_up_and_down_and_up_again_with_every_row(released, tmp_path):
    database = tmp_path / "workspace.db"
    shutil.copy(released, database)
    with closing(sqlite3.connect(database)) as raw:
        revision = raw.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    before = rows_of(database)
    migrate(database)
    migrated = rows_of(database)
    migrate(database, revision)
    assert rows_of(database) == before
    migrate(database)
    assert rows_of(database) == migrated


def rows_of(database: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(database)) as raw:
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: raw.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def test_there_is_a_database_of_every_release():
    assert [path.stem for path in DATABASES] == ["v1"]
