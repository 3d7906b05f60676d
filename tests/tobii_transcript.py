"""The same calls to the tracker's package, written down as JSON lines: ``python tobii_transcript.py vendor|lookalike``.

Run under the CPython that the vendor's package is for; ``vendor`` puts the fake native function under its own Python
layer, ``lookalike`` uses ours. Equal transcripts mean that tests against the look-alike are tests against the package.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from typing import Any

from tobii_lookalike import CONSTANTS, ERRORS, look_alike
from tobii_native import GAZE, NOTIFICATIONS, Native, gaze_dict

from capture.clocks import VirtualClock
from capture.samples import empty_samples
from capture.simulated import SIMPLE_MODEL, SimulatedModel


def vendor(native: Native) -> Any:
    """Load the vendor's Python layer over the fake native function."""
    name = "tobiiresearch.interop.python3.tobii_research_interop"
    fake = types.ModuleType(name)
    for function in ("startup", "cleanup", "call_function"):
        setattr(fake, function, getattr(native, function))
    sys.modules[name] = fake
    parent = importlib.import_module("tobiiresearch.interop.python3")
    parent.tobii_research_interop = fake  # type: ignore[attr-defined]
    return importlib.import_module("tobii_research")


def transcript(sdk: Any, native: Native) -> list[Any]:
    """Call everything that the adapter uses, faults and defects included, and write down what came of it."""
    lines: list[Any] = []

    def note(what: str, function: Any) -> Any:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - which one is what is compared
            lines.append([what, "raised", type(error).__name__])
            return None
        lines.append([what, plain(result)])
        return result

    lines += [[name, getattr(sdk, name.upper())] for name in CONSTANTS]
    lines += [[name, [base.__name__ for base in getattr(sdk, name).__bases__]] for name in ERRORS]
    lines.append(["version", sdk.__version__])
    for _ in range(2):
        note("order", lambda: [device.serial_number for device in sdk.find_all_eyetrackers()])
    for address in ("tobii-prp://SIM-1200", "tobii-prp://none", "sim://x", 7):
        note(f"open {address}", lambda address=address: sdk.EyeTracker(address).model)
    device = sdk.EyeTracker("tobii-prp://SIM-1200")
    for field in ("address", "device_name", "serial_number", "model", "firmware_version", "device_capabilities"):
        note(field, lambda field=field: getattr(device, field))
    note("frequencies", device.get_all_gaze_output_frequencies)
    note("set", lambda: device.set_gaze_output_frequency(60.0))
    note("set wrong", lambda: device.set_gaze_output_frequency(61.0))
    area = note("area", lambda: [device.get_display_area().top_left, device.get_display_area().bottom_left])
    assert area
    note("clock", lambda: isinstance(sdk.get_system_time_stamp(), int))
    for status in [*range(10, 19), *range(200, 219), 1000, 1001]:
        native.faults["get_gaze_output_frequency"] = [status]
        note(f"status {status}", device.get_gaze_output_frequency)
    streams(sdk, native, device, note, lines)
    calibration(sdk, native, device, note)
    return lines


def streams(sdk: Any, native: Native, device: Any, note: Any, lines: list[Any]) -> None:
    """Subscribe, twice, wrongly; let callbacks fail; unsubscribe."""
    got: list[Any] = []
    gaze, area = sdk.EYETRACKER_GAZE_DATA, sdk.EYETRACKER_NOTIFICATION_DISPLAY_AREA_CHANGED
    note("subscribe", lambda: device.subscribe_to(gaze, got.append, as_dictionary=True))
    note("twice", lambda: device.subscribe_to(gaze, got.append, as_dictionary=True))
    note("none", lambda: device.subscribe_to(gaze, None, as_dictionary=True))
    note("no stream", lambda: device.subscribe_to("x", got.append, as_dictionary=True))
    native.emit(GAZE, 1, gaze_dict(empty_samples(1)[0]))
    lines.append(["sample", sorted(got[0]), type(got[0]).__name__])
    note("notice", lambda: device.subscribe_to(area, got.append, as_dictionary=True))
    note("notice twice", lambda: device.subscribe_to(area, got.append, as_dictionary=True))
    native.notify(1, "display_area_changed", display_area={})
    native.notify(1, "device_faults", faults="x")  # nobody has asked for it
    lines.append(["notices", len(got), sorted(got[-1]), (NOTIFICATIONS, 1) in native.subscribed])
    note("fails", lambda: device.subscribe_to(gaze, lambda data: 1 / 0, as_dictionary=True))
    native.emit(GAZE, 1, gaze_dict(empty_samples(1)[0]))
    lines.append(["escaped", [type(error).__name__ for error in native.escaped]])
    for kind in (gaze, area, gaze):
        note(f"unsubscribe {kind}", lambda kind=kind: device.unsubscribe_from(kind, got.append))
    note("unsubscribe all", lambda: device.unsubscribe_from(gaze))
    lines.append(["left", sorted(native.subscribed)])


def calibration(sdk: Any, native: Native, device: Any, note: Any) -> None:
    """Calibrate in good and bad order."""
    note("not a tracker", lambda: sdk.ScreenBasedCalibration("x"))
    steps = sdk.ScreenBasedCalibration(device)
    note("early", lambda: steps.collect_data(0.5, 0.5))
    note("enter", steps.enter_calibration_mode)
    note("enter twice", steps.enter_calibration_mode)
    note("compute nothing", steps.compute_and_apply)
    note("collect", lambda: steps.collect_data(0.1, 0.2))
    note("collect outside", lambda: steps.collect_data(2, 2))
    native.faults["screen_based_calibration_collect_data"] = [214, 204]
    note("collect fails", lambda: steps.collect_data(0.5, 0.5))
    note("collect lost", lambda: steps.collect_data(0.5, 0.5))
    note("collect again", lambda: steps.collect_data(0.8, 0.8))
    note("compute", lambda: outcome(steps.compute_and_apply()))
    native.faults["calibration_compute_and_apply"] = [214, 201]
    note("compute fails", lambda: outcome(steps.compute_and_apply()))
    note("compute unlicensed", lambda: outcome(steps.compute_and_apply()))
    note("discard", lambda: steps.discard_data(0.1, 0.2))
    note("leave", steps.leave_calibration_mode)
    note("leave twice", steps.leave_calibration_mode)


def outcome(result: Any) -> Any:
    """Write a calibration's result as plain values."""
    points = [
        (p.position_on_display_area, [(s.left_eye.validity, s.right_eye.validity) for s in p.calibration_samples])
        for p in result.calibration_points
    ]
    return result.status, points


def plain(value: Any) -> Any:
    """Leave out what cannot be written down."""
    return value if isinstance(value, (str, int, float, list, tuple, type(None))) else type(value).__name__


def main() -> None:
    """Print the transcript of the package named on the command line."""
    native = Native((SimulatedModel(), SIMPLE_MODEL), VirtualClock())
    sdk = vendor(native) if sys.argv[1] == "vendor" else look_alike(native)
    for line in transcript(sdk, native):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
