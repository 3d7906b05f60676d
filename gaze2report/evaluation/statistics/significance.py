"""Tests of a difference between two systems, correction for many of them, and how large the difference is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    # What differs by rounding only is as large as the one seen.
    bound = abs(float(sums.sum())) - 1e-12 * max(1.0, float(np.abs(sums).sum()))

    def as_large(is_swapped: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.abs(np.where(is_swapped, -1.0, 1.0) @ sums) >= bound

    p_value = _share_of_swaps(as_large, len(names), random, draws)
    return PermutationResult(float(difference.mean()), p_value, len(names) <= EXACT_UP_TO_PATIENTS, len(names))


def permutation_test_of_counts(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    score: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 10000,
) -> PermutationResult:
    """Paired permutation test of a score of summed counts, such as BLEU or micro F1, by patient.

    Parameters
    ----------
    first, second : ndarray of int64, shape (N, ...)
        Each report's counts under the two systems.
    score : callable
        Summed counts of shape (..., *shape of a report's counts) to scores of shape (...).
    patient_ids, random, draws
        See `permutation_test`.

    Raises
    ------
    ValueError
        The two are not counts of the same reports, or the score is undefined on all reports.
    """
    if first.shape != second.shape or len(first) != len(patient_ids) or not len(patient_ids):
        raise ValueError(f"{len(patient_ids)} patients' names for counts of shapes {first.shape} and {second.shape}")
    names, of_report = np.unique(np.asarray(patient_ids), return_inverse=True)
    shape = first.shape[1:]
    sums = np.zeros((2, len(names), int(np.prod(shape))), dtype=np.int64)
    for side, counts in enumerate((first, second)):
        np.add.at(sums[side], of_report, counts.reshape(len(counts), -1))
    change, (of_first, of_second) = sums[1] - sums[0], sums.sum(axis=1)

    def differences(is_swapped: NDArray[np.bool_]) -> NDArray[np.float64]:
        # In floats, which are exact up to 2**53, because only those are multiplied fast.
        moved = np.rint(is_swapped.astype(np.float64) @ change.astype(np.float64)).astype(np.int64)
        return score((of_first + moved).reshape(-1, *shape)) - score((of_second - moved).reshape(-1, *shape))

    seen = float(differences(np.zeros((1, len(names)), dtype=np.bool_))[0])
    if np.isnan(seen):
        raise ValueError("the score of the reports as they are is undefined")
    p_value = _share_of_swaps(lambda swaps: np.abs(differences(swaps)) >= abs(seen) - 1e-12, len(names), random, draws)
    return PermutationResult(seen, p_value, len(names) <= EXACT_UP_TO_PATIENTS, len(names))


def _share_of_swaps(
    as_large: Callable[[NDArray[np.bool_]], NDArray[np.bool_]], patients: int, random: np.random.Generator, draws: int
) -> float:
    """Share of the ways to swap patients whose difference is as large as the one seen: all ways, or some drawn."""
    if patients <= EXACT_UP_TO_PATIENTS:
        ways = np.arange(2**patients)[:, None] >> np.arange(patients) & 1
        return float(np.mean(as_large(ways.astype(np.bool_))))
    # Drawn in parts: 10,000 x 5,000 swaps at once would take 400 MB. The one seen is one of the ways.
    part = max(1, 2_000_000 // patients)
    drawn = (
        as_large(random.integers(2, size=(min(part, draws - done), patients)).astype(np.bool_))
        for done in range(0, draws, part)
    )
    return (sum(int(found.sum()) for found in drawn) + 1) / (draws + 1)


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
