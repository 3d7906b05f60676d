"""An adapter version: a folder with everything of the model but the base language model.

::

    manifest.json              name, base model and its hash, parent, training set, recipe, metrics, hashes of all files
    config.json                sizes of the parts
    model.safetensors          encoder, findings head, scanpath, graph, prompt
    adapter_config.json        LoRA, in PEFT's own form
    adapter_model.safetensors
    README.md                  the model card
    language-model/            the base language model, only where it was made for this version

Written aside and renamed at the end, never changed afterwards; safetensors and JSON only. The version's hash is the
SHA-256 over the hashes of its files, so that it names the content.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaze2report.base_models import INSIDE
from gaze2report.config import ModelConfig, from_plain, to_plain
from gaze2report.errors import AdapterUnusable, StorageFailed
from gaze2report.models.gaze2report import Gaze2Report, build_model

MANIFEST = "manifest.json"
CONFIG = "config.json"
MODEL = "model.safetensors"
LORA_CONFIG = "adapter_config.json"
LORA_WEIGHTS = "adapter_model.safetensors"
CARD = "README.md"
HASHED_FILES = (CONFIG, MODEL, LORA_CONFIG, LORA_WEIGHTS, CARD)
FORMAT_VERSION = 1


@dataclass(frozen=True)
class AdapterManifest:
    """What an adapter version says of itself.

    Attributes
    ----------
    name : str
        Short name and version, e.g. ``embedded-0.1``.
    base_model, base_model_sha256 : str
        Language model that the LoRA weights belong to.
    parent : str, optional
        SHA-256 of the adapter version this one was continued from.
    training_set : dict
        What it was trained on, and its hash where it is a training-set folder.
    metrics : dict
        Measured numbers, with the command that measured them in the model card.
    files : dict
        File name to SHA-256.
    sha256 : str
        Hash over ``files``.
    """

    name: str
    base_model: str
    base_model_sha256: str
    preprocessing_sha256: str
    code_version: str
    parent: str | None = None
    training_set: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    format_version: int = FORMAT_VERSION


def embedded_adapter() -> Path:
    """Folder of the adapter version that comes with the program."""
    return Path(__file__).resolve().parent.parent / "adapters" / "embedded"


def save_adapter(
    folder: Path,
    model: Gaze2Report,
    config: ModelConfig,
    manifest: AdapterManifest,
    card: str,
    *,
    language_model: Path | None = None,
) -> Path:
    """Write an adapter version; the folder appears whole or not at all.

    With ``language_model``, the base language model of that folder becomes part of it: for one so small that it was
    made for this version alone.

    Raises
    ------
    StorageFailed
        If the disk refuses, or the folder exists already: a version is never changed.
    """
    if folder.exists():
        raise StorageFailed(f"{folder} exists already; an adapter version is never changed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise StorageFailed(f"cannot write an adapter version beside {folder}: {error}") from error
    try:
        save_file(_half(model.without_language_model()), aside / MODEL)
        peft_model: PeftModel = model.generator.language_model
        save_file(_half(get_peft_model_state_dict(peft_model)), aside / LORA_WEIGHTS)
        lora = peft_model.peft_config["default"].to_dict()
        lora["base_model_name_or_path"] = manifest.base_model
        if not isinstance(lora["target_modules"], str):
            lora["target_modules"] = sorted(lora["target_modules"])
        lora["inference_mode"] = True
        _write_json(aside / LORA_CONFIG, {key: value for key, value in lora.items() if _is_plain(value)})
        _write_json(aside / CONFIG, to_plain(config))
        (aside / CARD).write_text(card, encoding="utf-8")
        if language_model is not None:
            shutil.copytree(language_model, aside / INSIDE)
        files = {name: _file_sha256(aside / name) for name in HASHED_FILES}
        content = {**to_plain(manifest), "files": files, "sha256": _hash_of_files(files)}
        _write_json(aside / MANIFEST, content)
        for path in (path for path in aside.rglob("*") if path.is_file()):
            path.chmod(0o644)  # safetensors writes for the owner alone; a version is read by a whole department
        aside.chmod(0o755)
        os.replace(aside, folder)
    except OSError as error:
        raise StorageFailed(f"cannot write the adapter version {folder}: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def read_manifest(folder: Path) -> AdapterManifest:
    """Read what an adapter version says of itself, without its weights.

    Raises
    ------
    AdapterUnusable
        If the folder is no adapter version, or of a newer form.
    """
    content = _read_json(folder / MANIFEST)
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise AdapterUnusable(f"{folder}: adapter format {version!r} is not {FORMAT_VERSION}; use a matching release")
    try:
        manifest: AdapterManifest = from_plain_manifest(content)
    except TypeError as error:
        raise AdapterUnusable(f"{folder / MANIFEST}: {error}") from error
    return manifest


def from_plain_manifest(content: dict[str, Any]) -> AdapterManifest:
    """Build a manifest from its JSON object; a missing or unknown key raises TypeError."""
    return AdapterManifest(**content)


def verify_adapter(folder: Path) -> AdapterManifest:
    """Check that every file of an adapter version is the one that was written.

    Raises
    ------
    AdapterUnusable
        With the file that is missing or was altered.
    """
    manifest = read_manifest(folder)
    for name in HASHED_FILES:
        path = folder / name
        if not path.is_file():
            raise AdapterUnusable(f"{folder}: {name} is missing; the adapter version is incomplete")
        if _file_sha256(path) != manifest.files.get(name):
            raise AdapterUnusable(f"{folder}: {name} is not the file that was written; the adapter version was altered")
    if _hash_of_files(manifest.files) != manifest.sha256:
        raise AdapterUnusable(f"{folder}: the manifest's own hash does not match; the adapter version was altered")
    return manifest


def load_adapter(
    folder: Path, language_model: Any, tokenizer: Any, base_model_sha256: str
) -> tuple[Gaze2Report, ModelConfig, AdapterManifest]:
    """Verify an adapter version and build its model around a base language model.

    Raises
    ------
    AdapterUnusable
        If the folder is incomplete, altered, or made for another base model.
    """
    manifest = verify_adapter(folder)
    if manifest.base_model_sha256 != base_model_sha256:
        raise AdapterUnusable(
            f"{folder}: made for the base model {manifest.base_model} ({manifest.base_model_sha256[:12]}), "
            f"not for the one installed ({base_model_sha256[:12]})"
        )
    try:
        config: ModelConfig = from_plain(ModelConfig, _read_json(folder / CONFIG))
        lora = _lora_config(folder)
        peft_model = get_peft_model(language_model, lora)
        result = set_peft_model_state_dict(peft_model, _full(load_file(folder / LORA_WEIGHTS)))
        if result.unexpected_keys:
            raise AdapterUnusable(f"{folder}: LoRA weights for unknown layers, first {result.unexpected_keys[0]}")
        model = build_model(config, peft_model, tokenizer)
        _load_parts(model, _full(load_file(folder / MODEL)), folder)
    except (SafetensorError, ValueError, TypeError, RuntimeError) as error:
        raise AdapterUnusable(f"{folder}: does not fit this program: {error}") from error
    return model.eval(), config, manifest


def _lora_config(folder: Path) -> LoraConfig:
    # The base model is checked by its hash; PEFT would compare names, and folders differ from machine to machine.
    dropped = {"peft_type", "auto_mapping", "base_model_name_or_path"}
    content = _read_json(folder / LORA_CONFIG)
    return LoraConfig(**{name: value for name, value in content.items() if name not in dropped})


def _load_parts(model: Gaze2Report, state: dict[str, Tensor], folder: Path) -> None:
    expected = model.without_language_model()
    if set(state) != set(expected):
        differing = sorted(set(state) ^ set(expected))[0]
        raise AdapterUnusable(f"{folder}: its parts are not those of this program; first difference {differing}")
    model.load_state_dict({name: value.to(expected[name].dtype) for name, value in state.items()}, strict=False)


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n: (t.half() if t.is_floating_point() else t).detach().cpu().contiguous() for n, t in state.items()}


def _full(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n: t.float() if t.dtype == torch.float16 else t for n, t in state.items()}


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _hash_of_files(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AdapterUnusable(f"{path.parent} is no adapter version: {path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise AdapterUnusable(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise AdapterUnusable(f"{path}: must hold a JSON object")
    return content


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
