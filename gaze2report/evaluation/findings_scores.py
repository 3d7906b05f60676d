"""How well the findings head's probabilities rank films, and whether they are the frequencies they claim to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.statistics.bootstrap import (
    Interval,
    PatientDraws,
    bootstrap_of_totals,
    draw_patients,
    interval_of_draws,
)

N_BINS = 10


@dataclass(frozen=True, eq=False)
class FindingScores:
    """One observation's probabilities against its labels.

    Attributes
    ----------
    name : str
    cases, positive : int
        Cases whose label is known, and how many of them are 1.
    auroc, calibration_error, brier : Interval or NotRun
        By patient. ``calibration_error`` is the expected calibration error over `N_BINS` bins of equal width (Guo et
        al. 2017): mean of |observed - predicted|, weighted by the cases of the bins. It and its interval lie too high
        where bins hold few cases, because noise in a bin counts as error.
    probabilities, labels : ndarray, shape (cases,)
        What was scored, for curves.
    """

    name: str
    cases: int
    positive: int
    auroc: Interval | NotRun
    calibration_error: Interval | NotRun
    brier: Interval | NotRun
    probabilities: NDArray[np.float64]
    labels: NDArray[np.float64]


def score_finding(
    name: str,
    probabilities: NDArray[np.float64],
    labels: NDArray[np.float64],
    patient_ids: Sequence[str],
    *,
    seed: int = 0,
    draws: int = 2000,
    draw: Callable[[Sequence[str]], PatientDraws] | None = None,
) -> FindingScores:
    """Score one observation.

    Parameters
    ----------
    name : str
        Of the observation.
    probabilities : ndarray, shape (N,)
        0 to 1; NaN where the head gives none.
    labels : ndarray, shape (N,)
        1, 0, or NaN where nobody knows; such cases are left out.
    patient_ids : sequence of str
        Of each case.
    seed, draws : int
        Of the bootstrap.
    draw : callable, optional
        Draws patients instead, so that draws are made once for scores of the same patients.
    """
    chosen = ~np.isnan(labels) & ~np.isnan(probabilities)
    of_patient = np.asarray(patient_ids)[chosen].tolist()
    p, y = probabilities[chosen], labels[chosen]
    if np.isnan(probabilities).all() and len(probabilities):
        none = NotRun("the head gives no probability: no measured support in its training data")
        return FindingScores(name, 0, 0, none, none, none, p, y)
    if not len(p):
        none = NotRun("no label of it is known")
        return FindingScores(name, 0, 0, none, none, none, p, y)
    positive = int((y == 1).sum())
    drawn = draw(of_patient) if draw is not None else draw_patients(of_patient, draws, np.random.default_rng(seed))
    ranked: Interval | NotRun = NotRun(f"all {len(y)} labels are {'1' if positive else '0'}")
    if 0 < positive < len(y):
        ranked = _auroc_interval(p, y, drawn)
    binned = _binned(p, y)
    error = bootstrap_of_totals(binned, _calibration_error, drawn)
    squared = np.stack([(p - y) ** 2, np.ones_like(p)], axis=1)
    brier = bootstrap_of_totals(squared, lambda totals: totals[:, 0] / totals[:, 1], drawn)
    return FindingScores(name, len(p), positive, ranked, error, brier, p, y)


def auroc(
    scores: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Area under the ROC curve: the chance that a positive case scores higher than a negative one, ties one half.

    Parameters
    ----------
    scores, labels : ndarray, shape (N,)
        Labels are 1 or 0.
    weights : ndarray, shape (D, N), optional
        How often each case is in each of D sets; once in a single one when None.

    Returns
    -------
    ndarray, shape (D,)
        NaN where a set lacks positive or negative cases.
    """
    weights = np.ones((1, len(scores))) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) != 0)) if len(order) else np.zeros(0, np.intp)
    if not len(starts):
        return np.full(len(weights), np.nan)
    is_positive = (labels[order] == 1).astype(np.float64)
    sorted_weights = weights[:, order]
    positive = np.add.reduceat(sorted_weights * is_positive, starts, axis=1)
    negative = np.add.reduceat(sorted_weights * (1.0 - is_positive), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    in_order = (positive * (below + 0.5 * negative)).sum(axis=1)
    return np.where(pairs > 0, in_order / np.where(pairs > 0, pairs, 1.0), np.nan)


def _auroc_interval(p: NDArray[np.float64], y: NDArray[np.float64], drawn: PatientDraws) -> Interval:
    parts = [auroc(p, y, block[:, drawn.of_report]) for block in drawn.blocks()]
    return interval_of_draws(float(auroc(p, y)[0]), np.concatenate(parts), drawn.patients)


def calibration_bins(
    probabilities: NDArray[np.float64], labels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean probability, observed frequency and number of cases of each bin that holds any."""
    totals = _binned(probabilities, labels).sum(axis=0).reshape(N_BINS, 3)
    totals = totals[totals[:, 0] > 0]
    return totals[:, 1] / totals[:, 0], totals[:, 2] / totals[:, 0], totals[:, 0]


def _binned(p: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Case, probability and label of each case in the columns of its bin, shape (N, 3 * bins)."""
    found = np.zeros((len(p), N_BINS, 3))
    number = np.clip((p * N_BINS).astype(np.intp), 0, N_BINS - 1)
    found[np.arange(len(p)), number] = np.stack([np.ones_like(p), p, y], axis=1)
    return found.reshape(len(p), 3 * N_BINS)


def _calibration_error(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = totals.reshape(-1, N_BINS, 3)
    cases = bins[..., 0].sum(axis=1)
    return np.where(cases > 0, np.abs(bins[..., 1] - bins[..., 2]).sum(axis=1) / np.maximum(cases, 1.0), np.nan)
