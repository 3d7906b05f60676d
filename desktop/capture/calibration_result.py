"""What a calibration and its validation came to, for the reader and for recordings."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from gaze2report.gaze.quality_measures import EyeQuality
from gaze2report.gaze.validation import EYES, Validation

MEASURES = ("accuracy_dva", "rms_s2s_dva", "std_dva", "bcea_dva2", "loss_share")


@dataclass(frozen=True)
class CalibrationResult:
    """One calibration with its validation.

    Attributes
    ----------
    calibration_id : str
    made_utc : str
    made_us : int
        Host time.
    tracker_serial, screen : str
        What it holds for: this tracker before this monitor, and no other.
    reader : str
        Pseudonym; empty where no consent was given, and then it is not kept.
    n_points : int
    used : dict of str to int
        Points at which each eye's data was used.
    validation : Validation
    """

    calibration_id: str
    made_utc: str
    made_us: int
    tracker_serial: str
    screen: str
    reader: str
    n_points: int
    used: dict[str, int]
    validation: Validation

    @property
    def sentence(self) -> str:
        """For the reader."""
        eyes = [f"{name} {_degrees(self.validation.eye(name).accuracy_dva)}" for name in EYES]
        verdict = {
            "green": "good", "yellow": "not good, consider calibrating again", "red": "not usable, calibrate again",
            "not_measured": "not measured in full",
        }[self.validation.level]  # fmt: skip
        return f"Error: {', '.join(eyes)}; {verdict}"

    def markers(self) -> list[tuple[str, dict[str, Any]]]:
        """What a recording keeps of it: markers with numbers and identifiers only."""
        whole: dict[str, Any] = {
            "calibration_id": self.calibration_id,
            "screen": self.screen,
            "tracker_serial": self.tracker_serial,
            "level": self.validation.level,
            "viewing_distance_mm": self.validation.screen.viewing_distance_mm,
            "n_targets": len(self.validation.targets),
        }
        for name in EYES:
            for measure, value in _known(self.validation.eye(name)).items():
                stem, _, unit = measure.rpartition("_")
                whole[f"mean_{stem}_{name}_{unit}"] = value
        found = [
            ("calibration", {"calibration_id": self.calibration_id, "n_points": self.n_points,
                             **{f"used_{eye}": n for eye, n in self.used.items()}}),
            ("validation", whole),
        ]  # fmt: skip
        for target in self.validation.targets:
            for name in EYES:
                measured = _known(getattr(target, name))
                x_px, y_px = target.target_px
                detail = {"calibration_id": self.calibration_id, "eye": name, "x_px": x_px, "y_px": y_px, **measured}
                found.append(("validation_target", detail))
        return found


def new_result(validation: Validation, **fields: Any) -> CalibrationResult:
    """A result of this moment."""
    made_utc = datetime.now(UTC).isoformat(timespec="seconds")
    return CalibrationResult(f"cal-{uuid.uuid4().hex[:10]}", made_utc, validation=validation, **fields)


def history_text(history: Sequence[dict[str, Any]], most: int = 5) -> str:
    """The newest validations of a reader, one a line."""
    lines = []
    for entry in history[:most]:
        eyes = [entry.get(f"mean_accuracy_{name}_dva") for name in EYES]
        shown = ", ".join(f"{name} {_degrees(value)}" for name, value in zip(EYES, eyes, strict=True))
        lines.append(f"{entry['at_utc'][:16].replace('T', ' ')}  {shown}")
    return "\n".join(lines)


def _known(quality: EyeQuality) -> dict[str, float]:
    return {name: value for name, value in asdict(quality).items() if name in MEASURES and isfinite(value)}


def _degrees(value: float | None) -> str:
    return f"{value:.2f}°" if value is not None and isfinite(value) else "not seen"
