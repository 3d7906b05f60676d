"""Typed settings over one INI file, with a version."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Literal, get_args

from PySide6.QtCore import QByteArray, QObject, Signal

from db.records import ReadingMode
from desktop.settings_store import SettingsStore

SETTINGS_VERSION = 1
"""Raise it when a key changes its meaning; older layouts are then forgotten, never misread."""

LayoutName = Literal["single", "lateral", "prior", "lateral_prior"]
"""Films side by side, see :mod:`desktop.viewer.hanging`."""

IDLE_LOCK_MIN, LONGEST_IDLE_LOCK_MIN = 10, 240

TEXT_SIZES_PX = {"Small": 12, "Normal": 13, "Large": 15, "Very large": 18}


class Settings(QObject):
    """What the window remembers between two starts.

    Parameters
    ----------
    path : Path
        INI file; made when first written.

    Signals
    -------
    changed(str)
        Another value was chosen for this property.
    """

    changed = Signal(str)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._store = SettingsStore(path)
        if self._store.value("version") != str(SETTINGS_VERSION):
            reader = self._store.value("reader/name")
            self._store.clear()
            self._store.set("version", str(SETTINGS_VERSION))
            if reader:
                self._store.set("reader/name", reader)

    @property
    def reader_name(self) -> str:
        """Who reads and signs; the account's name until the reader says otherwise."""
        name = str(self._store.value("reader/name", "") or "").strip()
        return name or _account_name()

    @reader_name.setter
    def reader_name(self, name: str) -> None:
        self._store.set("reader/name", name.strip())

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    @property
    def last_account(self) -> str:
        """Name of the account that logged in last."""
        return str(self._store.value("reader/last_account", "") or "")

    @last_account.setter
    def last_account(self, name: str) -> None:
        self._store.set("reader/last_account", name)

    @property
    def is_local_user_chosen(self) -> bool:
        """Whether somebody has said that reading without accounts is well."""
        return self._is_on("reader/is_local_user_chosen", default=False)

    @is_local_user_chosen.setter
    def is_local_user_chosen(self, is_chosen: bool) -> None:
        self._set("is_local_user_chosen", "reader/is_local_user_chosen", _switch(is_chosen))

    def worklist_filters(self, reader: str) -> str:
        """The filters that a reader has saved, as ``desktop.worklist.study_filter`` writes them."""
        return str(self._store.value(f"filters/{_key_of(reader)}", "") or "")

    def set_worklist_filters(self, reader: str, filters_json: str) -> None:
        """Keep the filters of a reader."""
        self._store.set(f"filters/{_key_of(reader)}", filters_json)

    @property
    def idle_lock_min(self) -> int:
        """Minutes without a touch after which a logged-in reader's screen is locked; 0 for never."""
        kept = str(self._store.value("reader/idle_lock_min", ""))
        return int(kept) if kept.isdecimal() and int(kept) <= LONGEST_IDLE_LOCK_MIN else IDLE_LOCK_MIN

    @idle_lock_min.setter
    def idle_lock_min(self, minutes: int) -> None:
        self._set("idle_lock_min", "reader/idle_lock_min", str(minutes))

    @property
    def window_geometry(self) -> QByteArray | None:
        """Geometry of the main window as Qt saved it."""
        return self._bytes("window/geometry")

    @window_geometry.setter
    def window_geometry(self, geometry: QByteArray) -> None:
        self._store.set("window/geometry", geometry)

    def layout(self, name: str) -> QByteArray | None:
        """Saved state of a splitter or header, or None."""
        return self._bytes(f"layout/{name}")

    def set_layout(self, name: str, state: QByteArray) -> None:
        """Keep the state of a splitter or header."""
        self._store.set(f"layout/{name}", state)

    @property
    def text_size_px(self) -> int:
        """Height of the window's text: one of :data:`TEXT_SIZES_PX`."""
        kept = str(self._store.value("window/text_size_px", ""))
        return int(kept) if kept in map(str, TEXT_SIZES_PX.values()) else TEXT_SIZES_PX["Normal"]

    @text_size_px.setter
    def text_size_px(self, size_px: int) -> None:
        self._set("text_size_px", "window/text_size_px", str(size_px))

    @property
    def does_wheel_up_zoom_in(self) -> bool:
        """Whether turning the wheel away from you makes the film larger."""
        return self._is_on("viewer/wheel_up_zooms_in", default=True)

    @does_wheel_up_zoom_in.setter
    def does_wheel_up_zoom_in(self, does: bool) -> None:
        self._set("does_wheel_up_zoom_in", "viewer/wheel_up_zooms_in", _switch(does))

    @property
    def does_model_start(self) -> bool:
        """Whether the model is started with the window."""
        return self._is_on("model/starts", default=True)

    @does_model_start.setter
    def does_model_start(self, does: bool) -> None:
        self._set("does_model_start", "model/starts", _switch(does))

    @property
    def does_prefetch(self) -> bool:
        """Whether the next studies are made ready ahead."""
        return self._is_on("model/prefetches", default=True)

    @does_prefetch.setter
    def does_prefetch(self, does: bool) -> None:
        self._set("does_prefetch", "model/prefetches", _switch(does))

    @property
    def is_tour_done(self) -> bool:
        """Whether the first tour was seen or skipped."""
        return self._is_on("tour/done", default=False)

    @is_tour_done.setter
    def is_tour_done(self, is_done: bool) -> None:
        self._set("is_tour_done", "tour/done", _switch(is_done))

    @property
    def film_layout(self) -> LayoutName:
        """How films are hung when a study is opened."""
        kept = str(self._store.value("viewer/layout", "single"))
        return next((name for name in get_args(LayoutName) if name == kept), "single")

    @film_layout.setter
    def film_layout(self, name: LayoutName) -> None:
        self._set("film_layout", "viewer/layout", name)

    def is_on(self, action_id: str) -> bool | None:
        """Whether a remembered action was on; None when it was never used."""
        kept = self._store.value(f"on/{action_id}")
        return None if kept is None else kept == "true"

    def set_on(self, action_id: str, is_on: bool) -> None:
        """Keep whether an action is on."""
        self._store.set(f"on/{action_id}", _switch(is_on))

    @property
    def reading_mode(self) -> ReadingMode:
        """Whether a study is read before anything of the AI is shown; holds for the next study opened."""
        return "reader-first" if self._store.value("reader/mode") == "reader-first" else "ai-first"

    @reading_mode.setter
    def reading_mode(self, mode: ReadingMode) -> None:
        self._store.set("reader/mode", mode)

    @property
    def output_folder(self) -> Path | None:
        """Where the last report was exported to."""
        kept = str(self._store.value("report/output_folder", "") or "")
        return Path(kept) if kept else None

    @output_folder.setter
    def output_folder(self, folder: Path) -> None:
        self._store.set("report/output_folder", str(folder))

    @property
    def own_words(self) -> tuple[str, ...]:
        """Words that the reader has said are spelled right."""
        kept = self._store.value("spelling/words")
        return tuple(json.loads(kept)) if isinstance(kept, str) and _is_list_of_texts(kept) else ()

    @own_words.setter
    def own_words(self, words: tuple[str, ...]) -> None:
        self._store.set("spelling/words", json.dumps(sorted(set(words))))

    def keys(self, action_id: str) -> tuple[str, ...] | None:
        """The keys the reader gave to an action, in portable text; None when it has those it came with."""
        kept = self._store.value(f"keys/{action_id}")
        return tuple(json.loads(kept)) if isinstance(kept, str) and _is_list_of_texts(kept) else None

    def set_keys(self, action_id: str, keys: tuple[str, ...] | None) -> None:
        """Keep the keys of an action; None forgets them."""
        if keys is None:
            self._store.remove(f"keys/{action_id}")
        else:
            self._store.set(f"keys/{action_id}", json.dumps(keys))

    def capture_text(self, name: str) -> str:
        """What is kept of gaze recording under a name; see :mod:`desktop.capture.tracker_choice`."""
        return str(self._store.value(f"capture/{name}", "") or "")

    def set_capture_text(self, name: str, text: str) -> None:
        """Keep something of gaze recording."""
        self._store.set(f"capture/{name}", text)

    def sync(self) -> None:
        """Write now, and wait for the disk; at the end of the program only."""
        self._store.sync()

    def _is_on(self, key: str, *, default: bool) -> bool:
        return self._store.value(key, _switch(default)) == "true"

    def _set(self, name: str, key: str, text: str) -> None:
        if self._store.value(key) != text:
            self._store.set(key, text)
            self.changed.emit(name)

    def _bytes(self, key: str) -> QByteArray | None:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None


def _key_of(name: str) -> str:
    """A name as a key of the INI file, in which / is a border."""
    return name.encode().hex()


def _switch(is_on: bool) -> str:
    return "true" if is_on else "false"


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
