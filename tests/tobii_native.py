"""The outermost border of the tracker's library, faked: the one native function its Python layer calls.

Both the look-alike (``tobii_lookalike``) and, where it is installed, the vendor's own Python layer run over it. It
answers as the native function does, ``callback((status, value, ...))``, calls stream callbacks from a foreign thread,
and fails on demand: a status, no answer at all, or another order of trackers at each look.
"""

from __future__ import annotations

import threading
from typing import Any

from capture.clocks import Clock, HostClock
from capture.samples import Samples
from capture.simulated import SimulatedModel, SimulatedTracker

OK, INVALID_OPERATION, OUT_OF_BOUNDS, SE_INTERNAL = 0, 11, 13, 200
LICENCE, NOT_SUPPORTED, UNAVAILABLE, CONNECTION_FAILED, TIMED_OUT = 201, 202, 203, 204, 205
CALIBRATION_ALREADY_STARTED, CALIBRATION_NOT_STARTED, OPERATION_FAILED = 210, 211, 214
GAZE, TIME_SYNC, STREAM_ERRORS, NOTIFICATIONS, OPENNESS = 1, 3, 4, 5, 8
HANG = "hang"

_ALL = ("has_gaze_data", "has_eye_openness_data", "can_do_screen_based_calibration", "can_set_display_area")


class Native:
    """Trackers behind the native function.

    Attributes
    ----------
    faults : dict
        For each native name, the statuses (or ``HANG``) that its next calls end with.
    escaped : list
        Exceptions that left a stream callback; the real thing swallows them.
    """

    def __init__(self, models: tuple[SimulatedModel, ...] = (SimulatedModel(),), clock: Clock | None = None) -> None:
        self.clock = clock or HostClock()
        self.models = {core: model for core, model in enumerate(models, 1)}
        self.sources: dict[int, SimulatedTracker] = {}
        self.frequency = {core: max(model.frequencies_hz) for core, model in self.models.items()}
        self.faults: dict[str, list[int | str]] = {}
        self.calls: list[str] = []
        self.subscribed: dict[tuple[int, int], Any] = {}
        self.escaped: list[BaseException] = []
        self.calibrating: dict[int, dict[tuple[float, float], bool]] = {}
        self.released = threading.Event()
        self._looks = 0
        for core, model in self.models.items():
            self.sources[core] = SimulatedTracker(model, self.clock, lambda call: None)

    def startup(self) -> None:
        """Begin; the vendor's layer calls it at import."""

    def cleanup(self) -> None:
        """End."""

    def call_function(self, name: str, arguments: tuple[Any, ...], callback: Any) -> int:
        self.calls.append(name)
        planned = self.faults.get(name)
        status = planned.pop(0) if planned else OK
        if status == HANG:
            self.released.wait(30)
            callback((SE_INTERNAL,))
        elif status != OK:
            callback((status,))
        else:
            callback(getattr(self, f"_{name}", lambda *_: (OK,))(*arguments))
        return OK

    def emit(self, stream: int, core: int, data: dict[str, Any]) -> None:
        """Call a stream's subscriber from a foreign thread."""

        def call() -> None:
            try:
                self.subscribed[stream, core](data)
            except BaseException as error:  # noqa: BLE001 - the real thing swallows it
                self.escaped.append(error)

        if (stream, core) in self.subscribed:
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()

    def notify(self, core: int, kind: str, **fields: Any) -> None:
        """Let a tracker say something about itself."""
        when = {"system_time_stamp": self.clock.now_us()}
        self.emit(NOTIFICATIONS, core, {"notification_type": f"eyetracker_notification_{kind}", **when, **fields})

    def pump(self, core: int = 1) -> Samples:
        """Deliver what has arrived by now, as the library's threads would; returns the samples."""
        if (GAZE, core) not in self.subscribed:
            return self.sources[core].take().samples[:0]
        taken = self.sources[core].take()
        threads = [threading.Thread(target=self._deliver, args=(core, taken))]
        for thread in threads:
            thread.start()
            thread.join()
        return taken.samples

    def _deliver(self, core: int, taken: Any) -> None:
        try:
            for sample in taken.samples:
                self.subscribed[GAZE, core](gaze_dict(sample))
                if (OPENNESS, core) in self.subscribed:
                    self.subscribed[OPENNESS, core](openness_dict(sample))
            for sync in taken.syncs if (TIME_SYNC, core) in self.subscribed else ():
                names = ("system_request_time_stamp", "device_time_stamp", "system_response_time_stamp")
                values = (sync.request_us, sync.device_us, sync.response_us)
                self.subscribed[TIME_SYNC, core](dict(zip(names, values, strict=True)))
        except BaseException as error:  # noqa: BLE001 - the real thing swallows it
            self.escaped.append(error)

    def _data(self, core: int) -> dict[str, Any]:
        model = self.models[core]
        has = tuple(c for c in _ALL if c != "has_eye_openness_data" or "openness" in model.capabilities)
        return {
            "address": f"tobii-prp://{model.serial_number}",
            "device_name": "",
            "serial_number": model.serial_number,
            "model": model.model,
            "firmware_version": "1.0",
            "runtime_version": "2.0",
            "device_capabilities": tuple(f"capability_{name}" for name in has),
            "core_eyetracker": core,
        }

    def _find_all_eyetrackers(self) -> tuple[Any, ...]:
        self._looks += 1
        cores = list(self.models) if self._looks % 2 else list(reversed(self.models))
        return OK, [self._data(core) for core in cores]

    def _get_device(self, address: str) -> tuple[Any, ...]:
        if not address.startswith("tobii-prp://"):
            return (SE_INTERNAL,)
        for core in self.models:
            if self._data(core)["address"] == address:
                return OK, self._data(core)
        return (CONNECTION_FAILED,)

    def _get_system_time_stamp(self) -> tuple[Any, ...]:
        return OK, self.clock.now_us()

    def _get_sdk_version(self) -> tuple[Any, ...]:
        return OK, "2.1.0.1"

    def _get_gaze_output_frequency(self, core: int) -> tuple[Any, ...]:
        return OK, self.frequency[core]

    def _get_all_gaze_output_frequencies(self, core: int) -> tuple[Any, ...]:
        return OK, list(self.models[core].frequencies_hz)

    def _set_gaze_output_frequency(self, core: int, frequency_hz: float) -> tuple[Any, ...]:
        if frequency_hz not in self.models[core].frequencies_hz:
            return (OUT_OF_BOUNDS,)
        self.frequency[core] = frequency_hz
        return (OK,)

    def _get_display_area(self, core: int) -> tuple[Any, ...]:
        area = self.sources[core].display_area()
        names = ("top_left", "top_right", "bottom_left")
        return OK, {name: getattr(area, f"{name}_mm") for name in names}

    def _subscribe_to(self, stream: int, core: int, callback: Any) -> tuple[Any, ...]:
        self.subscribed[stream, core] = callback
        if stream == GAZE:
            self.sources[core].start(self.frequency[core])
        return (OK,)

    def _unsubscribe_from(self, stream: int, core: int) -> tuple[Any, ...]:
        self.subscribed.pop((stream, core), None)
        if stream == GAZE:
            self.sources[core].stop()
        return (OK,)

    def _calibration_enter_calibration_mode(self, core: int) -> tuple[Any, ...]:
        if core in self.calibrating:
            return (CALIBRATION_ALREADY_STARTED,)
        self.calibrating[core] = {}
        return (OK,)

    def _calibration_leave_calibration_mode(self, core: int) -> tuple[Any, ...]:
        return (CALIBRATION_NOT_STARTED,) if self.calibrating.pop(core, None) is None else (OK,)

    def _screen_based_calibration_collect_data(self, core: int, x: float, y: float) -> tuple[Any, ...]:
        if core not in self.calibrating:
            return (CALIBRATION_NOT_STARTED,)
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return (OUT_OF_BOUNDS,)
        self.calibrating[core][x, y] = True
        return (OK,)

    def _screen_based_calibration_discard_data(self, core: int, x: float, y: float) -> tuple[Any, ...]:
        self.calibrating.get(core, {}).pop((x, y), None)
        return (OK,)

    def _calibration_compute_and_apply(self, core: int) -> tuple[Any, ...]:
        return (OK,) if core in self.calibrating else (CALIBRATION_NOT_STARTED,)

    def _screen_based_calibration_get_calibration_points(self, core: int) -> tuple[Any, ...]:
        failing = self.models[core].eyes.failing_eye
        validity = {eye: -1 if eye == failing else 1 for eye in ("left", "right")}
        names = ("left_sample_position", "right_sample_position")
        return OK, [
            {
                "position": point,
                **dict.fromkeys(names, point),
                "left_validity": validity["left"],
                "right_validity": validity["right"],
            }
            for point in self.calibrating[core]
            for _ in range(2)
        ]


