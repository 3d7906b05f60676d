"""ZIP archives to import: what is in them comes in, what is hostile in them stays out."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from factories import make_dicom
from hypothesis import given, settings
from hypothesis import strategies as st

from db import archives, studies
from db.archives import files_to_read
from db.database import Workspace
from gaze2report.errors import StorageFailed
from gaze2report.imaging.intake import Intake


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_films_in_an_archive_are_imported_and_again_are_duplicates(workspace: Workspace, tmp_path: Path) -> None:
    films = [make_dicom(tmp_path / f"{number}.dcm", seed=number) for number in range(2)]
    archive = zipped(
        tmp_path / "disc.bin",
        {"DICOM/A/1": films[0].read_bytes(), "DICOM/B/1": films[1].read_bytes(), "DICOMDIR": b"x"},
    )
    with Intake() as intake:
        first = studies.import_paths(workspace, intake, [archive])
        again = studies.import_paths(workspace, intake, [archive])
    assert (len(first.imported), len(first.duplicates), first.failures) == (2, 0, ())
    assert (len(again.imported), len(again.duplicates)) == (0, 2)


def test_what_was_unpacked_is_gone_afterwards(tmp_path: Path) -> None:
    with files_to_read([zipped(tmp_path / "a.zip", {"one": b"content"})]) as (files, failures):
        assert [file.read_bytes() for file in files] == [b"content"]
        assert failures == []
    assert not files[0].exists()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("./\\abC: *\x01é~") | st.characters(codec="utf-8"), min_size=1), max_size=4))
def test_no_name_leads_out_of_the_folder(parts: list[str]) -> None:
    written = archives._parts("/".join(parts))
    place = Path("/aside").joinpath(*written)
    assert Path(os.path.normpath(place)) == place
    assert place.is_relative_to("/aside")
    assert place != Path("/aside")


def test_path_escapes_land_inside_and_hidden_members_are_left_out(tmp_path: Path) -> None:
    hostile = {"../../escape": b"1", "/etc/passwd": b"2", "C:\\x\\y": b"3", "__MACOSX/._film": b"4", ".hidden": b"5"}
    with files_to_read([zipped(tmp_path / "a.zip", hostile)]) as (files, _):
        assert sorted(file.read_bytes() for file in files) == [b"1", b"2", b"3"]
        assert len({file.parents[len(file.parents) - 3] for file in files}) == 1


def test_a_bomb_is_refused_before_a_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 2**20)
    bomb = zipped(tmp_path / "bomb.zip", {"zeros": bytes(2**21)})
    assert bomb.stat().st_size < 2**16
    with files_to_read([bomb]) as (files, failures):
        assert files == []
        assert "at most" in failures[0][1]


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with files_to_read([zipped(tmp_path / "a.zip", {str(n): b"" for n in range(4)})]) as (files, failures):
        assert files == []
        assert "4 files, at most 3" in failures[0][1]


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with (
        pytest.raises(StorageFailed, match="MiB to be unpacked"),
        files_to_read([zipped(tmp_path / "a.zip", {"a": b""})]),
    ):
        pass


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"good": b"g" * 50, "bad": b"b" * 50}, zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"b" * 50, b"x" * 50))
    with files_to_read([archive]) as (files, failures):
        assert [file.name for file in files] == ["good"]
        assert "bad: it is damaged" in failures[0][1]


def test_encrypted_and_nested_archives_are_named(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"film": b"1"}).read_bytes()
    archive = zipped(tmp_path / "a.zip", {"inner.zip": inner, "secret": b"1"}, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 8] |= 1  # general purpose flag, bit 0: encrypted
    archive.write_bytes(bytes(content))
    with files_to_read([archive]) as (files, failures):
        assert files == []
        assert "inside an archive" in failures[0][1]
        assert "encrypted" in failures[1][1]


@pytest.mark.parametrize("kept", [4, 30, 100])
def test_a_torn_archive_is_a_sentence(tmp_path: Path, kept: int) -> None:
    archive = zipped(tmp_path / "a.zip", {"film": bytes(range(200))}, zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes()[:kept])
    with files_to_read([archive]) as (files, failures):
        assert files == []
        assert "cannot be read" in failures[0][1]


def test_unpacking_can_be_stopped(tmp_path: Path) -> None:
    asked = iter([False, False, False, True])
    archive = zipped(tmp_path / "a.zip", {str(number): b"1" for number in range(50)})
    with files_to_read([archive], lambda: next(asked, True)) as (files, _):
        assert len(files) < 50
