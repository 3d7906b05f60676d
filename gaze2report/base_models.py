"""The base language models that adapter versions belong to: where each lies, found again by the hash of its weights.

An adapter version names its base model by hash only, because folders differ from machine to machine. It is looked for
in the adapter's own folder (a model made for a small experiment travels with it), then as the embedded model, then
among the folders that this machine was told of, which are noted beside the embedded model.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaze2report import language_model
from gaze2report.errors import LanguageModelMissing, StorageFailed, UnreadableInput

EMBEDDED = "embedded"
INSIDE = "language-model"
"""Folder of an adapter version that holds the base model itself."""
_NOTES = "folders.json"


@dataclass(frozen=True)
class BaseModel:
    """A base language model on this machine.

    Attributes
    ----------
    name : str
        Name that adapters and drafts carry.
    path : Path
        Folder with config, tokenizer and safetensors.
    sha256 : str
        Of the one weights file; of several, the hash over their hashes by name.
    """

    name: str
    path: Path
    sha256: str


def embedded() -> BaseModel:
    """The language model that comes with the program.

    Raises
    ------
    LanguageModelMissing
        If it was not fetched yet.
    """
    found = language_model.locate()
    return BaseModel(language_model.NAME, found.path, found.sha256)


def of_folder(folder: Path, *, is_noted: bool = True) -> BaseModel:
    """Take a folder as base model, and note where it lies for adapters that are made for it, unless told not to.

    Raises
    ------
    UnreadableInput
        If it holds no language model in safetensors.
    """
    folder = folder.resolve()
    files = weights_files(folder)
    base = BaseModel(folder.name, folder, _known_hash(folder, files) or _hash(files))
    if is_noted:
        _note(base, files)
    return base


def find(sha256: str, name: str, adapter: Path | None = None) -> BaseModel:
    """Find the base model that an adapter version was made for.

    Raises
    ------
    LanguageModelMissing
        If it is not on this machine, with what to do.
    """
    inside = None if adapter is None else adapter / INSIDE
    if inside is not None and inside.is_dir():
        return BaseModel(name, inside, _hash(weights_files(inside)))
    if sha256 == language_model.WEIGHTS_SHA256 or name == language_model.NAME:
        return embedded()
    noted = _notes().get(sha256)
    if noted is not None and Path(noted["path"]).is_dir():
        return of_folder(Path(noted["path"]))
    raise LanguageModelMissing(
        f"the base language model {name} ({sha256[:12]}) of this adapter version is not known on this machine; say "
        "where it lies: python -m gaze2report use-language-model FOLDER"
    )


def weights_files(folder: Path) -> list[Path]:
    """Weights of a language model, in order of their names.

    Raises
    ------
    UnreadableInput
        If there are none, or no config.
    """
    if not (folder / "config.json").is_file():
        raise UnreadableInput(folder, "is no language model: config.json is missing")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UnreadableInput(folder, "has no weights in safetensors; no other form is read")
    return files


def _hash(files: list[Path]) -> str:
    hashes = {path.name: _file_hash(path) for path in files}
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(files: list[Path]) -> dict[str, list[int]]:
    """Sizes and times of files: when they are as noted, the hash is not computed again."""
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}


def _known_hash(folder: Path, files: list[Path]) -> str | None:
    for sha256, noted in _notes().items():
        if noted["path"] == str(folder) and noted["files"] == _stamp(files):
            return sha256
    return None


def _notes_path() -> Path:
    return language_model.cache_folder() / "language-models" / _NOTES


def _notes() -> dict[str, Any]:
    try:
        content = json.loads(_notes_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UnreadableInput(_notes_path(), f"cannot be read ({error}); remove it") from error
    return dict(content)


def _note(base: BaseModel, files: list[Path]) -> None:
    wanted = {"path": str(base.path), "name": base.name, "files": _stamp(files)}
    notes = _notes()
    if notes.get(base.sha256) == wanted:
        return
    path = _notes_path()
    aside = path.with_name(f".{_NOTES}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps({**notes, base.sha256: wanted}, indent=2) + "\n", encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise StorageFailed(f"cannot note in {path} where the language model {base.path} lies: {error}") from error
