"""Where gaze is missing: samples that came but are not valid, and samples that never came, told apart and counted.

Some trackers leave samples out while they see no eye instead of sending invalid ones, so both count as missing time;
only the first say that the tracker was there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from gaze2report.gaze.gaze_samples import EyeRule, FloatArray, GazeSamples, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry

GapKind = Literal["blink", "look_away", "track_loss", "samples_lost"]

LATE_INTERVALS = 1.5
"""Longer than so many intervals between two samples means that some never came."""

SHORTEST_BLINK_MS, LONGEST_BLINK_MS = 50.0, 500.0


@dataclass(frozen=True)
class Gap:
    """A time without a valid sample.

    Attributes
    ----------
    start_ms, end_ms : float
        The valid samples around it, or the ends of the recording.
    n_invalid : int
        Samples that came and hold no eye.
    n_absent : int
        Samples that never came.
    kind : {'blink', 'look_away', 'track_loss', 'samples_lost'}
        ``samples_lost``: none came. ``look_away``: the gaze was off the screen just before or after. ``blink``: by its
        length alone, 50 to 500 ms. Else ``track_loss``.
    """

    start_ms: float
    end_ms: float
    n_invalid: int
    n_absent: int
    kind: GapKind

    @property
    def duration_ms(self) -> float:
        """Time between the valid samples around it."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class Missing:
    """How much of a stretch of time is missing.

    Attributes
    ----------
    share : float
        Of the samples that should have come, 0 to 1.
    longest_gap_s : float
    n_expected, n_valid, n_invalid, n_absent : int
        Samples.
    """

    share: float
    longest_gap_s: float
    n_expected: int
    n_valid: int
    n_invalid: int
    n_absent: int


def absent_between(time_ms: FloatArray, frequency_hz: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many samples never came after each but the last, shape (N - 1,)."""
    intervals = np.diff(time_ms) * frequency_hz / 1000.0
    return np.where(intervals > LATE_INTERVALS, np.round(intervals) - 1, 0).astype(np.int64)


def find_gaps(
    samples: GazeSamples, frequency_hz: float, screen: ScreenGeometry, eye: EyeRule = "average"
) -> tuple[Gap, ...]:
    """Every gap between two valid samples, in order; what is before the first and after the last is not one."""
    place_px = samples.place_px(eye)
    valid = np.flatnonzero(is_valid(place_px))
    absent = np.concatenate([[0], np.cumsum(absent_between(samples.time_ms, frequency_hz))])
    outside = _is_outside(place_px, screen)
    found = []
    for before, after in pairwise(valid.tolist()):
        n_invalid, n_absent = after - before - 1, int(absent[after] - absent[before])
        if n_invalid or n_absent:
            start_ms, end_ms = float(samples.time_ms[before]), float(samples.time_ms[after])
            kind = _kind(end_ms - start_ms, n_invalid, is_away=bool(outside[before] or outside[after]))
            found.append(Gap(start_ms, end_ms, n_invalid, n_absent, kind))
    return tuple(found)


def missing_in(
    samples: GazeSamples, frequency_hz: float, start_ms: float, end_ms: float, eye: EyeRule = "average"
) -> Missing:
    """What is missing from ``start_ms`` up to ``end_ms``, its ends included: silence there is missing too.

    Raises
    ------
    ValueError
        If the stretch or the frequency is not above 0.
    """
    if not (end_ms > start_ms and frequency_hz > 0):
        raise ValueError(f"{start_ms} to {end_ms} ms at {frequency_hz} Hz holds no sample")
    inside = (samples.time_ms >= start_ms) & (samples.time_ms < end_ms)
    time_ms, valid = samples.time_ms[inside], is_valid(samples.place_px(eye))[inside]
    n_came, n_valid = int(inside.sum()), int(valid.sum())
    n_expected = max(round((end_ms - start_ms) * frequency_hz / 1000.0), n_came)
    edges = np.concatenate([[start_ms], time_ms[valid], [end_ms]])
    share = 1 - n_valid / n_expected if n_expected else 0.0
    return Missing(
        share, float(np.diff(edges).max()) / 1000.0, n_expected, n_valid, n_came - n_valid, n_expected - n_came
    )


def _kind(duration_ms: float, n_invalid: int, *, is_away: bool) -> GapKind:
    if not n_invalid:
        return "samples_lost"
    if is_away:
        return "look_away"
    return "blink" if SHORTEST_BLINK_MS <= duration_ms <= LONGEST_BLINK_MS else "track_loss"


def _is_outside(place_px: FloatArray, screen: ScreenGeometry) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    fraction = screen.px_to_fraction(place_px)
    return np.asarray(((fraction < 0) | (fraction > 1)).any(axis=1))
