"""Opening one input file: what it must be before a single byte of it is interpreted."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

from gaze2report.errors import ImageTooLarge, UnreadableInput
from gaze2report.imaging.limits import IntakeLimits

_PLAIN_READ_BYTES = 1 << 16
_KINDS = (
    (stat.S_ISLNK, "it is a symbolic link; open the file it points to"),
    (stat.S_ISDIR, "it is a folder, not a file"),
    (stat.S_ISFIFO, "it is a named pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)
# O_NONBLOCK: opening a named pipe that was swapped in after the check must not wait for a writer
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


class InputStream(io.BufferedReader):
    """A file for reading that never asks for more memory than the file has bytes left.

    A damaged element may claim 4 GiB, and a plain ``read`` would first allocate them.
    """

    def __init__(self, file: io.FileIO, size_bytes: int) -> None:
        super().__init__(file)
        self._size_bytes = size_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes; all that is left where it is negative."""
        if size is not None and size > _PLAIN_READ_BYTES:
            size = min(size, max(self._size_bytes - self.tell(), 0))
        return super().read(size)


def open_input(path: Path | str, limits: IntakeLimits) -> InputStream:
    """Open a regular, non-empty file of allowed size for reading.

    Raises
    ------
    UnreadableInput
        If the path is missing, empty, unreadable, or anything but a regular file.
    ImageTooLarge
        If the file is larger than ``limits.max_file_bytes``.
    """
    try:
        _check_kind(path, os.lstat(path))
        file = io.FileIO(os.fspath(path), "rb", opener=lambda name, flags: os.open(name, _OPEN_FLAGS))
    except FileNotFoundError as error:
        raise UnreadableInput(path, "there is no such file") from error
    except PermissionError as error:
        raise UnreadableInput(path, "no permission to read it") from error
    except OSError as error:
        raise UnreadableInput(path, f"it cannot be opened: {error.strerror or error}") from error
    except ValueError as error:
        raise UnreadableInput(path, "the path contains a null character") from error
    status = os.fstat(file.fileno())
    try:
        _check_open_file(path, status, limits)
    except UnreadableInput:
        file.close()
        raise
    return InputStream(file, status.st_size)


def sha256_of(stream: io.BufferedReader) -> str:
    """SHA-256 of the whole stream as hexadecimal text; the position is left at the start."""
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return digest


def _check_kind(path: Path | str, status: os.stat_result) -> None:
    for is_kind, reason in _KINDS:
        if is_kind(status.st_mode):
            raise UnreadableInput(path, reason)


def _check_open_file(path: Path | str, status: os.stat_result, limits: IntakeLimits) -> None:
    _check_kind(path, status)
    if status.st_size == 0:
        raise UnreadableInput(path, "the file is empty")
    if status.st_size > limits.max_file_bytes:
        raise ImageTooLarge(
            path,
            f"the file has {status.st_size / 2**20:.0f} MiB, more than the limit of "
            f"{limits.max_file_bytes / 2**20:.0f} MiB",
        )
