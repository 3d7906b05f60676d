"""Global alignment and edit distance of sequences, a row of the table at a time.

Notation: A and B sequences of n and m symbols.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_metrics.fixation_array import Floats


def alignment_score(first: NDArray[np.int64], second: NDArray[np.int64], score: Floats, gap: float = 0.0) -> float:
    """Score of the best global alignment (Needleman & Wunsch 1970, with a linear gap).

    Parameters
    ----------
    first, second : ndarray of int64, shapes (n,) and (m,)
        Symbols, 0 to K - 1.
    score : ndarray, shape (K, K)
        Score of putting one symbol beside another.
    gap : float
        Score of a symbol that is put beside nothing, 0 or below.
    """
    gaps = gap * np.arange(len(second) + 1)
    row = gaps.copy()
    for index, symbol in enumerate(first, start=1):
        best = np.empty_like(row)
        best[0] = gap * index
        best[1:] = np.maximum(row[:-1] + score[symbol, second], row[1:] + gap)
        # A step to the right adds one gap; without the gaps it is a running maximum.
        row = np.maximum.accumulate(best - gaps) + gaps
    return float(row[-1])


def edit_distance(first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """Least number of insertions, deletions and substitutions between two sequences (Levenshtein 1966)."""
    steps = np.arange(len(second) + 1)
    row = steps.copy()
    for index, symbol in enumerate(first, start=1):
        best = np.empty_like(row)
        best[0] = index
        best[1:] = np.minimum(row[:-1] + (second != symbol), row[1:] + 1)
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])
