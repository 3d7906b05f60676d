"""Long work of the whole window in its status bar."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from stations import film, wait_drafted

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def test_a_draft_is_shown_while_it_is_written_and_can_be_stopped(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("gate", tmp_path / "gate")
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    status = made.window.status
    qtbot.waitUntil(lambda: len(status.items) == 1, timeout=20_000)
    (item,) = status.items
    assert item.label.text() == "Drafting the report"
    item.stop_button.click()
    qtbot.waitUntil(lambda: not status.items)
    assert made.reading.draft_state.phase == "cancelled"


def test_nothing_is_left_in_the_status_bar_after_studies_came_and_went(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station()
    for seed in range(3):
        made.open(qtbot, made.add(film(tmp_path, seed)).study_uid)
        if seed != 1:  # the second is left while it is drafted
            wait_drafted(made, qtbot)
    qtbot.waitUntil(lambda: made.services.background.work.works == (), timeout=20_000)
    assert made.window.status.items == ()
    assert not made.bugs


def test_a_film_that_opens_slowly_can_be_stopped_and_opened_again(make_station, qtbot, tmp_path, monkeypatch) -> None:
    made = make_station(start_host=False)
    gate = tmp_path / "gate"
    read = made.services.film_intake.read

    def slow(path: Path):
        while not gate.exists():
            time.sleep(0.01)
        return read(path)

    monkeypatch.setattr(made.services.film_intake, "read", slow)
    made.open(qtbot, made.add(film(tmp_path)).study_uid, with_image=False)
    status = made.window.status
    qtbot.waitUntil(lambda: len(status.items) == 1, timeout=20_000)
    assert status.items[0].label.text() == "Opening the film"
    status.items[0].stop_button.click()
    assert "stopped" in made.reading.image_fault
    gate.touch()
    qtbot.waitUntil(lambda: not status.items)
    assert made.window.viewer.view.image is None  # what came all the same is not shown
    made.window.open_study(made.reading.study.study_uid)
    qtbot.waitUntil(lambda: made.window.viewer.view.image is not None, timeout=20_000)
