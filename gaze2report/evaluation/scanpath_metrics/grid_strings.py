"""Scanpaths as strings of grid cells: string edit distance (SED) and sequence score (SS)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_metrics.alignment import alignment_score, edit_distance
from gaze2report.evaluation.scanpath_metrics.fixation_array import check_size, fixation_array, grid_cells
from gaze2report.types import Fixation


def string_edit_distance(
    first: Sequence[Fixation], second: Sequence[Fixation], width_px: float, height_px: float, *, grid_side: int = 5
) -> int:
    """Levenshtein distance of two scanpaths on a square grid (Brandt & Stark 1997; FixaTons, Zanca et al. 2018).

    The raw distance: 0 for the same string, at most the length of the longer one. Durations do not count. As in
    FixaTons a cell has whole pixels; what its code gives a symbol of the next row (the pixels left over at the right)
    belongs to the last cell here.

    Parameters
    ----------
    first, second : sequence of Fixation
        Image pixels; what lies outside the image counts at its edge.
    width_px, height_px : float
        Size of the image.
    grid_side : int
        Cells across and down.
    """
    check_size(width_px, height_px)
    cell_px = np.maximum(np.floor(np.array([width_px, height_px]) / grid_side), 1.0)
    strings = []
    for fixations in (first, second):
        cells = np.floor(fixation_array(fixations)[:, :2] / cell_px).astype(np.int64).clip(0, grid_side - 1)
        strings.append(cells[:, 1] * grid_side + cells[:, 0])
    return edit_distance(*strings)


def sequence_score(
    first: Sequence[Fixation],
    second: Sequence[Fixation],
    width_px: float,
    height_px: float,
    *,
    columns: int = 8,
    rows: int = 6,
) -> float:
    """Share of fixations that two scanpaths have in common in order, on a fixed grid.

    The sequence score of Yang et al. 2020 aligns cluster labels of fixations by Needleman-Wunsch with 1 for equal and
    0 for all else, over the length of the longer scanpath. Clusters need many readers of one film; a grid does not.

    Returns
    -------
    float
        0 to 1 (the same cells in the same order); NaN when a scanpath is empty.
    """
    strings = []
    for fixations in (first, second):
        cells = grid_cells(fixation_array(fixations), width_px, height_px, columns, rows)
        strings.append(cells[:, 1] * columns + cells[:, 0])
    return label_sequence_score(*strings)


def label_sequence_score(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Sequence score of two sequences of labels: cells, clusters, or zones of the lung."""
    if not len(first) or not len(second):
        return float("nan")
    labels, symbols = np.unique(np.concatenate([first, second]), return_inverse=True)
    equal = np.eye(len(labels))
    return alignment_score(symbols[: len(first)], symbols[len(first) :], equal) / max(len(first), len(second))
