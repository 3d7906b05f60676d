"""The lock file that keeps a second workstation off a workspace."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from db.errors import WorkspaceInUse
from gaze2report.errors import StorageFailed

LOCK_NAME = "workspace.lock"
_LOCKED_BYTE = 4096  # behind the text, because Windows lets nobody else read a locked byte


class WorkspaceLock:
    """An operating-system lock on ``workspace.lock``; it ends with the process, however that ends."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path, purpose: str) -> WorkspaceLock:
        """Take the lock.

        Raises
        ------
        WorkspaceInUse
            If another program has it; the sentence says which.
        StorageFailed
            If the lock file cannot be written.
        """
        path = folder / LOCK_NAME
        try:
            # Stays open as long as the lock is held; unbuffered, so that a full disk shows when it is written.
            file = open(path, "a+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise StorageFailed(f"{path}: the lock file cannot be opened ({error})") from error
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            holder = file.read(200).decode("utf-8", "replace").strip()
            file.close()
            raise WorkspaceInUse(folder, holder or "unknown") from error
        try:
            file.truncate(0)
            file.write(f"{purpose}, process {os.getpid()} on {platform.node()}\n".encode())
        except OSError as error:
            file.close()
            raise StorageFailed(f"{path}: the lock file cannot be written ({error})") from error
        return cls(file)

    @classmethod
    @contextlib.contextmanager
    def held(cls, folder: Path, purpose: str) -> Iterator[None]:
        """Hold the lock for a block."""
        lock = cls.take(folder, purpose)
        try:
            yield
        finally:
            lock.release()

    def release(self) -> None:
        """Give the lock back."""
        self._file.close()


if os.name == "nt":
    import msvcrt

    def _lock(file: FileIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _lock(file: FileIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
