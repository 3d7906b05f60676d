"""One suite for every backend: what a tracker is, whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from captured import Bench
from titta_lookalike import TittaLookAlike
from tobii_lookalike import look_alike
from tobii_native import Native

from capture import recording
from capture.clocks import VirtualClock
from capture.mouse import MouseBackend
from capture.replay import ReplayBackend
from capture.samples import EYES, SAMPLE_DTYPE
from capture.simulated import SIMPLE_MODEL, SimulatedBackend, SimulatedModel
from capture.tittapy import TittapyBackend
from capture.tobii import TobiiBackend
from capture.tracker import Backend, TrackerError

BACKENDS = ("simulated", "tobii_research", "tittapy", "replay", "mouse")


@dataclass
class Case:
    backend: Backend
    clock: VirtualClock
    serial: str
    source: str
    frequency_hz: float
    can_calibrate: bool
    pump: Any

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            self.pump()


@pytest.fixture(params=BACKENDS)
def case(request, tmp_path):
    clock = VirtualClock()
    models = (SimulatedModel(), SIMPLE_MODEL)
    if request.param == "simulated":
        return Case(SimulatedBackend(models, clock), clock, "SIM-1200", "simulation", 1200.0, True, lambda: None)
    if request.param == "tobii_research":
        native = Native(models, clock)
        backend = TobiiBackend(look_alike(native), clock)
        return Case(backend, clock, "SIM-1200", "eye", 1200.0, True, native.pump)
    if request.param == "tittapy":
        backend = TittapyBackend(TittaLookAlike(models, clock), clock)
        return Case(backend, clock, "SIM-1200", "eye", 1200.0, True, lambda: None)
    if request.param == "replay":
        bench = Bench(tmp_path, frequency_hz=600.0)
        bench.run(5)
        bench.recorder.finish("")
        return Case(ReplayBackend(tmp_path, clock), clock, "recording-1", "replay", 600.0, False, lambda: None)
    return Case(MouseBackend(clock), clock, "MOUSE", "mouse", 60.0, False, lambda: None)


@pytest.fixture
def tracker(case):
    return case.backend.open(case.serial)


def test_it_is_found_with_what_it_is(case):
    found = {info.serial_number: info for info in case.backend.find()}
    info = found[case.serial]
    assert (info.backend, info.source) == (case.backend.name, case.source)
    assert case.frequency_hz in info.frequencies_hz
    assert case.backend.open(case.serial).info == info


def test_one_that_is_not_there_is_said_not_to_be(case):
    with pytest.raises(TrackerError) as caught:
        case.backend.open("nowhere")
    assert caught.value.code == "not_found"


def test_before_it_is_started_and_after_it_is_stopped_nothing_comes(case, tracker):
    case.run(0.3)
    assert len(tracker.take().samples) == 0
    assert not tracker.health().is_streaming
    tracker.start()
    case.run(0.5)
    assert tracker.health().is_streaming
    tracker.stop()
    tracker.take()
    case.run(0.5)
    tracker.take()  # what was on its way
    case.run(0.5)
    assert len(tracker.take().samples) == 0
    assert not tracker.health().is_streaming


def test_it_can_be_started_and_stopped_twice_and_anew(case, tracker):
    for _ in range(2):
        tracker.start()
        tracker.start()
        case.run(0.5)
        assert len(tracker.take().samples) > 0.4 * case.frequency_hz
        tracker.stop()
        tracker.stop()
        tracker.take()
    tracker.close()
    tracker.close()


def test_its_samples_come_at_its_frequency_in_both_clocks(case, tracker):
    began = case.clock.now_us()
    tracker.start()
    case.run(2)
    samples = tracker.take().samples
    assert samples.dtype == SAMPLE_DTYPE
    assert len(samples) == pytest.approx(2 * case.frequency_hz, abs=case.frequency_hz * 0.02 + 4)
    steps = np.diff(samples["device_us"])
    assert (steps > 0).all()
    assert np.median(steps) == pytest.approx(1e6 / case.frequency_hz, abs=1)
    assert (samples["system_us"] >= began - 1000).all()
    assert (samples["received_us"] <= case.clock.now_us()).all()
    assert (samples["received_us"] >= samples["system_us"] - 1000).all()
    assert tracker.frequency_hz() == case.frequency_hz


def test_what_is_not_valid_is_nan_and_what_is_valid_is_not(case, tracker):
    tracker.start()
    case.run(4.5)
    samples = tracker.take().samples
    for eye in EYES:
        for what, field in (("gaze", "x"), ("gaze", "y"), ("pupil", "pupil_mm"), ("openness", "openness_mm")):
            valid = samples[f"{eye}_{what}_valid"] == 1
            assert np.isnan(samples[f"{eye}_{field}"][~valid]).all()
            assert not np.isnan(samples[f"{eye}_{field}"][valid]).any()


def test_nothing_is_given_twice(case, tracker):
    tracker.start()
    case.run(1)
    first = tracker.take().samples
    assert len(tracker.take().samples) == 0
    case.run(1)
    second = tracker.take().samples
    assert second["device_us"][0] > first["device_us"][-1]


def test_a_frequency_that_it_has_not_is_refused(case, tracker):
    with pytest.raises(TrackerError) as caught:
        tracker.start(77.0)
    assert caught.value.code == "bad_value"
    assert not tracker.health().is_streaming
    tracker.start()
    case.run(0.2)
    assert len(tracker.take().samples)


def test_it_is_calibrated_or_says_that_it_cannot_be(case, tracker):
    tracker.leave_calibration()  # in any state
    if not case.can_calibrate:
        for step in (tracker.enter_calibration, lambda: tracker.collect(0.5, 0.5), tracker.compute_calibration):
            with pytest.raises(TrackerError) as caught:
                step()
            assert caught.value.code == "not_supported"
        return
    with pytest.raises(TrackerError):
        tracker.collect(0.5, 0.5)
    tracker.enter_calibration()
    if case.source == "simulation":
        tracker.look_at(0.5, 0.5)
        case.run(1)
    assert tracker.collect(0.5, 0.5)
    tracker.discard(0.5, 0.5)
    with pytest.raises(TrackerError) as caught:
        tracker.compute_calibration()
    assert caught.value.code == "calibration_failed"
    assert tracker.collect(0.5, 0.5)
    outcome = tracker.compute_calibration()
    assert outcome.succeeded
    assert outcome.eye_used("left") == outcome.eye_used("right") == 1
    tracker.leave_calibration()
    tracker.leave_calibration()


def test_it_is_recorded_to_the_bit_with_its_source(case, tracker, tmp_path):
    bench = Bench(tmp_path / "spool", tracker=tracker, clock=case.clock)
    for _ in range(20):
        case.run(0.1)
        bench.recorder.step()
    bench.recorder.finish("")
    assert recording.samples(bench.path).tobytes() == bench.all_delivered().tobytes()
    assert recording.describe(bench.path).source == case.source
    assert recording.verify(bench.path).is_whole


def test_a_replay_gives_the_recorded_samples_back(tmp_path):
    bench = Bench(tmp_path)
    bench.run(3)
    bench.recorder.finish("")
    clock = VirtualClock(start_us=9_000_000_000)
    tracker = ReplayBackend(tmp_path, clock).open("recording-1")
    tracker.start()
    clock.advance(10)
    played = tracker.take().samples
    recorded = recording.samples(bench.path)
    assert len(np.unique(played["system_us"] - recorded["system_us"])) == 1
    for field in set(SAMPLE_DTYPE.names) - {"system_us", "received_us"}:
        assert played[field].tobytes() == recorded[field].tobytes()
    assert not tracker.health().is_streaming  # it is at its end
