"""The worklist of a large department: 10 000 studies listed within 150 ms, opened within 1 s."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import insert
from workspaces import StandInIntake, write_image

from db import readings, studies, tables
from db.database import create_workspace, open_workspace
from db.records import TextSpan, WorkingText

pytestmark = pytest.mark.benchmark
STUDIES = 10_000


@pytest.fixture(scope="module")
def large_workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "workspace"
    with create_workspace(folder) as workspace, workspace.writing() as connection:
        connection.execute(
            insert(tables.patient),
            [
                {"id": n, "identity": str(n), "patient_id": f"P{n}", "name": f"Name^{n}", "birth_date": "", "sex": "F"}
                for n in range(STUDIES // 2)
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
                    "ai_status": "",
                    "ai_detail": "",
                    "modalities": "DX",
                    "views": "LL/PA",
                    "instance_count": 2,
                    "imported_at_utc": "",
                }
                for n in range(STUDIES)
            ],
        )
        connection.execute(
            insert(tables.series),
            [
                {"id": n, "study_id": n, "series_uid": f"1.3.{n}", "modality": "DX", "description": ""}
                for n in range(STUDIES)
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
                for n in range(2 * STUDIES)
            ],
        )
    with open_workspace(folder) as workspace:
        yield workspace


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
