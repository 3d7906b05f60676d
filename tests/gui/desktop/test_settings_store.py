from __future__ import annotations

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QByteArray, QSettings
from watchdog import Watchdog

from desktop import settings_store
from desktop.settings_store import SettingsStore

KEYS = st.sampled_from(["window/geometry", "keys/image.fit", "a", "on/gaze.predicted"])
VALUES = st.one_of(st.text(max_size=8), st.binary(max_size=8).map(QByteArray))


@settings(max_examples=25)
@given(acts=st.lists(st.tuples(KEYS, st.one_of(st.none(), VALUES)), max_size=12))
def test_what_was_kept_is_there_at_the_next_start_and_nothing_else(acts) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "desktop.ini"
        store, expected = SettingsStore(path), {}
        for key, value in acts:
            if value is None:
                store.remove(key)
                expected.pop(key, None)
            else:
                store.set(key, value)
                expected[key] = value
            assert store.value(key) == expected.get(key)
        store.sync()
        again = SettingsStore(path)
        assert {key: again.value(key) for key in expected} == expected
        assert again._values.keys() == expected.keys()


@pytest.fixture
def slow_disk(monkeypatch):
    threads = []

    class SlowFile(QSettings):
        def sync(self) -> None:
            threads.append(threading.current_thread())
            time.sleep(0.3)
            super().sync()

    monkeypatch.setattr(settings_store, "QSettings", SlowFile)
    return threads


def test_a_slow_disk_does_not_hold_up_the_window(qtbot, tmp_path, slow_disk) -> None:
    store = SettingsStore(tmp_path / "desktop.ini")
    with Watchdog().watching() as watch:
        for number in range(20):
            store.set("a", str(number))
            qtbot.wait(20)
    store.sync()
    assert watch.longest.ms < 100, watch.text()
    assert threading.main_thread() not in slow_disk
    assert 1 <= len(slow_disk) < 10  # changes are gathered
    assert SettingsStore(tmp_path / "desktop.ini").value("a") == "19"


def test_settings_that_cannot_be_written_are_logged_and_hold_until_the_end(tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("no folder")
    store = SettingsStore(tmp_path / "file" / "desktop.ini")
    with caplog.at_level("WARNING", logger="desktop.settings"):
        store.set("a", "1")
        store.sync()
    assert store.value("a") == "1"
    assert "could not be written" in caplog.text
