"""Rows that the workstation adds to a recording: markers, and the log of what the viewport showed.

Both carry host time (µs of ``time.monotonic``) and a number of the sender, so that a row sent twice is kept once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_BODY_BYTES = 4096
_VIEW_FIELDS: dict[str, type | tuple[type, ...]] = {
    "cell": int,  # which film of the layout, from 0
    "image_uid": str,  # SOP instance UID
    "frame": int,  # from 0
    "image_to_screen": list,  # affine, 6 numbers a b c d e f: x = a u + c v + e, y = b u + d v + f, physical pixels
    "clip_screen_px": list,  # x0 y0 x1 y1 of the part of the screen the film has, physical pixels
    "window": list,  # centre and width of the grey window, [] for a table
    "is_inverted": bool,
    "overlays": list,  # names of what was drawn over the film: a model's overlay draws the eye
    "is_draft_visible": bool,
    "screen": str,  # fingerprint of the screen, as in the calibration
}


class BadRow(ValueError):
    """A marker or view-log row that cannot be kept; the text says why."""


@dataclass(frozen=True)
class LogRow:
    """One row to be kept.

    Attributes
    ----------
    table : str
        ``marker`` or ``view_log``.
    seq : int
        Number given by the sender, rising from 0 within a recording.
    system_us : int
        When it happened; for the view log, when the changed picture was presented.
    kind : str
    body : str
        JSON object.
    """

    table: str
    seq: int
    system_us: int
    kind: str
    body: str


def marker(body: Mapping[str, Any]) -> LogRow:
    """Check a marker: ``seq``, ``system_us``, ``event``, and ``detail`` with numbers and short identifiers.

    Raises
    ------
    BadRow
        If it is not whole, or holds anything else: no text that a reader typed belongs here.
    """
    seq, system_us = _numbers(body)
    kind = body.get("event")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise BadRow("the event of a marker is a word of lower-case letters, digits and '_'")
    detail = body.get("detail", {})
    if not isinstance(detail, Mapping) or any(
        not isinstance(value, bool | int | float | str) or (isinstance(value, str) and len(value) > 128)
        for value in detail.values()
    ):
        raise BadRow("the detail of a marker holds numbers and identifiers of up to 128 characters")
    return LogRow("marker", seq, system_us, kind, _json(dict(detail)))


def view(body: Mapping[str, Any]) -> LogRow:
    """Check a row of the view log: ``seq``, ``system_us`` and ``view`` with the fields of a presented change.

    Raises
    ------
    BadRow
        If a field is missing, unknown or of the wrong kind.
    """
    seq, system_us = _numbers(body)
    shown = body.get("view")
    if not isinstance(shown, Mapping) or set(shown) != set(_VIEW_FIELDS):
        raise BadRow(f"a row of the view log has exactly the fields {', '.join(sorted(_VIEW_FIELDS))}")
    for name, kind in _VIEW_FIELDS.items():
        value = shown[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadRow(f"the field {name} of the view log has a value of the wrong kind")
    for name, lengths in (("image_to_screen", (6,)), ("clip_screen_px", (4,)), ("window", (0, 2))):
        if len(shown[name]) not in lengths or not all(_is_number(value) for value in shown[name]):
            raise BadRow(f"the field {name} of the view log must hold {' or '.join(map(str, lengths))} numbers")
    if not all(isinstance(name, str) for name in shown["overlays"]):
        raise BadRow("the field overlays of the view log holds names")
    return LogRow("view_log", seq, system_us, "view", _json(dict(shown)))


def _numbers(body: Mapping[str, Any]) -> tuple[int, int]:
    seq, system_us = body.get("seq"), body.get("system_us")
    for name, value in (("seq", seq), ("system_us", system_us)):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise BadRow(f"{name} must be a whole number, not negative")
    assert isinstance(seq, int)
    assert isinstance(system_us, int)
    return seq, system_us


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _json(content: dict[str, Any]) -> str:
    try:
        text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError as error:
        raise BadRow(f"a value cannot be kept: {error}") from error
    if len(text.encode()) > _MAX_BODY_BYTES:
        raise BadRow(f"a row of more than {_MAX_BODY_BYTES} bytes is not kept")
    return text
