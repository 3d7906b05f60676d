"""Live gaze is for an operator at a monitor of their own, and never on the reader's."""

from __future__ import annotations

import pytest
from captured import CONSENT
from stations import film

from desktop.capture.operator_window import ON_READERS_MONITOR, ONE_MONITOR, OperatorWindow
from desktop.capture.screens import Monitor
from desktop.capture.tracker_choice import TrackerChoice

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

ELSEWHERE = Monitor("reader 1600x1200@1-1600+0 0", (-1600, 0), 1600, 1200, 1.0, 0, 0, "reader")


@pytest.fixture
def made(make_station, qtbot, tmp_path):
    station = make_station(start_host=False)
    capture = station.window.capture
    capture.choose(TrackerChoice("simulated", "SIM-60"))
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    qtbot.waitUntil(lambda: capture.link.state.phase == "ready", timeout=30_000)
    capture.recording.arm(CONSENT)
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    return station


def test_with_one_monitor_there_is_no_live_gaze(made):
    made.services.actions["gaze.operator"].trigger()
    assert made.window.notices._faults == [ONE_MONITOR]
    assert not made.window.capture.operator.isVisible()


def test_the_operator_sees_film_and_gaze_until_the_window_comes_to_the_readers_monitor(made, qtbot, monkeypatch):
    capture = made.window.capture
    monkeypatch.setattr(OperatorWindow, "_reader_monitor", lambda _: ELSEWHERE)
    made.services.actions["gaze.operator"].trigger()
    operator = capture.operator
    assert operator.isVisible()
    qtbot.waitUntil(lambda: len(operator.stage.trail) > 5, timeout=15_000)
    assert len(operator.stage.pictures) == 1
    assert operator.stage.size_px == (1600, 1200)
    assert operator.light.text() == "recording SIMULATED gaze of reader-17"
    qtbot.waitUntil(lambda: "valid samples" in operator.quality.text(), timeout=15_000)
    before = operator.stage.grab()
    operator.pause_button.click()
    assert capture.recording.is_paused
    operator.pause_button.click()
    monkeypatch.undo()  # as if it was moved there
    qtbot.waitUntil(lambda: operator.stage.sentence == ON_READERS_MONITOR)
    assert len(operator.stage.trail) == 0
    assert operator.stage.grab().toImage() != before.toImage()
    operator.close()
    assert not operator._poll.isActive()
    qtbot.wait(150)
    capture.link.take_gaze()
    qtbot.wait(150)
    assert capture.link.take_gaze() is None  # nothing is sent when nobody looks
