"""Measurements in words: rounded with their unit for the screen and the report, whole for copying."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gaze2report.imaging import measure
from gaze2report.imaging.calibration import Calibration
from gaze2report.imaging.measure import RegionStatistics
from gaze2report.imaging.measurements import Measurement, MeasurementKind

KIND_NAMES: dict[MeasurementKind, str] = {
    "length": "Length",
    "angle": "Angle",
    "cobb": "Cobb angle",
    "ellipse": "Ellipse",
    "rectangle": "Rectangle",
    "arrow": "Arrow",
    "text": "Text",
    "ctr": "Cardiothoracic ratio",
}
PROPOSED = "proposed, not confirmed"


@dataclass(frozen=True)
class MeasuredValue:
    """One number of a measurement: ``name`` may be empty, ``unit`` is shown whole, ``decimals`` are for the screen."""

    name: str
    value: float
    unit: str
    decimals: int

    @property
    def rounded(self) -> str:
        """For the screen; a dash where there is no value."""
        if not math.isfinite(self.value):
            return f"{self.name} –".strip()
        number = f"{self.value:.{self.decimals}f}"
        joined = f"{number}{self.unit}" if self.unit == "°" else f"{number} {self.unit}".rstrip()
        return f"{self.name} {joined}".strip()


def measured_values(
    measurement: Measurement, calibration: Calibration, statistics: RegionStatistics | None = None
) -> tuple[MeasuredValue, ...]:
    """Numbers of a measurement, none of an arrow or text; a region's grey values only with ``statistics``."""
    return _VALUES[measurement.kind](measurement, calibration, statistics)


def _length(measurement: Measurement, calibration: Calibration, _: object) -> tuple[MeasuredValue, ...]:
    return (MeasuredValue("", measure.length(measurement, calibration), calibration.unit_suffix, 1),)


def _angle(measurement: Measurement, calibration: Calibration, _: object) -> tuple[MeasuredValue, ...]:
    return (MeasuredValue("", measure.angle_deg(measurement, calibration), "°", 1),)


def _cobb(measurement: Measurement, calibration: Calibration, _: object) -> tuple[MeasuredValue, ...]:
    return (MeasuredValue("", measure.cobb_angle_deg(measurement, calibration), "°", 1),)


def _ctr(measurement: Measurement, _calibration: object, _: object) -> tuple[MeasuredValue, ...]:
    return (MeasuredValue("", measure.cardiothoracic_ratio(measurement), "", 2),)


def _region(
    measurement: Measurement, calibration: Calibration, statistics: RegionStatistics | None
) -> tuple[MeasuredValue, ...]:
    size = MeasuredValue("area", measure.area(measurement, calibration), calibration.area_suffix, 1)
    if statistics is None:
        return (size,)
    return (
        MeasuredValue("mean", statistics.mean, "", 1),
        MeasuredValue("SD", statistics.standard_deviation, "", 1),
        MeasuredValue("min", statistics.minimum, "", 1),
        MeasuredValue("max", statistics.maximum, "", 1),
        size,
    )


def _nothing(*_: object) -> tuple[MeasuredValue, ...]:
    return ()


_VALUES: dict[MeasurementKind, Callable[..., tuple[MeasuredValue, ...]]] = {
    "length": _length,
    "angle": _angle,
    "cobb": _cobb,
    "ellipse": _region,
    "rectangle": _region,
    "arrow": _nothing,
    "text": _nothing,
    "ctr": _ctr,
}


def screen_lines(
    measurement: Measurement,
    calibration: Calibration,
    statistics: RegionStatistics | None = None,
    caveat: str = "",
) -> tuple[str, ...]:
    """Lines to stand beside the drawing: the reader's words, the values, and what must be said with them."""
    values = measured_values(measurement, calibration, statistics)
    lines = [measurement.text] if measurement.text else []
    if measurement.kind in ("ellipse", "rectangle"):
        lines += [" ".join(value.rounded for value in values[start:end]) for start, end in ((0, 2), (2, 4), (4, 5))]
    elif measurement.kind == "ctr":
        lines.append(f"CTR {values[0].rounded}")
        lines += [f"({words})" for words in (PROPOSED if measurement.is_proposed else "", caveat) if words]
    else:
        lines += [value.rounded for value in values]
    return tuple(line for line in lines if line)


def exact_text(
    measurement: Measurement,
    calibration: Calibration,
    statistics: RegionStatistics | None = None,
    caveat: str = "",
) -> str:
    """Every value with all its digits, a line each: name, value and unit between tabs."""
    kind = KIND_NAMES[measurement.kind]
    words = [measurement.text] if measurement.text else []
    if measurement.kind == "ctr":
        words += [note for note in (PROPOSED if measurement.is_proposed else "", caveat) if note]
    rows = [
        [f"{kind} {value.name}".strip(), repr(value.value), value.unit, *words]
        for value in measured_values(measurement, calibration, statistics)
    ] or [[kind, "", "", *words]]
    return "\n".join("\t".join(row) for row in rows)


def report_sentence(
    measurement: Measurement,
    calibration: Calibration,
    statistics: RegionStatistics | None = None,
    caveat: str = "",
) -> str:
    """One sentence for the findings, with value and unit; empty where there is nothing to say.

    Nothing is said of lines that no reader has confirmed.
    """
    values = measured_values(measurement, calibration, statistics)
    label = " ".join(measurement.text.split()).rstrip(".:;, ")
    if measurement.is_proposed or not all(math.isfinite(value.value) for value in values):
        return ""
    if not values:
        return f"{label[0].upper()}{label[1:]}." if label and measurement.kind == "text" else ""
    stated = ", ".join(value.rounded for value in values)
    name = label or (f"{KIND_NAMES[measurement.kind]} region" if len(values) > 1 else KIND_NAMES[measurement.kind])
    note = f" ({caveat})" if caveat and measurement.kind == "ctr" else ""
    return f"{name[0].upper()}{name[1:]}: {stated}{note}."
