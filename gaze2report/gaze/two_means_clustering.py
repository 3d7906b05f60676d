"""I2MC, noise-robust fixations by two-means clustering (Hessels et al. 2017), through the authors' package ``I2MC``.

The package is optional: it is MIT-licensed but brings matplotlib and pandas along.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.detected_fixations import DetectedFixation, describe
from gaze2report.gaze.gaze_samples import EyeRule, GazeSamples, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry

_LOWEST_HZ_OF_FILTER = 125.0
_CHEBYSHEV_ORDER, _WINDOW_S = 8, 0.2


class I2mcUnavailable(Gaze2ReportError):
    """The package that classifies fixations by I2MC is not installed, or gave up on a recording."""

    code = "i2mc_unavailable"


@dataclass(frozen=True)
class I2mcParameters:
    """Parameters of I2MC; the defaults are those of its authors, with the merging distance in degrees.

    Attributes
    ----------
    eye : EyeRule
    gap_fill_ms : float
        Longest gap that is filled in.
    cutoff_sd : float
        Samples whose clustering weight is more than so many standard deviations above the mean are no fixation.
    merge_within_ms, merge_within_dva : float
        Neighbours closer than both are one fixation. 0.7 degrees is about the 30 px of the authors' screen.
    least_duration_ms : float
        Shorter fixations are left out.
    """

    eye: EyeRule = "average"
    gap_fill_ms: float = 100.0
    cutoff_sd: float = 2.0
    merge_within_ms: float = 30.0
    merge_within_dva: float = 0.7
    least_duration_ms: float = 40.0


AUTHORS_I2MC = I2mcParameters()


def find_fixations_i2mc(
    samples: GazeSamples, screen: ScreenGeometry, parameters: I2mcParameters = AUTHORS_I2MC
) -> tuple[DetectedFixation, ...]:
    """Find fixations by two-means clustering.

    Raises
    ------
    I2mcUnavailable
        If the package is not installed, or cannot classify these samples.
    """
    classify = _load()
    seen_px = samples.place_px(parameters.eye)
    if len(samples) < 2 or not is_valid(seen_px).any():
        return ()
    table = {"time": samples.time_ms, "average_X": seen_px[:, 0], "average_Y": seen_px[:, 1]}
    try:
        with _same_chance(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # means of nothing, inside of the package, where a window is all gap
            found = classify(table, _options(samples, screen, parameters), logging=False)[0]
    except (ValueError, AssertionError, IndexError) as error:
        raise I2mcUnavailable(f"I2MC cannot classify these samples: {error}") from error
    if found is False:
        raise I2mcUnavailable("I2MC gave up on these samples: its clustering did not converge")
    spans = [(int(first), int(last)) for first, last in zip(found["start"], found["end"], strict=True)]
    return describe(spans, samples.time_ms, seen_px)


@contextmanager
def _same_chance() -> Iterator[None]:
    """The package's clustering starts from NumPy's global chance: the same samples shall give the same fixations."""
    kept = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(kept)


def _load() -> Any:
    try:
        from I2MC import I2MC
    except ImportError as error:
        raise I2mcUnavailable(
            'fixations by I2MC need the package I2MC: pip install "gaze2report-workstation[i2mc]"'
        ) from error
    return I2MC


def _options(samples: GazeSamples, screen: ScreenGeometry, parameters: I2mcParameters) -> dict[str, Any]:
    frequency_hz = float(round(1000.0 / samples.interval_ms))
    across, down = screen.px_per_dva(np.array([screen.width_px, screen.height_px]) / 2)
    return {
        "xres": screen.width_px,
        "yres": screen.height_px,
        "freq": frequency_hz,
        "missingx": np.nan,
        "missingy": np.nan,
        "scrSz": [screen.width_mm / 10, screen.height_mm / 10],
        "disttoscreen": screen.viewing_distance_mm / 10,
        "windowtimeInterp": parameters.gap_fill_ms / 1000,
        # The package's low-pass filter needs 25 samples in its window; below that it advises to go without.
        "downsampFilter": frequency_hz >= _LOWEST_HZ_OF_FILTER,
        "chebyOrder": _CHEBYSHEV_ORDER,
        "windowtime": _WINDOW_S,
        "downsamples": [level for level in (2, 5, 10) if frequency_hz % level == 0],
        "cutoffstd": parameters.cutoff_sd,
        "maxMergeTime": parameters.merge_within_ms,
        "maxMergeDist": parameters.merge_within_dva * float(across + down) / 2,
        "minFixDur": parameters.least_duration_ms,
    }
