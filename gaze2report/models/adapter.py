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

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaze2report.adapter_files import (
    MANIFEST,
    REQUIRED_FILES,
    AdapterManifest,
    file_sha256,
    hash_of_files,
    read_json,
    read_manifest,
    refuse_other_base,
    verify_files,
)
from gaze2report.base_models import INSIDE
from gaze2report.config import ModelConfig, from_plain, to_plain
from gaze2report.errors import AdapterUnusable, StorageFailed
from gaze2report.models.gaze2report import Gaze2Report, build_model

__all__ = ["AdapterManifest", "embedded_adapter", "load_adapter", "read_manifest", "save_adapter", "verify_adapter"]

CONFIG, MODEL, LORA_CONFIG, LORA_WEIGHTS, CARD = HASHED_FILES = REQUIRED_FILES


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
        inside = sorted(f"{INSIDE}/{path.name}" for path in (aside / INSIDE).glob("*"))
        files = {name: file_sha256(aside / name) for name in (*HASHED_FILES, *inside)}
        content = {**to_plain(manifest), "files": files, "sha256": hash_of_files(files)}
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


def verify_adapter(folder: Path) -> AdapterManifest:
    """Check that every file of an adapter version is the one that was written, and that there is no other.

    Raises
    ------
    AdapterUnusable
        With the file that is missing, was altered or does not belong there.
    """
    return verify_files(folder)


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
    refuse_other_base(folder, manifest, base_model_sha256)
    try:
        config: ModelConfig = from_plain(ModelConfig, read_json(folder / CONFIG))
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
    content = read_json(folder / LORA_CONFIG)
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


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
