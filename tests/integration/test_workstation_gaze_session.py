"""One reader's session with the tracker: calibrated, read with zoom, judged, exported, and in a training set."""

from __future__ import annotations

import numpy as np
import pytest
from captured import CONSENT
from PySide6.QtCore import QPointF
from stations import film
from tracker_interpreter import MODEL, SERIAL_NUMBER, make_interpreter
from watchdog import Watchdog

from capture.recording import describe, verify
from db import case_gaze, gaze_exports, learning_consents, training_export
from desktop.capture import calibration_run
from desktop.capture.screens import monitor_of, monitors
from desktop.capture.tracker_choice import TrackerChoice
from gaze2report.data.training_set import TrainingSet
from gaze2report.gaze.export_folder import MANIFEST
from gaze2report.gaze.recorded_gaze_file import read_recorded_gaze, write_recorded_gaze
from gaze2report.imaging.orientation import Orientation

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

LANDMARKS = [(0.35, 0.40), (0.62, 0.58), (0.45, 0.72), (0.70, 0.30)]
"""Places on the film, as shares of its sides, looked at one after the other."""

DWELL_MS = 750
ORIENTATIONS = [Orientation(), Orientation(1, False), Orientation(0, True), Orientation()]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Short looks: simulated eyes need no longer."""
    monkeypatch.setattr(calibration_run, "SETTLE_MS", 330)
    monkeypatch.setattr(calibration_run, "LOOK_MS", 200)
    monkeypatch.setattr(
        training_export, "HOLD_OUT_SHARE", 0.0
    )  # the one patient is for training, whatever salt is drawn


class Simulated:
    """The simulated tracker: the agent is told where its eyes look."""

    choice = TrackerChoice("simulated", "SIM-1200", 600.0)
    source, model = "simulation", "Simulated 1200"

    def look(self, station, qtbot, x, y):
        told = []
        station.window.capture.link.ask("look", on_done=told.append, x=x, y=y)
        qtbot.waitUntil(lambda: bool(told), timeout=15_000)


class Tobii:
    """The look-alike of the vendor's package, imported by the agent: a tracker with eyes that nobody can tell."""

    source, model = "eye", MODEL

    def __init__(self, folder, monkeypatch):
        monitor = monitor_of(next(iter(monitors().values())))
        interpreter, self.eyes = make_interpreter(folder, (monitor.width_mm, monitor.height_mm), monkeypatch)
        self.choice = TrackerChoice("tobii_research", SERIAL_NUMBER, 600.0, str(interpreter))
        shown = calibration_run.CalibrationRun.target_is_shown

        def see(run, painted_at):  # whoever sits there looks at what is painted
            self.eyes.look(*painted_at)
            shown(run, painted_at)

        monkeypatch.setattr(calibration_run.CalibrationRun, "target_is_shown", see)

    def look(self, station, qtbot, x, y):
        self.eyes.look(x, y)


@pytest.fixture(params=["simulated", pytest.param("tobii", marks=pytest.mark.soak)])
def tracker(request, qapp, tmp_path, monkeypatch):
    return Simulated() if request.param == "simulated" else Tobii(tmp_path, monkeypatch)


def calibrate(station, qtbot):
    capture = station.window.capture
    station.services.actions["gaze.calibrate"].trigger()
    qtbot.waitUntil(lambda: capture.calibrating.window is not None, timeout=10_000)
    window = capture.calibrating.window
    window.guide.points_box.setCurrentIndex(0)
    window.guide.start_button.click()
    qtbot.waitUntil(lambda: window.run.step == "result", timeout=60_000)
    window.result.accept_button.click()
    qtbot.waitUntil(lambda: capture.calibrating.window is None, timeout=10_000)
    return capture.calibrating.in_force


def look_at(station, qtbot, tracker, place_px):
    """Let the eyes look where the film really has this place, by the view's own arithmetic."""
    view = station.window.viewer.view
    x, y = view.viewport.image_to_device(*place_px)
    ratio = view.devicePixelRatioF()
    at = view.mapToGlobal(QPointF(x / ratio, y / ratio))
    across, down = monitor_of(view.screen()).to_fraction(at.x(), at.y())
    assert 0 < across < 1
    assert 0 < down < 1
    tracker.look(station, qtbot, across, down)
    qtbot.wait(DWELL_MS)


