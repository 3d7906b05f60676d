"""The worklist of a large department: 10 000 and 100 000 studies listed, filtered and sorted, opened within 1 s."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from sqlalchemy import insert
from workspaces import StandInIntake, write_image

from db import readings, studies, tables
from db.database import create_workspace, open_workspace
from db.records import TextSpan, WorkingText
from desktop.worklist.columns import COLUMNS
from desktop.worklist.study_filter import StudyFilter
from desktop.worklist.study_index import StudyIndex

pytestmark = pytest.mark.benchmark
STUDIES = 10_000
MANY_STUDIES = 100_000


@pytest.fixture(scope="module")
def large_workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "workspace"
    fill(folder, STUDIES)
    with open_workspace(folder) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def huge_workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("huge") / "workspace"
    fill(folder, MANY_STUDIES)
    with open_workspace(folder) as workspace:
        yield workspace


def fill(folder, count):
    with create_workspace(folder) as workspace, workspace.writing() as connection:
        connection.execute(
            insert(tables.patient),
            [
                {"id": n, "identity": str(n), "patient_id": f"P{n}", "name": f"Name^{n}", "birth_date": "", "sex": "F"}
                for n in range(count // 2)
            ],
        )
        connection.execute(
            insert(tables.study),
            [
                {
                    "id": n,
                    "study_uid": f"1.2.826.0.1.3680043.{n}",
                    "patient_id": n // 2,
                    "age_years": 60.0,
                    "study_date": f"20{n % 25:02}{n % 12 + 1:02}{n % 28 + 1:02}",
                    "study_time": f"{n % 24:02}1500",
                    "accession_number": f"A{n}",
                    "description": "Chest PA and lateral",
                    "indication": "Cough.",
                    "status": "unread",
                    "ai_priority": (None, 0, 3, 7)[n % 4],
                    "ai_priority_reason": ("", "", "Atelectasis 0.61", "Pneumothorax 0.83")[n % 4],
                    "assigned_to": "Ada" if n % 9 == 0 else "",
                    "ai_status": "",
                    "ai_detail": "",
                    "modalities": "DX",
                    "views": "LL/PA",
                    "instance_count": 2,
                    "imported_at_utc": f"2026-01-{n % 28 + 1:02}T{n % 24:02}:15:00.000000Z",
                }
                for n in range(count)
            ],
        )
        connection.execute(
            insert(tables.series),
            [
                {"id": n, "study_id": n, "series_uid": f"1.3.{n}", "modality": "DX", "description": ""}
                for n in range(count)
            ],
        )
        connection.execute(
            insert(tables.instance),
            [
                {
                    "series_id": n // 2,
                    "instance_uid": f"1.4.{n}",
                    "sha256": "0" * 64,
                    "object_name": f"{n}.dcm",
                    "size_bytes": 1,
                    "view_position": ("PA", "LL")[n % 2],
                    "header_json": '{"study_uid": "1", "series_uid": "2", "instance_uid": "3"}',
                    "imported_at_utc": "",
                }
                for n in range(2 * count)
            ],
        )


def milliseconds_of(act, repeats):
    """Give sorted wall times and sorted times of this thread on a core, which other programs lengthen less."""
    walls_ms, cores_ms = [], []
    for number in range(repeats):
        wall_s, core_s = time.perf_counter(), time.thread_time()
        act(number)
        walls_ms.append(1e3 * (time.perf_counter() - wall_s))
        cores_ms.append(1e3 * (time.thread_time() - core_s))
    return sorted(walls_ms), sorted(cores_ms)


def described(what, walls_ms, cores_ms):
    middle, late = len(walls_ms) // 2, int(len(walls_ms) * 0.95)
    return (
        f"\n{what}: median {walls_ms[middle]:.2f} ms, best {walls_ms[0]:.2f} ms, p95 {walls_ms[late]:.2f} ms;"
        f" on a core: median {cores_ms[middle]:.2f} ms, best {cores_ms[0]:.2f} ms"
    )


def test_ten_thousand_studies_are_listed_within_150_ms(large_workspace):
    walls_ms, cores_ms = milliseconds_of(lambda _: studies.worklist(large_workspace), 25)
    print(described(f"worklist of {STUDIES} studies", walls_ms, cores_ms))
    assert len(studies.worklist(large_workspace)) == STUDIES
    assert cores_ms[0] <= 150


def test_a_hundred_thousand_studies_are_listed_at_the_pace_of_ten_thousand(large_workspace, huge_workspace):
    _, small_ms = milliseconds_of(lambda _: studies.worklist(large_workspace), 5)
    walls_ms, cores_ms = milliseconds_of(lambda _: studies.worklist(huge_workspace), 5)
    print(described(f"worklist of {MANY_STUDIES} studies", walls_ms, cores_ms))
    assert cores_ms[0] <= 10 * small_ms[0] * 2.5  # sorting and the garbage collector grow faster than the list


TODAY = dt.date(2026, 1, 15)
FILTERS = (
    StudyFilter(),
    StudyFilter(words="name^77"),
    StudyFilter(words="pneumothorax chest 2015"),
    StudyFilter(words="nothing like it"),
    StudyFilter(statuses=("unread",), days=7, is_mine=True),
    StudyFilter(statuses=("unread", "draft"), is_raised=True),
)


@pytest.mark.parametrize("which", ["large_workspace", "huge_workspace"])
def test_every_column_is_sorted_and_every_filter_applied_within_150_ms_for_ten_thousand(which, request):
    entries = studies.worklist(request.getfixturevalue(which))
    built_ms, _ = milliseconds_of(lambda _: StudyIndex(entries), 3)
    index = StudyIndex(entries)
    again_ms, _ = milliseconds_of(lambda _: StudyIndex(entries, index), 3)
    print(f"\nindex of {len(entries)} studies made in {built_ms[0]:.0f} ms, again in {again_ms[0]:.0f} ms")
    first_ms = {}
    for number, column in enumerate(COLUMNS):
        fresh = StudyIndex(entries, index)
        _, cores_ms = milliseconds_of(lambda _, one=fresh, n=number: sort_and_filter(one, n, FILTERS[0]), 1)
        first_ms[column.title] = cores_ms[0]
    slowest = max(first_ms, key=first_ms.get)
    print(f"first sort by a column: slowest {slowest} {first_ms[slowest]:.0f} ms on a core")
    walls_ms, cores_ms = milliseconds_of(
        lambda n: sort_and_filter(index, n % len(COLUMNS), FILTERS[n % len(FILTERS)]), 3 * len(COLUMNS) * len(FILTERS)
    )
    print(described(f"filter in a column's order, {len(entries)} studies", walls_ms, cores_ms))
    if len(entries) == STUDIES:
        assert first_ms[slowest] <= 150
        assert cores_ms[int(len(cores_ms) * 0.95)] <= 150
    else:
        assert first_ms[slowest] <= 1500  # ten times as many
        assert cores_ms[len(cores_ms) // 2] <= 150


def sort_and_filter(index, column, wanted):
    return index.shown(wanted.predicate("Ada", TODAY), column, is_descending=True)


def test_a_workspace_of_ten_thousand_studies_opens_within_a_second(large_workspace):
    walls_ms, cores_ms = milliseconds_of(lambda _: open_workspace(large_workspace.folder).close(), 10)
    print(described("workspace opened", walls_ms, cores_ms))
    assert walls_ms[0] <= 1000


def test_a_study_of_ten_thousand_opens_within_10_ms(large_workspace):
    walls_ms, cores_ms = milliseconds_of(lambda n: studies.get(large_workspace, f"1.2.826.0.1.3680043.{n * 97}"), 50)
    print(described("one study", walls_ms, cores_ms))
    assert walls_ms[0] <= 10


def test_an_autosave_takes_5_ms_beside_the_disk(large_workspace):
    reading = readings.open_reading(large_workspace, "1.2.826.0.1.3680043.5", "reader")

    def save(number):
        text = WorkingText("Cough.", "x" * 2000 + str(number), "y" * 500, (TextSpan("findings", 0, 2000, "ai"),))
        readings.autosave(large_workspace, reading.id, text)

    walls_ms, cores_ms = milliseconds_of(save, 200)
    print(described("autosave, the wait for the disk included", walls_ms, cores_ms))
    assert cores_ms[len(cores_ms) // 2] <= 5


def test_several_files_are_imported_in_a_second(tmp_path):
    with create_workspace(tmp_path / "workspace") as workspace:
        films = [
            write_image(tmp_path / "in" / str(number), study_uid=f"1.{number}", pixels=bytes([number]) * 8_000_000)
            for number in range(20)
        ]
        walls_ms, cores_ms = milliseconds_of(
            lambda number: studies.import_file(workspace, StandInIntake(), films[number]), len(films)
        )
    print(described("import of a film of 8 MB, without its header", walls_ms, cores_ms))
    assert walls_ms[0] <= 330
