"""Tobii trackers through the vendor's package ``tobii_research`` 2.1 (CPython 3.10 only).

Written against the package's documented API. Its traps, each of which is a rule here and a test: it waits without end
(every call has a limit of time), its callbacks run under its locks and swallow what they raise (``tobii_stream``), it
lists trackers in changing order (the serial number is the key), it does not unsubscribe by itself, it answers a
calibration without data with an error of its own code, and a timeout inside it counts as success.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from capture.clocks import Clock, HostClock
from capture.deadline import DeadlineCaller
from capture.tobii_stream import RING_SAMPLES, StreamSink
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

NAME = "tobii_research"
T = TypeVar("T")

_CALL_LIMIT_S = 10.0
_SAME_CLOCK_US = 1000
_ERRORS = {
    "EyeTrackerConnectionFailedError": (
        "connection_failed",
        "The eye tracker cannot be reached; is it on and connected?",
    ),
    "EyeTrackerDisplayAreaNotValidError": ("display_area_not_valid", "The tracker's display area is not set up."),
    "EyeTrackerFeatureDeprecatedError": ("not_supported", "The eye tracker no longer offers this."),
    "EyeTrackerFeatureNotSupportedError": ("not_supported", "The eye tracker does not offer this."),
    "EyeTrackerInternalError": ("internal", "The tracker's software failed."),
    "EyeTrackerInvalidOperationError": ("invalid_operation", "The eye tracker cannot do this now."),
    "EyeTrackerLicenseError": ("licence", "The tracker's licence does not allow this."),
    "EyeTrackerOperationFailedError": ("operation_failed", "The eye tracker failed to do this."),
    "EyeTrackerSavedLicenseFailedToApplyError": ("licence", "The licence saved on the eye tracker has expired."),
    "EyeTrackerUnavailableError": ("unavailable", "No eye tracker is available."),
}
_NOTICES = {  # name of the constant after EYETRACKER_NOTIFICATION_: our kind, field with its text
    "CONNECTION_LOST": ("connection_lost", ""),
    "CONNECTION_RESTORED": ("connection_restored", ""),
    "CALIBRATION_MODE_ENTERED": ("calibration_mode_entered", ""),
    "CALIBRATION_MODE_LEFT": ("calibration_mode_left", ""),
    "CALIBRATION_CHANGED": ("calibration_changed", ""),
    "DISPLAY_AREA_CHANGED": ("display_area_changed", "display_area"),
    "GAZE_OUTPUT_FREQUENCY_CHANGED": ("frequency_changed", "gaze_output_frequency"),
    "EYE_TRACKING_MODE_CHANGED": ("mode_changed", ""),
    "DEVICE_FAULTS": ("device_faults", "faults"),
    "DEVICE_WARNINGS": ("device_warnings", "warnings"),
    "STREAM_BUFFER_OVERFLOW": ("stream_buffer_overflow", "notification_source_stream"),
}


def load_sdk() -> Any:
    """Load the vendor's package.

    Raises
    ------
    TrackerError
        "not_found", if it is not installed for this interpreter or does not load.
    """
    try:
        return importlib.import_module("tobii_research")
    except (ImportError, OSError) as error:
        text = f"The Tobii package does not load here ({error}); python -m capture check says what it needs."
        raise TrackerError("not_found", text) from error


class _Library:
    """The vendor's package behind a deadline and with its errors translated."""

    def __init__(self, sdk: Any, limit_s: float) -> None:
        self.sdk, self._limit_s = sdk, limit_s
        self._calls = DeadlineCaller("The Tobii library")
        self._kinds = tuple(getattr(sdk, name) for name in _ERRORS)

    @property
    def is_stuck(self) -> bool:
        return self._calls.is_stuck

    def call(self, what: str, function: Callable[[], T]) -> T:
        try:
            return self._calls.call(what, self._limit_s, function)
        except TrackerError:
            raise
        except self._kinds as error:
            code, text = _ERRORS[type(error).__name__]
            raise TrackerError(code, f"{text} ({what}: {error})") from error
        except ValueError as error:
            raise TrackerError("bad_value", f"The eye tracker refused a value ({what}: {error}).") from error
        except Exception as error:
            name = type(error).__name__
            raise TrackerError("internal", f"The Tobii library failed ({what}: {name}: {error}).") from error


