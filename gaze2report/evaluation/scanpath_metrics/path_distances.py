"""Distances of two scanpaths in pixels: dynamic time warping and the Hausdorff distance, which know no durations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from gaze2report.evaluation.scanpath_metrics.fixation_array import fixation_array
from gaze2report.types import Fixation


def dynamic_time_warping(first: Sequence[Fixation], second: Sequence[Fixation]) -> float:
    """Least sum of distances when fixations are put beside each other in order, each at least once.

    Berndt & Clifford 1994, with Euclidean distances in pixels and no window. It grows with the number of fixations, so
    it compares only pairs of like lengths.

    Returns
    -------
    float
        0 or more, in pixels; NaN if a scanpath is empty.
    """
    if not first or not second:
        return math.nan
    distances = cdist(fixation_array(first)[:, :2], fixation_array(second)[:, :2])
    row = np.cumsum(distances[0])
    for number in range(1, len(distances)):
        from_above = np.minimum(row, np.append(np.inf, row[:-1]))
        row = np.empty_like(row)
        reached = np.inf
        for place, (above, step) in enumerate(zip(from_above, distances[number], strict=True)):
            reached = row[place] = min(above, reached) + step
    return float(row[-1])


def hausdorff_distance(first: Sequence[Fixation], second: Sequence[Fixation]) -> float:
    """Largest distance of a fixation of either scanpath to the nearest one of the other; order does not count.

    Returns
    -------
    float
        0 or more, in pixels; NaN if a scanpath is empty.
    """
    if not first or not second:
        return math.nan
    distances = cdist(fixation_array(first)[:, :2], fixation_array(second)[:, :2])
    return float(max(distances.min(axis=1).max(), distances.min(axis=0).max()))
