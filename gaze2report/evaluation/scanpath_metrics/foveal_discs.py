"""FDISS: how well the foveal discs of two scanpaths cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaze2report.evaluation.scanpath_metrics.fixation_array import Floats, fixation_array
from gaze2report.types import Fixation


@dataclass(frozen=True)
class FovealDiscScore:
    """Foveal disc IoU scanpath score.

    Attributes
    ----------
    score : float
        Harmonic mean of precision and recall, 0 to 1.
    precision, recall : float
        Mean overlap of each fixation of the first (second) scanpath with the best of the other.
    """

    score: float
    precision: float
    recall: float


def foveal_disc_score(first: Sequence[Fixation], second: Sequence[Fixation], radius_px: float) -> FovealDiscScore:
    """Compare two scanpaths by the overlap of foveal discs (FDISS, Kerkouri 2025, package ``fdiss`` 0.1.0).

    Order and duration do not count.

    Parameters
    ----------
    first, second : sequence of Fixation
        Image pixels.
    radius_px : float
        Radius of the discs, above 0; one visual degree where the geometry is known.

    Returns
    -------
    FovealDiscScore
        All NaN when a scanpath is empty (``fdiss`` gives 0).
    """
    if not radius_px > 0:
        raise ValueError(f"a disc of radius {radius_px} px covers nothing")
    one, other = fixation_array(first)[:, :2], fixation_array(second)[:, :2]
    if not len(one) or not len(other):
        return FovealDiscScore(float("nan"), float("nan"), float("nan"))
    overlap = disc_overlap(np.linalg.norm(one[:, None] - other[None, :], axis=-1), radius_px)
    precision, recall = float(overlap.max(axis=1).mean()), float(overlap.max(axis=0).mean())
    both = precision + recall
    return FovealDiscScore(2 * precision * recall / both if both > 0 else 0.0, precision, recall)


def disc_overlap(distance_px: Floats, radius_px: float) -> Floats:
    """Intersection over union of two discs of one radius, whose centres are this far apart; same shape."""
    half = np.clip(distance_px / (2 * radius_px), 0.0, 1.0)
    shared = 2 * (np.arccos(half) - half * np.sqrt(1 - half**2)) / np.pi  # as a share of one disc
    return np.asarray(shared / (2 - shared), dtype=np.float64)
