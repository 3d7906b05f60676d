"""Calibration in the whole workstation: on the tracker's monitor, through faults, and into recordings."""

from __future__ import annotations

import numpy as np
import pytest
from captured import CONSENT
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest
from stations import film

from capture.clocks import HostClock
from capture.recording import describe, rows
from capture.session import Refused, Session
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.tracker import TrackerError
from desktop.capture import calibration_run
from desktop.capture.agent_calls import CaptureFault
from desktop.capture.agent_link import LinkState
from desktop.capture.calibration_run import CalibrationRun
from desktop.capture.calibration_window import CalibrationWindow
from desktop.capture.screens import monitor_of, tracker_screen
from desktop.capture.tracker_choice import TrackerChoice

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Short looks: simulated eyes need no longer."""
    monkeypatch.setattr(calibration_run, "SETTLE_MS", 330)
    monkeypatch.setattr(calibration_run, "LOOK_MS", 200)


def faults(station):
    return station.window.notices._faults


def test_from_calibration_to_a_recording_that_says_how_good_it_is(make_station, qtbot, tmp_path):
    station = make_station(start_host=False)
    capture = station.window.capture
    capture.choose(TrackerChoice("simulated", "SIM-1200", 300.0))
    qtbot.waitUntil(lambda: capture.link.state.phase == "ready", timeout=30_000)
    capture.recording.consent = CONSENT
    assert capture.calibrating.sentence == "none for this tracker, monitor and reader"
    station.services.actions["gaze.calibrate"].trigger()
    qtbot.waitUntil(lambda: capture.calibrating.window is not None, timeout=10_000)
    window = capture.calibrating.window
    assert window.geometry() == window.screen().geometry()
    assert window.misplacement() == ""
    qtbot.waitUntil(lambda: window.head is not None and window.head.is_good, timeout=10_000)
    assert "Distance 6" in window.guide.head.text()
    window.guide.points_box.setCurrentIndex(0)
    QTest.mouseClick(window.guide.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.run.step == "result", timeout=60_000)
    assert window.run.fault == ""
    result = window.run.results[-1]
    assert result.used == {"left": 5, "right": 5}
    assert 0.2 < result.validation.error_dva < 0.8  # what the simulated eyes are off
    assert "°" in window.result.verdict.text()
    # A point is done again.
    QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=at(window, (0.1, 0.1)))
    assert window.chosen == {(0.1, 0.1)}
    window.result.redo_button.click()
    qtbot.waitUntil(lambda: window.run.step != "result", timeout=10_000)
    qtbot.waitUntil(lambda: window.run.step == "result", timeout=60_000)
    assert len(window.run.results) == 2
    window.result.accept_button.click()
    qtbot.waitUntil(lambda: capture.calibrating.window is None, timeout=10_000)
    assert capture.calibrating.in_force is not None
    assert "min ago" in capture.calibrating.sentence
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    capture.recording.arm(CONSENT)
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    case = capture.recording.case
    station.services.actions["gaze.calibrate"].trigger()  # not while gaze is recorded
    assert any("Gaze is being recorded" in sentence for sentence in faults(station))
    capture.recording.disarm()
    qtbot.waitUntil(lambda: describe(case.path).state == "stopped", timeout=15_000)
    (kept,) = [row["body"] for row in rows(case.path, "marker") if row["kind"] == "validation"]
    assert kept["mean_accuracy_left_dva"] == pytest.approx(
        capture.calibrating.in_force.validation.eye("left").accuracy_dva
    )
    # Another monitor, or the same under another scale, makes it stale.
    capture.settings.screen = "another 1x1@1+0+0 0"
    assert capture.calibrating.in_force is None
    assert station.bugs == []


def at(window, place) -> QPoint:
    return QPoint(round(place[0] * window.width()), round(place[1] * window.height()))


def test_the_drift_is_checked_with_one_target(make_station, qtbot):
    station = make_station(start_host=False)
    capture = station.window.capture
    capture.choose(TrackerChoice("simulated", "SIM-60"))
    qtbot.waitUntil(lambda: capture.link.state.phase == "ready", timeout=30_000)
    station.services.actions["gaze.check_drift"].trigger()
    window = capture.calibrating.window
    window.guide.start_button.click()
    qtbot.waitUntil(lambda: window.run.step == "result", timeout=30_000)
    assert window.run.drift is not None
    assert "the calibration still holds" in window.result.verdict.text()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: capture.calibrating.window is None, timeout=10_000)
    assert 0.1 < capture.calibrating.drift_dva < 1.0


class InProcess:
    """The link without its process: the same calls, answered by the agent's session at once."""

    def __init__(self, model, tmp_path):
        self.session = Session({"simulated": SimulatedBackend([model])}, tmp_path, HostClock(), lambda *_: None)
        self.session.connect("simulated", model.serial_number)
        area = self.session.check()["display_area"]
        self.state = LinkState("ready", "", {"source": "simulation", "serial_number": "X"}, 600.0, area)
        self.agent = self
        self.client = self

    def ask(self, kind, limit_s=0.0, **body):
        calls = {
            "watch": lambda: self.session.watch(body["is_on"]),
            "look": lambda: self.session.point("look", body["x"], body["y"]),
            "recent": lambda: self.session.recent(body["since_us"]),
            "calibrate": lambda: self.session.calibrate(body["step"], body.get("x", 0.5), body.get("y", 0.5)),
        }
        return calls[kind]() or {}

    def call(self, work, *, on_done=None, on_failed=None, must_finish=False):
        try:
            answer = work(self)
        except (TrackerError, Refused) as error:
            on_failed(CaptureFault(str(error)))
        else:
            on_done(answer)

    @property
    def is_calibrating(self):
        return self.session._tracker._collected is not None


