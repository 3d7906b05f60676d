from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model
import torch
from safetensors.torch import load_file, save_file

from gaze2report import adapter_files
from gaze2report.errors import AdapterUnusable, StorageFailed
from gaze2report.models import adapter
from gaze2report.models.generator import Decoding


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_model.save_tiny_adapter(tmp_path / "adapters" / "tiny-1")


def load(folder: Path):
    return adapter.load_adapter(
        folder, tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer(), tiny_model.BASE_SHA256
    )


@torch.no_grad()
def test_a_saved_version_writes_the_same_draft_after_loading(folder: Path) -> None:
    first, config, manifest = load(folder)
    second, _, _ = load(folder)
    assert config == tiny_model.TINY
    assert manifest.name == "tiny-1"
    prompt = torch.randn(1, 4, first.generator.width)
    texts = [model.generator.generate(prompt, decoding=Decoding(max_new_tokens=20)) for model in (first, second)]
    assert texts[0] == texts[1]


def test_loading_gives_back_every_weight_at_half_precision(folder: Path) -> None:
    original, (loaded, _, _) = tiny_model.tiny_model(), load(folder)
    for (name, before), after in zip(original.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.allclose(before.float(), after.float(), atol=2e-3, rtol=2e-3), name


def test_the_hash_names_the_content(tmp_path: Path, folder: Path) -> None:
    same = tiny_model.save_tiny_adapter(tmp_path / "again")
    other = tiny_model.save_tiny_adapter(tmp_path / "other", seed=1)
    hashes = [adapter_files.read_manifest(path).sha256 for path in (folder, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("name", adapter.HASHED_FILES)
def test_one_flipped_byte_is_found(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(AdapterUnusable, match=name):
        adapter.verify_adapter(folder)


@pytest.mark.parametrize("name", [*adapter.HASHED_FILES, adapter.MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(AdapterUnusable, match=name):
        adapter.verify_adapter(folder)


def test_a_version_for_another_base_model_is_refused(folder: Path) -> None:
    with pytest.raises(AdapterUnusable, match="not for the one installed"):
        adapter.load_adapter(folder, tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer(), "0" * 64)


def test_a_version_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(StorageFailed, match="never changed"):
        tiny_model.save_tiny_adapter(folder)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adapter, "save_file", full_disk)
    with pytest.raises(StorageFailed, match="No space left"):
        tiny_model.save_tiny_adapter(tmp_path / "adapters" / "new")
    assert list((tmp_path / "adapters").iterdir()) == []


class Bomb:
    def __reduce__(self):
        return (Path("exploded").touch, ())


def rewritten(folder: Path, name: str, content: bytes) -> Path:
    """Replace a file and make all hashes right again, as an attacker would."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / adapter.MANIFEST).read_text())
    manifest["files"] = {n: adapter_files.file_sha256(folder / n) for n in adapter.HASHED_FILES}
    manifest["sha256"] = adapter_files.hash_of_files(manifest["files"])
    (folder / adapter.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_a_pickle_in_the_place_of_weights_is_refused_unopened(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rewritten(folder, adapter.MODEL, pickle.dumps(Bomb()))
    with pytest.raises(AdapterUnusable):
        load(folder)
    assert not (tmp_path / "exploded").exists()


def test_weights_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    state = load_file(folder / adapter.MODEL)
    state["prompt.queries"] = torch.zeros(9, 9)
    save_file(state, tmp_path / "other.safetensors")
    rewritten(folder, adapter.MODEL, (tmp_path / "other.safetensors").read_bytes())
    with pytest.raises(AdapterUnusable, match="does not fit"):
        load(folder)


def test_a_newer_format_is_refused_with_both_numbers(tmp_path: Path) -> None:
    manifest = replace(tiny_model.tiny_manifest(), format_version=99)
    folder = adapter.save_adapter(tmp_path / "new", tiny_model.tiny_model(), tiny_model.TINY, manifest, "")
    with pytest.raises(AdapterUnusable, match="99 is not 1"):
        adapter_files.read_manifest(folder)
