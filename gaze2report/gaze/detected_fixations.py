"""Fixations on the screen as a classifier finds them, and the two rules that follow every classifier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gaze2report.gaze.gaze_samples import FloatArray, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry

Span = tuple[int, int]
"""First and last sample, both inclusive."""


@dataclass(frozen=True)
class DetectedFixation:
    """One fixation on the screen.

    Attributes
    ----------
    first, last : int
        Samples, both inclusive.
    onset_ms, offset_ms : float
        Times of these samples, on the clock of the samples.
    x_px, y_px : float
        Mean of its valid samples, device pixels of the screen.
    valid_share : float
        Share of its samples that the tracker saw itself, 0 to 1; the rest was filled in.
    """

    first: int
    last: int
    onset_ms: float
    offset_ms: float
    x_px: float
    y_px: float
    valid_share: float

    @property
    def duration_ms(self) -> float:
        """From the first to the last sample."""
        return self.offset_ms - self.onset_ms


def describe(spans: Iterable[Span], time_ms: FloatArray, place_px: FloatArray) -> tuple[DetectedFixation, ...]:
    """Fixations of spans of samples; ``place_px``, shape (N, 2), is NaN where the tracker saw nothing.

    A span without one seen sample is no fixation and is left out.
    """
    found = []
    seen = is_valid(place_px)
    for first, last in spans:
        inside = seen[first : last + 1]
        if not inside.any():
            continue
        x, y = place_px[first : last + 1][inside].mean(axis=0)
        found.append(
            DetectedFixation(
                first, last, float(time_ms[first]), float(time_ms[last]), float(x), float(y), float(inside.mean())
            )
        )
    return tuple(found)


def merge_close(
    spans: Iterable[Span],
    time_ms: FloatArray,
    place_px: FloatArray,
    screen: ScreenGeometry,
    *,
    within_ms: float,
    within_dva: float,
) -> list[Span]:
    """Join neighbours that are close in time and place (Olsen 2012, section 2.6).

    Parameters
    ----------
    within_ms : float
        Longest time from the end of one to the start of the next.
    within_dva : float
        Largest angle at the eye between their mean places.
    """
    merged: list[Span] = []
    for span in spans:
        if merged and _are_close(merged[-1], span, time_ms, place_px, screen, within_ms, within_dva):
            merged[-1] = (merged[-1][0], span[1])
        else:
            merged.append(span)
    return merged


def drop_short(spans: Iterable[Span], time_ms: FloatArray, least_ms: float) -> list[Span]:
    """Spans that last at least so long (Olsen 2012, section 2.7)."""
    return [(first, last) for first, last in spans if time_ms[last] - time_ms[first] >= least_ms]


def _are_close(
    one: Span,
    other: Span,
    time_ms: FloatArray,
    place_px: FloatArray,
    screen: ScreenGeometry,
    within_ms: float,
    within_dva: float,
) -> bool:
    if time_ms[other[0]] - time_ms[one[1]] > within_ms:
        return False
    middles = [_mean(place_px[first : last + 1]) for first, last in (one, other)]
    return bool(screen.angle_dva(middles[0], middles[1]) <= within_dva)


def _mean(place_px: FloatArray) -> FloatArray:
    seen = place_px[is_valid(place_px)]
    return np.asarray(seen.mean(axis=0)) if len(seen) else np.full(2, np.nan)
