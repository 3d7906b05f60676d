"""Imported files by content hash, ``objects/ab/abcd….dcm``: written aside, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaze2report.errors import StorageFailed, UnreadableInput

INCOMING_NAME = ".incoming"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class IncomingCopy:
    """A copy that lies aside, safe on the disk, and waits for its rows."""

    path: Path
    sha256: str
    size_bytes: int
    suffix: str

    @property
    def object_name(self) -> str:
        """Path of the object inside ``objects/``, with forward slashes."""
        return f"{self.sha256[:2]}/{self.sha256}{self.suffix}"


@contextlib.contextmanager
def incoming_copy(objects_dir: Path, source: Path) -> Iterator[IncomingCopy]:
    """Copy a file aside for the length of a block; what was not moved into place by its end is removed.

    Raises
    ------
    UnreadableInput
        If the source cannot be read.
    StorageFailed
        If the copy cannot be written.
    """
    aside = objects_dir / INCOMING_NAME / uuid.uuid4().hex
    try:
        yield _copy(source, aside)
    finally:
        with contextlib.suppress(OSError):  # a left-over is harmless, and `check` names it
            aside.unlink(missing_ok=True)


def move_into_place(objects_dir: Path, copy: IncomingCopy) -> Path:
    """Give a copy its name. Safe to repeat: the same content has the same name.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    target = objects_dir / copy.object_name
    try:
        target.parent.mkdir(exist_ok=True)
        os.replace(copy.path, target)
        flush_folder(target.parent)
        flush_folder(objects_dir)
    except OSError as error:
        raise StorageFailed(f"{target}: the file could not be kept ({error.strerror or error})") from error
    return target


def remove_leftovers(objects_dir: Path, older_than_s: float = 86_400.0) -> None:
    """Remove copies that imports which were cut off have left; younger ones may still be written by another program."""
    for path in (objects_dir / INCOMING_NAME).glob("*"):
        with contextlib.suppress(OSError):  # a left-over is harmless, and `check` names it
            if time.time() - path.stat().st_mtime > older_than_s:
                path.unlink()


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, aside: Path) -> IncomingCopy:
    digest, size, first = hashlib.sha256(), 0, b""
    try:
        aside.parent.mkdir(exist_ok=True)
        writer = open(aside, "xb")  # noqa: SIM115  (closed below)
    except OSError as error:
        raise StorageFailed(f"{aside.parent}: files cannot be kept ({error.strerror or error})") from error
    with contextlib.closing(writer):
        for chunk in _chunks(source):
            first = first or chunk[:132]
            digest.update(chunk)
            size += len(chunk)
            try:
                writer.write(chunk)
            except OSError as error:
                raise _not_kept(source, error) from error
        try:
            writer.flush()
            os.fsync(writer.fileno())
        except OSError as error:
            raise _not_kept(source, error) from error
    return IncomingCopy(aside, digest.hexdigest(), size, _suffix(first))


def _chunks(source: Path) -> Iterator[bytes]:
    try:
        with open(source, "rb") as reader:
            while chunk := reader.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise UnreadableInput(source, error.strerror or str(error)) from error


def _not_kept(source: Path, error: OSError) -> StorageFailed:
    return StorageFailed(f"{source} could not be copied into the workspace ({error.strerror or error})")


def _suffix(first: bytes) -> str:
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    return ".jpg" if first.startswith(b"\xff\xd8\xff") else ".dcm"


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # Windows has no handle for a folder; NTFS journals the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
