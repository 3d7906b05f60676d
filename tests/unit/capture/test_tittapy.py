"""The rules for TittaPy: deadlines, its queue of calibration steps, its errors, and what its columns hold."""

from __future__ import annotations

import dataclasses
import importlib.util

import numpy as np
import pytest
from titta_lookalike import EYE_COLUMNS, EyeTracker, TittaLookAlike

from capture.backends import make_backends
from capture.clocks import VirtualClock
from capture.samples import EYES
from capture.simulated import SIMPLE_MODEL, SimulatedModel
from capture.simulated_eyes import EyeModel
from capture.tittapy import MODULE, TittapyBackend
from capture.tracker import TrackerError


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def module(clock):
    return TittaLookAlike((SimulatedModel(), SIMPLE_MODEL), clock)


@pytest.fixture
def tracker(module, clock):
    return TittapyBackend(module, clock).open("SIM-1200")


def refusal(call, *arguments) -> str:
    with pytest.raises(TrackerError) as caught:
        call(*arguments)
    return caught.value.code


def test_trackers_are_known_by_serial_number_whatever_order_they_come_in(module, clock):
    backend = TittapyBackend(module, clock)
    first, second = backend.find(), backend.find()
    assert [info.serial_number for info in first] == [info.serial_number for info in second] == ["SIM-1200", "SIM-60"]
    assert "openness" in first[0].capabilities
    assert "openness" not in first[1].capabilities
    assert backend.open("SIM-60").info.model == "Simulated 60"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SE_CONNECTION_FAILED", "connection_failed"),
        ("SE_INSUFFICIENT_LICENSE", "licence"),
        ("SE_NOT_SUPPORTED", "not_supported"),
        ("CALIBRATION_ALREADY_STARTED", "invalid_operation"),
        ("SE_TIMED_OUT", "operation_failed"),
        ("DISPLAY_AREA_NOT_VALID", "display_area_not_valid"),
        ("SE_SOMETHING_NEW", "internal"),
    ],
)
def test_an_error_of_the_library_is_a_code_and_a_sentence(module, tracker, status, code):
    module.fails["display_area"] = status
    with pytest.raises(TrackerError, match=status) as caught:
        tracker.display_area()
    assert caught.value.code == code


def test_a_call_that_hangs_is_given_up_and_said_to_be_stuck(module, clock):
    backend = TittapyBackend(module, clock, call_limit_s=0.2)
    tracker = backend.open("SIM-1200")
    module.hangs.clear()
    assert refusal(tracker.display_area) == "stuck"
    assert tracker.health().is_stuck
    assert refusal(tracker.frequency_hz) == "stuck"
    tracker.close()
    module.hangs.set()


def test_a_calibration_step_whose_result_never_comes_is_given_up(module, clock, monkeypatch):
    tracker = TittapyBackend(module, clock, call_limit_s=0.2).open("SIM-1200")
    tracker.enter_calibration()
    monkeypatch.setattr(EyeTracker, "calibration_retrieve_result", lambda self: None)
    assert refusal(tracker.collect, 0.5, 0.5) == "stuck"


def test_results_of_steps_given_up_before_are_passed_by(module, tracker):
    tracker.enter_calibration()
    device = module.opened[-1]
    device._result("discard_data", coordinates=[0.1, 0.1])
    assert tracker.collect(0.5, 0.5)
    assert device.results == []


def test_a_point_without_usable_data_is_told_and_a_calibration_without_points_fails(module, tracker):
    tracker.enter_calibration()
    module.fails["result of collect_data"] = "OPERATION_FAILED"
    assert not tracker.collect(0.5, 0.5)
    tracker.discard(0.5, 0.5)
    assert refusal(tracker.compute_calibration) == "calibration_failed"
    tracker.leave_calibration()
    assert module.opened[-1].points is None


def test_a_failing_eye_is_told_apart(clock):
    model = SimulatedModel(eyes=dataclasses.replace(EyeModel(), failing_eye="left"))
    tracker = TittapyBackend(TittaLookAlike((model,), clock), clock).open("SIM-1200")
    tracker.enter_calibration()
    tracker.collect(0.2, 0.2)
    tracker.collect(0.8, 0.8)
    outcome = tracker.compute_calibration()
    assert (outcome.eye_used("left"), outcome.eye_used("right")) == (0, 2)


def test_calibration_mode_is_left_when_it_is_closed_and_a_failed_entry_can_be_repeated(module, tracker):
    module.fails["result of enter"] = "SE_OPERATION_FAILED"
    assert refusal(tracker.enter_calibration) == "operation_failed"
    tracker.enter_calibration()  # the library says that it is in it already
    tracker.close()
    assert module.opened[-1].points is None


