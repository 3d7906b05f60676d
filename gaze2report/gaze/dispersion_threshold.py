"""I-DT, fixations by dispersion threshold (Salvucci & Goldberg 2000, "Identifying fixations and saccades").

A window of the shortest duration slides over the samples; where its dispersion is small enough it grows as long as that
holds. Dispersion is the width plus the height of what the gaze covers, in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaze2report.gaze.detected_fixations import DetectedFixation, Span, describe
from gaze2report.gaze.gaze_samples import EyeRule, FloatArray, GazeSamples, is_valid, runs_of
from gaze2report.gaze.screen_geometry import ScreenGeometry
from gaze2report.gaze.velocity_threshold import fill_gaps


@dataclass(frozen=True)
class IdtParameters:
    """Parameters of I-DT.

    Attributes
    ----------
    eye : EyeRule
    gap_fill_ms : float
        Longest gap that is filled in by a straight line; a longer one ends a fixation.
    largest_dispersion_dva : float
        Width plus height of a fixation, above 0.
    least_duration_ms : float
        Above 0.
    """

    eye: EyeRule = "average"
    gap_fill_ms: float = 75.0
    largest_dispersion_dva: float = 1.0
    least_duration_ms: float = 100.0

    def __post_init__(self) -> None:
        if not (self.largest_dispersion_dva > 0 and self.least_duration_ms > 0 and self.gap_fill_ms >= 0):
            raise ValueError("dispersion and duration must be above 0, and gaps 0 ms or more")


COMMON_IDT = IdtParameters()


def find_fixations_idt(
    samples: GazeSamples, screen: ScreenGeometry, parameters: IdtParameters = COMMON_IDT
) -> tuple[DetectedFixation, ...]:
    """Find fixations by dispersion threshold."""
    seen_px = samples.place_px(parameters.eye)
    place_dva = screen.px_to_dva(fill_gaps(samples.time_ms, seen_px, parameters.gap_fill_ms))
    spans: list[Span] = []
    for first, last in runs_of(is_valid(place_dva)):
        spans += _spans_of_run(samples.time_ms, place_dva, first, last, parameters)
    return describe(spans, samples.time_ms, seen_px)


def _spans_of_run(
    time_ms: FloatArray, place_dva: FloatArray, first: int, last: int, parameters: IdtParameters
) -> list[Span]:
    spans = []
    start = first
    while start <= last:
        end = int(np.searchsorted(time_ms, time_ms[start] + parameters.least_duration_ms))
        if end > last:
            break
        if np.ptp(place_dva[start : end + 1], axis=0).sum() > parameters.largest_dispersion_dva:
            start += 1
            continue
        end = _grown(place_dva, start, end, last, parameters.largest_dispersion_dva)
        spans.append((start, end))
        start = end + 1
    return spans


def _grown(place_dva: FloatArray, start: int, end: int, last: int, largest_dva: float) -> int:
    """Last sample up to which the dispersion from ``start`` on stays small enough; it does up to ``end``."""
    step = end - start + 1
    while True:
        reach = min(start + step * 2, last + 1)
        part = place_dva[start:reach]
        spread = (np.maximum.accumulate(part) - np.minimum.accumulate(part)).sum(axis=1)
        if spread[-1] > largest_dva:
            return start + int(np.argmax(spread > largest_dva)) - 1
        if reach > last:
            return last
        step *= 2
