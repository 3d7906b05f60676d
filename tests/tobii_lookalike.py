"""A look-alike of the package ``tobii_research`` 2.1.0 for tests: its names, constants, threads, errors and defects.

Written from the documented interface and observed behaviour. ``tests/integration/test_tracker_python.py`` compares it
with the vendor's own Python layer over the same native function, where that is installed.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from tobii_native import Native

_NOTIFICATIONS = [
    "connection_lost",
    "connection_restored",
    "calibration_mode_entered",
    "calibration_mode_left",
    "calibration_changed",
    "display_area_changed",
    "gaze_output_frequency_changed",
    "eye_tracking_mode_changed",
    "device_faults",
    "device_warnings",
    "stream_buffer_overflow",
]
_STREAMS = {
    "eyetracker_gaze_data": (1, "gaze data"),
    "eyetracker_external_signal": (2, "external signal"),
    "eyetracker_time_synchronization_data": (3, "time synchronization data"),
    "eyetracker_stream_errors": (4, ""),
    "_eyetracker_notifications": (5, "notifications"),
    "eyetracker_eye_images": (6, "eye images"),
    "eyetracker_user_position_guide": (7, "user position guide"),
    "eyetracker_eye_openness_data": (8, "eye openness data"),
}
CONSTANTS = [
    *(name for name in _STREAMS if not name.startswith("_")),
    *(f"eyetracker_notification_{name}" for name in _NOTIFICATIONS),
    *(
        f"capability_{name}"
        for name in [
            "can_set_display_area",
            "has_external_signal",
            "has_eye_images",
            "has_gaze_data",
            "can_do_screen_based_calibration",
            "can_do_monocular_calibration",
            "has_eye_openness_data",
        ]
    ),
    *(f"calibration_status_{name}" for name in ("failure", "success", "success_left_eye", "success_right_eye")),
    *(f"validity_{name}" for name in ("invalid_and_not_used", "valid_but_not_used", "valid_and_used")),
]
ERRORS = [
    f"EyeTracker{name}Error"
    for name in [
        "ConnectionFailed",
        "DisplayAreaNotValid",
        "FeatureDeprecated",
        "FeatureNotSupported",
        "Internal",
        "InvalidOperation",
        "License",
        "OperationFailed",
        "SavedLicenseFailedToApply",
        "Unavailable",
    ]
]
_BY_STATUS = {
    11: "InvalidOperation",
    14: "DisplayAreaNotValid",
    18: "SavedLicenseFailedToApply",
    201: "License",
    202: "FeatureNotSupported",
    203: "Unavailable",
    204: "ConnectionFailed",
    210: "InvalidOperation",
    **dict.fromkeys((211, 212, 213), "InvalidOperation"),
    **dict.fromkeys((214, 215, 216, 217, 218), "OperationFailed"),
    1001: "FeatureDeprecated",
}
_VALIDITY = {-1: "validity_invalid_and_not_used", 0: "validity_valid_but_not_used", 1: "validity_valid_and_used"}


class DisplayArea:
    """Three corners in mm."""

    def __init__(self, corners: Any) -> None:
        if not isinstance(corners, dict) or not all(isinstance(corner, tuple) for corner in corners.values()):
            raise ValueError("DisplayArea requires a dictionary with the coordinates of the display area.")
        for name in ("bottom_left", "top_left", "top_right"):
            setattr(self, name, tuple(map(float, corners[name])))


def look_alike(native: Native) -> SimpleNamespace:
    """Make the package over a native function, with errors of its own as the real one has."""
    errors: dict[str, type[Exception]] = {name: type(name, (Exception,), {}) for name in ERRORS}
    lock = threading.RLock()

    def check(status: int) -> None:
        if status in (0, 205):  # the real one takes a timeout for success
            return
        if status in (10, 13):
            raise ValueError("out of bounds" if status == 13 else "An invalid parameter has been sent to the API.")
        raise errors[f"EyeTracker{_BY_STATUS.get(status, 'Internal')}Error"](f"status {status}")

    def call(name: str, *arguments: Any, checks: bool = True) -> tuple[Any, ...]:
        answered = threading.Event()
        answer: list[tuple[Any, ...]] = []

        def take(result: tuple[Any, ...]) -> None:
            answer.append(result)
            answered.set()

        check(native.call_function(name, arguments, take))
        answered.wait()  # without end, as the real one
        if checks:
            check(answer[0][0])
        return answer[0]

    class EyeTracker:
        def __init__(self, address: Any) -> None:
            if not isinstance(address, str | dict):
                raise ValueError("An EyeTracker must be initialized with a URI.")
            data = address if isinstance(address, dict) else call("get_device", address)[1]
            self._core = data["core_eyetracker"]
            self._lock, self._notification_lock = threading.RLock(), threading.RLock()
            self._streams: dict[str, dict[Any, bool]] = {}
            self._notifications: dict[str, dict[Any, bool]] = {}
            for name, value in data.items():
                if name != "core_eyetracker":
                    setattr(self, name, value)

        def get_gaze_output_frequency(self) -> float:
            return call("get_gaze_output_frequency", self._core)[1]

        def get_all_gaze_output_frequencies(self) -> tuple[float, ...]:
            return tuple(call("get_all_gaze_output_frequencies", self._core)[1])

        def set_gaze_output_frequency(self, frequency: float) -> None:
            call("set_gaze_output_frequency", self._core, frequency)

        def get_display_area(self) -> DisplayArea:
            return DisplayArea(call("get_display_area", self._core)[1])

        def subscribe_to(self, kind: str, callback: Any, as_dictionary: bool = False) -> None:
            if not callable(callback):
                check(10)
            assert as_dictionary, "objects instead of dictionaries are five times slower and not looked alike"
            if kind.startswith("eyetracker_notification_"):
                if callback in self._notifications.get(kind, {}):
                    check(11)
                is_first = not self._notifications
                self._notifications.setdefault(kind, {})[callback] = as_dictionary
                if is_first:
                    self._subscribe("_eyetracker_notifications", self._on_notification)
            else:
                self._subscribe(kind, callback)

        def unsubscribe_from(self, kind: str, callback: Any = None) -> None:
            if kind.startswith("eyetracker_notification_"):
                self._notifications.get(kind, {}).pop(callback, None)
                if callback is None or not self._notifications.get(kind, {}):
                    self._notifications.pop(kind, None)
                if not self._notifications:
                    self._unsubscribe("_eyetracker_notifications", None)
            else:
                self._unsubscribe(kind, callback)

        def _subscribe(self, kind: str, callback: Any) -> None:
            with self._lock:
                if kind not in _STREAMS:
                    check(10)
                if callback in self._streams.get(kind, {}):
                    check(11)
                self._streams.setdefault(kind, {})[callback] = True
                if len(self._streams[kind]) == 1:
                    with lock:
                        call("subscribe_to", _STREAMS[kind][0], self._core, lambda data: self._dispatch(kind, data))

        def _unsubscribe(self, kind: str, callback: Any) -> None:
            with self._lock:
                if kind not in _STREAMS:
                    check(10)
                if kind in self._streams:
                    self._streams[kind].pop(callback, None)
                    if callback is None or not self._streams[kind]:
                        del self._streams[kind]
                        call("unsubscribe_from", _STREAMS[kind][0], self._core)

        def _dispatch(self, kind: str, data: dict[str, Any]) -> None:
            try:
                with self._lock:
                    for callback in self._streams.get(kind, {}):
                        callback(dict(data))
            except Exception:  # noqa: BLE001 - as the real one, whatever it was
                if _STREAMS[kind][1]:
                    raise NameError("name '_TobiiProCallback__call_function' is not defined") from None

        def _on_notification(self, data: dict[str, Any]) -> None:
            with self._notification_lock:
                for callback in self._notifications.get(data["notification_type"], {}):
                    callback(dict(data))

    class ScreenBasedCalibration:
        def __init__(self, eyetracker: Any) -> None:
            if not isinstance(eyetracker, EyeTracker):
                raise ValueError("A ScreenBasedCalibration object must be initialized with an EyeTracker.")
            self._core = eyetracker._core

        def enter_calibration_mode(self) -> None:
            call("calibration_enter_calibration_mode", self._core)

        def leave_calibration_mode(self) -> None:
            call("calibration_leave_calibration_mode", self._core)

        def collect_data(self, x: float, y: float) -> str:
            try:
                call("screen_based_calibration_collect_data", self._core, float(x), float(y))
            except errors["EyeTrackerOperationFailedError"]:
                return "calibration_status_failure"
            return "calibration_status_success"

        def discard_data(self, x: float, y: float) -> None:
            call("screen_based_calibration_discard_data", self._core, float(x), float(y))

        def compute_and_apply(self) -> SimpleNamespace:
            try:
                call("calibration_compute_and_apply", self._core)
                rows = call("screen_based_calibration_get_calibration_points", self._core)[1]
            except errors["EyeTrackerOperationFailedError"]:
                return SimpleNamespace(status="calibration_status_failure", calibration_points=())
            if not rows:
                raise ValueError("You shouldn't create CalibrationPoint objects yourself.")
            points: list[SimpleNamespace] = []
            for row in rows:
                if not points or points[-1].position_on_display_area != row["position"]:
                    points.append(SimpleNamespace(position_on_display_area=row["position"], calibration_samples=()))
                eyes = {
                    f"{eye}_eye": SimpleNamespace(
                        position_on_display_area=row[f"{eye}_sample_position"],
                        validity=_VALIDITY[row[f"{eye}_validity"]],
                    )
                    for eye in ("left", "right")
                }
                points[-1].calibration_samples += (SimpleNamespace(**eyes),)
            return SimpleNamespace(status="calibration_status_success", calibration_points=tuple(points))

    return SimpleNamespace(
        __version__="2.1.0.1",
        find_all_eyetrackers=lambda: tuple(EyeTracker(data) for data in call("find_all_eyetrackers")[1]),
        get_system_time_stamp=lambda: call("get_system_time_stamp")[1],
        EyeTracker=EyeTracker,
        ScreenBasedCalibration=ScreenBasedCalibration,
        DisplayArea=DisplayArea,
        **errors,
        **{name.upper(): name for name in CONSTANTS},
    )
