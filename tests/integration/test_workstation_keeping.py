"""Nothing typed is lost, whatever the disk does."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from stations import Station, film

from db import readings, studies
from gaze2report.errors import StorageFailed

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def on_disk(made: Station) -> str:
    """What another process would find."""
    with sqlite3.connect(f"file:{made.workspace.database_path}?mode=ro", uri=True) as connection:
        rows = connection.execute("select findings from reading order by id").fetchall()
    return str(rows[-1][0])


def test_typed_text_is_on_disk_within_two_seconds_even_while_typing_goes_on(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    typed: list[tuple[float, int]] = []
    begun = time.monotonic()
    while time.monotonic() - begun < 3.0:
        made.type("findings", "x")
        typed.append((time.monotonic(), len(made.text("findings"))))
        qtbot.wait(20)
        due = max((length for at, length in typed if time.monotonic() - at > 2.0), default=0)
        assert len(on_disk(made)) >= due
    assert made.window.report.saved.text().startswith("saved ")


def test_a_save_that_fails_is_said_in_red_retried_and_the_text_can_be_copied(
    make_station, qtbot, tmp_path: Path, monkeypatch
) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    is_full, autosave = [True], readings.autosave

    def save(*arguments) -> None:
        if is_full[0]:
            raise StorageFailed("workspace.db: No space left on device")
        autosave(*arguments)

    monkeypatch.setattr(readings, "autosave", save)
    made.type("findings", "Precious.")
    report = made.window.report
    qtbot.waitUntil(report.save_fault.isVisible)
    assert "No space left" in report.save_fault.text()
    report.copy_button.click()
    assert "Precious." in QApplication.clipboard().text()
    made.window.close()
    assert made.window.isVisible()  # the only copy of the text is in this window
    is_full[0] = False
    qtbot.waitUntil(lambda: on_disk(made) == "Precious.", timeout=10_000)
    qtbot.waitUntil(lambda: not report.save_fault.isVisible())


def test_a_text_that_cannot_be_kept_keeps_its_study_on_screen(make_station, qtbot, tmp_path: Path, monkeypatch) -> None:
    made = make_station(start_host=False)
    first, second = (made.add(film(tmp_path, seed)).study_uid for seed in (1, 2))
    made.open(qtbot, first)
    autosave = readings.autosave

    def fail(*arguments) -> None:
        raise StorageFailed("No space left on device")

    monkeypatch.setattr(readings, "autosave", fail)
    made.type("findings", "Precious.")
    made.window.open_study(second)
    qtbot.waitUntil(lambda: bool(made.told))
    assert made.reading.study.study_uid == first
    assert made.text("findings") == "Precious."
    assert not made.window.report.editors["findings"].isReadOnly()
    monkeypatch.setattr(readings, "autosave", autosave)
    made.open(qtbot, second)


def test_closing_keeps_the_text_and_lets_go_of_the_study(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Last words.")
    with qtbot.waitSignal(made.window.closed):
        made.window.close()
    assert on_disk(made) == "Last words."
    assert studies.worklist(made.workspace)[0].locked_by == ""
