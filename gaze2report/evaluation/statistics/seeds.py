"""Training seeds as a random factor: a difference must hold for seeds not run and patients not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.statistics.bootstrap import Interval, resampled

FEWEST_SEEDS = 3


def seed_interval(
    scores: NDArray[np.float64],
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Interval of a mean over patients and seeds, both as random factors.

    Patients are drawn anew; to each draw's mean over seeds, the deviation that the mean of S seeds has is added, from
    Student's t with S - 1 degrees of freedom. Seeds themselves are too few to draw anew: three of them have ten
    different draws, and the spread of these is too small.

    Parameters
    ----------
    scores : ndarray, shape (S, N)
        Per-report score, or difference of two conditions under the same seed, for S seeds and N reports.
    patient_ids : sequence of str
        The patient of each report.
    random : numpy.random.Generator
        Source of chance.
    draws, level : int, float
        See `bootstrap_interval`.

    Raises
    ------
    ValueError
        There are fewer than three seeds, from which nothing can be said of seeds; or the shapes differ.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(patient_ids) or not len(patient_ids):
        raise ValueError(f"{len(patient_ids)} patients' names for scores of shape {values.shape}")
    seeds = len(values)
    if seeds < FEWEST_SEEDS:
        raise ValueError(f"{seeds} seeds say nothing of seeds; at least {FEWEST_SEEDS} are needed")
    of_seeds = float(values.mean(axis=1).std(ddof=1)) / float(np.sqrt(seeds))
    means = [
        values[:, numbers].mean() + of_seeds * random.standard_t(seeds - 1)
        for numbers in resampled(patient_ids, draws, random)
    ]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(float(values.mean()), float(low), float(high), level, len(set(patient_ids)))


def variance_shares(scores: NDArray[np.float64]) -> dict[str, float]:
    """How much of the scores' variance lies between seeds, between reports, and in neither.

    Parameters
    ----------
    scores : ndarray, shape (S, N)
        Per-report score of S >= 2 seeds on N >= 2 reports.

    Returns
    -------
    dict of str to float
        "seed", "report" and "rest": method-of-moments components of a two-way random-effects layout without
        replication, none below 0, as shares of their sum; all NaN when nothing varies.

    Raises
    ------
    ValueError
        Fewer than two seeds or reports.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f"shares of variance need two seeds and two reports, not scores of shape {values.shape}")
    seeds, reports = values.shape
    by_seed, by_report = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    rest = values - by_seed - by_report + values.mean()
    rest_square = float(np.sum(rest**2)) / ((seeds - 1) * (reports - 1))
    seed_square = reports * float(np.var(by_seed, ddof=1))
    report_square = seeds * float(np.var(by_report, ddof=1))
    parts = {
        "seed": max(0.0, (seed_square - rest_square) / reports),
        "report": max(0.0, (report_square - rest_square) / seeds),
        "rest": rest_square,
    }
    total = sum(parts.values())
    return {name: part / total if total > 0 else float("nan") for name, part in parts.items()}
