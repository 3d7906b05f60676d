"""Fixations as an array, the form in which the metrics compute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.types import Fixation

Floats = NDArray[np.float64]


def fixation_array(fixations: Sequence[Fixation]) -> Floats:
    """Give fixations as rows of x (px), y (px), duration (s).

    Returns
    -------
    ndarray of float64, shape (F, 3)

    Raises
    ------
    ValueError
        If a number is not finite or a duration is below 0.
    """
    rows = np.array([(f.x_px, f.y_px, f.duration_s) for f in fixations], dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(rows).all() or (rows[:, 2] < 0).any():
        raise ValueError("a fixation needs finite coordinates and a duration of 0 s or more")
    return rows


def check_size(width_px: float, height_px: float) -> None:
    """Refuse an image without extent.

    Raises
    ------
    ValueError
        If a side is not above 0.
    """
    if not (width_px > 0 and height_px > 0):
        raise ValueError(f"an image of {width_px} x {height_px} px has no extent")


def grid_cells(points: Floats, width_px: float, height_px: float, columns: int, rows: int) -> NDArray[np.int64]:
    """Give the (column, row) of the grid cell under each fixation; one outside the image counts at the nearest edge.

    Returns
    -------
    ndarray of int64, shape (F, 2)
    """
    check_size(width_px, height_px)
    size = np.array([width_px, height_px], dtype=np.float64)
    bins = np.array([columns, rows])
    cells = np.floor(points[:, :2] / size * bins).astype(np.int64)
    return np.asarray(np.clip(cells, 0, bins - 1), dtype=np.int64)
