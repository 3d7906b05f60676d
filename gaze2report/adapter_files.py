"""The files of an adapter version, checked without loading torch: who has no model open must be able to look too.

An adapter version is a folder of safetensors, JSON and its model card, named by their hashes in ``manifest.json``. What
is not named there does not belong to it. A base language model that was made for this version alone lies in a folder of
it. What a pickle could hide in is refused by its name and by its first bytes and
never opened by anything that would run it (CVE-2025-32434 made even ``weights_only=True`` run code).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from gaze2report.errors import AdapterUnusable, StorageFailed

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
REQUIRED_FILES = ("config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors", "README.md")
INNER_FOLDER = "language-model"
MOST_BYTES = 4 * 2**30
_MOST_FILES = 64
_MOST_JSON_BYTES = 8 * 2**20
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SUFFIXES = frozenset({".json", ".safetensors", ".md", ".txt"})
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz", ".joblib", ".h5"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


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


def read_manifest(folder: Path) -> AdapterManifest:
    """Read what an adapter version says of itself, without its weights.

    Raises
    ------
    AdapterUnusable
        If the folder is no adapter version, or of a newer form.
    """
    content = read_json(folder / MANIFEST)
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise AdapterUnusable(f"{folder}: adapter format {version!r} is not {FORMAT_VERSION}; use a matching release")
    try:
        manifest = AdapterManifest(**content)
    except TypeError as error:
        raise AdapterUnusable(f"{folder / MANIFEST}: {error}") from error
    _refuse_other_types(folder, manifest)
    return manifest


def verify_files(folder: Path) -> AdapterManifest:
    """Check that an adapter version holds the files that were written, each unaltered, and nothing else.

    Raises
    ------
    AdapterUnusable
        With the file that is missing, was altered, does not belong there or could run code.
    """
    manifest = read_manifest(folder)
    for name in manifest.files:
        _refuse_name(folder, name)
    _refuse_strangers(folder, manifest)
    for name in (*REQUIRED_FILES, *manifest.files):
        path = folder / name
        if not path.is_file() or path.is_symlink():
            raise AdapterUnusable(f"{folder}: {name} is missing; the adapter version is incomplete")
        if file_sha256(path) != manifest.files.get(name):
            raise AdapterUnusable(f"{folder}: {name} is not the file that was written; the adapter version was altered")
        if path.suffix == ".safetensors":
            _refuse_pickle_inside(path)
    if hash_of_files(manifest.files) != manifest.sha256:
        raise AdapterUnusable(f"{folder}: the manifest's own hash does not match; the adapter version was altered")
    return manifest


def refuse_other_base(folder: Path, manifest: AdapterManifest, base_model_sha256: str) -> None:
    """Refuse an adapter version that was made for another base language model."""
    if manifest.base_model_sha256 != base_model_sha256:
        raise AdapterUnusable(
            f"{folder}: made for the base model {manifest.base_model} ({manifest.base_model_sha256[:12]}), "
            f"not for the one installed ({base_model_sha256[:12]})"
        )


def copy_version(source: Path, target: Path) -> AdapterManifest:
    """Copy a verified adapter version; the target appears whole or not at all, and the copy is verified again.

    Raises
    ------
    AdapterUnusable
        If the source does not hold what its manifest says.
    StorageFailed
        If the disk refuses, or the target exists with other content.
    """
    manifest = verify_files(source)
    if target.exists():
        if verify_files(target).sha256 != manifest.sha256:
            raise StorageFailed(f"{target} exists already and holds another adapter version")
        return manifest
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise StorageFailed(f"{target} could not be written: {error.strerror or error}") from error
    try:
        for name in (MANIFEST, *manifest.files):
            (aside / name).parent.mkdir(exist_ok=True)
            with (source / name).open("rb") as original, (aside / name).open("wb") as copy:
                shutil.copyfileobj(original, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            (aside / name).chmod(0o644)
        if verify_files(aside) != manifest:
            raise AdapterUnusable(f"{source} changed while it was copied")
        aside.chmod(0o755)
        os.replace(aside, target)
    except OSError as error:
        raise StorageFailed(f"{target} could not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def pack(folder: Path, archive: Path) -> AdapterManifest:
    """Write an adapter version into one ZIP file that another machine can import.

    Raises
    ------
    AdapterUnusable, StorageFailed
        If the folder is not whole; if the disk refuses or the file exists.
    """
    manifest = verify_files(folder)
    aside = archive.with_name(f".{archive.name}.aside")
    if archive.exists():
        raise StorageFailed(f"{archive} exists already; name another file")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as opened:
            for name in (MANIFEST, *sorted(manifest.files)):
                opened.write(folder / name, name)
        aside.replace(archive)
    except OSError as error:
        raise StorageFailed(f"{archive} could not be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return manifest


def unpack(archive: Path, into: Path) -> None:
    """Unpack what :func:`pack` wrote into an empty folder; nothing is believed of it yet.

    Raises
    ------
    AdapterUnusable
        If it is no archive of an adapter version: other names, links, a path that leads elsewhere, too large.
    StorageFailed
        If the disk refuses.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > _MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES:
                raise AdapterUnusable(f"{archive}: it holds more than an adapter version does")
            for member in members:
                _refuse_name(archive, member.filename)
                if member.external_attr >> 28 == 0xA:
                    raise AdapterUnusable(f"{archive}: {member.filename} is a link")
            for member in members:
                (into / member.filename).parent.mkdir(exist_ok=True)
                with opened.open(member) as source, (into / member.filename).open("xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise AdapterUnusable(f"{archive}: it is no archive of an adapter version ({error})") from error
    except OSError as error:
        raise StorageFailed(f"{archive} could not be unpacked: {error.strerror or error}") from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_of_files(files: dict[str, str]) -> str:
    """Hash that names a version's content: over the hashes of its files."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of an adapter version.

    Raises
    ------
    AdapterUnusable
        If the file is missing, too long, or anything else than one JSON object.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_JSON_BYTES + 1)
        if len(raw) > _MOST_JSON_BYTES:
            raise AdapterUnusable(f"{path}: longer than {_MOST_JSON_BYTES // 2**20} MiB")
        content = json.loads(raw.decode("utf-8"))
    except FileNotFoundError as error:
        raise AdapterUnusable(f"{path.parent} is no adapter version: {path.name} is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise AdapterUnusable(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise AdapterUnusable(f"{path}: must hold a JSON object")
    return content


def _refuse_other_types(folder: Path, manifest: AdapterManifest) -> None:
    texts = ("name", "base_model", "base_model_sha256", "preprocessing_sha256", "code_version", "recipe", "sha256")
    wrong = [name for name in texts if not isinstance(getattr(manifest, name), str)]
    wrong += [name for name in ("training_set", "metrics", "files") if not isinstance(getattr(manifest, name), dict)]
    wrong += [] if manifest.parent is None or isinstance(manifest.parent, str) else ["parent"]
    if not wrong and not all(isinstance(v, str) and _SHA256.fullmatch(v) for v in manifest.files.values()):
        wrong.append("files")
    if wrong:
        known = {one.name: one.type for one in fields(AdapterManifest)}
        raise AdapterUnusable(f"{folder / MANIFEST}: {wrong[0]} must be {known[wrong[0]]}")


def _refuse_name(where: Path, name: str) -> None:
    inner = name.removeprefix(f"{INNER_FOLDER}/")
    suffix = Path(name).suffix.lower()
    if suffix in _PICKLES:
        raise AdapterUnusable(f"{where}: {name} could hold a pickle, which can run code; only safetensors are read")
    if not _FILE_NAME.fullmatch(inner) or ".." in name:
        raise AdapterUnusable(f"{where}: {name!r} is no plain file name, and no path leads out of an adapter version")
    if suffix not in _SUFFIXES:
        raise AdapterUnusable(f"{where}: {name} does not belong into an adapter version")


def _refuse_strangers(folder: Path, manifest: AdapterManifest) -> None:
    if len(manifest.files) > _MOST_FILES:
        raise AdapterUnusable(f"{folder}: the manifest names {len(manifest.files)} files")
    try:
        present = sorted(path.name for path in folder.iterdir() if path.name != INNER_FOLDER or path.is_symlink())
        if (folder / INNER_FOLDER).is_dir():
            present += [f"{INNER_FOLDER}/{path.name}" for path in sorted((folder / INNER_FOLDER).iterdir())]
    except OSError as error:
        raise AdapterUnusable(f"{folder}: cannot be read: {error.strerror or error}") from error
    for name in present:
        if name != MANIFEST and name not in manifest.files:
            _refuse_name(folder, name)
            raise AdapterUnusable(f"{folder}: {name} is not named in the manifest and does not belong to the version")


def _refuse_pickle_inside(path: Path) -> None:
    """A safetensors file begins with the length of its JSON header; a pickle (0x80) or ZIP (PK) does not."""
    with path.open("rb") as file:
        head = file.read(9)
    length = int.from_bytes(head[:8], "little")
    if len(head) < 9 or head[8:9] != b"{" or not 2 <= length <= path.stat().st_size - 8:
        raise AdapterUnusable(f"{path}: is no safetensors file whatever its name says; it is not opened")
