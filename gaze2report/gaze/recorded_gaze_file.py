"""Recorded gaze as a file, JSON or CSV, and back.

JSON: an object, or only the list of its fixations::

    {"format": "gaze2report-recorded-gaze", "version": 1,
     "instance_uid": "1.2.840...", "reader": "R07", "started_at_utc": "2026-01-31T09:30:00Z",
     "quality": {"error_dva": 0.6, "valid_share": 0.97},
     "geometry": {"viewing_distance_mm": 650, "pixel_pitch_mm": 0.21, "screen_px_per_image_px": 0.45},
     "provenance": {"tracker": "...", "classifier": "...", "source": "..."},
     "fixations": [{"x_px": 812.0, "y_px": 604.5, "duration_ms": 310, "onset_ms": 1250, "px_per_dva": 110,
                    "ai_visible": false}],
     "sentences": [{"section": "findings", "text": "...", "start_ms": 900, "end_ms": 4200}]}

CSV: a header line with ``x_px``, ``y_px``, ``duration_ms`` and, where known, ``onset_ms``, ``px_per_dva`` and
``ai_visible``; lines before it of the form ``# name: value`` give the rest, each name as above and without its group
(``# error_dva: 0.6``).

Only ``x_px``, ``y_px`` and a duration are needed; a duration may also be ``duration_s``. Everything else may be missing
or null, and is then not known. Whatever is there must be right: a file that is wrong in one place is refused whole.
"""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, cast

from gaze2report.errors import UnreadableInput
from gaze2report.gaze.recorded_gaze import (
    GazeProvenance,
    GazeQuality,
    RecordedFixation,
    RecordedGaze,
    TimedSentence,
    ViewingGeometry,
)
from gaze2report.types import SectionName

FORMAT, VERSION = "gaze2report-recorded-gaze", 1
MOST_BYTES = 4_000_000
MOST_FIXATIONS = 5_000
"""Half an hour of looking at one film."""

MOST_SENTENCES = 1_000
_LONGEST_MS = 24 * 3600 * 1000.0
_LONGEST_FIXATION_MS = 60_000.0
_FARTHEST_PX = 1_000_000.0
_MOST_PX_PER_DVA = 100_000.0
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_GROUPS = {
    "quality": ("error_dva", "valid_share"),
    "geometry": ("viewing_distance_mm", "pixel_pitch_mm", "screen_px_per_image_px"),
    "provenance": ("tracker", "classifier", "source"),
}


class _Wrong(Exception):
    """What is wrong with the content, as the end of a sentence."""


def read_recorded_gaze(path: Path) -> RecordedGaze:
    """Read a file of recorded gaze; its kind is told from its content.

    Raises
    ------
    UnreadableInput
        With the place and the reason, if the file is not one, is too large, or is wrong anywhere.
    """
    try:
        text = _read_text(path)
        content = _from_csv(text) if text.lstrip()[:1] not in ("{", "[") else _from_json(text)
        return _to_gaze(content)
    except _Wrong as error:
        raise UnreadableInput(path, f"is not a file of recorded gaze: {error}") from error
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error


