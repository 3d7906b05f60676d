"""The settings file, written by a thread of its own: the disk may take a second to say that it has written."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from desktop.log_text import Plain

_log = logging.getLogger("desktop.settings")
_WRITE_AFTER_S = 0.2
"""Several changes at once are one write."""


class SettingsStore:
    """Keys and values of an INI file: read at once, kept in memory, written behind.

    QSettings alone would write in the GUI thread, in the next turn of its event loop, and wait for the disk there.

    Parameters
    ----------
    path : Path
        INI file; made when first written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = QSettings(str(path), QSettings.Format.IniFormat)
        self._values: dict[str, Any] = {key: kept.value(key) for key in kept.allKeys()}
        self._lock = threading.Lock()
        self._changes: dict[str, Any] = {}
        self._writer: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._hurry = threading.Event()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def value(self, key: str, default: Any = None) -> Any:
        """What is kept under a key."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep a value; it is in the file soon."""
        if key not in self._values or self._values[key] != value:
            self._values[key] = value
            self._change(key, value)

    def remove(self, key: str) -> None:
        """Forget a key."""
        if key in self._values:
            del self._values[key]
            self._change(key, None)

    def clear(self) -> None:
        """Forget everything."""
        for key in list(self._values):
            self.remove(key)

    def sync(self) -> None:
        """Write now, and wait for it; for the end of the program."""
        self._hurry.set()
        if self._pending is not None:
            self._pending.result()
        self._hurry.clear()

    def _change(self, key: str, value: Any) -> None:
        with self._lock:
            self._changes[key] = value
            if self._pending is not None and not self._pending.done() and len(self._changes) > 1:
                return  # the write that is due takes this along
            if self._writer is None:
                self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settings")
            self._pending = self._writer.submit(self._write)

    def _write(self) -> None:
        self._hurry.wait(_WRITE_AFTER_S)
        with self._lock:
            changes, self._changes = self._changes, {}
        if not changes:
            return
        file = QSettings(str(self._path), QSettings.Format.IniFormat)
        for key, value in changes.items():
            if value is None:
                file.remove(key)
            else:
                file.setValue(key, value)
        file.sync()
        if file.status() != QSettings.Status.NoError:
            _log.warning("the settings could not be written: %s", Plain(file.status().name))