def run_with(qtbot, tmp_path, **faults_at):
    model = SimulatedModel(faults={name: codes for name, codes in faults_at.items()}, seed=2)
    link = InProcess(model, tmp_path)
    run = CalibrationRun(link, "screen", (1920, 1080), "reader-17", seed=1)
    run.changed.connect(lambda: run.target and run.target_is_shown(run.target))
    run.begin()
    run.calibrate(5)
    qtbot.waitUntil(lambda: run.step in ("result", "position"), timeout=60_000)
    return link, run


@pytest.mark.parametrize("step", ["enter_calibration", "collect", "compute"])
def test_an_error_at_any_step_is_said_and_leaves_no_tracker_in_calibration_mode(qtbot, tmp_path, step):
    link, run = run_with(qtbot, tmp_path, **{step: ("connection_failed",)})
    assert "connection_failed" in run.fault
    assert run.results == []
    with qtbot.waitSignal(run.ended):
        run.end()
    assert not link.is_calibrating
    run.end()  # again changes nothing
    link.session.close("the test is over")


def test_a_run_that_is_ended_in_the_middle_leaves_calibration_mode(qtbot, tmp_path):
    link = InProcess(SimulatedModel(), tmp_path)
    run = CalibrationRun(link, "screen", (1920, 1080), "", seed=1)
    run.begin()
    run.calibrate(9)
    assert run.step == "calibrate"
    assert link.is_calibrating
    run.end()
    assert not link.is_calibrating
    link.session.close("the test is over")


def test_eyes_that_look_away_from_the_targets_fail_each_point_and_there_is_no_calibration(qtbot, tmp_path):
    link = InProcess(SimulatedModel(seed=2), tmp_path)
    run = CalibrationRun(link, "screen", (1920, 1080), "", seed=1)
    run.changed.connect(
        lambda: run.target and run.target_is_shown((1.1 - run.target[0] if run.target[0] != 0.5 else 0.1, 0.5))
    )
    run.begin()
    run.calibrate(5)
    qtbot.waitUntil(lambda: run.step == "result", timeout=60_000)
    assert "No calibration point has usable data" in run.fault
    assert len(run.failed_points) == 5
    run.end()
    link.session.close("the test is over")


@pytest.mark.parametrize("damage", ["moved", "smaller"])
def test_targets_are_never_shown_beside_the_trackers_monitor(qtbot, tmp_path, damage):
    link = InProcess(SimulatedModel(), tmp_path)
    screen = tracker_screen("", None, "simulation")
    run = CalibrationRun(link, monitor_of(screen).fingerprint, (800, 800), "")
    window = CalibrationWindow(run, monitor_of(screen))
    qtbot.addWidget(window)
    window.begin()
    window.setWindowState(Qt.WindowState.WindowNoState)
    area = screen.geometry()
    window.setGeometry(area.translated(40, 0) if damage == "moved" else QRect(area.topLeft(), area.size() / 2))
    qtbot.wait(50)
    window.guide.start_wanted.emit(5)
    qtbot.waitUntil(lambda: run.step == "ended")
    assert "does not cover the tracker's monitor" in run.fault
    assert not link.is_calibrating
    link.session.close("the test is over")


def test_the_wrong_monitor_is_refused_with_a_sentence(monkeypatch, qtbot):
    from desktop.capture import screens

    (screen,) = screens.monitors().values()
    area = {"width_mm": 527.0, "height_mm": 296.0}
    with pytest.raises(CaptureFault, match="set up for a display of 527 x 296 mm"):
        tracker_screen("", area, "eye")
    assert tracker_screen("", area, "simulation") is screen
    own = monitor_of(screen)
    assert tracker_screen("", {"width_mm": own.width_mm * 1.05, "height_mm": own.height_mm}, "eye") is screen
    with pytest.raises(CaptureFault, match="is not there, or its resolution"):
        tracker_screen("DP-9 100x100@1+0+0 abc", None, "simulation")
    monkeypatch.setattr(screens, "monitors", lambda: {"one": screen, "two": screen})
    with pytest.raises(CaptureFault, match="which monitor"):
        tracker_screen("", None, "eye")


def test_places_on_a_monitor_left_of_the_main_one_are_fractions_of_it():
    from desktop.capture.screens import Monitor

    monitor = Monitor("m", (-1920, -300), 3840, 2400, 2.0, 0, 0, "left")
    assert monitor.to_fraction(-1920, -300) == (0.0, 0.0)
    assert monitor.to_fraction(0, 900) == (1.0, 1.0)
    np.testing.assert_allclose(monitor.to_device(-960, 300), (1920, 1200))
    assert QPointF(*monitor.to_device(-1919.5, -300)) == QPointF(1.0, 0.0)
