"""The workspace when the process is killed at any moment, the disk fills up, or the files are real.

Here nothing is patched: commits wait for the disk as they do on a workstation.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from workspaces import STUDY_UID, TEXT, StandInIntake, add_study, bring_to, write_image

from db import check, readings, reports, studies
from db.__main__ import main
from db.database import Workspace, create_workspace, open_workspace
from db.records import TextSpan, WorkingText
from db.schema import migrate
from gaze2report.errors import StorageFailed
from gaze2report.imaging.intake import Intake

Acknowledge = Callable[[int], None]


def type_on(folder: Path, acknowledge: Acknowledge) -> None:
    with open_workspace(folder, exclusive=True) as workspace:
        reading = readings.open_reading(workspace, STUDY_UID, "anna")
        number = int(reading.work.impression or 0)
        while True:
            number += 1
            findings = f"{number} " * (number % 700)
            spans = (TextSpan("findings", 0, len(findings), "ai-edited"),)
            readings.autosave(workspace, reading.id, WorkingText("Cough.", findings, str(number), spans))
            acknowledge(number)


def import_all(folder: Path, source: Path, acknowledge: Acknowledge) -> None:
    with open_workspace(folder) as workspace:
        studies.import_paths(
            workspace, StandInIntake(), [source], progress=lambda done, _: acknowledge(done) if done > 1 else None
        )


def sign_all(folder: Path, first: int, acknowledge: Acknowledge) -> None:
    with open_workspace(folder) as workspace:
        for number in itertools.count(first):
            reading = readings.open_reading(workspace, f"1.{number}", "anna")
            acknowledge(-1)
            readings.autosave(workspace, reading.id, TEXT)
            reports.accept(workspace, reading.id, TEXT)
            reports.sign(workspace, reading.id, TEXT, signer="anna")
            acknowledge(number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_workspace(tmp_path / "workspace").close()
    return tmp_path / "workspace"


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    with open_workspace(folder) as opened:
        yield opened


def run_and_kill(act: Callable[[Acknowledge], None], after_s: float) -> list[int]:
    """Run an act in a process of its own, kill -9 it some time after its first acknowledgement, and give all of them.

    The process is forked, which starts it at once; the workspace must be closed here meanwhile.
    """
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    answers, pipe = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            act(lambda number: os.write(pipe, b"%d\n" % number) and None)
        finally:
            os._exit(1)
    os.close(pipe)
    with open(answers, encoding="ascii") as lines:
        first = lines.readline()
        time.sleep(after_s)
        os.kill(process, signal.SIGKILL)
        acknowledged = [first, *lines.readlines()]
    status = os.waitpid(process, 0)[1]
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the act ended by itself"
    return [int(line) for line in acknowledged]


def kill_while_typing(folder: Path, times: int) -> None:
    moments = random.Random(20)
    for _ in range(times):
        acknowledged = run_and_kill(partial(type_on, folder), moments.uniform(0, 0.15))[-1]
        with open_workspace(folder, exclusive=True) as workspace:
            work = readings.open_reading(workspace, STUDY_UID, "anna").work
            number = int(work.impression)
            assert number in (acknowledged, acknowledged + 1)  # saved, and at most not yet acknowledged
            assert work.findings == f"{number} " * (number % 700)
            assert work.spans == (TextSpan("findings", 0, len(work.findings), "ai-edited"),)
            assert check.check(workspace) == check.CheckResult((), ())
    assert main(["check", "--workspace", str(folder)]) == 0


def test_text_that_was_saved_is_there_after_kill_9_at_any_moment(folder, workspace, tmp_path):
    add_study(workspace, tmp_path)
    workspace.close()
    kill_while_typing(folder, 20)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_text_that_was_saved_is_there_after_kill_9_at_200_moments(folder, workspace, tmp_path):
    add_study(workspace, tmp_path)
    workspace.close()
    kill_while_typing(folder, 200)


def test_an_import_killed_at_any_moment_leaves_whole_images_and_goes_on(folder, tmp_path):
    for number in range(300):
        write_image(tmp_path / "in" / str(number), study_uid=f"1.{number}", pixels=bytes([number % 256]) * 300_000)
    moments = random.Random(21)
    for _ in range(4):
        run_and_kill(partial(import_all, folder, tmp_path / "in"), moments.uniform(0, 0.3))
        with open_workspace(folder) as workspace:
            assert check.check(workspace).problems == ()
    with open_workspace(folder) as workspace:
        before = len(studies.worklist(workspace))
        assert before > 0
        few = [tmp_path / "in" / str(number) for number in range(0, 300, 10)]
        summary = studies.import_paths(workspace, StandInIntake(), few)
        assert summary.failures == ()
        assert len(studies.worklist(workspace)) == before + len(summary.imported)
        assert check.check(workspace).problems == ()


def test_signing_killed_at_any_moment_leaves_no_half_state(folder, workspace, tmp_path):
    for number in range(40):
        add_study(workspace, tmp_path, f"1.{number}")
    workspace.close()
    moments = random.Random(22)
    start = 0
    for _ in range(4):
        signed = run_and_kill(partial(sign_all, folder, start), moments.uniform(0, 0.15))
        with open_workspace(folder) as workspace:
            assert check.check(workspace) == check.CheckResult((), ())
            status_of = {entry.study_uid: entry.status for entry in studies.worklist(workspace)}
            assert all(status_of[f"1.{number}"] == "final" for number in signed if number >= 0)
        while status_of[f"1.{start}"] == "final":
            start += 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 3 MB, where this user may mount one."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let tests mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_refuses_with_a_sentence_and_loses_nothing(small_disk, tmp_path):
    with create_workspace(small_disk / "workspace") as workspace:
        add_study(workspace, tmp_path)
        reading = readings.open_reading(workspace, STUDY_UID, "anna")
        readings.autosave(workspace, reading.id, TEXT)
        large = write_image(tmp_path / "large", study_uid="7.7", pixels=b"\1" * 4_000_000)
        with pytest.raises(StorageFailed, match="No space left on device"):
            studies.import_file(workspace, StandInIntake(), large)
        assert check.check(workspace) == check.CheckResult((), ())

        filler = fill(small_disk)
        saved = TEXT
        for number in itertools.count():  # the log of SQLite has room for some more texts
            text = WorkingText(findings=f"{number} " * 3000, impression="Typed on.")
            try:
                readings.autosave(workspace, reading.id, text)
            except StorageFailed as error:
                assert "disk" in str(error)  # noqa: PT017
                break
            saved = text
        with pytest.raises(StorageFailed):
            reports.sign(workspace, reading.id, WorkingText("", "long " * 20000, "Signed."), signer="anna")
        assert readings_text(workspace) == saved
        filler.unlink()
        readings.autosave(workspace, reading.id, TEXT)
        assert reports.sign(workspace, reading.id, TEXT, signer="anna").kind == "final"
        assert check.check(workspace) == check.CheckResult((), ())


def readings_text(workspace: Workspace) -> WorkingText:
    with workspace.reading() as connection:
        row = connection.exec_driver_sql("SELECT indication, findings, impression FROM reading").one()
    return WorkingText(*row, spans=TEXT.spans if row.findings == TEXT.findings else ())


def test_a_workspace_on_a_full_disk_opens_or_says_why(small_disk, tmp_path):
    with create_workspace(small_disk / "workspace") as workspace:
        add_study(workspace, tmp_path)
    fill(small_disk)
    try:
        with open_workspace(small_disk / "workspace") as workspace:
            assert len(studies.worklist(workspace)) == 1
    except StorageFailed as error:
        assert "disk" in str(error) or "cannot be opened" in str(error)  # noqa: PT017


def test_a_migration_without_room_for_the_copy_changes_nothing(small_disk, tmp_path):
    database = small_disk / "workspace" / "workspace.db"
    with create_workspace(small_disk / "workspace") as workspace:
        add_study(workspace, tmp_path)
    migrate(database, "0001")
    before = database.read_bytes()
    filler = fill(small_disk)
    with pytest.raises(StorageFailed):
        open_workspace(small_disk / "workspace")
    filler.unlink()
    assert database.read_bytes() == before
    assert not list((small_disk / "workspace" / "backups").iterdir())
    with open_workspace(small_disk / "workspace") as workspace:
        assert check.check(workspace) == check.CheckResult((), ())


def test_a_workspace_is_not_made_on_a_full_disk(small_disk):
    filler = fill(small_disk)
    with pytest.raises(StorageFailed):
        create_workspace(small_disk / "workspace")
    filler.unlink()
    create_workspace(small_disk / "workspace").close()


def test_a_read_only_disk_is_a_sentence(small_disk, tmp_path):
    with create_workspace(small_disk / "workspace") as workspace:
        add_study(workspace, tmp_path)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StorageFailed, match=r"read-only|cannot be opened|Read-only"):
        open_workspace(small_disk / "workspace")
    with pytest.raises(StorageFailed, match="lock file cannot be opened"):
        open_workspace(small_disk / "workspace", exclusive=True)


def test_connections_are_durable_and_check_foreign_keys(workspace):
    with workspace.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 5000}


def test_a_copy_of_the_folder_is_a_whole_workspace(folder, workspace, tmp_path):
    add_study(workspace, tmp_path)
    bring_to(workspace, STUDY_UID, "addended")
    workspace.close()
    shutil.copytree(folder, tmp_path / "elsewhere")
    shutil.rmtree(folder)
    with open_workspace(tmp_path / "elsewhere") as moved:
        assert check.check(moved) == check.CheckResult((), ())
        assert studies.get(moved, STUDY_UID).instances[0].object_path.is_file()


def test_two_programs_write_at_the_same_time(folder, tmp_path):
    for number in range(30):
        write_image(tmp_path / f"in{number % 2}" / str(number), study_uid=f"1.{number}", patient_id="P1")
    code = (
        "import sys; from db import studies; from db.database import open_workspace; import workspaces;"
        " studies.import_paths(open_workspace(sys.argv[1]), workspaces.StandInIntake(), [sys.argv[2]])"
    )
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests.parent), str(tests)])}
    programs = [
        subprocess.Popen([sys.executable, "-c", code, folder, tmp_path / f"in{number}"], env=environment)
        for number in range(2)
    ]
    assert [program.wait(timeout=60) for program in programs] == [0, 0]
    with open_workspace(folder) as workspace:
        assert len(studies.worklist(workspace)) == 30
        assert check.check(workspace) == check.CheckResult((), ())


def test_real_files_are_imported_and_real_trash_is_refused(folder, workspace, tmp_path, capsys):
    source = tmp_path / "cd"
    source.mkdir()
    for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm"):
        shutil.copy(get_testdata_file(name), source / name)
    (source / "notes.txt").write_text("no image")
    (source / "cut.dcm").write_bytes((source / "CT_small.dcm").read_bytes()[:300])
    with Intake() as intake:
        summary = studies.import_paths(workspace, intake, [source])
    assert [one.path.name for one in summary.imported] == ["CT_small.dcm", "MR_small.dcm"]
    assert sorted(path.name for path, _ in summary.failures) == ["cut.dcm", "notes.txt", "rtplan.dcm"]
    entry = next(entry for entry in studies.worklist(workspace) if entry.modality == "CT")
    assert (entry.patient_name, entry.patient_id, entry.sex) == ("CompressedSamples^CT1", "1CT1", "O")
    kept = studies.get(workspace, entry.study_uid).instances[0]
    assert kept.object_path.read_bytes() == (source / "CT_small.dcm").read_bytes()
    assert check.check(workspace) == check.CheckResult((), ())

    assert main(["import", str(source), "--workspace", str(folder)]) == 2
    assert "imported 0, already there 2, not imported 3" in capsys.readouterr().out
