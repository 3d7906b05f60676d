"""Quality of gaze data: accuracy, precision (RMS-S2S, STD, BCEA), data loss, effective frequency.

Directions are azimuth and elevation in degrees of visual angle (``ScreenGeometry.px_to_dva``), shape (N, 2), NaN where
a sample is lost. Lost samples must stay in their place, or RMS-S2S would take the step over a gap for noise.
Definitions as in Holmqvist, Nyström & Mulvey 2012 and as the package ETDQualitizer 1.2.0 computes them
(Niehorster et al. 2026), which the tests compare with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaze2report.gaze.gaze_samples import FloatArray, GazeSamples, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry, angle_between_dva, direction_of_dva

ELLIPSE_SHARE = 0.68
"""Share of the samples that the ellipse of the BCEA is to hold."""


@dataclass(frozen=True)
class EyeQuality:
    """Quality of one eye while it looked at one target; NaN where the samples do not allow a value.

    Attributes
    ----------
    accuracy_dva : float
        Angle between the target and the mean direction of gaze.
    rms_s2s_dva : float
        Root mean square of the steps from sample to sample.
    std_dva : float
        Root of the sum of both variances.
    bcea_dva2 : float
        Area of the ellipse that holds 68 % of the samples, square degrees.
    loss_share : float
        Share of samples that are lost, 0 to 1.
    effective_hz : float
        Valid samples a second.
    """

    accuracy_dva: float
    rms_s2s_dva: float
    std_dva: float
    bcea_dva2: float
    loss_share: float
    effective_hz: float


@dataclass(frozen=True)
class TargetQuality:
    """Quality of both eyes at one target; the place is in device pixels."""

    target_px: tuple[float, float]
    left: EyeQuality
    right: EyeQuality


def target_quality(samples: GazeSamples, target_px: tuple[float, float], screen: ScreenGeometry) -> TargetQuality:
    """Quality of samples that were taken while the reader looked at a target; eyes are never averaged."""
    target_dva = screen.px_to_dva(target_px)
    left, right = (
        eye_quality(samples.time_ms, screen.px_to_dva(eye_px), target_dva)
        for eye_px in (samples.left_px, samples.right_px)
    )
    return TargetQuality(target_px, left, right)


def eye_quality(time_ms: FloatArray, direction_dva: FloatArray, target_dva: FloatArray) -> EyeQuality:
    """All measures of one eye at one target."""
    return EyeQuality(
        accuracy_dva(direction_dva, target_dva),
        rms_s2s_dva(direction_dva),
        std_dva(direction_dva),
        bcea_dva2(direction_dva),
        loss_share(direction_dva),
        effective_hz(time_ms, direction_dva),
    )


def mean_quality(qualities: list[EyeQuality]) -> EyeQuality:
    """Mean over targets, each measure over the targets that have it.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not qualities:
        raise ValueError("there is no quality to average")
    rows = np.array(
        [[q.accuracy_dva, q.rms_s2s_dva, q.std_dva, q.bcea_dva2, q.loss_share, q.effective_hz] for q in qualities]
    )
    known = np.isfinite(rows)
    sums, counts = np.where(known, rows, 0.0).sum(axis=0), known.sum(axis=0)
    return EyeQuality(*(float(s / n) if n else float("nan") for s, n in zip(sums, counts, strict=True)))


def accuracy_dva(direction_dva: FloatArray, target_dva: FloatArray) -> float:
    """Angle between the target, shape (2,), and the mean of the directions as vectors; NaN without a valid sample."""
    valid = direction_dva[is_valid(direction_dva)]
    if not len(valid):
        return float("nan")
    mean = direction_of_dva(valid).mean(axis=0)
    return float(angle_between_dva(mean, direction_of_dva(target_dva)))


def rms_s2s_dva(direction_dva: FloatArray) -> float:
    """Root mean square of the distances of neighbouring valid samples; NaN without such a pair."""
    squared = np.sum(np.diff(direction_dva, axis=0) ** 2, axis=1)
    squared = squared[np.isfinite(squared)]
    return float(np.sqrt(squared.mean())) if len(squared) else float("nan")


def std_dva(direction_dva: FloatArray) -> float:
    """Root of the sum of the variances of azimuth and elevation (divided by N); NaN without a valid sample."""
    valid = direction_dva[is_valid(direction_dva)]
    return float(np.sqrt(valid.var(axis=0).sum())) if len(valid) else float("nan")


def bcea_dva2(direction_dva: FloatArray, share: float = ELLIPSE_SHARE) -> float:
    """Bivariate contour ellipse area, ``2 k pi sx sy sqrt(1 - rho^2)`` with ``k = ln(1 / (1 - share))``.

    Computed from the determinant of the covariance (divided by N - 1), which is the same and also defined where one
    direction has no variance. NaN for fewer than two valid samples.
    """
    valid = direction_dva[is_valid(direction_dva)]
    if len(valid) < 2:
        return float("nan")
    determinant = float(np.linalg.det(np.cov(valid.T)))
    return float(2 * np.log(1 / (1 - share)) * np.pi * np.sqrt(max(determinant, 0.0)))


def loss_share(direction_dva: FloatArray) -> float:
    """Share of samples that are lost, 0 to 1; NaN without samples. Samples that never came are not counted here."""
    return float(1 - is_valid(direction_dva).mean()) if len(direction_dva) else float("nan")


def loss_share_of_expected(time_ms: FloatArray, direction_dva: FloatArray, frequency_hz: float) -> float:
    """Share of the samples that a tracker of this frequency should have given and that are not there or not valid.

    Slightly below 0 where the tracker is faster than it says.
    """
    return 1 - effective_hz(time_ms, direction_dva) / frequency_hz


def effective_hz(time_ms: FloatArray, direction_dva: FloatArray) -> float:
    """Valid samples by duration, the last sample's own included; NaN for fewer than two samples."""
    if len(time_ms) < 2:
        return float("nan")
    duration_ms = time_ms[-1] - time_ms[0] + np.median(np.diff(time_ms))
    return float(is_valid(direction_dva).sum() / duration_ms * 1000.0)


def moving_rms_s2s_dva(direction_dva: FloatArray, window_samples: int) -> float:
    """Median of RMS-S2S over all windows of so many samples: precision of a recording that also holds saccades.

    NaN where the window does not fit, or no window holds a valid step.
    """
    if not 2 <= window_samples < len(direction_dva):
        return float("nan")
    squared = np.sum(np.diff(direction_dva, axis=0) ** 2, axis=1)
    known = np.isfinite(squared)
    n_steps = window_samples - 1
    sums, counts = (
        np.convolve(values, np.ones(n_steps), mode="valid")
        for values in (np.where(known, squared, 0.0), known.astype(np.float64))
    )
    has_steps = counts > 0.5
    if not has_steps.any():
        return float("nan")
    # A sum of differences can fall a hair below 0 where a window holds no movement at all.
    return float(np.median(np.sqrt(np.maximum(sums[has_steps], 0.0) / np.round(counts[has_steps]))))
