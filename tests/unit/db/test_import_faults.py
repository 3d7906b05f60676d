"""Import when the disk refuses: a sentence, and neither half a file nor half a row."""

from __future__ import annotations

import errno
import os

import pytest
from workspaces import StandInIntake, write_image

from db import check, objects, studies
from gaze2report.errors import StorageFailed, UnreadableInput


@pytest.fixture
def film(tmp_path):
    return write_image(tmp_path / "film.dcm", pixels=b"\1" * 100_000)


def assert_nothing_half_written(workspace):
    assert studies.worklist(workspace) == []
    assert check.check(workspace).problems == ()
    assert [path for path in workspace.objects_dir.rglob("*") if path.is_file()] == []


def no_space(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("border", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_half_written(workspace, film, monkeypatch, border):
    with monkeypatch.context() as full_disk:
        full_disk.setattr(objects.os, border, no_space)
        with pytest.raises(StorageFailed, match="No space left on device"):
            studies.import_file(workspace, StandInIntake(), film)
    assert_nothing_half_written(workspace)
    assert studies.import_file(workspace, StandInIntake(), film).is_new


def test_a_disk_that_fills_up_during_the_copy_leaves_nothing_half_written(workspace, film, monkeypatch):
    class FullFile:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            self.file.write(data[: len(data) // 2])
            no_space()

        def close(self):
            self.file.close()

    real_open = open
    with monkeypatch.context() as full_disk:
        full_disk.setattr(
            objects,
            "open",
            lambda path, mode: FullFile(real_open(path, mode)) if "x" in mode else real_open(path, mode),
            raising=False,
        )
        with pytest.raises(StorageFailed, match=r"film\.dcm could not be copied .*No space left"):
            studies.import_file(workspace, StandInIntake(), film)
    assert_nothing_half_written(workspace)


def test_a_folder_that_cannot_be_written_is_a_sentence(workspace, film):
    (workspace.objects_dir / objects.INCOMING_NAME).write_bytes(b"a file where a folder should be")
    with pytest.raises(StorageFailed, match="files cannot be kept"):
        studies.import_file(workspace, StandInIntake(), film)
    assert studies.worklist(workspace) == []


def test_a_source_that_cannot_be_read_is_a_sentence(workspace, film):
    class LosingIntake(StandInIntake):
        def read_header(self, path):
            answer = super().read_header(path)
            path.unlink()
            return answer

    with pytest.raises(UnreadableInput, match="No such file"):
        studies.import_file(workspace, LosingIntake(), film)
    assert_nothing_half_written(workspace)


def test_a_database_that_is_full_leaves_at_most_an_orphan(workspace, film, tmp_path):
    with workspace.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    long = write_image(tmp_path / "long.dcm", study_uid="4.5", study_description="x" * 100_000)
    with workspace.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFailed, match="the disk is full; nothing was changed"):
        studies.import_file(workspace, StandInIntake(), long)
    assert_nothing_half_written(workspace)
    with workspace.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert studies.import_file(workspace, StandInIntake(), long).is_new


def test_a_commit_that_fails_leaves_an_orphan_that_the_next_import_takes_up(workspace, film, monkeypatch):
    move = objects.move_into_place

    def moved_but_then_power_fails(objects_dir, copy):
        move(objects_dir, copy)
        raise KeyboardInterrupt

    with monkeypatch.context() as fault:
        fault.setattr(objects, "move_into_place", moved_but_then_power_fails)
        with pytest.raises(KeyboardInterrupt):
            studies.import_file(workspace, StandInIntake(), film)
    result = check.check(workspace)
    assert result.problems == ()
    assert len(result.notes) == 1
    assert "no image of the workspace refers to this file" in result.notes[0]
    assert studies.import_file(workspace, StandInIntake(), film).is_new
    assert check.check(workspace) == check.CheckResult((), ())


def test_one_full_disk_ends_the_import_of_a_folder(workspace, tmp_path, monkeypatch):
    for number in range(3):
        write_image(tmp_path / "in" / str(number), instance_uid=f"1.{number}")
    monkeypatch.setattr(objects.os, "fsync", no_space)
    with pytest.raises(StorageFailed):
        studies.import_paths(workspace, StandInIntake(), [tmp_path / "in"])
    monkeypatch.undo()
    assert_nothing_half_written(workspace)


def test_the_kind_of_file_is_kept_in_the_name(workspace, tmp_path):
    class AnyIntake:
        def read_header(self, path):
            header, _ = StandInIntake().read_header(write_image(tmp_path / "header", instance_uid=path.name))
            return header, objects.sha256_of(path)

    for name, first in (("a", b"\x89PNG\r\n\x1a\n"), ("b", b"\xff\xd8\xff\xe0"), ("c", b"\0" * 128 + b"DICM")):
        (tmp_path / name).write_bytes(first + b"rest")
        studies.import_file(workspace, AnyIntake(), tmp_path / name)
    instances = studies.get(workspace, "1.2.3").instances
    assert [instance.object_path.suffix for instance in instances] == [".png", ".jpg", ".dcm"]
    assert all(instance.object_path.stem == instance.sha256 for instance in instances)
