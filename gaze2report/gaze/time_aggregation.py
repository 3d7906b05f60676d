"""Fixations to gaze attributes of patches: how long, when first, how often.

Notation: F fixations, N patches of a row-major grid of R rows and R columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.types import Fixation


@dataclass(frozen=True, eq=False)
class PatchGaze:
    """Gaze attributes of the patches of one image.

    Attributes
    ----------
    duration : ndarray of float32, shape (N,)
        Share of the whole looking time, spread by a Gaussian; sums to 1, or all 0 without gaze.
    first_visit : ndarray of float32, shape (N,)
        1 for the patch fixated first, falling to 1/F for the last new one; 0 for patches never fixated.
    visit_count : ndarray of float32, shape (N,)
        Number of fixations on the patch.
    visited : ndarray of int64, shape (F,)
        Patch of each fixation in order.
    visit_share : ndarray of float32, shape (F,)
        Share of the whole looking time that each fixation took; sums to 1.
    """

    duration: NDArray[np.float32]
    first_visit: NDArray[np.float32]
    visit_count: NDArray[np.float32]
    visited: NDArray[np.int64]
    visit_share: NDArray[np.float32]


def aggregate(
    fixations: Sequence[Fixation], width_px: float, height_px: float, grid_side: int, sigma_patches: float = 1.0
) -> PatchGaze:
    """Aggregate fixations over patches.

    The duration map is a sum of Gaussians weighted by duration, normalised to sum 1, as the authors of REFLACX
    draw theirs (Bigolin Lanfredi et al. 2022). Their sigma is one visual degree; where the geometry is unknown, as
    for a predicted scanpath, ``sigma_patches`` stands in for it.

    Parameters
    ----------
    fixations : sequence of Fixation
        In order; image pixels and seconds. Fixations outside the image are ignored.
    width_px, height_px : float
        Size of the image.
    grid_side : int
        R.
    sigma_patches : float
        Standard deviation of the Gaussian in patches, above 0.
    """
    n_patches = grid_side**2
    duration = np.zeros(n_patches, dtype=np.float64)
    first_visit = np.zeros(n_patches, dtype=np.float32)
    visit_count = np.zeros(n_patches, dtype=np.float32)
    centres = np.arange(grid_side) + 0.5
    visited = []
    inside = [f for f in fixations if 0 <= f.x_px < width_px and 0 <= f.y_px < height_px and f.duration_s > 0]
    for order, fixation in enumerate(inside):
        column, row = fixation.x_px / width_px * grid_side, fixation.y_px / height_px * grid_side
        across = np.exp(-0.5 * ((centres - column) / sigma_patches) ** 2)
        down = np.exp(-0.5 * ((centres - row) / sigma_patches) ** 2)
        duration += fixation.duration_s * np.outer(down / down.sum(), across / across.sum()).ravel()
        patch = int(row) * grid_side + int(column)
        visited.append(patch)
        visit_count[patch] += 1
        if first_visit[patch] == 0:
            first_visit[patch] = 1.0 - order / len(inside)
    if duration.sum() > 0:
        duration /= duration.sum()
    seconds = np.array([f.duration_s for f in inside], dtype=np.float32)
    return PatchGaze(
        duration.astype(np.float32),
        first_visit,
        visit_count,
        np.array(visited, dtype=np.int64),
        seconds / seconds.sum() if len(seconds) else seconds,
    )
