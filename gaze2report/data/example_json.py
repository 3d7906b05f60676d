"""An example as one line of JSON: written in one way only, read in any order, unknown keys kept or passed by."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from gaze2report.data.training_example import (
    UNKNOWN_LABELS,
    RecordedScanpath,
    Region,
    ReportText,
    ScreenGeometry,
    TimedText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.errors import TrainingSetUnusable
from gaze2report.gaze.frames import Frame

T = TypeVar("T")


def example_to_line(example: TrainingExample) -> str:
    """One line without its end; equal examples give equal lines. NaN and infinity raise ValueError."""
    content = {**example.extra, **_without_empty(example)}
    content.pop("extra", None)
    labels = {name: int(value) for name, value in example.labels.items() if value is not None}
    content.pop("labels", None)
    if labels:
        content["labels"] = labels
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def line_to_example(line: str | bytes, where: str) -> TrainingExample:
    """Read one line.

    Raises
    ------
    TrainingSetUnusable
        If it is not an example; ``where`` names the file and the line.
    """
    try:
        content = json.loads(line)
        if not isinstance(content, dict):
            raise TypeError("it is not a JSON object")
        return _to_example(content)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise TrainingSetUnusable(f"{where}: is not an example: {reason}") from error


def _to_example(content: Mapping[str, Any]) -> TrainingExample:
    known = {item.name for item in fields(TrainingExample)}
    labels = {**UNKNOWN_LABELS, **{str(k): _number_or_none(v) for k, v in content.get("labels", {}).items()}}
    return TrainingExample(
        example_id=_text(content["example_id"]),
        patient_id=_text(content["patient_id"]),
        split=content["split"],
        study_id=_text(content.get("study_id", "")),
        images=_each(TrainingImage, content.get("images")),
        scanpaths=_each(RecordedScanpath, content.get("scanpaths"), _scanpath_parts),
        reports=_each(ReportText, content.get("reports"), _report_parts),
        regions=_each(Region, content.get("regions"), _region_parts),
        labels=labels,
        source_labels=dict(content.get("source_labels", {})),
        extra={key: value for key, value in content.items() if key not in known},
    )


def _each(
    kind: type[T], rows: Any, parts: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda row: {}
) -> tuple[T, ...]:
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    found = []
    for row in rows or ():
        values = {name: value for name, value in row.items() if name in names}
        found.append(_build(kind, {**values, **parts(row)}))
    return tuple(found)


def _build(kind: type[T], values: Mapping[str, Any]) -> T:
    for item in fields(kind):  # type: ignore[arg-type]
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise KeyError(f"{item.name} of {kind.__name__}")
    return kind(**values)


def _scanpath_parts(row: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {name: _numbers(row[name]) for name in ("x", "y", "durations")}
    parts["frame"] = _frame(row["frame"])
    if row.get("onsets_s") is not None:
        parts["onsets_s"] = _numbers(row["onsets_s"])
    for name in ("image_px_per_degree", "shown_image_px", "shown_screen_px"):
        if row.get(name) is not None:
            parts[name] = tuple(_numbers(item) for item in row[name])
    if row.get("screen") is not None:
        names = {item.name for item in fields(ScreenGeometry)}
        parts["screen"] = ScreenGeometry(**{k: _number_or_none(v) for k, v in row["screen"].items() if k in names})  # type: ignore[arg-type]
    return parts


def _report_parts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sections": {str(name): _text(text) for name, text in row["sections"].items()},
        "timed_text": tuple(
            TimedText(_text(text), _number(start), _number(end)) for text, start, end in row.get("timed_text", ())
        ),
    }


def _region_parts(row: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {"frame": _frame(row["frame"])}
    if row.get("corners") is not None:
        parts["corners"] = _numbers(row["corners"])
    return parts


def _frame(row: Mapping[str, Any]) -> Frame:
    return Frame(_number(row["width"]), _number(row["height"]), row.get("unit", "px"))


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(_number(value) for value in values)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _number_or_none(value: Any) -> float | None:
    if value is not None:
        _number(value)
    return value  # type: ignore[no-any-return]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _without_empty(value: Any) -> dict[str, Any]:
    """A dataclass as a dict without what is at its default, so that a later form's new fields change no old line."""
    content = {}
    for item in fields(value):
        found = getattr(value, item.name)
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        if found != default:
            content[item.name] = _plain(found)
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, TimedText):
        return [value.text, value.start_s, value.end_s]
    if isinstance(value, Frame):
        return {"width": float(value.width), "height": float(value.height), "unit": value.unit}
    if hasattr(value, "__dataclass_fields__"):
        return _without_empty(value)
    if isinstance(value, tuple):
        return [float(item) if isinstance(item, int) else _plain(item) for item in value]
    return value
