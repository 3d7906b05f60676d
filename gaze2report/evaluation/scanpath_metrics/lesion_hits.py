"""Lesion hits: whether gaze came to the lesions, given as boxes or as masks, how soon and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_metrics.fixation_array import Floats, check_size, fixation_array
from gaze2report.types import Fixation

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in image pixels."""
Lesion = Box | NDArray[np.bool_]
"""A box, or a mask of the whole image, shape (rows, columns), of any resolution."""


@dataclass(frozen=True)
class LesionHits:
    """How a scanpath met the lesions of an image.

    Attributes
    ----------
    hit_rate : float
        Share of the lesions on which at least one fixation lies.
    fixation_share, duration_share : float
        Share of the fixations, and of the looking time, on any lesion.
    first_hit_s : float
        Looking time before the first fixation on a lesion; NaN where there was none. Saccades are not counted.
    area_share : float
        Share of the image that the lesions cover: what ``fixation_share`` would be by chance.
    """

    hit_rate: float
    fixation_share: float
    duration_share: float
    first_hit_s: float
    area_share: float


def lesion_hits(
    fixations: Sequence[Fixation],
    lesions: Sequence[Lesion],
    width_px: float,
    height_px: float,
    *,
    margin_px: float = 0.0,
) -> LesionHits:
    """Measure how a scanpath met the lesions of one image.

    Parameters
    ----------
    fixations : sequence of Fixation
        Image pixels and seconds; one outside the image hits nothing and counts among all.
    lesions : sequence of box or mask
        Boxes include their left and upper edge only.
    width_px, height_px : float
        Size of the image.
    margin_px : float
        A fixation hits a lesion from this far off, too: the fovea sees about one visual degree.

    Returns
    -------
    LesionHits
        All NaN without a lesion, or without a fixation save ``area_share``.

    Raises
    ------
    ValueError
        If a mask is empty or a box has no area, which no fixation could hit.
    """
    check_size(width_px, height_px)
    points = fixation_array(fixations)
    area = _area_share(lesions, width_px, height_px)
    if not lesions or not len(points):
        unknown = float("nan")
        return LesionHits(unknown, unknown, unknown, unknown, area)
    hits = np.stack([_is_hit(lesion, points, width_px, height_px, margin_px) for lesion in lesions])  # (lesions, F)
    is_on_any = hits.any(axis=0)
    total_s = float(points[:, 2].sum())
    first = int(is_on_any.argmax())
    return LesionHits(
        hit_rate=float(hits.any(axis=1).mean()),
        fixation_share=float(is_on_any.mean()),
        duration_share=float(points[is_on_any, 2].sum()) / total_s if total_s > 0 else float("nan"),
        first_hit_s=float(points[:first, 2].sum()) if is_on_any.any() else float("nan"),
        area_share=area,
    )


def mask_of_runs(runs: str, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """Mask of a run-length code as a training set keeps it: pairs of gap and length, down the columns.

    Raises
    ------
    ValueError
        If the code is not of whole pairs or leaves the image.
    """
    numbers = np.array(runs.split(), dtype=np.int64)
    if len(numbers) % 2 or (numbers < 0).any():
        raise ValueError("a run-length code is pairs of gap and length, none below 0")
    ends = numbers.cumsum()
    flat = np.zeros(width_px * height_px, dtype=np.bool_)
    if len(ends) and ends[-1] > len(flat):
        raise ValueError(f"a run-length code of {ends[-1]} pixels does not fit {width_px} x {height_px}")
    for begin, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        flat[begin:end] = True
    return flat.reshape(width_px, height_px).T.copy()


def _is_hit(lesion: Lesion, points: Floats, width_px: float, height_px: float, margin_px: float) -> NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    inside = (x >= 0) & (x < width_px) & (y >= 0) & (y < height_px)
    if isinstance(lesion, np.ndarray):
        rows, columns = lesion.shape
        if not lesion.any():
            raise ValueError("a mask without a pixel is no lesion")
        cell_x, cell_y = width_px / columns, height_px / rows
        marked_rows, marked_columns = np.nonzero(lesion)
        # Distance from a point to the nearest marked cell, 0 inside it.
        apart_x = np.maximum(np.abs(x[:, None] - (marked_columns + 0.5) * cell_x) - cell_x / 2, 0.0)
        apart_y = np.maximum(np.abs(y[:, None] - (marked_rows + 0.5) * cell_y) - cell_y / 2, 0.0)
        if margin_px > 0:
            return np.asarray(inside & (np.hypot(apart_x, apart_y).min(axis=1) <= margin_px))
        row = np.floor(y / cell_y).astype(np.int64).clip(0, rows - 1)
        column = np.floor(x / cell_x).astype(np.int64).clip(0, columns - 1)
        return np.asarray(inside & lesion[row, column])
    x0, y0, x1, y1 = lesion
    if not (x1 > x0 and y1 > y0):
        raise ValueError(f"a box {lesion} has no area")
    if margin_px > 0:
        apart = np.hypot(np.maximum(np.maximum(x0 - x, x - x1), 0.0), np.maximum(np.maximum(y0 - y, y - y1), 0.0))
        return np.asarray(inside & (apart <= margin_px))
    return np.asarray(inside & (x >= x0) & (x < x1) & (y >= y0) & (y < y1))


def _area_share(lesions: Sequence[Lesion], width_px: float, height_px: float, cells: int = 512) -> float:
    """Covered share of the image, on a grid of points when there are boxes, so that an overlap counts once."""
    if not lesions:
        return float("nan")
    x = (np.arange(cells) + 0.5) / cells * width_px
    y = (np.arange(cells) + 0.5) / cells * height_px
    covered = np.zeros((cells, cells), dtype=np.bool_)
    for lesion in lesions:
        if isinstance(lesion, np.ndarray):
            row = np.floor(y / height_px * lesion.shape[0]).astype(np.int64)
            column = np.floor(x / width_px * lesion.shape[1]).astype(np.int64)
            covered |= lesion[row[:, None], column[None, :]]
        else:
            x0, y0, x1, y1 = lesion
            covered |= ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))[None, :]
    return float(covered.mean())
