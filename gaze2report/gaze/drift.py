"""Drift of a calibration, from where one looked when one clicked: who presses a button looks at it."""

from __future__ import annotations

import numpy as np

from gaze2report.gaze.gaze_samples import EyeRule, GazeSamples, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry, angle_between_dva

BEFORE_CLICK_MS = 200.0
"""Gaze of so long before a click counts; it may have left the button when the click is done."""

LEAST_VALID_SHARE = 0.5


def drift_at_click_dva(
    samples: GazeSamples,
    click_ms: float,
    target_px: tuple[float, float],
    screen: ScreenGeometry,
    eye: EyeRule = "average",
) -> float | None:
    """Angle between the target of a click and the gaze just before it, in degrees.

    The gaze is the median of the samples, which a saccade towards the target in their midst does not pull. Nothing is
    ever shifted by it: it is for the gates and for a correction that is kept beside the samples.

    Returns
    -------
    float or None
        None where less than half of the time holds a valid sample.
    """
    place_px = samples.place_px(eye)[(samples.time_ms >= click_ms - BEFORE_CLICK_MS) & (samples.time_ms <= click_ms)]
    valid = place_px[is_valid(place_px)]
    if not len(valid) or len(valid) * samples.interval_ms < LEAST_VALID_SHARE * BEFORE_CLICK_MS:
        return None
    gaze_px = np.median(valid, axis=0)
    return float(angle_between_dva(screen.direction(gaze_px), screen.direction(target_px)))
