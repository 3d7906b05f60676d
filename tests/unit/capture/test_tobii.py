"""Every trap of the vendor's package, and the rule that the adapter keeps because of it."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from captured import Bench
from tobii_lookalike import look_alike
from tobii_native import (
    CONNECTION_FAILED,
    GAZE,
    HANG,
    LICENCE,
    OPERATION_FAILED,
    SE_INTERNAL,
    STREAM_ERRORS,
    TIMED_OUT,
    Native,
    gaze_dict,
)

from capture import recording
from capture.clocks import HostClock, VirtualClock
from capture.samples import empty_samples
from capture.simulated import SIMPLE_MODEL, SimulatedModel
from capture.simulated_eyes import EyeModel
from capture.tobii import TobiiBackend, load_sdk
from capture.tobii_stream import SampleRing
from capture.tracker import TrackerError


class Tobii:
    """The look-alike over the native fake, on a virtual clock, opened."""

    def __init__(self, *models: SimulatedModel, call_limit_s: float = 10.0, capacity: int = 5000) -> None:
        self.clock = VirtualClock()
        self.native = Native(models or (SimulatedModel(),), self.clock)
        self.sdk = look_alike(self.native)
        self.backend = TobiiBackend(self.sdk, self.clock, call_limit_s, capacity)
        self.tracker = self.backend.open(self.native.models[1].serial_number)

    def run(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.native.pump()


@pytest.fixture
def tobii():
    return Tobii()


@contextmanager
def failing_with(code: str):
    with pytest.raises(TrackerError) as caught:
        yield caught
    assert caught.value.code == code


def test_a_callback_that_fails_lets_nothing_out_and_is_told_by_health(tobii):
    tobii.tracker.start()
    bad = gaze_dict(empty_samples(1)[0])
    del bad["left_pupil_diameter"]
    tobii.native.emit(GAZE, 1, bad)
    tobii.native.emit(GAZE, 1, {**bad, "left_gaze_point_on_display_area": None})
    assert tobii.native.escaped == []
    health = tobii.tracker.health()
    assert health.callback_errors == 2
    assert health.first_error == "KeyError: 'left_pupil_diameter'"
    tobii.run(0.1)
    assert len(tobii.tracker.take().samples)  # and the stream goes on


def test_the_look_alike_masks_an_exception_of_a_callback_as_the_package_does(tobii):
    (device,) = tobii.sdk.find_all_eyetrackers()
    device.subscribe_to(tobii.sdk.EYETRACKER_GAZE_DATA, lambda data: 1 / 0, as_dictionary=True)
    tobii.native.emit(GAZE, 1, gaze_dict(empty_samples(1)[0]))
    assert "_TobiiProCallback__call_function" in str(tobii.native.escaped[0])


def test_a_callback_makes_no_call_into_the_library(tobii):
    tobii.tracker.start()
    before = len(tobii.native.calls)
    tobii.run(1.0)
    tobii.native.notify(1, "display_area_changed", display_area={})
    assert len(tobii.tracker.take().samples) > 1100
    assert tobii.native.calls[before:] == []


def test_everything_is_unsubscribed_in_reverse_when_it_stops(tobii):
    tobii.tracker.start()
    assert len(tobii.native.subscribed) == 5  # gaze, openness, time, errors, and one for all notifications
    order = []
    device = tobii.tracker._device
    unsubscribe = device.unsubscribe_from
    device.unsubscribe_from = lambda kind, callback: (order.append(kind), unsubscribe(kind, callback))
    subscribed = [kind for kind, _ in tobii.tracker._subscribed]
    tobii.tracker.close()
    assert order == subscribed[::-1]
    assert tobii.native.subscribed == {}


def test_starting_and_stopping_twice_is_harmless(tobii):
    for _ in range(2):
        tobii.tracker.start()
        tobii.tracker.start()
        tobii.run(0.1)
        assert len(tobii.tracker.take().samples) > 100
        tobii.tracker.stop()
        tobii.tracker.stop()
    assert tobii.native.calls.count("subscribe_to") == 10


def test_a_call_that_never_comes_back_is_given_up_and_the_tracker_is_stuck():
    tobii = Tobii(call_limit_s=0.3)
    tobii.tracker.enter_calibration()
    tobii.native.faults["screen_based_calibration_collect_data"] = [HANG]
    began = time.monotonic()
    with failing_with("stuck"):
        tobii.tracker.collect(0.5, 0.5)
    with failing_with("stuck"):
        tobii.tracker.display_area()
    assert time.monotonic() - began < 5
    assert tobii.tracker.health().is_stuck
    tobii.tracker.close()  # does not wait for it either
    tobii.native.released.set()


def test_a_timeout_that_the_library_takes_for_success_is_noticed(tobii):
    tobii.native.faults["set_gaze_output_frequency"] = [TIMED_OUT]
    with failing_with("operation_failed"):
        tobii.tracker.start(60.0)
    tobii.native.faults["get_display_area"] = [TIMED_OUT]  # no value comes with it
    with failing_with("internal"):
        tobii.tracker.display_area()


def test_trackers_are_known_by_serial_number_whatever_their_order():
    tobii = Tobii(SimulatedModel(), SIMPLE_MODEL)
    for _ in range(4):
        assert [info.serial_number for info in tobii.backend.find()] == ["SIM-1200", "SIM-60"]
        assert tobii.backend.open("SIM-60").info.frequencies_hz == (60.0,)
    with failing_with("not_found"):
        tobii.backend.open("SIM-9")


def test_a_calibration_without_data_says_so(tobii):
    tobii.tracker.enter_calibration()
    with failing_with("calibration_failed") as caught:
        tobii.tracker.compute_calibration()
    assert "collect them again" in str(caught.value)
    tobii.tracker.leave_calibration()
    assert tobii.native.calibrating == {}


def test_a_calibration_that_failed_is_an_outcome_and_not_an_error(tobii):
    tobii.tracker.enter_calibration()
    tobii.native.faults["calibration_compute_and_apply"] = [OPERATION_FAILED]
    outcome = tobii.tracker.compute_calibration()
    assert (outcome.succeeded, outcome.points) == (False, ())
    tobii.native.faults["screen_based_calibration_collect_data"] = [OPERATION_FAILED]
    assert tobii.tracker.collect(0.5, 0.5) is False


def test_each_eye_of_a_calibration_is_told_from_its_samples():
    tobii = Tobii(SimulatedModel(eyes=EyeModel(failing_eye="left")))
    tobii.tracker.enter_calibration()
    for point in ((0.1, 0.1), (0.9, 0.9)):
        assert tobii.tracker.collect(*point)
    outcome = tobii.tracker.compute_calibration()
    assert outcome.succeeded  # which is all the package says of the two points
    assert (outcome.eye_used("left"), outcome.eye_used("right")) == (0, 2)
    tobii.tracker.leave_calibration()


@pytest.mark.parametrize("step", ["enter", "collect", "discard", "compute", "leave"])
@pytest.mark.parametrize("status", [CONNECTION_FAILED, LICENCE, SE_INTERNAL, OPERATION_FAILED])
def test_no_error_at_any_step_leaves_the_tracker_in_calibration_mode(step, status):
    tobii = Tobii()
    native = {
        "enter": "calibration_enter_calibration_mode",
        "collect": "screen_based_calibration_collect_data",
        "discard": "screen_based_calibration_discard_data",
        "compute": "calibration_compute_and_apply",
        "leave": "calibration_leave_calibration_mode",
    }[step]
    tobii.native.faults[native] = [status]
    steps = {
        "enter": tobii.tracker.enter_calibration,
        "collect": lambda: tobii.tracker.collect(0.5, 0.5),
        "discard": lambda: tobii.tracker.discard(0.5, 0.5),
        "compute": tobii.tracker.compute_calibration,
        "leave": tobii.tracker.leave_calibration,
    }
    for action in steps.values():
        with suppress(TrackerError):
            action()
    assert tobii.native.faults[native] == []
    tobii.tracker.leave_calibration()
    if step == "leave":
        assert 1 in tobii.native.calibrating  # the tracker itself refused; only itself can leave
        tobii.native.calibrating.clear()
    assert tobii.native.calibrating == {}
    tobii.tracker.enter_calibration()  # and a next one can begin
    tobii.tracker.close()
    assert tobii.native.calibrating == {}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (11, "invalid_operation"),
        (13, "bad_value"),
        (14, "display_area_not_valid"),
        (18, "licence"),
        (200, "internal"),
        (201, "licence"),
        (202, "not_supported"),
        (203, "unavailable"),
        (204, "connection_failed"),
        (214, "operation_failed"),
        (1001, "not_supported"),
    ],
)
def test_every_error_of_the_package_has_a_code_and_a_sentence(tobii, status, code):
    tobii.native.faults["get_display_area"] = [status]
    with failing_with(code) as caught:
        tobii.tracker.display_area()
    assert "read the display area" in str(caught.value)


@pytest.mark.parametrize("nth", range(5))
def test_a_subscription_that_fails_takes_back_those_before_it(tobii, nth):
    tobii.native.faults["subscribe_to"] = [0] * nth + [LICENCE]
    with failing_with("licence"):
        tobii.tracker.start()
    assert set(tobii.native.subscribed) == set()
    assert not tobii.tracker.health().is_streaming


def test_openness_is_joined_to_its_sample_and_late_ones_do_not_hold_the_others(tobii):
    tobii.tracker.start()
    tobii.clock.advance(0.5)
    delivered = tobii.native.pump()
    taken = tobii.tracker.take().samples
    same = delivered.copy()
    same["received_us"] = taken["received_us"]  # ours is the time at which the callback ran
    assert taken.tobytes() == same.tobytes()
    tobii.native.emit(GAZE, 1, gaze_dict(delivered[-1]) | {"device_time_stamp": int(delivered[-1]["device_us"]) + 833})
    assert len(tobii.tracker.take().samples) == 0  # its openness may still come
    tobii.clock.advance(0.2)
    late = tobii.tracker.take().samples
    assert len(late) == 1
    assert late["left_openness_valid"][0] == 0
    assert np.isnan(late["left_openness_mm"][0])


def test_notices_and_stream_errors_are_kept_in_host_time(tobii):
    tobii.tracker.start()
    tobii.native.notify(1, "display_area_changed", display_area={"top_left": (0, 0, 0)})
    tobii.native.notify(1, "stream_buffer_overflow", notification_source_stream="gaze")
    tobii.native.notify(1, "device_faults", faults="overheated,fan")
    now = tobii.clock.now_us()
    tobii.native.emit(STREAM_ERRORS, 1, {"system_time_stamp": now, "error": "x", "source": "y", "message": "lost"})
    notices = {notice.kind: notice for notice in tobii.tracker.take().notices}
    assert notices["device_faults"].text == "overheated,fan"
    assert notices["stream_error"].text == "lost"
    assert {"display_area_changed", "stream_buffer_overflow"} <= set(notices)
    assert all(notice.system_us == now for notice in notices.values())


def test_a_library_clock_of_another_origin_is_measured_and_taken_off():
    clock = VirtualClock()
    native = Native(clock=clock)
    native._get_system_time_stamp = lambda: (0, clock.now_us() + 7_000_000)
    tracker = TobiiBackend(look_alike(native), clock).open("SIM-1200")
    tracker.start()
    native.notify(1, "calibration_changed")
    (measured, changed) = tracker.take().notices
    assert "7000000 us" in measured.text
    assert changed.system_us == clock.now_us() - 7_000_000


def test_a_full_ring_counts_what_it_drops_and_keeps_the_order():
    ring = SampleRing(100)
    row = empty_samples(1)[0]
    total = 0
    for n in (80, 50, 30, 130):
        for _ in range(n):
            row["device_us"] = total
            total += 1
            ring.put(row.item())
        if n != 80:
            block, dropped = ring.take()
            assert len(block) + dropped == {50: 130, 30: 30, 130: 130}[n]
            assert (np.diff(block["device_us"]) == 1).all()


def test_what_finds_the_buffer_full_is_said(tobii):
    tobii.tracker.start()
    tobii.run(6.0)  # 7200 samples for 5000 places
    taken = tobii.tracker.take()
    assert len(taken.samples) + taken.dropped == pytest.approx(7200, abs=10)
    assert taken.dropped > 2000


def test_without_the_package_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "tobii_research", None)
    with failing_with("not_found") as caught:
        load_sdk()
    assert "capture check" in str(caught.value)


def test_a_recording_through_the_package_is_read_back_to_the_bit(tmp_path, tobii):
    bench = Bench(tmp_path, tracker=tobii.tracker, clock=tobii.clock, frequency_hz=1200.0)
    for _ in range(30):
        tobii.run(0.1)
        bench.recorder.step()
    bench.recorder.finish("")
    assert recording.samples(bench.path).tobytes() == bench.all_delivered().tobytes()
    assert recording.describe(bench.path).source == "eye"
    assert recording.verify(bench.path).counts.missing == 0


def test_the_dispatch_of_a_sample_takes_a_small_part_of_its_period():
    tobii = Tobii(capacity=90_000)
    tobii.tracker._clock = HostClock()
    data = [gaze_dict(sample) for sample in empty_samples(200)]
    sink = tobii.tracker._sink
    best_us = min(_time_us(sink, data) for _ in range(20))
    assert best_us < 833 / 4  # about 8 µs on an idle core; the period at 1200 Hz is 833 µs


def _time_us(sink, data) -> float:
    began = time.perf_counter()
    for sample in data:
        sink.on_gaze(sample)
    return (time.perf_counter() - began) / len(data) * 1e6


def test_calls_into_the_library_never_overlap_whoever_makes_them(tobii, monkeypatch):
    native, tracker = tobii.native, tobii.tracker
    under_way, overlaps = threading.Lock(), []
    call = native.call_function

    def watched(*arguments):
        if not under_way.acquire(blocking=False):
            overlaps.append(arguments[0])
            return call(*arguments)
        try:
            time.sleep(0.001)
            return call(*arguments)
        finally:
            under_way.release()

    monkeypatch.setattr(native, "call_function", watched)
    calls = [tracker.start, tracker.frequency_hz, tracker.display_area, tracker.stop, tracker.frequency_hz]
    threads = [threading.Thread(target=lambda one=one: [one() for _ in range(5)]) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    tracker.stop()
    assert overlaps == []
    assert not tracker.health().is_streaming
