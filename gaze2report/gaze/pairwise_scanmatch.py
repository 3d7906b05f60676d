"""ScanMatch of many scanpaths with many others at once, and the scanpath that agrees most with the others.

Notation: n and m scanpaths; sequences padded to L and K symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.types import Fixation

Floats = NDArray[np.float64]
_PAIRS_AT_ONCE = 4096


@dataclass(frozen=True)
class ScanMatchSettings:
    """How fixations become symbols and symbols score (Cristino, Mathôt, Theeuwes & Gilchrist 2010).

    Attributes
    ----------
    columns, rows : int
        Grid over the image.
    temporal_bin_ms : float, optional
        Duration of a symbol; None compares places and order only.
    threshold_cells : float
        Distance in cells at which the score of two symbols is 0.
    gap : float
        Score of a symbol that is put beside nothing, 0 or below.
    """

    columns: int = 12
    rows: int = 8
    temporal_bin_ms: float | None = 100.0
    threshold_cells: float = 3.5
    gap: float = 0.0

    def scores(self) -> Floats:
        """Score of each symbol beside each other, shape (rows * columns, rows * columns)."""
        row, column = np.divmod(np.arange(self.rows * self.columns), self.columns)
        distance_cells = np.hypot(row[:, None] - row, column[:, None] - column)
        return np.asarray(self.threshold_cells - distance_cells, dtype=np.float64)


WITH_DURATION = ScanMatchSettings(columns=16, rows=12, temporal_bin_ms=50.0)
"""What studies of scanpath prediction use (Chen, Jiang & Zhao 2021), for images of 4 to 3."""

WITHOUT_DURATION = ScanMatchSettings(columns=16, rows=12, temporal_bin_ms=None)


def to_symbols(
    fixations: Sequence[Fixation], width_px: float, height_px: float, settings: ScanMatchSettings
) -> NDArray[np.int64]:
    """Give a scanpath as the symbols of its grid cells; a fixation outside the image counts at its edge.

    With a temporal bin each is repeated once per bin of its duration, halves rounded to even.
    """
    points = np.array([(f.x_px, f.y_px, f.duration_s) for f in fixations], dtype=np.float64).reshape(-1, 3)
    if not (width_px > 0 and height_px > 0):
        raise ValueError(f"an image of {width_px} x {height_px} px has no extent")
    if not np.isfinite(points).all() or (points[:, 2] < 0).any():
        raise ValueError("a fixation needs finite coordinates and a duration of 0 s or more")
    bins = np.array([settings.columns, settings.rows])
    cells = np.floor(points[:, :2] / (width_px, height_px) * bins).astype(np.int64).clip(0, bins - 1)
    symbols = cells[:, 1] * settings.columns + cells[:, 0]
    if settings.temporal_bin_ms is not None:
        # Rounded first: 0.35 s are 3.5 bins of 100 ms, not 3.4999...
        repeats = np.rint(np.round(points[:, 2] * 1000.0, 6) / settings.temporal_bin_ms).astype(np.int64)
        symbols = np.repeat(symbols, repeats)
    return np.asarray(symbols, dtype=np.int64)


def scanmatch_table(
    first: Sequence[NDArray[np.int64]], second: Sequence[NDArray[np.int64]], settings: ScanMatchSettings
) -> Floats:
    """ScanMatch of each of n sequences of symbols with each of m others.

    Returns
    -------
    ndarray, shape (n, m)
        At most 1; NaN where a sequence is empty.
    """
    one, lengths = _padded(first)
    other, other_lengths = _padded(second)
    table = np.full((len(first), len(second)), np.nan)
    left, right = np.nonzero((lengths[:, None] > 0) & (other_lengths[None, :] > 0))
    scores = settings.scores()
    for start in range(0, len(left), _PAIRS_AT_ONCE):
        i, j = left[start : start + _PAIRS_AT_ONCE], right[start : start + _PAIRS_AT_ONCE]
        best = _alignments(one[i], lengths[i], other[j], other_lengths[j], scores, settings.gap)
        table[i, j] = best / (settings.threshold_cells * np.maximum(lengths[i], other_lengths[j]))
    return table


def scanmatch_of_all(
    first: Sequence[Sequence[Fixation]],
    second: Sequence[Sequence[Fixation]],
    width_px: float,
    height_px: float,
    settings: ScanMatchSettings,
) -> Floats:
    """ScanMatch of each of n scanpaths on one image with each of m others, shape (n, m)."""
    return scanmatch_table(
        [to_symbols(path, width_px, height_px, settings) for path in first],
        [to_symbols(path, width_px, height_px, settings) for path in second],
        settings,
    )


def consensus_number(agreement: Floats) -> int:
    """Number of the scanpath that agrees most with the others: the medoid.

    Of samples of a predictor it is the answer of least expected loss (minimum Bayes risk) among them.

    Parameters
    ----------
    agreement : ndarray, shape (n, n)
        Of each with each; its diagonal does not count, nor does NaN.
    """
    others = agreement.copy()
    np.fill_diagonal(others, np.nan)
    known = ~np.isnan(others)
    means = np.where(known, others, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return int(means.argmax())


def _padded(sequences: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    padded = np.zeros((len(sequences), int(lengths.max(initial=0))), dtype=np.int64)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return padded, lengths


def _alignments(
    one: NDArray[np.int64],
    lengths: NDArray[np.int64],
    other: NDArray[np.int64],
    other_lengths: NDArray[np.int64],
    scores: Floats,
    gap: float,
) -> Floats:
    """Score of the best global alignment (Needleman & Wunsch 1970) of pairs of sequences (P, L) and (P, K).

    What is padded at the end of a row changes only what is behind it in the table, so the answer is read before it.
    """
    gaps = gap * np.arange(other.shape[1] + 1)
    row = np.broadcast_to(gaps, (len(one), len(gaps))).copy()
    pairs, found = np.arange(len(one)), np.zeros(len(one))
    for index in range(int(lengths.max(initial=0))):
        best = np.empty_like(row)
        best[:, 0] = gap * (index + 1)
        best[:, 1:] = np.maximum(row[:, :-1] + scores[one[:, index, None], other], row[:, 1:] + gap)
        # A step to the right adds one gap; without the gaps it is a running maximum.
        row = np.maximum.accumulate(best - gaps, axis=1) + gaps
        is_end = lengths == index + 1
        found[is_end] = row[pairs[is_end], other_lengths[is_end]]
    return found
