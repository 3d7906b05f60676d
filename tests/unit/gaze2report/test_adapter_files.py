"""Adapter versions from elsewhere: what is whole is taken, what could do harm is named and never opened."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tiny_model

from gaze2report.adapter_files import (
    MANIFEST,
    copy_version,
    file_sha256,
    hash_of_files,
    pack,
    read_manifest,
    refuse_other_base,
    unpack,
    verify_files,
)
from gaze2report.errors import AdapterUnusable, StorageFailed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.save_tiny_adapter(tmp_path_factory.mktemp("made") / "tiny-1")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    copy_version(made, tmp_path / "tiny-1")
    return tmp_path / "tiny-1"


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return open, (str(self.path), "w")


def renamed(folder: Path, name: str, content: bytes) -> None:
    """Write a file and name it in the manifest with hashes that fit: the author of the folder is hostile."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = file_sha256(folder / name)
    manifest["sha256"] = hash_of_files(manifest["files"])
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_looking_at_a_version_loads_no_torch(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gaze2report.adapter_files import verify_files; "
        f"verify_files(Path({str(folder)!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["weights.bin", "model.pt", "a.pkl", "b.ckpt", "c.npy"])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_file_that_could_hold_a_pickle_is_refused_and_not_unpickled(
    folder: Path, tmp_path: Path, name: str, is_named: bool
) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "went off"))
    if is_named:
        renamed(folder, name, bomb)
    else:
        (folder / name).write_bytes(bomb)
    with pytest.raises(AdapterUnusable, match="could hold a pickle"):
        verify_files(folder)
    assert not (tmp_path / "went off").exists()


def test_a_pickle_that_is_called_safetensors_is_refused(folder: Path, tmp_path: Path) -> None:
    renamed(folder, "model.safetensors", pickle.dumps(Bomb(tmp_path / "went off")))
    with pytest.raises(AdapterUnusable, match="no safetensors file whatever its name says"):
        verify_files(folder)
    assert not (tmp_path / "went off").exists()


@pytest.mark.parametrize("name", ["../other.json", "/etc/passwd", "a/b.json", "..", "C:\\x.json", "x.sh", "nul\0.json"])
def test_a_name_that_leads_elsewhere_is_refused(folder: Path, name: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(AdapterUnusable, match=r"plain file name|does not belong"):
        verify_files(folder)


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    content = (folder / "README.md").read_bytes()
    (tmp_path / "elsewhere").write_bytes(content)
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AdapterUnusable, match=r"README\.md is missing"):
        verify_files(folder)


def test_a_file_the_manifest_does_not_name_is_refused(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    with pytest.raises(AdapterUnusable, match=r"notes\.txt is not named in the manifest"):
        verify_files(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("files", {"a.json": 3}), ("files", []), ("name", 7), ("parent", 1), ("metrics", "x"), ("more", 1)],
)
def test_a_manifest_of_other_types_is_a_sentence(folder: Path, key: str, value: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest[key] = value
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(AdapterUnusable, match=key):
        read_manifest(folder)


def test_a_version_for_another_base_model_is_refused(folder: Path) -> None:
    with pytest.raises(AdapterUnusable, match="not for the one installed"):
        refuse_other_base(folder, read_manifest(folder), "0" * 64)


def test_a_copy_is_the_same_version_and_copying_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "adapters" / "copy"
    assert copy_version(folder, target) == verify_files(target) == copy_version(folder, target)
    other = tiny_model.save_tiny_adapter(tmp_path / "other", seed=1)
    with pytest.raises(StorageFailed, match="holds another adapter version"):
        copy_version(other, target)


def test_a_version_travels_as_one_file(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "tiny.zip")
    (tmp_path / "there").mkdir()
    unpack(tmp_path / "tiny.zip", tmp_path / "there")
    assert verify_files(tmp_path / "there") == verify_files(folder)
    with pytest.raises(StorageFailed, match="exists already"):
        pack(folder, tmp_path / "tiny.zip")


def test_a_language_model_inside_travels_and_is_guarded_too(folder: Path, tmp_path: Path) -> None:
    (folder / "language-model").mkdir()
    renamed(folder, "language-model/config.json", b"{}")
    pack(folder, tmp_path / "tiny.zip")
    (tmp_path / "there").mkdir()
    unpack(tmp_path / "tiny.zip", tmp_path / "there")
    assert verify_files(tmp_path / "there") == verify_files(folder)
    assert copy_version(folder, tmp_path / "copy") == verify_files(tmp_path / "copy")
    (folder / "language-model" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(AdapterUnusable, match="could hold a pickle"):
        verify_files(folder)


@pytest.mark.parametrize("name", ["../escape.json", "/abs.json", "model.pt", "sub/a.json"])
def test_a_hostile_archive_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(name, b"x")
    (tmp_path / "into").mkdir()
    with pytest.raises(AdapterUnusable):
        unpack(tmp_path / "a.zip", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_file_that_is_no_archive_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(AdapterUnusable, match="no archive of an adapter version"):
        unpack(tmp_path / "a.zip", tmp_path)
