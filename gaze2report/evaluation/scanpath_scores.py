"""Scores of one scanpath against those of readers, by every metric of the field. Image pixels and seconds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_metrics.grid_strings import sequence_score, string_edit_distance
from gaze2report.evaluation.scanpath_metrics.multimatch import multimatch
from gaze2report.evaluation.scanpath_metrics.time_delay_embedding import scaled_time_delay_embedding
from gaze2report.gaze.pairwise_scanmatch import WITH_DURATION, WITHOUT_DURATION, scanmatch_of_all
from gaze2report.types import Fixation

Scanpath = Sequence[Fixation]

SCANMATCH = "ScanMatch"
SCANMATCH_WITHOUT = "ScanMatch, no duration"
SCANPATH_METRICS = (
    SCANMATCH,
    SCANMATCH_WITHOUT,
    "MultiMatch shape",
    "MultiMatch direction",
    "MultiMatch length",
    "MultiMatch position",
    "MultiMatch duration",
    "SED",
    "STDE",
    "sequence score",
)
LOWER_IS_BETTER = frozenset({"SED"})

SETTINGS_TEXT = (
    "ScanMatch on 16 x 12 cells, threshold 3.5, gap 0, with duration in bins of 50 ms; SED on 5 x 5 cells, the raw "
    "distance (lower is better); sequence score on 8 x 6 cells; MultiMatch without grouping, not defined under three "
    "fixations."
)


def scores_against(
    candidates: Sequence[Scanpath], targets: Sequence[Scanpath], width_px: float, height_px: float
) -> NDArray[np.float64]:
    """Scores of each candidate with each target.

    Returns
    -------
    ndarray, shape (candidates, targets, metrics)
        In the order of ``SCANPATH_METRICS``; NaN where one is not defined.
    """
    table = np.full((len(candidates), len(targets), len(SCANPATH_METRICS)), np.nan)
    table[..., 0] = scanmatch_of_all(candidates, targets, width_px, height_px, WITH_DURATION)
    table[..., 1] = scanmatch_of_all(candidates, targets, width_px, height_px, WITHOUT_DURATION)
    for i, candidate in enumerate(candidates):
        for j, target in enumerate(targets):
            match = multimatch(candidate, target, width_px, height_px)
            table[i, j, 2:7] = match.vector, match.direction, match.length, match.position, match.duration
            table[i, j, 7] = string_edit_distance(candidate, target, width_px, height_px)
            table[i, j, 8] = scaled_time_delay_embedding(target, candidate, width_px, height_px)
            table[i, j, 9] = sequence_score(candidate, target, width_px, height_px)
    return table


def mean_known(table: NDArray[np.float64], axis: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Mean over axes without NaN; NaN where nothing is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all unknown: NaN is the answer
        return np.asarray(np.nanmean(table, axis=axis))