def write_recorded_gaze(path: Path, gaze: RecordedGaze) -> None:
    """Write gaze as JSON; raises OSError when the disk refuses."""
    content = {"format": FORMAT, "version": VERSION, **asdict(gaze)}
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def _read_text(path: Path) -> str:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device could be read for ever
        raise _Wrong("it is not a plain file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _Wrong(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Wrong("it is not UTF-8 text") from error


def _from_json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else f"it is not JSON ({error})"
        raise _Wrong(reason) from error
    if isinstance(content, list):
        return {"fixations": content}
    found = (content.get("format", FORMAT), content.get("version", VERSION))
    if found != (FORMAT, VERSION):
        raise _Wrong(f"it has format {_shown(found[0])} version {_shown(found[1])}, not {FORMAT!r} {VERSION}")
    return cast(dict[str, Any], content)


def _from_csv(text: str) -> dict[str, Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    content: dict[str, Any] = {}
    while lines and lines[0].startswith("#"):
        name, colon, value = lines.pop(0)[1:].partition(":")
        if colon:
            group = next((group for group, names in _GROUPS.items() if name.strip() in names), None)
            target = content if group is None else content.setdefault(group, {})
            target[name.strip()] = value.strip() or None
    rows: list[dict[str, Any]] = []
    try:
        for row in csv.DictReader(lines, strict=True):
            if None in row or None in row.values():
                raise _Wrong(f"row {len(rows) + 1} has another number of columns than the header")
            rows.append({str(name).strip(): value.strip() or None for name, value in row.items()})
            if len(rows) > MOST_FIXATIONS:
                break
    except csv.Error as error:
        raise _Wrong(f"it is neither JSON nor CSV ({error})") from error
    return {**content, "fixations": rows}


def _to_gaze(content: dict[str, Any]) -> RecordedGaze:
    rows, sentences = content.get("fixations"), content.get("sentences") or []
    if not isinstance(rows, list) or not rows:
        raise _Wrong("it holds no fixation")
    if len(rows) > MOST_FIXATIONS:
        raise _Wrong(f"it holds more than {MOST_FIXATIONS} fixations")
    if not isinstance(sentences, list) or len(sentences) > MOST_SENTENCES:
        raise _Wrong(f"sentences is not a list of at most {MOST_SENTENCES}")
    fixations = tuple(_fixation(row, f"fixation {number}") for number, row in enumerate(rows, start=1))
    onsets = [f.onset_ms for f in fixations if f.onset_ms is not None]
    if onsets and (len(onsets) < len(fixations) or onsets != sorted(onsets)):
        raise _Wrong("the onsets are not known for all fixations, or not in order")
    quality, geometry, provenance = (_group(content, name) for name in _GROUPS)
    return RecordedGaze(
        fixations=fixations,
        instance_uid=_uid(content),
        reader=_text(content, "reader"),
        quality=GazeQuality(_number(quality, "error_dva", 0, 90), _number(quality, "valid_share", 0, 1)),
        geometry=_geometry(geometry),
        provenance=GazeProvenance(*(_text(provenance, name) for name in _GROUPS["provenance"])),
        started_at_utc=_moment(content),
        sentences=tuple(_sentence(item, f"sentence {number}") for number, item in enumerate(sentences, start=1)),
    )


def _fixation(row: Any, where: str) -> RecordedFixation:
    if not isinstance(row, Mapping):
        raise _Wrong(f"{where} is not an object")
    duration_ms = _number(row, "duration_ms", 0, _LONGEST_FIXATION_MS, where)
    if duration_ms is None:
        seconds = _needed(_number(row, "duration_s", 0, _LONGEST_FIXATION_MS / 1000, where), "duration_ms", where)
        duration_ms = seconds * 1000.0
    if duration_ms <= 0:
        raise _Wrong(f"{where} has a duration of 0")
    degree_px = _number(row, "px_per_dva", 0, _MOST_PX_PER_DVA, where)
    if degree_px == 0:
        raise _Wrong(f"{where} has a px_per_dva of 0")
    return RecordedFixation(
        x_px=_needed(_number(row, "x_px", -_FARTHEST_PX, _FARTHEST_PX, where), "x_px", where),
        y_px=_needed(_number(row, "y_px", -_FARTHEST_PX, _FARTHEST_PX, where), "y_px", where),
        duration_ms=duration_ms,
        onset_ms=_number(row, "onset_ms", 0, _LONGEST_MS, where),
        px_per_dva=degree_px,
        ai_visible=_flag(row, "ai_visible", where),
    )


def _sentence(item: Any, where: str) -> TimedSentence:
    if not isinstance(item, Mapping):
        raise _Wrong(f"{where} is not an object")
    section = item.get("section")
    if section not in ("findings", "impression"):
        raise _Wrong(f"{where} is of no section findings or impression")
    start_ms = _needed(_number(item, "start_ms", 0, _LONGEST_MS, where), "start_ms", where)
    end_ms = _needed(_number(item, "end_ms", start_ms, _LONGEST_MS, where), "end_ms", where)
    return TimedSentence(cast(SectionName, section), _text(item, "text", 2000), start_ms, end_ms)


def _geometry(group: Mapping[str, Any]) -> ViewingGeometry | None:
    distance_mm = _number(group, "viewing_distance_mm", 50, 5000)
    pitch_mm = _number(group, "pixel_pitch_mm", 0.01, 5)
    zoom = _number(group, "screen_px_per_image_px", 0.001, 1000)
    if distance_mm is None or pitch_mm is None or zoom is None:
        return None
    return ViewingGeometry(distance_mm, pitch_mm, zoom)


def _group(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = content.get(name)
    if group is not None and not isinstance(group, Mapping):
        raise _Wrong(f"{name} is not an object")
    return group or {}


def _number(group: Mapping[str, Any], name: str, low: float, high: float, where: str = "it") -> float | None:
    value = group.get(name)
    if value is None:
        return None
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number) or not low <= number <= high:
        raise _Wrong(f"{where} has {name} {_shown(value)}, which is not a number from {low:g} to {high:g}")
    return number


def _flag(group: Mapping[str, Any], name: str, where: str) -> bool | None:
    value = group.get(name)
    if value is None or isinstance(value, bool):
        return value
    known = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
    if known is None:
        raise _Wrong(f"{where} has {name} {_shown(value)}, which is not true or false")
    return known


def _shown(value: Any) -> str:
    """A value in a sentence: short, on one line, and never a walk through something nested."""
    return repr(str(value)[:40]) if isinstance(value, str | int | float) else "of another kind"


def _needed(number: float | None, name: str, where: str) -> float:
    if number is None:
        raise _Wrong(f"{where} has no {name}")
    return number


def _text(group: Mapping[str, Any], name: str, most: int = 200) -> str:
    value = group.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise _Wrong(f"{name} is not one line of at most {most} characters")
    return value


def _uid(content: Mapping[str, Any]) -> str:
    uid = _text(content, "instance_uid", 64)
    if uid and not _UID.fullmatch(uid):
        raise _Wrong("instance_uid is not a DICOM UID")
    return uid


def _moment(content: Mapping[str, Any]) -> str:
    text = _text(content, "started_at_utc", 40)
    try:
        if text and datetime.fromisoformat(text).utcoffset() is None:
            raise ValueError("no time zone")
    except ValueError as error:
        raise _Wrong("started_at_utc is not a moment in ISO 8601 with its time zone") from error
    return text
