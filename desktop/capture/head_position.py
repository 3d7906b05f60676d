"""Where the reader's head is before the tracker, and whether it is well there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

NEAREST_MM, FARTHEST_MM = 550.0, 750.0
"""Distance at which desktop trackers work; the reader is told, nothing is refused."""

_ASIDE_MM = 100.0
EyePlace = tuple[float, float, float]


@dataclass(frozen=True)
class HeadPosition:
    """Median over some tenths of a second.

    Attributes
    ----------
    eyes_mm : tuple of (x, y, z) or None
        Left and right eye in the tracker's coordinates: x to the right, y up, z from the screen; None where not seen.
    """

    eyes_mm: tuple[EyePlace | None, EyePlace | None]

    @property
    def distance_mm(self) -> float | None:
        """Mean of the eyes that are seen."""
        seen = [eye[2] for eye in self.eyes_mm if eye is not None]
        return sum(seen) / len(seen) if seen else None

    @property
    def is_good(self) -> bool:
        """Whether both eyes are seen at a good place."""
        return not self.advice

    @property
    def advice(self) -> str:
        """What to do; empty when all is well."""
        seen = [eye for eye in self.eyes_mm if eye is not None]
        if not seen:
            return "The tracker does not see your eyes. Sit straight before the screen."
        if len(seen) == 1:
            return f"Only the {'left' if self.eyes_mm[0] else 'right'} eye is seen."
        x = sum(eye[0] for eye in seen) / 2
        distance = self.distance_mm or 0.0
        if distance < NEAREST_MM:
            return "Move back a little."
        if distance > FARTHEST_MM:
            return "Come a little nearer."
        if abs(x) > _ASIDE_MM:
            return f"Move a little to your {'left' if x > 0 else 'right'}."
        return ""

    @property
    def words(self) -> str:
        """Distance and advice."""
        distance = self.distance_mm
        if distance is None:
            return self.advice
        return f"Distance {distance / 10:.0f} cm. {self.advice or 'Well placed.'}"


def head_position(table: Any) -> HeadPosition:
    """Of samples, a structured array."""
    return HeadPosition((_eye(table, "left"), _eye(table, "right")))


def _eye(table: Any, name: str) -> EyePlace | None:
    places = table[f"{name}_origin_mm"][table[f"{name}_origin_valid"] == 1]
    if not len(places):
        return None
    x, y, z = np.median(places.astype(np.float64), axis=0)
    return float(x), float(y), float(z)
