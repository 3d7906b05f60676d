"""A look-alike of the module ``TittaPy_v2`` 2.1.0 for tests: its names, columns, queues, errors and defects.

Written from what the module says of itself (signatures, members of its enumerations) and of its published source. Where
the wheel is installed, ``tests/unit/capture/test_tittapy.py`` compares the names with the module's own.
"""

from __future__ import annotations

import enum
import threading
from typing import Any

import numpy as np

from capture.clocks import Clock
from capture.samples import empty_samples
from capture.simulated import SimulatedBackend, SimulatedModel

EYE_COLUMNS = (
    *(f"gaze_point_on_display_area_{axis}" for axis in "xy"),
    *(f"gaze_point_in_user_coordinates_{axis}" for axis in "xyz"),
    *("gaze_point_valid", "gaze_point_available", "pupil_diameter", "pupil_valid", "pupil_available"),
    *(f"gaze_origin_in_user_coordinates_{axis}" for axis in "xyz"),
    *("gaze_origin_valid", "gaze_origin_available"),
    *("eye_openness_diameter", "eye_openness_valid", "eye_openness_available"),
)


def _enum(name: str, members: str) -> Any:
    return enum.Enum(name, members.split(), module=__name__)


class TittaLookAlike:
    """Stands in for the module."""

    capability = _enum(
        "capability",
        "can_set_display_area has_external_signal has_eye_images has_gaze_data can_do_screen_based_calibration "
        "can_do_monocular_calibration has_eye_openness_data",
    )
    calibration_action = _enum(
        "calibration_action",
        "nothing enter collect_data discard_data compute get_calibration_data apply_calibration_data exit",
    )
    calibration_status = _enum("calibration_status", "failure success success_left_eye success_right_eye")
    calibration_eye_validity = _enum(
        "calibration_eye_validity", "invalid_and_not_used valid_but_not_used valid_and_used unknown"
    )
    notification_type = _enum(
        "notification_type",
        "connection_lost connection_restored calibration_mode_entered calibration_mode_left calibration_changed "
        "display_area_changed gaze_output_frequency_changed eye_tracking_mode_changed device_faults device_warnings "
        "stream_buffer_overflow notification_unknown",
    )

    def __init__(self, models: tuple[SimulatedModel, ...], clock: Clock, ahead_us: int = 0) -> None:
        self.backend = SimulatedBackend(models, clock)
        self.models = {model.serial_number: model for model in models}
        self.clock, self.ahead_us = clock, ahead_us
        self.looks = 0
        self.fails: dict[str, str] = {}  # call: status with which it fails, once
        self.hangs = threading.Event()
        self.hangs.set()
        self.opened: list[EyeTracker] = []

    def get_SDK_version(self) -> str:
        return "2.1.0.1"

    def get_system_timestamp(self) -> int:
        return self.clock.now_us() + self.ahead_us

    def find_all_eye_trackers(self) -> list[dict[str, Any]]:
        self.act("find_all_eye_trackers")
        self.looks += 1
        found = [self.data(model) for model in self.models.values()]
        return found if self.looks % 2 else found[::-1]

    def EyeTracker(self, address: str) -> EyeTracker:
        for model in self.models.values():
            if self.data(model)["address"] == address:
                self.act("EyeTracker")
                self.opened.append(EyeTracker(self, model))
                return self.opened[-1]
        raise error("SE_CONNECTION_FAILED", 204)

    def data(self, model: SimulatedModel) -> dict[str, Any]:
        names = self.capability.__members__
        has = [
            one for name, one in names.items() if name != "has_eye_openness_data" or "openness" in model.capabilities
        ]
        return {
            "device_name": "",
            "serial_number": model.serial_number,
            "model": model.model,
            "firmware_version": "1.0",
            "runtime_version": "2.0",
            "address": f"tobii-prp://{model.serial_number}",
            "frequency": max(model.frequencies_hz),
            "tracking_mode": "human",
            "capabilities": has,
            "supported_frequencies": list(model.frequencies_hz),
            "supported_modes": ["human"],
        }

    def act(self, call: str) -> None:
        if not self.hangs.wait(30):
            raise AssertionError("left hanging")
        if call in self.fails:
            raise error(self.fails.pop(call))


