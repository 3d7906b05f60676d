"""Tobii trackers through TittaPy 2.1: the vendor's own library for CPython 3.10 to 3.14, with a buffer in C++.

No Python runs in the library's threads, so its callbacks cannot be delayed and cannot fail. What differs from the
vendor's package: errors are ``RuntimeError`` with the library's status in their text, a calibration step is queued and
its result asked for until it is there, and nothing says when a sample arrived, only when it was taken from the buffer.
Written against the module's own description of itself; a real tracker has not been met.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from capture.clocks import Clock, HostClock, TimeSync
from capture.deadline import DeadlineCaller
from capture.samples import EYES, Samples, empty_samples
from capture.tobii import measure_clock
from capture.tracker import (
    CalibrationOutcome,
    CalibrationSample,
    DisplayArea,
    Health,
    Notice,
    Taken,
    TrackerError,
    TrackerInfo,
)

NAME = "tittapy"
MODULE = "TittaPy_v2"
T = TypeVar("T")

_CALL_LIMIT_S = 10.0
_CALIBRATION_POLL_S = 0.01
_BUFFER_SAMPLES = 90_000
_STREAMS = ("notification", "time_sync", "gaze")
_ERRORS = (  # part of the library's status, our code, what it means
    ("CONNECTION_FAILED", "connection_failed", "The eye tracker cannot be reached; is it on and connected?"),
    ("LICENSE", "licence", "The tracker's licence does not allow this."),
    ("NOT_SUPPORTED", "not_supported", "The eye tracker does not offer this."),
    ("CALIBRATION_ALREADY_STARTED", "invalid_operation", "The eye tracker cannot do this now."),
    ("CALIBRATION_NOT_STARTED", "invalid_operation", "The eye tracker cannot do this now."),
    ("ALREADY_SUBSCRIBED", "invalid_operation", "The eye tracker cannot do this now."),
    ("INVALID_OPERATION", "invalid_operation", "The eye tracker cannot do this now."),
    ("CALIBRATION_BUSY", "invalid_operation", "The eye tracker cannot do this now."),
    ("DISPLAY_AREA", "display_area_not_valid", "The tracker's display area is not set up."),
    ("PARAMETER_OUT_OF_BOUNDS", "bad_value", "The eye tracker refused a value."),
    ("INVALID_PARAMETER", "bad_value", "The eye tracker refused a value."),
    ("TIMED_OUT", "operation_failed", "The eye tracker did not answer in time."),
    ("OPERATION_FAILED", "operation_failed", "The eye tracker failed to do this."),
    ("UNAVAILABLE", "unavailable", "No eye tracker is available."),
    ("NOT_AVAILABLE", "unavailable", "No eye tracker is available."),
)
_NOTICES = {  # name of the notification: our kind, field with its text
    "gaze_output_frequency_changed": ("frequency_changed", "output_frequency"),
    "eye_tracking_mode_changed": ("mode_changed", ""),
    "display_area_changed": ("display_area_changed", "display_area"),
    "device_faults": ("device_faults", "errors_or_warnings"),
    "device_warnings": ("device_warnings", "errors_or_warnings"),
}


def load_module() -> Any:
    """Load the module.

    Raises
    ------
    TrackerError
        "not_found", if it is not installed for this interpreter or does not load.
    """
    try:
        return importlib.import_module(MODULE)
    except (ImportError, OSError) as error:
        text = f"TittaPy does not load here ({error}); install it with: {sys.executable} -m pip install tittapy==2.1.0"
        raise TrackerError("not_found", text) from error


class _Library:
    """The module behind a deadline and with its errors translated."""

    def __init__(self, module: Any, limit_s: float) -> None:
        self.module, self._limit_s = module, limit_s
        self._calls = DeadlineCaller("TittaPy")

    @property
    def is_stuck(self) -> bool:
        return self._calls.is_stuck

    def call(self, what: str, function: Callable[[], T]) -> T:
        try:
            return self._calls.call(what, self._limit_s, function)
        except TrackerError:
            raise
        except Exception as error:
            raise _translated(what, error) from error

    def clock_us(self) -> int:
        return int(self.module.get_system_timestamp())


class TittapyTracker:
    """See :class:`capture.tracker.Tracker`."""

    def __init__(self, library: _Library, device: Any, info: TrackerInfo, clock: Clock) -> None:
        self.info = info
        self._library, self._device, self._clock = library, device, clock
        self._ahead_us, self._ahead_width_us = library.call(
            "read the clock", partial(measure_clock, library.clock_us, clock)
        )
        self._streaming: list[str] = []
        self._notices: list[Notice] = []
        self._is_calibrating = False
        self._errors = 0
        self._first_error = ""

    def frequency_hz(self) -> float:
        """Read the sampling frequency in force."""
        return float(self._library.call("read the frequency", lambda: self._device.frequency))

    def display_area(self) -> DisplayArea:
        """Read the display area in force."""
        area = self._library.call("read the display area", lambda: self._device.display_area)
        corners = (tuple(map(float, area[name])) for name in ("top_left", "top_right", "bottom_left"))
        return DisplayArea(*corners)  # type: ignore[arg-type]

    def start(self, frequency_hz: float | None = None) -> None:
        """Begin to fill the buffers, gaze last; what they held before is thrown away."""
        if self._streaming:
            return
        if frequency_hz and frequency_hz != self.frequency_hz():
            if frequency_hz not in self.info.frequencies_hz:
                raise TrackerError("bad_value", f"{self.info.model} does not sample at {frequency_hz:g} Hz.")
            self._library.call("set the frequency", partial(setattr, self._device, "frequency", frequency_hz))
            if self.frequency_hz() != frequency_hz:  # a timeout inside the library counts as success there
                raise TrackerError("operation_failed", f"The eye tracker did not change to {frequency_hz:g} Hz.")
        if "openness" in self.info.capabilities:
            include = partial(self._device.set_include_eye_openness_in_gaze, True)
            self._library.call("join the eye openness", include)
        text = f"library clock ahead by {self._ahead_us} us, measured within {self._ahead_width_us} us"
        self._notices = [Notice("library_clock", self._clock.now_us(), text)]
        try:
            for stream in _STREAMS:
                self._library.call(f"clear {stream}", partial(self._device.clear, stream))
                begun = self._library.call(f"start {stream}", partial(self._device.start, stream, _BUFFER_SAMPLES))
                if not begun:
                    raise TrackerError("operation_failed", f"The eye tracker did not start the stream {stream}.")
                self._streaming.append(stream)
        except TrackerError:
            self._stop_streams()
            raise

    def take(self) -> Taken:
        """Give what the buffers hold; they grow without end, so nothing is dropped."""
        try:
            samples = _samples(self._device.consume_time_range("gaze"), self._clock.now_us(), self._ahead_us)
            syncs = self._syncs(self._device.consume_time_range("time_sync"))
            self._notices += self._notices_of(self._device.consume_time_range("notification"))
        except Exception as error:
            self._errors += 1
            self._first_error = self._first_error or f"{type(error).__name__}: {error}"
            raise _translated("take samples", error) from error
        notices, self._notices = tuple(self._notices), []
        return Taken(samples, syncs, notices)

    def stop(self) -> None:
        """End the streams, in reverse; what the buffers hold can still be taken."""
        self._stop_streams()

    def close(self) -> None:
        """Stop, and leave calibration mode."""
        if self._is_calibrating and not self._library.is_stuck:
            self.leave_calibration()
        self.stop()

    def health(self) -> Health:
        """Say how it is, without a call into the library."""
        return Health(bool(self._streaming), self._library.is_stuck, self._errors, self._first_error)

    def enter_calibration(self) -> None:
        """Enter calibration mode."""
        if self._is_calibrating:
            raise TrackerError("invalid_operation", "The eye tracker is in calibration mode already.")
        self._is_calibrating = True  # before the call: should it fail half way, it can still be left
        try:
            self._step("enter", partial(self._device.enter_calibration_mode, False))
        except TrackerError:
            self._is_calibrating = False
            raise

    def collect(self, x: float, y: float) -> bool:
        """Collect for a point; takes about a second."""
        self._refuse_outside()
        result = self._step("collect_data", partial(self._device.calibration_collect_data, [x, y]))
        return int(result["status"]) == 0

    def discard(self, x: float, y: float) -> None:
        """Throw away a point."""
        self._refuse_outside()
        self._step("discard_data", partial(self._device.calibration_discard_data, [x, y]))

    def compute_calibration(self) -> CalibrationOutcome:
        """Compute and apply; told per eye, because the status of a point is not."""
        self._refuse_outside()
        result = self._step("compute", self._device.calibration_compute_and_apply).get("calibration_result")
        if not result or not result["points"]:
            raise TrackerError("calibration_failed", "No calibration point has usable data; collect them again.")
        points = tuple(
            (
                (float(point["position_on_display_area_x"]), float(point["position_on_display_area_y"])),
                tuple(_calibration_samples(point, self._library.module.calibration_eye_validity.valid_and_used)),
            )
            for point in result["points"]
        )
        return CalibrationOutcome(result["status"] == self._library.module.calibration_status.success, points)

    def leave_calibration(self) -> None:
        """Leave calibration mode; where it is not in it, there is nothing to do."""
        if not self._is_calibrating:
            return
        self._is_calibrating = False
        try:
            self._step("exit", self._device.leave_calibration_mode)
        except TrackerError as error:
            if error.code != "invalid_operation":  # which says that it is not in the mode any more
                raise

    def _refuse_outside(self) -> None:
        if not self._is_calibrating:
            raise TrackerError("invalid_operation", "The eye tracker is not in calibration mode.")

    def _step(self, action: str, queue_it: Callable[[], Any]) -> Mapping[str, Any]:
        """Queue a step of the calibration and wait for its own result; those of steps given up before are passed by."""

        def wait() -> Mapping[str, Any]:
            is_queued = queue_it()
            if is_queued is False:  # it was in that state already
                return {"status": 0}
            while True:
                result: Mapping[str, Any] | None = self._device.calibration_retrieve_result()
                if result is not None and str(result["work_item"]["action"]).rpartition(".")[2] == action:
                    return result
                time.sleep(_CALIBRATION_POLL_S)

        result = self._library.call(f"calibrate: {action}", wait)
        if int(result["status"]) != 0 and action != "collect_data":
            raise _translated(f"calibrate: {action}", RuntimeError(str(result.get("status_string", ""))))
        return result

    def _stop_streams(self) -> None:
        first: TrackerError | None = None
        while self._streaming:
            stream = self._streaming.pop()
            try:
                self._library.call(f"stop {stream}", partial(self._device.stop, stream, False))
            except TrackerError as error:
                first = first or error
        if first is not None:
            self._notices.append(Notice("unsubscribe_failed", self._clock.now_us(), str(first)))

    def _syncs(self, data: Mapping[str, Any]) -> tuple[TimeSync, ...]:
        names = ("system_request_time_stamp", "device_time_stamp", "system_response_time_stamp")
        rows = zip(*(np.asarray(data[name]).tolist() for name in names), strict=True)
        return tuple(TimeSync(asked - self._ahead_us, device, got - self._ahead_us) for asked, device, got in rows)

    def _notices_of(self, data: Mapping[str, Any]) -> list[Notice]:
        found = []
        for row, when_us in enumerate(np.asarray(data["system_time_stamp"]).tolist()):
            name = str(data["notification_type"][row]).rpartition(".")[2]
            kind, field = _NOTICES.get(name, (name, ""))
            text = data[field][row] if field else None
            found.append(Notice(kind, when_us - self._ahead_us, "" if text is None else str(text)[:500]))
        return found


class TittapyBackend:
    """Finds and opens Tobii trackers.

    Parameters
    ----------
    module : module, optional
        TittaPy, or what stands in for it in tests.
    call_limit_s : float
        How long any call into it may take.

    Raises
    ------
    TrackerError
        "not_found", if it cannot be loaded.
    """

    name = NAME

    def __init__(self, module: Any = None, clock: Clock | None = None, call_limit_s: float = _CALL_LIMIT_S) -> None:
        self._library = _Library(module if module is not None else load_module(), call_limit_s)
        self._clock = clock or HostClock()
        self._found: dict[str, Mapping[str, Any]] = {}

    def find(self) -> tuple[TrackerInfo, ...]:
        """Look for trackers; the first look takes 2 s."""
        found = self._library.call("look for trackers", self._library.module.find_all_eye_trackers)
        self._found = {str(one["serial_number"]): one for one in found}
        return tuple(self._info(self._found[serial]) for serial in sorted(self._found))

    def open(self, serial_number: str) -> TittapyTracker:
        """Open a tracker by its serial number."""
        if serial_number not in self._found:
            self.find()
        one = self._found.get(serial_number)
        if one is None:
            raise TrackerError("not_found", f"The eye tracker {serial_number} is not connected.")
        device = self._library.call("open the tracker", partial(self._library.module.EyeTracker, one["address"]))
        return TittapyTracker(self._library, device, self._info(one), self._clock)

    def _info(self, one: Mapping[str, Any]) -> TrackerInfo:
        module = self._library.module
        ours = {
            module.capability.has_gaze_data: "gaze",
            module.capability.has_eye_openness_data: "openness",
            module.capability.can_do_screen_based_calibration: "screen_calibration",
        }
        return TrackerInfo(
            backend=NAME,
            serial_number=str(one["serial_number"]),
            model=str(one["model"]),
            name=str(one["device_name"] or one["model"]),
            address=str(one["address"]),
            source="eye",
            firmware_version=str(one["firmware_version"]),
            runtime_version=str(one["runtime_version"]),
            sdk_version=str(module.get_SDK_version()),
            frequencies_hz=tuple(sorted(float(rate) for rate in one["supported_frequencies"])),
            capabilities=tuple(sorted(name for theirs, name in ours.items() if theirs in one["capabilities"])),
        )


def _samples(data: Mapping[str, Any], now_us: int, ahead_us: int) -> Samples:
    """Samples of the library's columns; a measure that is not valid is NaN, whatever number stands there."""
    device_us = np.asarray(data["device_time_stamp"], np.int64)
    samples = empty_samples(len(device_us))
    samples["device_us"] = device_us
    samples["system_us"] = np.asarray(data["system_time_stamp"], np.int64) - ahead_us
    samples["received_us"] = now_us
    for eye in EYES:
        point, origin = f"{eye}_gaze_point", f"{eye}_gaze_origin"
        valid = {
            "gaze": np.asarray(data[f"{point}_valid"], bool),
            "origin": np.asarray(data[f"{origin}_valid"], bool),
            "pupil": np.asarray(data[f"{eye}_pupil_valid"], bool),
            "openness": np.asarray(data[f"{eye}_eye_openness_valid"], bool),
        }
        for measure, flags in valid.items():
            samples[f"{eye}_{measure}_valid"] = flags
        for axis in "xy":
            values = np.asarray(data[f"{point}_on_display_area_{axis}"])
            samples[f"{eye}_{axis}"] = np.where(valid["gaze"], values, np.nan)
        for k, axis in enumerate("xyz"):
            at = np.asarray(data[f"{point}_in_user_coordinates_{axis}"])
            samples[f"{eye}_point_mm"][:, k] = np.where(valid["gaze"], at, np.nan)
            at = np.asarray(data[f"{origin}_in_user_coordinates_{axis}"])
            samples[f"{eye}_origin_mm"][:, k] = np.where(valid["origin"], at, np.nan)
        pupil, openness = data[f"{eye}_pupil_diameter"], data[f"{eye}_eye_openness_diameter"]
        samples[f"{eye}_pupil_mm"] = np.where(valid["pupil"], np.asarray(pupil), np.nan)
        samples[f"{eye}_openness_mm"] = np.where(valid["openness"], np.asarray(openness), np.nan)
    return samples


def _calibration_samples(point: Mapping[str, Any], used: Any) -> list[CalibrationSample]:
    eyes = {}
    for eye in EYES:
        places = zip(
            np.asarray(point[f"samples_{eye}_position_on_display_area_x"]).tolist(),
            np.asarray(point[f"samples_{eye}_position_on_display_area_y"]).tolist(),
            strict=True,
        )
        eyes[eye] = list(zip(places, point[f"samples_{eye}_validity"], strict=True))
    return [
        CalibrationSample(left, right, left_validity == used, right_validity == used)
        for (left, left_validity), (right, right_validity) in zip(eyes["left"], eyes["right"], strict=True)
    ]


def _translated(what: str, error: Exception) -> TrackerError:
    said = str(error)
    for part, code, text in _ERRORS:
        if part in said.upper().replace(" ", "_"):
            return TrackerError(code, f"{text} ({what}: {said})")
    return TrackerError("internal", f"TittaPy failed ({what}: {type(error).__name__}: {said}).")
