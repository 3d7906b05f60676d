"""I-VT, fixations by velocity threshold, as the Tobii I-VT fixation filter does it (Olsen 2012).

Steps, in its order: gaps are filled in, eyes selected, noise reduced, the angular velocity of each sample taken over a
window, samples below the threshold gathered into fixations, close ones merged, short ones left out. For still images:
smooth pursuit counts as fixation or not by its speed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaze2report.gaze.detected_fixations import DetectedFixation, describe, drop_short, merge_close
from gaze2report.gaze.gaze_samples import EyeRule, FloatArray, GazeSamples, is_valid, runs_of
from gaze2report.gaze.screen_geometry import ScreenGeometry, angle_between_dva

NoiseReduction = Literal["none", "moving_median", "moving_average"]

_FEWEST_SAMPLES = 3


@dataclass(frozen=True)
class IvtParameters:
    """Parameters of I-VT; the defaults are those of the Tobii filter.

    Attributes
    ----------
    eye : EyeRule
    gap_fill_ms : float
        Longest gap that is filled in by a straight line; 0 fills none.
    noise_reduction : {'none', 'moving_median', 'moving_average'}
    noise_window_samples : int
        Odd, for the noise reduction.
    velocity_window_ms : float
        Time over which the velocity of a sample is taken, the sample in its middle.
    threshold_dva_per_s : float
        Samples below are fixation.
    merge_within_ms, merge_within_dva : float
        Neighbours closer than both are one fixation.
    least_duration_ms : float
        Shorter fixations are left out.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    eye: EyeRule = "average"
    gap_fill_ms: float = 75.0
    noise_reduction: NoiseReduction = "none"
    noise_window_samples: int = 3
    velocity_window_ms: float = 20.0
    threshold_dva_per_s: float = 30.0
    merge_within_ms: float = 75.0
    merge_within_dva: float = 0.5
    least_duration_ms: float = 60.0

    def __post_init__(self) -> None:
        if not (self.velocity_window_ms > 0 and self.threshold_dva_per_s > 0):
            raise ValueError("the velocity window and threshold must be above 0")
        if min(self.gap_fill_ms, self.merge_within_ms, self.merge_within_dva, self.least_duration_ms) < 0:
            raise ValueError("times and angles must be 0 or more")
        if self.noise_window_samples < 1 or self.noise_window_samples % 2 == 0:
            raise ValueError(f"the noise window must be an odd number of samples, not {self.noise_window_samples}")


TOBII_IVT = IvtParameters()


def find_fixations_ivt(
    samples: GazeSamples, screen: ScreenGeometry, parameters: IvtParameters = TOBII_IVT
) -> tuple[DetectedFixation, ...]:
    """Find fixations by velocity threshold.

    A sample without a velocity (in a gap that was not filled, or alone) belongs to no fixation.
    """
    if len(samples) < 2:
        return ()
    seen_px = samples.place_px(parameters.eye)
    filled = _filled_eyes(samples, parameters.gap_fill_ms)
    place_px = reduce_noise(
        filled.place_px(parameters.eye), parameters.noise_reduction, parameters.noise_window_samples
    )
    velocity = velocity_dva_per_s(samples.time_ms, place_px, screen, parameters.velocity_window_ms)
    spans = runs_of(np.nan_to_num(velocity, nan=np.inf) < parameters.threshold_dva_per_s)
    merged = merge_close(
        spans,
        samples.time_ms,
        place_px,
        screen,
        within_ms=parameters.merge_within_ms,
        within_dva=parameters.merge_within_dva,
    )
    return describe(drop_short(merged, samples.time_ms, parameters.least_duration_ms), samples.time_ms, seen_px)


def fill_gaps(time_ms: FloatArray, place_px: FloatArray, longest_ms: float) -> FloatArray:
    """Fill gaps of at most ``longest_ms`` by a straight line between the valid samples around them.

    The length of a gap is the time between these two samples. Gaps at the ends are never filled.
    """
    filled = place_px.copy()
    if longest_ms <= 0:
        return filled
    for first, last in runs_of(~is_valid(place_px)):
        before, after = first - 1, last + 1
        if before < 0 or after >= len(time_ms) or time_ms[after] - time_ms[before] > longest_ms:
            continue
        share = (time_ms[first:after] - time_ms[before]) / (time_ms[after] - time_ms[before])
        filled[first:after] = place_px[before] + share[:, None] * (place_px[after] - place_px[before])
    return filled


def reduce_noise(place_px: FloatArray, rule: NoiseReduction, window_samples: int) -> FloatArray:
    """Moving median or average over an odd number of samples; the window shrinks at ends and gaps.

    Samples that are not valid stay so, and none is averaged over a gap.
    """
    if rule == "none" or window_samples == 1:
        return place_px
    smooth = np.full_like(place_px, np.nan)
    half = window_samples // 2
    for first, last in runs_of(is_valid(place_px)):
        run = place_px[first : last + 1]
        for index in range(len(run)):
            reach = min(half, index, len(run) - 1 - index)
            window = run[index - reach : index + reach + 1]
            smooth[first + index] = np.median(window, axis=0) if rule == "moving_median" else window.mean(axis=0)
    return smooth


def velocity_dva_per_s(
    time_ms: FloatArray, place_px: FloatArray, screen: ScreenGeometry, window_ms: float
) -> FloatArray:
    """Angular velocity of each sample: the angle at the eye between the ends of a window, by the time between them.

    The window holds as many samples as fit into ``window_ms``, at least three, with the sample in its middle; at the
    ends of a run of valid samples it is cut off. NaN where fewer than two samples are left or the sample is not valid.

    Returns
    -------
    ndarray, shape (N,)
        Degrees per second.
    """
    interval_ms = float(np.median(np.diff(time_ms)))
    # A window of n samples spans n - 1 intervals; an even one cannot have the sample in its middle.
    half = max(round(window_ms / interval_ms / 2), _FEWEST_SAMPLES // 2)
    direction = screen.direction(place_px)
    velocity = np.full(len(time_ms), np.nan)
    for first, last in runs_of(is_valid(place_px)):
        if last == first:
            continue
        middle = np.arange(first, last + 1)
        start, end = np.maximum(middle - half, first), np.minimum(middle + half, last)
        angle = angle_between_dva(direction[start], direction[end])
        velocity[middle] = angle / (time_ms[end] - time_ms[start]) * 1000.0
    return velocity


def _filled_eyes(samples: GazeSamples, longest_ms: float) -> GazeSamples:
    """Each eye filled in by itself, before eyes are selected, so that one that blinks shorter pulls nothing."""
    left = fill_gaps(samples.time_ms, samples.left_px, longest_ms)
    if samples.right_px is samples.left_px:
        return GazeSamples(samples.time_ms, left, left)
    return GazeSamples(samples.time_ms, left, fill_gaps(samples.time_ms, samples.right_px, longest_ms))