class TobiiTracker:
    """See :class:`capture.tracker.Tracker`."""

    def __init__(self, library: _Library, device: Any, info: TrackerInfo, clock: Clock, capacity: int) -> None:
        self.info = info
        self._library, self._device, self._clock, self._capacity = library, device, clock, capacity
        read = partial(measure_clock, library.sdk.get_system_time_stamp, clock)
        self._ahead_us, self._ahead_width_us = library.call("read the clock", read)
        self._joins_openness = "openness" in info.capabilities
        self._sink = StreamSink(clock, self._ahead_us, self._joins_openness, capacity)
        self._subscribed: list[tuple[str, Callable[[Any], None]]] = []
        self._calibration: Any = None

    def frequency_hz(self) -> float:
        """Read the sampling frequency in force."""
        return float(self._library.call("read the frequency", self._device.get_gaze_output_frequency))

    def display_area(self) -> DisplayArea:
        """Read the display area in force."""
        area = self._library.call("read the display area", self._device.get_display_area)
        return DisplayArea(tuple(area.top_left), tuple(area.top_right), tuple(area.bottom_left))

    def start(self, frequency_hz: float | None = None) -> None:
        """Subscribe to everything, gaze last, so that nothing of the first samples' surroundings is missed."""
        if self._subscribed:
            return
        if frequency_hz and frequency_hz != self.frequency_hz():
            if frequency_hz not in self.info.frequencies_hz:
                raise TrackerError("bad_value", f"{self.info.model} does not sample at {frequency_hz:g} Hz.")
            set_it = partial(self._device.set_gaze_output_frequency, frequency_hz)
            self._library.call("set the frequency", set_it)
            if self.frequency_hz() != frequency_hz:  # a timeout inside the library counts as success there
                raise TrackerError("operation_failed", f"The eye tracker did not change to {frequency_hz:g} Hz.")
        self._sink = StreamSink(self._clock, self._ahead_us, self._joins_openness, self._capacity)
        text = f"library clock ahead by {self._ahead_us} us, measured within {self._ahead_width_us} us"
        self._sink.add(Notice("library_clock", self._clock.now_us(), text))
        try:
            for stream, callback in self._streams():
                subscribe = partial(self._device.subscribe_to, stream, callback, as_dictionary=True)
                self._library.call(f"subscribe to {stream}", subscribe)
                self._subscribed.append((stream, callback))
        except TrackerError:
            self._unsubscribe()
            raise

    def take(self) -> Taken:
        """Give what the callbacks have collected."""
        return Taken(*self._sink.take(is_ended=not self._subscribed))

    def stop(self) -> None:
        """Unsubscribe from everything, in reverse; the library does not do it by itself."""
        self._unsubscribe()

    def close(self) -> None:
        """Stop, and leave calibration mode."""
        if self._calibration is not None and not self._library.is_stuck:
            self.leave_calibration()
        self.stop()

    def health(self) -> Health:
        """Say how it is, without a call into the library."""
        return Health(bool(self._subscribed), self._library.is_stuck, self._sink.errors, self._sink.first_error)

    def enter_calibration(self) -> None:
        """Enter calibration mode."""
        if self._calibration is not None:
            raise TrackerError("invalid_operation", "The eye tracker is in calibration mode already.")
        make = partial(self._library.sdk.ScreenBasedCalibration, self._device)
        calibration = self._library.call("prepare the calibration", make)
        self._calibration = calibration  # before the call: should it fail half way, it can still be left
        try:
            self._library.call("enter calibration mode", calibration.enter_calibration_mode)
        except TrackerError:
            self._calibration = None
            raise

    def collect(self, x: float, y: float) -> bool:
        """Collect for a point; blocks about a second."""
        collect = partial(self._calibrating().collect_data, x, y)
        status = self._library.call("collect calibration data", collect)
        return bool(status == self._library.sdk.CALIBRATION_STATUS_SUCCESS)

    def discard(self, x: float, y: float) -> None:
        """Throw away a point."""
        self._library.call("discard calibration data", partial(self._calibrating().discard_data, x, y))

    def compute_calibration(self) -> CalibrationOutcome:
        """Compute and apply; told per eye, because the status of a point is not."""
        try:
            result = self._library.call("compute the calibration", self._calibrating().compute_and_apply)
        except TrackerError as error:
            if error.code == "bad_value":  # the package's own error for a calibration that returned no points
                text = "No calibration point has usable data; collect them again."
                raise TrackerError("calibration_failed", text) from error
            raise
        used = self._library.sdk.VALIDITY_VALID_AND_USED
        points = tuple(
            (
                tuple(map(float, point.position_on_display_area)),
                tuple(_calibration_sample(sample, used) for sample in point.calibration_samples),
            )
            for point in result.calibration_points
        )
        succeeded = result.status == self._library.sdk.CALIBRATION_STATUS_SUCCESS
        return CalibrationOutcome(succeeded, points)  # type: ignore[arg-type]

    def leave_calibration(self) -> None:
        """Leave calibration mode; where it is not in it, there is nothing to do."""
        if self._calibration is None:
            return
        calibration, self._calibration = self._calibration, None
        try:
            self._library.call("leave calibration mode", calibration.leave_calibration_mode)
        except TrackerError as error:
            if error.code != "invalid_operation":  # which says that it is not in the mode any more
                raise

    def _calibrating(self) -> Any:
        if self._calibration is None:
            raise TrackerError("invalid_operation", "The eye tracker is not in calibration mode.")
        return self._calibration

    def _streams(self) -> list[tuple[str, Callable[[Any], None]]]:
        sdk, sink = self._library.sdk, self._sink
        streams: list[tuple[str, Callable[[Any], None]]] = [
            (getattr(sdk, f"EYETRACKER_NOTIFICATION_{name}"), partial(sink.on_notice, kind, field))
            for name, (kind, field) in _NOTICES.items()
        ]
        streams.append((sdk.EYETRACKER_STREAM_ERRORS, partial(sink.on_notice, "stream_error", "message")))
        streams.append((sdk.EYETRACKER_TIME_SYNCHRONIZATION_DATA, sink.on_sync))
        if self._joins_openness:
            streams.append((sdk.EYETRACKER_EYE_OPENNESS_DATA, sink.on_openness))
        streams.append((sdk.EYETRACKER_GAZE_DATA, sink.on_gaze))
        return streams

    def _unsubscribe(self) -> None:
        first: TrackerError | None = None
        while self._subscribed:
            stream, callback = self._subscribed.pop()
            try:
                unsubscribe = partial(self._device.unsubscribe_from, stream, callback)
                self._library.call(f"unsubscribe from {stream}", unsubscribe)
            except TrackerError as error:
                first = first or error
        if first is not None:
            self._sink.add(Notice("unsubscribe_failed", self._clock.now_us(), str(first)))


