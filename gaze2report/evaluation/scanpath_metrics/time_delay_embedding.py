"""Scaled time delay embedding (STDE): how near the pieces of one scanpath come to pieces of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaze2report.evaluation.scanpath_metrics.fixation_array import check_size, fixation_array
from gaze2report.types import Fixation


def scaled_time_delay_embedding(
    reference: Sequence[Fixation], candidate: Sequence[Fixation], width_px: float, height_px: float
) -> float:
    """Compare a scanpath with a reference by STDE (Wang et al. 2011; FixaTons, Zanca et al. 2018).

    For every k, each run of k fixations of the candidate is measured against the nearest run of k fixations of the
    reference, by the sum of the distances of their fixations; the similarity of k is exp(-mean distance / k), with
    coordinates divided by the longer side of the image, and STDE is the mean over k. Only places and order count. Not
    symmetric in general.

    Parameters
    ----------
    reference, candidate : sequence of Fixation
        Image pixels.
    width_px, height_px : float
        Size of the image.

    Returns
    -------
    float
        Above 0, at most 1 (every run of the candidate occurs in the reference); NaN when a scanpath is empty.
    """
    check_size(width_px, height_px)
    scale = max(width_px, height_px)
    one, other = (fixation_array(f)[:, :2] / scale for f in (reference, candidate))
    longest = min(len(one), len(other))
    if not longest:
        return float("nan")
    apart = np.linalg.norm(other[:, None] - one[None, :], axis=-1)  # of fixations; runs lie along its diagonals
    distance = apart
    similarities = []
    for k in range(1, longest + 1):
        if k > 1:
            distance = distance[:-1, :-1] + apart[k - 1 :, k - 1 :]
        similarities.append(np.exp(-distance.min(axis=1).mean() / k))
    return float(np.mean(similarities))
