"""Tests of a difference between two systems, correction for many of them, and how large the difference is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO_PATIENTS = 14
"""Up to 2**14 ways to swap all are counted; above, ways are drawn."""


@dataclass(frozen=True)
class PermutationResult:
    """Outcome of a paired permutation test.

    Attributes
    ----------
    difference : float
        Mean of first - second.
    p_value : float
        Two-sided; 1 over the number of ways is the smallest there can be.
    is_exact : bool
        Whether all ways to swap were counted.
    patients : int
        Units that were swapped.
    """

    difference: float
    p_value: float
    is_exact: bool
    patients: int


def permutation_test(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 10000,
) -> PermutationResult:
    """Paired permutation test of a difference of means (Fisher 1935), by patient.

    If the two systems are alike, their names may be swapped within a patient; the p-value is the share of such swaps
    whose difference is at least as large as the one seen.

    Parameters
    ----------
    first, second : ndarray, shape (N,)
        Per-report scores of the two systems on the same reports, without NaN.
    patient_ids : sequence of str
        The patient of each report; all reports of a patient are swapped together.
    random : numpy.random.Generator
        Source of chance where there are too many ways to count.
    draws : int
        Ways drawn then.

    Raises
    ------
    ValueError
        The two are not scores of the same reports, there are none, or some are NaN.
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if difference.shape != (len(patient_ids),) or not len(patient_ids):
        raise ValueError(f"{len(patient_ids)} patients' names for scores of shape {difference.shape}")
    if np.isnan(difference).any():
        raise ValueError("a permutation test needs a score of both systems for every report, and some are NaN")
    names, of_report = np.unique(np.asarray(patient_ids), return_inverse=True)
    sums = np.bincount(of_report, weights=difference, minlength=len(names))
    seen = abs(float(sums.sum()))
    # What differs by rounding only is as large as the one seen.
    bound = seen - 1e-12 * max(1.0, float(np.abs(sums).sum()))
    is_exact = len(names) <= EXACT_UP_TO_PATIENTS
    if is_exact:
        ways = np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1
        p_value = float(np.mean(np.abs((1 - 2 * ways) @ sums) >= bound))
    else:
        # Drawn in parts: 10,000 x 5,000 signs at once would be 400 MB. The one seen is one of the ways.
        part = max(1, 2_000_000 // len(names))
        as_large = sum(
            int(np.sum(np.abs(_signs(random, min(part, draws - done), len(names)) @ sums) >= bound))
            for done in range(0, draws, part)
        )
        p_value = (as_large + 1) / (draws + 1)
    return PermutationResult(float(difference.mean()), p_value, is_exact, len(names))


def _signs(random: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    signs: NDArray[np.float64] = 1.0 - 2.0 * random.integers(2, size=(rows, columns)).astype(np.float64)
    return signs


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Correct p-values for their number (Holm 1979): the chance of any false alarm stays below the level.

    Parameters
    ----------
    p_values : sequence of float
        0 to 1; NaN for a test that was not made, which counts for nothing and stays NaN.

    Returns
    -------
    ndarray
        Corrected p-values in the same order, 0 to 1.
    """
    given = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(given.shape, np.nan)
    made = np.flatnonzero(~np.isnan(given))
    order = made[np.argsort(given[made], kind="stable")]
    scaled = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return corrected


def cohen_dz(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Standardized mean difference of pairs (Cohen 1988): mean over standard deviation (n - 1) of the differences.

    NaN for fewer than two pairs, or when all differences are the same and not 0; 0 when all are 0.
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if len(difference) < 2:
        return float("nan")
    mean, spread = float(difference.mean()), float(difference.std(ddof=1))
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return 0.0 if abs(mean) <= 1e-12 else float("nan")
    return mean / spread


def cliffs_delta(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Cliff's delta (1993): how much more often the first is above the second than below, -1 to 1; NaN if empty."""
    one, other = np.asarray(first, dtype=np.float64), np.sort(np.asarray(second, dtype=np.float64))
    if not len(one) or not len(other):
        return float("nan")
    below = np.searchsorted(other, one, side="left").sum()
    above = (len(other) - np.searchsorted(other, one, side="right")).sum()
    return float(below - above) / (len(one) * len(other))
