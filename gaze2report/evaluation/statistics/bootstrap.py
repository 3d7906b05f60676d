"""Bootstrap by patient: how far a score, or the difference of two, would move with other patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[np.intp]], float]
"""Numbers of the reports of a resampled set, repeats among them, to its score."""

DRAWS_AT_ONCE = 250
FEW_PATIENTS = 30
"""Below this many patients a percentile interval is too narrow more often than it says."""


@dataclass(frozen=True)
class Interval:
    """A score with its interval.

    Attributes
    ----------
    value : float
        Score of the reports as they are.
    low, high : float
        Percentile interval; NaN when the score was defined in no resampled set.
    level : float
        Nominal coverage, 0.95 for 95 %.
    patients : int
        What was resampled.
    undefined : int
        Resampled sets in which the score was NaN; they are left out, and told.
    """

    value: float
    low: float
    high: float
    level: float
    patients: int
    undefined: int = 0

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0

    @property
    def is_of_few(self) -> bool:
        """Whether so few patients were resampled that the interval is too narrow."""
        return self.patients < FEW_PATIENTS


def resampled(patient_ids: Sequence[str], draws: int, random: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Draw patients with replacement; each brings all of their reports.

    Yields
    ------
    ndarray of intp
        Numbers of the reports of one draw.
    """
    names, of_report = np.unique(np.asarray(patient_ids), return_inverse=True)
    order = np.argsort(of_report, kind="stable")
    reports = np.split(order, np.cumsum(np.bincount(of_report, minlength=len(names)))[:-1])
    if len(names) == len(of_report):  # one report each: no need to gather
        flat = order
        for _ in range(draws):
            yield flat[random.integers(len(names), size=len(names))]
        return
    for _ in range(draws):
        yield np.concatenate([reports[patient] for patient in random.integers(len(names), size=len(names))])


def bootstrap_interval(
    statistic: Statistic,
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a score (Efron & Tibshirani 1993, ch. 13), by patient.

    Reports of one patient are alike, and an interval that takes them for independent is too narrow.

    Parameters
    ----------
    statistic : callable
        Numbers of reports to a score; for the difference of two systems it scores both on the same numbers, which is
        the paired bootstrap.
    patient_ids : sequence of str
        The patient of each report.
    random : numpy.random.Generator
        Source of chance; the same state gives the same interval.
    draws : int
        Resampled sets.
    level : float
        Nominal coverage.

    Raises
    ------
    ValueError
        There are no reports.
    """
    if not len(patient_ids):
        raise ValueError("there are no reports to resample")
    scores = np.array([statistic(numbers) for numbers in resampled(patient_ids, draws, random)], dtype=np.float64)
    whole = float(statistic(np.arange(len(patient_ids), dtype=np.intp)))
    return interval_of_draws(whole, scores, len(set(patient_ids)), level)


def paired_bootstrap(
    first: Statistic,
    second: Statistic,
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Interval of ``first - second`` on the same resampled patients; see `bootstrap_interval`."""
    return bootstrap_interval(
        lambda numbers: first(numbers) - second(numbers), patient_ids, random, draws=draws, level=level
    )


def mean_of(values: NDArray[np.float64]) -> Statistic:
    """The mean of per-report values, shape (N,), as a statistic; NaN values are left out."""

    def mean(numbers: NDArray[np.intp]) -> float:
        chosen = values[numbers]
        known = chosen[~np.isnan(chosen)]
        return float(known.mean()) if len(known) else float("nan")

    return mean


OfTotals = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Totals over reports of D resampled sets, shape (D, K), to their scores, shape (D,)."""


@dataclass(frozen=True, eq=False)
class PatientDraws:
    """Resampled sets of patients, drawn once for every score of the same reports.

    Attributes
    ----------
    counts : ndarray of uint16, shape (draws, P)
        How often each patient is in each set; each row sums to P. Whole numbers of two bytes, because a set of 65,000
        patients would else need a gigabyte.
    of_report : ndarray of int, shape (N,)
        Number of the patient of each report.
    """

    counts: NDArray[np.uint16]
    of_report: NDArray[np.intp]

    @property
    def patients(self) -> int:
        """P."""
        return int(self.counts.shape[1])

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """The counts of some draws at a time, as numbers to multiply with, shape (D, P)."""
        for begin in range(0, len(self.counts), DRAWS_AT_ONCE):
            yield self.counts[begin : begin + DRAWS_AT_ONCE].astype(np.float64)


def draw_patients(patient_ids: Sequence[str], draws: int, random: np.random.Generator) -> PatientDraws:
    """Draw patients with replacement.

    Raises
    ------
    ValueError
        There are no reports.
    """
    if not len(patient_ids):
        raise ValueError("there are no reports to resample")
    names, of_report = np.unique(np.asarray(patient_ids), return_inverse=True)
    counts = np.empty((draws, len(names)), dtype=np.uint16)
    for row in counts:
        row[:] = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))
    return PatientDraws(counts, of_report)


def bootstrap_of_totals(
    values: NDArray[np.float64] | NDArray[np.int64],
    score: OfTotals,
    draws: PatientDraws,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a score that follows from sums over reports, by patient, all draws at once.

    The same interval as `bootstrap_interval`, a hundred times faster: BLEU, means, F1 and calibration errors are all
    functions of sums.

    Parameters
    ----------
    values : ndarray, shape (N, K)
        What is summed, a row a report.
    score : callable
        See `OfTotals`; NaN where a set has no score.
    draws : PatientDraws
        Of the same N reports.
    """
    by_patient = np.zeros((draws.patients, values.shape[1]))
    np.add.at(by_patient, draws.of_report, np.asarray(values, dtype=np.float64))
    whole = score(by_patient.sum(axis=0)[None, :])[0]
    scores = np.concatenate([score(block @ by_patient) for block in draws.blocks()])
    return interval_of_draws(float(whole), scores, draws.patients, level)


def interval_of_draws(value: float, scores: NDArray[np.float64], patients: int, level: float = 0.95) -> Interval:
    """Percentile interval of the scores of resampled sets, shape (D,); NaN among them are left out and counted."""
    known = scores[~np.isnan(scores)]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail]) if len(known) else (np.nan, np.nan)
    return Interval(value, float(low), float(high), level, patients, int(len(scores) - len(known)))
