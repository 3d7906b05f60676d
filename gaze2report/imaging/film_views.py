"""Which kind of view a film is, as far as its header says, so that like is hung beside like."""

from __future__ import annotations

from typing import Literal

from gaze2report.types import InstanceHeader

FilmKind = Literal["frontal", "lateral", "other"]
_LATERAL = frozenset({"LL", "RL", "LATERAL", "LAT"})
_OTHER = frozenset({"LLD", "RLD", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO"})


def film_kind(header: InstanceHeader) -> FilmKind:
    """Kind of a film: decubitus and oblique views are ``other``, a view that is not stated counts as frontal."""
    view = header.view_position.upper().strip()
    if view in _OTHER or "OBLIQUE" in view or "DECUBITUS" in view:
        return "other"
    return "lateral" if view in _LATERAL or "LATERAL" in view else "frontal"