def gaze_dict(sample: Any) -> dict[str, Any]:
    """Write a sample as the library delivers it: Python numbers and tuples."""
    data = {"device_time_stamp": int(sample["device_us"]), "system_time_stamp": int(sample["system_us"])}
    for eye in ("left", "right"):
        data |= {
            f"{eye}_gaze_point_on_display_area": (float(sample[f"{eye}_x"]), float(sample[f"{eye}_y"])),
            f"{eye}_gaze_point_in_user_coordinate_system": tuple(map(float, sample[f"{eye}_point_mm"])),
            f"{eye}_gaze_point_validity": int(sample[f"{eye}_gaze_valid"]),
            f"{eye}_pupil_diameter": float(sample[f"{eye}_pupil_mm"]),
            f"{eye}_pupil_validity": int(sample[f"{eye}_pupil_valid"]),
            f"{eye}_gaze_origin_in_user_coordinate_system": tuple(map(float, sample[f"{eye}_origin_mm"])),
            f"{eye}_gaze_origin_validity": int(sample[f"{eye}_origin_valid"]),
        }
    return data


def openness_dict(sample: Any) -> dict[str, Any]:
    """Write the openness of a sample as its own stream delivers it."""
    data = {"device_time_stamp": int(sample["device_us"]), "system_time_stamp": int(sample["system_us"])}
    for eye in ("left", "right"):
        data[f"{eye}_eye_openness_value"] = float(sample[f"{eye}_openness_mm"])
        data[f"{eye}_eye_validity"] = int(sample[f"{eye}_openness_valid"])
    return data
