"""Typed settings over one INI file, with a version."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

SETTINGS_VERSION = 1
"""Raise it when a key changes its meaning; older layouts are then forgotten, never misread."""


class Settings:
    """What the window remembers between two starts.

    Parameters
    ----------
    path : Path
        INI file; made when first written.
    """

    def __init__(self, path: Path) -> None:
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        if self._store.value("version") != str(SETTINGS_VERSION):
            reader = self._store.value("reader/name")
            self._store.clear()
            self._store.setValue("version", str(SETTINGS_VERSION))
            if reader:
                self._store.setValue("reader/name", reader)

    @property
    def reader_name(self) -> str:
        """Who reads and signs; the account's name until the reader says otherwise."""
        name = str(self._store.value("reader/name", "") or "").strip()
        return name or _account_name()

    @reader_name.setter
    def reader_name(self, name: str) -> None:
        self._store.setValue("reader/name", name.strip())

    @property
    def window_geometry(self) -> QByteArray | None:
        """Geometry of the main window as Qt saved it."""
        return self._bytes("window/geometry")

    @window_geometry.setter
    def window_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)

    def layout(self, name: str) -> QByteArray | None:
        """Saved state of a splitter or header, or None."""
        return self._bytes(f"layout/{name}")

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Keep the state of a splitter or header."""
        self._store.setValue(f"layout/{name}", state)

    @property
    def is_gaze_shown(self) -> bool:
        """Whether the predicted scanpath is drawn over the image."""
        return self._store.value("viewer/gaze", "true") == "true"

    @is_gaze_shown.setter
    def is_gaze_shown(self, shown: bool) -> None:
        self._store.setValue("viewer/gaze", "true" if shown else "false")

    def keys(self, action_id: str) -> tuple[str, ...] | None:
        """The keys the reader gave to an action, in portable text; None when it has those it came with."""
        kept = self._store.value(f"keys/{action_id}")
        return tuple(json.loads(kept)) if isinstance(kept, str) and _is_list_of_texts(kept) else None

    def set_keys(self, action_id: str, keys: tuple[str, ...] | None) -> None:
        """Keep the keys of an action; None forgets them."""
        if keys is None:
            self._store.remove(f"keys/{action_id}")
        else:
            self._store.setValue(f"keys/{action_id}", json.dumps(keys))

    def sync(self) -> None:
        """Write now."""
        self._store.sync()

    def _bytes(self, key: str) -> QByteArray | None:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None


def _is_list_of_texts(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "reader"
