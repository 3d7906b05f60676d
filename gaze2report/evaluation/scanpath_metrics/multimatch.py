"""MultiMatch: similarity of two scanpaths in shape, direction, length, position and duration.

Notation: U and V saccades of the two scanpaths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_metrics.fixation_array import Floats, check_size, fixation_array
from gaze2report.types import Fixation

FEWEST_FIXATIONS = 3


@dataclass(frozen=True)
class MultiMatch:
    """Five similarities, each at most 1 (alike); all NaN when a scanpath has fewer than three fixations."""

    vector: float
    direction: float
    length: float
    position: float
    duration: float

    @property
    def mean(self) -> float:
        """Mean of the five."""
        return (self.vector + self.direction + self.length + self.position + self.duration) / 5


_UNDEFINED = MultiMatch(*[float("nan")] * 5)


def multimatch(first: Sequence[Fixation], second: Sequence[Fixation], width_px: float, height_px: float) -> MultiMatch:
    """Compare two scanpaths by MultiMatch (Jarodzka, Holmqvist & Nyström 2010; Dewhurst et al. 2012), ungrouped.

    The saccades of both are aligned so that the differences of their vectors sum up least; each similarity is 1 less
    the median difference along that alignment, divided by its largest possible value. Short scanpaths are not padded:
    that would raise their similarity. A model that never saw the image reaches high values too, so MultiMatch is to be
    read beside ScanMatch, never alone.

    Parameters
    ----------
    first, second : sequence of Fixation
        Image pixels and seconds.
    width_px, height_px : float
        Size of the image.
    """
    check_size(width_px, height_px)
    one, other = fixation_array(first), fixation_array(second)
    if min(len(one), len(other)) < FEWEST_FIXATIONS:
        return _UNDEFINED
    vectors, other_vectors = np.diff(one[:, :2], axis=0), np.diff(other[:, :2], axis=0)
    difference_px = np.linalg.norm(vectors[:, None] - other_vectors[None, :], axis=-1)
    i, j = _cheapest_way(difference_px)
    angle, other_angle = (np.arctan2(v[:, 1], v[:, 0]) for v in (vectors, other_vectors))
    turned = np.abs(angle[i] - other_angle[j])
    turned = np.where(turned > pi, 2 * pi - turned, turned)
    length_px = np.abs(np.linalg.norm(vectors, axis=-1)[i] - np.linalg.norm(other_vectors, axis=-1)[j])
    apart_px = np.linalg.norm(one[i, :2] - other[j, :2], axis=-1)
    longer_s = np.maximum(one[i, 2], other[j, 2])
    duration = np.abs(one[i, 2] - other[j, 2]) / np.where(longer_s > 0, longer_s, 1.0)
    diagonal_px = hypot(width_px, height_px)
    return MultiMatch(
        vector=1 - float(np.median(difference_px[i, j])) / (2 * diagonal_px),
        direction=1 - float(np.median(turned)) / pi,
        length=1 - float(np.median(length_px)) / diagonal_px,
        position=1 - float(np.median(apart_px)) / diagonal_px,
        duration=1 - float(np.median(duration)),
    )


def _cheapest_way(costs: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells of the cheapest way from the first to the last cell by steps right, down, or both; (i, j) of each.

    The cost of a way is the sum of the cells it enters. Of equally cheap ways, the one with the later diagonal step.
    """
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(rows):
        for j in range(columns):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    way = [(rows, columns)]
    while way[-1] != (1, 1):
        i, j = way[-1]
        way.append(min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: float(total[cell])))
    cells = np.array(way[::-1], dtype=np.int64) - 1
    return cells[:, 0], cells[:, 1]
