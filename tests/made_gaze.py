"""Made gaze whose true fixations, offset and noise are known: main-sequence saccades, correlated noise, blinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.screen_geometry import ScreenGeometry

SCREEN = ScreenGeometry(1920, 1080, 528.0, 297.0, 650.0)
RMS_TO_STD = 1.0
"""Of real trackers of the Tobii Spectrum family; white noise has the square root of 2."""


@dataclass(frozen=True)
class MadeGaze:
    """Samples and the truth behind them: first and last sample of each fixation, and its place."""

    samples: GazeSamples
    spans: tuple[tuple[int, int], ...]
    places_px: tuple[tuple[float, float], ...]


def make_gaze(
    stops: Sequence[tuple[float, float, float]],
    *,
    frequency_hz: float = 300.0,
    rms_s2s_dva: float = 0.0,
    offset_dva: tuple[float, float] = (0.0, 0.0),
    lost: Sequence[tuple[float, float]] = (),
    screen: ScreenGeometry = SCREEN,
    seed: int = 0,
) -> MadeGaze:
    """Gaze that rests at ``stops`` (x px, y px, duration ms), with saccades of 2.2 ms a degree + 21 ms between.

    Parameters
    ----------
    rms_s2s_dva
        Of the noise of each eye, both axes together.
    offset_dva
        Azimuth and elevation that the tracker errs by.
    lost
        Times in ms, from and to, in which both eyes are lost.
    """
    rest_dva = screen.px_to_dva(np.array([stop[:2] for stop in stops]))
    begins, ends, now = [], [], 0.0
    for index, stop in enumerate(stops):
        begins.append(now)
        ends.append(now + stop[2])
        step = np.linalg.norm(rest_dva[min(index + 1, len(stops) - 1)] - rest_dva[index])
        now = ends[-1] + 2.2 * float(step) + 21.0
    time_ms = np.arange(int(ends[-1] * frequency_hz / 1000.0) + 1) * 1000.0 / frequency_hz
    true_dva = _path(time_ms, rest_dva, np.array(begins), np.array(ends))
    generator = np.random.default_rng(seed)
    eyes = [
        screen.dva_to_px(true_dva + offset_dva + _noise(generator, len(time_ms), rms_s2s_dva))
        for _ in ("left", "right")
    ]
    for start_ms, end_ms in lost:
        for eye in eyes:
            eye[(time_ms >= start_ms) & (time_ms < end_ms)] = np.nan
    spans = [
        (int(np.searchsorted(time_ms, begin)), int(np.searchsorted(time_ms, end, side="right")) - 1)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return MadeGaze(GazeSamples(time_ms, *eyes), tuple(spans), tuple((x, y) for x, y, _ in stops))


def _path(time_ms, rest_dva, begins, ends) -> NDArray[np.float64]:
    """At rest within a fixation; between two along the cosine profile, which is about the form of saccades."""
    index = np.clip(np.searchsorted(begins, time_ms, side="right") - 1, 0, len(begins) - 1)
    following = np.minimum(index + 1, len(begins) - 1)
    length = np.maximum(begins[following] - ends[index], 1e-9)
    share = np.clip((time_ms - ends[index]) / length, 0.0, 1.0)
    smooth = ((1 - np.cos(np.pi * share)) / 2)[:, None]
    return rest_dva[index] + smooth * (rest_dva[following] - rest_dva[index])


def _noise(generator: np.random.Generator, count: int, rms_s2s_dva: float) -> NDArray[np.float64]:
    """First-order autoregressive noise: RMS-S2S over STD is the root of 2 (1 - coefficient)."""
    coefficient = 1 - RMS_TO_STD**2 / 2
    sigma = rms_s2s_dva / RMS_TO_STD / np.sqrt(2.0)
    shocks = generator.normal(0.0, 1.0, (count, 2)) * sigma * np.sqrt(1 - coefficient**2)
    noise = np.empty((count, 2))
    level = generator.normal(0.0, 1.0, 2) * sigma
    for index, shock in enumerate(shocks):
        level = coefficient * level + shock
        noise[index] = level
    return noise
