"""Samples of a tracker on the screen, and one line of sight out of two eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
EyeRule = Literal["average", "strict_average", "left", "right"]
"""Which eye counts. ``average``: the mean where both eyes are valid, else the one that is; ``strict_average``: only
where both are (Olsen 2012, The Tobii I-VT fixation filter, section 2.5)."""


@dataclass(frozen=True, eq=False)
class GazeSamples:
    """What a tracker saw, in order of time. N samples.

    Attributes
    ----------
    time_ms : ndarray, shape (N,)
        Strictly increasing; the clock is the caller's.
    left_px, right_px : ndarray, shape (N, 2)
        Device pixels of the screen, x and y; NaN where the eye was not found. A tracker that gives one place only
        gives it as both.

    Raises
    ------
    ValueError
        If shapes differ, or the times do not increase.
    """

    time_ms: FloatArray
    left_px: FloatArray
    right_px: FloatArray

    def __post_init__(self) -> None:
        count = self.time_ms.shape[0]
        if self.left_px.shape != (count, 2) or self.right_px.shape != (count, 2):
            raise ValueError(f"{count} times, but eyes of shape {self.left_px.shape} and {self.right_px.shape}")
        if count and not (np.all(np.isfinite(self.time_ms)) and np.all(np.diff(self.time_ms) > 0)):
            raise ValueError("the times of samples must be finite and increase")

    @classmethod
    def of_one_eye(cls, time_ms: FloatArray, place_px: FloatArray) -> GazeSamples:
        """Samples of a tracker that gives one line of sight."""
        return cls(time_ms, place_px, place_px)

    def __len__(self) -> int:
        return int(self.time_ms.shape[0])

    @property
    def interval_ms(self) -> float:
        """Median time between samples; 0 for fewer than two."""
        return float(np.median(np.diff(self.time_ms))) if len(self) > 1 else 0.0

    def place_px(self, rule: EyeRule = "average") -> FloatArray:
        """One place a sample, shape (N, 2); NaN where the rule finds none."""
        left, right = _whole(self.left_px), _whole(self.right_px)
        if rule == "left":
            return left
        if rule == "right":
            return right
        mean = np.asarray((left + right) / 2)
        if rule == "average":
            mean = np.where(np.isnan(left), right, np.where(np.isnan(right), left, mean))
        return mean


def is_valid(place: FloatArray) -> NDArray[np.bool_]:
    """Whether each place of shape (N, 2) is known."""
    return np.asarray(np.isfinite(place).all(axis=1))


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index (inclusive) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _whole(place: FloatArray) -> FloatArray:
    """Both coordinates unknown where one is."""
    return np.where(is_valid(place)[:, None], place, np.nan)