def test_a_frequency_that_does_not_take_is_noticed(module, tracker, monkeypatch):
    monkeypatch.setattr(EyeTracker, "frequency", property(lambda self: 1200.0, lambda self, value: None))
    assert refusal(tracker.start, 600.0) == "operation_failed"
    assert not tracker.health().is_streaming


def test_a_stream_that_does_not_start_leaves_none_running(module, tracker):
    module.fails["start gaze"] = "SE_STREAM_TOO_MANY_SUBSCRIBERS"
    assert refusal(tracker.start) == "internal"
    assert module.opened[-1].streams == set()
    tracker.start()
    assert module.opened[-1].streams == {"gaze", "time_sync", "notification"}
    tracker.stop()
    assert module.opened[-1].streams == set()


def test_numbers_that_are_not_valid_are_nan_and_openness_comes_with_the_sample(module, tracker, clock):
    tracker.start(600.0)
    clock.advance(30)
    samples = tracker.take().samples
    assert (samples["left_gaze_valid"] == 0).any()
    for eye in EYES:
        lost = samples[f"{eye}_gaze_valid"] == 0
        assert np.isnan(samples[f"{eye}_x"][lost]).all()
        assert np.isnan(samples[f"{eye}_point_mm"][lost]).all()
        assert not np.isnan(samples[f"{eye}_x"][~lost]).any()
        assert samples[f"{eye}_openness_valid"].any()


def test_nothing_is_lost_while_nobody_takes(tracker, clock):
    tracker.start(1200.0)
    clock.advance(55)
    taken = tracker.take()
    assert len(taken.samples) == pytest.approx(55 * 1200, abs=10)
    assert taken.dropped == 0
    assert (np.diff(taken.samples["device_us"]) > 0).all()


def test_a_clock_that_is_not_the_hosts_is_measured_and_taken_off(clock):
    module = TittaLookAlike((SimulatedModel(),), clock, ahead_us=5_000_000)
    tracker = TittapyBackend(module, clock).open("SIM-1200")
    tracker.start()
    clock.advance(1)
    taken = tracker.take()
    assert taken.samples["system_us"].max() <= clock.now_us()
    assert all(sync.response_us <= clock.now_us() for sync in taken.syncs)
    assert taken.notices[0].text.startswith("library clock ahead by 5000000 us")


@pytest.mark.parametrize(
    ("said", "frequency", "text", "kind", "told"),
    [
        ("connection_lost", None, None, "connection_lost", ""),
        ("gaze_output_frequency_changed", 600.0, None, "frequency_changed", "600.0"),
        ("eye_tracking_mode_changed", None, None, "mode_changed", ""),
        ("device_faults", None, "fan", "device_faults", "fan"),
        ("stream_buffer_overflow", None, None, "stream_buffer_overflow", ""),
    ],
)
def test_what_the_tracker_says_of_itself_is_kept(module, tracker, clock, said, frequency, text, kind, told):
    tracker.start()
    tracker.take()
    module.opened[-1].notify(said, frequency, text)
    (notice,) = tracker.take().notices
    assert (notice.kind, notice.text) == (kind, told)


def test_a_failing_buffer_is_told_by_health(module, tracker):
    tracker.start()
    module.fails["consume gaze"] = "SE_CONNECTION_FAILED"
    assert refusal(tracker.take) == "connection_failed"
    assert tracker.health().callback_errors == 1
    assert "CONNECTION_FAILED" in tracker.health().first_error


def test_without_the_module_the_backend_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, MODULE, None)
    made, missing = make_backends(("tittapy", "simulated"), tmp_path)
    assert list(made) == ["simulated"]
    assert "pip install tittapy==2.1.0" in missing["tittapy"]


@pytest.mark.skipif(importlib.util.find_spec(MODULE) is None, reason="TittaPy is not installed")
def test_the_look_alike_has_the_names_of_the_module_itself():
    module = importlib.import_module(MODULE)
    for name in (
        "capability",
        "calibration_action",
        "calibration_status",
        "calibration_eye_validity",
        "notification_type",
    ):
        ours = set(getattr(TittaLookAlike, name).__members__)
        assert ours == set(getattr(module, name).__members__), name
    calls = [name for name in vars(EyeTracker) if not name.startswith("_") and name not in ("notify", "columns")]
    assert [name for name in calls if not hasattr(module.EyeTracker, name)] == []
    assert TittapyBackend(module).find() == ()
    assert refusal(TittapyBackend(module).open, "NOT-THERE") == "not_found"
    assert len(EYE_COLUMNS) == 16