class TobiiBackend:
    """Finds and opens Tobii trackers.

    Parameters
    ----------
    sdk : module, optional
        The vendor's package, or what stands in for it in tests.
    call_limit_s : float
        How long any call into it may take.

    Raises
    ------
    TrackerError
        "not_found", if the package cannot be loaded.
    """

    name = NAME

    def __init__(
        self,
        sdk: Any = None,
        clock: Clock | None = None,
        call_limit_s: float = _CALL_LIMIT_S,
        capacity: int = RING_SAMPLES,
    ) -> None:
        self._library = _Library(sdk if sdk is not None else load_sdk(), call_limit_s)
        self._clock = clock or HostClock()
        self._capacity = capacity
        self._devices: dict[str, Any] = {}

    def find(self) -> tuple[TrackerInfo, ...]:
        """Look for trackers; the first look takes 2 s."""
        found = self._library.call("look for trackers", self._library.sdk.find_all_eyetrackers)
        self._devices = {device.serial_number: device for device in found}
        return tuple(self._info(self._devices[serial]) for serial in sorted(self._devices))

    def open(self, serial_number: str) -> TobiiTracker:
        """Open a tracker by its serial number."""
        if serial_number not in self._devices:
            self.find()
        device = self._devices.get(serial_number)
        if device is None:
            raise TrackerError("not_found", f"The eye tracker {serial_number} is not connected.")
        return TobiiTracker(self._library, device, self._info(device), self._clock, self._capacity)

    def _info(self, device: Any) -> TrackerInfo:
        sdk = self._library.sdk
        try:
            rates = self._library.call("read the frequencies", device.get_all_gaze_output_frequencies)
        except TrackerError as error:
            if error.code == "stuck":
                raise
            rates = ()  # found and not to be talked to; opening it will say why
        capabilities = {
            sdk.CAPABILITY_HAS_GAZE_DATA: "gaze",
            sdk.CAPABILITY_HAS_EYE_OPENNESS_DATA: "openness",
            sdk.CAPABILITY_CAN_DO_SCREEN_BASED_CALIBRATION: "screen_calibration",
        }
        return TrackerInfo(
            backend=NAME,
            serial_number=device.serial_number,
            model=device.model,
            name=device.device_name or device.model,
            address=device.address,
            source="eye",
            firmware_version=device.firmware_version,
            runtime_version=device.runtime_version,
            sdk_version=str(sdk.__version__),
            frequencies_hz=tuple(sorted(float(rate) for rate in rates)),
            capabilities=tuple(
                sorted(ours for theirs, ours in capabilities.items() if theirs in device.device_capabilities)
            ),
        )


def measure_clock(read_us: Callable[[], int], clock: Clock, n: int = 50) -> tuple[int, int]:
    """Say how far a library's clock is ahead of the host's, in µs, and the width of the narrowest of n readings."""
    readings = []
    for _ in range(n):
        before = clock.now_us()
        theirs = int(read_us())
        after = clock.now_us()
        readings.append((after - before, theirs - (before + after) // 2))
    width, ahead = min(readings)
    return (0, width) if abs(ahead) < _SAME_CLOCK_US else (ahead, width)


def _calibration_sample(sample: Any, used: str) -> CalibrationSample:
    left, right = sample.left_eye, sample.right_eye
    at = [tuple(map(float, eye.position_on_display_area)) for eye in (left, right)]
    return CalibrationSample(at[0], at[1], left.validity == used, right.validity == used)  # type: ignore[arg-type]