def read_and_sign(station, qtbot, tracker, view, places):
    """Look at each place in a view of its own, write the report, sign it, and wait for the judgement."""
    for number, place in enumerate(places):
        view.orient(ORIENTATIONS[number])
        view.fit()
        view.zoom((1.0, 2.2, 3.5, 1.6)[number])
        x, y = view.viewport.image_to_device(*place)
        ratio = view.devicePixelRatioF()
        view.pan(view.width() * 0.45 - x / ratio, view.height() * 0.55 - y / ratio)
        qtbot.wait(50)
        look_at(station, qtbot, tracker, place)
    station.type("findings", "Clear lungs.")
    station.type("impression", "Normal.")
    station.window.report.sign_bar.sign_confirmed.emit()
    qtbot.waitUntil(station.window.capture.review.bar.isVisible, timeout=30_000)


def test_gaze_lies_where_the_reader_looked_through_zoom_pan_turn_and_flip(make_station, qtbot, tmp_path, tracker):
    station = make_station(start_host=False)
    station.window.resize(780, 760)
    capture = station.window.capture
    capture.choose(tracker.choice)
    qtbot.waitUntil(lambda: capture.link.state.phase == "ready", timeout=30_000)
    assert capture.link.state.source == tracker.source
    assert capture.light.vendor.isHidden() == (tracker.source != "eye")
    capture.recording.consent = CONSENT
    result = calibrate(station, qtbot)
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    capture.recording.arm(CONSENT)
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    case = capture.recording.case
    view = station.window.viewer.view
    rows, columns = view.image.codes.shape[:2]
    places = [(x * columns, y * rows) for x, y in LANDMARKS]
    with Watchdog().watching() as watch:
        read_and_sign(station, qtbot, tracker, view, places)
    assert watch.longest.ms < 100, watch.longest.stack

    about = describe(case.path)
    assert (about.source, about.tracker["model"], about.frequency_hz) == (tracker.source, tracker.model, 600.0)
    assert verify(case.path).is_whole
    assert verify(case.path).counts.missing == 0
    (kept,) = case_gaze.cases_of_study(station.workspace, case.study_uid)
    assert kept.error_dva == pytest.approx(result.validation.error_dva, abs=1e-6)
    assert kept.gates.is_usable
    assert "No validation" not in capture.review.bar.words.text()
    assert ("SIMULATED" in capture.review.bar.words.text()) == (tracker.source == "simulation")
    (gaze,) = case_gaze.recorded_gaze_of(station.workspace, case.study_uid)
    off_dva = []
    for place in places:
        away = [(np.hypot(f.x_px - place[0], f.y_px - place[1]) / f.px_per_dva, f) for f in gaze.fixations]
        nearest = min(away, key=lambda one: one[0])
        off_dva.append(nearest[0])
    # No more than the simulated eyes are off (the validation measured it), and what half a pixel of the screen is.
    errors = [t.left.accuracy_dva for t in result.validation.targets] + [
        t.right.accuracy_dva for t in result.validation.targets
    ]
    assert np.median(off_dva) <= max(errors) + 0.05
    assert max(off_dva) <= max(errors) + 0.35
    # Nothing of a model was there to be seen, so the gaze may teach one; it leaves as an export and in a training set.
    assert not any(fixation.ai_visible for fixation in gaze.fixations)
    path = tmp_path / "gaze.json"
    write_recorded_gaze(path, gaze)
    assert read_recorded_gaze(path).fixations == gaze.fixations
    for kind in ("bids", "parquet", "reflacx"):
        gaze_exports.export(station.workspace, [case.recording_id], kind, tmp_path / kind, actor="operator")
        assert (tmp_path / kind / MANIFEST).is_file()
    learning_consents.give(station.workspace, "reader", actor="reader")
    training_export.export_training_set(station.workspace, tmp_path / "set", actor="operator")
    (example,) = TrainingSet.open(tmp_path / "set").examples()
    (recorded,) = example.scanpaths
    assert list(recorded.x) == pytest.approx([fixation.x_px for fixation in gaze.fixations], abs=0.01)
    assert list(recorded.durations) == pytest.approx([f.duration_ms / 1000 for f in gaze.fixations], abs=1e-3)
    assert station.told == station.bugs == []