def error(status: str, code: int = 1) -> RuntimeError:
    return RuntimeError(
        f"Titta::cpp Error: Titta::cpp: it went wrong\nError code: {code}: TOBII_RESEARCH_STATUS_{status}"
    )


class EyeTracker:
    """One tracker of the module."""

    def __init__(self, module: TittaLookAlike, model: SimulatedModel) -> None:
        self.module, self.model_ = module, model
        self.source = module.backend.open(model.serial_number)
        self._frequency = self.source.frequency_hz()
        self.streams: set[str] = set()
        self.joins_openness = False
        self.notices: list[tuple[str, float | None, str | None]] = []
        self.results: list[dict[str, Any]] = []
        self.points: dict[tuple[float, float], bool] | None = None
        self._kept = [empty_samples(), []]

    @property
    def frequency(self) -> float:
        self.module.act("get_frequency")
        return self._frequency

    @frequency.setter
    def frequency(self, frequency_hz: float) -> None:
        self.module.act("set_frequency")
        if frequency_hz not in self.model_.frequencies_hz:
            raise error("SE_INVALID_PARAMETER")
        self._frequency = frequency_hz

    @property
    def display_area(self) -> dict[str, Any]:
        self.module.act("display_area")
        area = self.source.display_area()
        corners = {name: list(getattr(area, f"{name}_mm")) for name in ("top_left", "top_right", "bottom_left")}
        return {**corners, "width": area.width_mm, "height": area.height_mm}

    def set_include_eye_openness_in_gaze(self, include: bool) -> bool:
        before, self.joins_openness = self.joins_openness, include
        return before

    def clear(self, stream: str) -> None:
        if stream == "gaze":
            self._collect()
            self._kept = [empty_samples(), []]

    def start(self, stream: str, initial_buffer_size: int | None = None, as_gif: bool | None = None) -> bool:
        self.module.act(f"start {stream}")
        if stream in self.streams:
            return True
        self.streams.add(stream)
        if stream == "gaze":
            self.source.start(self._frequency)
        return True

    def stop(self, stream: str, clear_buffer: bool | None = None) -> bool:
        self.module.act(f"stop {stream}")
        if stream == "gaze":
            self._collect()
            self.source.stop()
        if clear_buffer:
            self.clear(stream)
        self.streams.discard(stream)
        return True

    def notify(self, kind: str, frequency: float | None = None, text: str | None = None) -> None:
        self.notices.append((kind, frequency, text))

    def consume_time_range(self, stream: str, time_start: int | None = None, time_end: int | None = None) -> Any:
        self.module.act(f"consume {stream}")
        self._collect()
        if stream == "gaze":
            samples, self._kept[0] = self._kept[0], empty_samples()
            return self.columns(samples)
        if stream == "time_sync":
            syncs, self._kept[1] = self._kept[1], []
            names = ("system_request_time_stamp", "device_time_stamp", "system_response_time_stamp")
            ahead = (self.module.ahead_us, 0, self.module.ahead_us)
            rows = np.array([(s.request_us, s.device_us, s.response_us) for s in syncs], np.int64).reshape(-1, 3)
            return {name: rows[:, k] + ahead[k] for k, name in enumerate(names)}
        notices, self.notices = self.notices, []
        kinds = self.module.notification_type
        return {
            "system_time_stamp": np.full(len(notices), self.module.get_system_timestamp(), np.int64),
            "notification_type": [kinds[kind] for kind, _, _ in notices],
            "output_frequency": [frequency for _, frequency, _ in notices],
            "display_area": [None] * len(notices),
            "errors_or_warnings": [text for _, _, text in notices],
        }

    def _collect(self) -> None:
        taken = self.source.take()
        if "gaze" in self.streams:
            self._kept[0] = np.concatenate((self._kept[0], taken.samples))
        if "time_sync" in self.streams:
            self._kept[1] += taken.syncs

    def columns(self, samples: Any) -> dict[str, Any]:
        """Columns as the module gives them; what is not valid holds a number all the same."""
        data = {
            "device_time_stamp": samples["device_us"].copy(),
            "system_time_stamp": samples["system_us"] + self.module.ahead_us,
        }
        for eye in ("left", "right"):
            openness = self.joins_openness
            pairs = {
                **{f"gaze_point_on_display_area_{a}": samples[f"{eye}_{a}"] for a in "xy"},
                **{
                    f"gaze_point_in_user_coordinates_{a}": samples[f"{eye}_point_mm"][:, k] for k, a in enumerate("xyz")
                },
                "pupil_diameter": samples[f"{eye}_pupil_mm"],
                **{
                    f"gaze_origin_in_user_coordinates_{a}": samples[f"{eye}_origin_mm"][:, k]
                    for k, a in enumerate("xyz")
                },
                "eye_openness_diameter": samples[f"{eye}_openness_mm"] if openness else np.zeros(len(samples), "f4"),
            }
            flags = {
                "gaze_point_valid": samples[f"{eye}_gaze_valid"],
                "pupil_valid": samples[f"{eye}_pupil_valid"],
                "gaze_origin_valid": samples[f"{eye}_origin_valid"],
                "eye_openness_valid": samples[f"{eye}_openness_valid"] if openness else np.zeros(len(samples), "u1"),
            }
            for name, flag in flags.items():
                pairs[name] = flag.astype(bool)
                pairs[name.replace("_valid", "_available")] = np.full(len(samples), openness or "openness" not in name)
            data |= {
                f"{eye}_{name}": np.nan_to_num(values) if values.dtype.kind == "f" else values
                for name, values in pairs.items()
            }
        return data

    # -- calibration: a step is queued, its result is asked for -----------------------------------------------------

    def enter_calibration_mode(self, do_monocular: bool) -> bool:
        if self.points is not None:
            return False
        self.points = {}
        self._result("enter")
        return True

    def leave_calibration_mode(self, force: bool | None = None) -> bool:
        if self.points is None:
            return False
        self.points = None
        self._result("exit")
        return True

    def calibration_collect_data(self, coordinates: Any, eye: str | None = None) -> None:
        self.module.act("collect")
        if self.points is None:
            raise error("CALIBRATION_NOT_STARTED")
        self.points[tuple(coordinates)] = True
        self._result("collect_data", coordinates=list(coordinates))

    def calibration_discard_data(self, coordinates: Any, eye: str | None = None) -> None:
        if self.points is not None:
            self.points.pop(tuple(coordinates), None)
        self._result("discard_data", coordinates=list(coordinates))

    def calibration_compute_and_apply(self) -> None:
        module = self.module
        failing = self.model_.eyes.failing_eye
        validity = module.calibration_eye_validity
        points = []
        for x, y in self.points or {}:
            point: dict[str, Any] = {"position_on_display_area_x": x, "position_on_display_area_y": y}
            for eye in ("left", "right"):
                used = validity.invalid_and_not_used if eye == failing else validity.valid_and_used
                point[f"samples_{eye}_position_on_display_area_x"] = np.full(2, x, "f4")
                point[f"samples_{eye}_position_on_display_area_y"] = np.full(2, y, "f4")
                point[f"samples_{eye}_validity"] = [used, used]
            points.append(point)
        status = module.calibration_status.success if points else module.calibration_status.failure
        self._result("compute", calibration_result={"points": points, "status": status})

    def calibration_retrieve_result(self) -> dict[str, Any] | None:
        return self.results.pop(0) if self.results else None

    def _result(self, action: str, **more: Any) -> None:
        status = self.module.fails.pop(f"result of {action}", "")
        item = {"action": self.module.calibration_action[action]}
        item |= {"coordinates": more.pop("coordinates")} if "coordinates" in more else {}
        said = f"TOBII_RESEARCH_STATUS_{status or 'OK'}"
        self.results.append({"work_item": item, "status": 12 if status else 0, "status_string": said, **more})


__all__ = ["EYE_COLUMNS", "EyeTracker", "TittaLookAlike", "error"]
