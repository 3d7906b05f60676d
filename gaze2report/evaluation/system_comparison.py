"""Two systems on the same reports: differences with intervals, tests corrected for their number, effect sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.label_scores import LabelScores, macro_f1, micro_f1
from gaze2report.evaluation.report_metrics.bleu import bleu_of_counts
from gaze2report.evaluation.report_metrics.report_scores import ReportScores
from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval, mean_of, paired_bootstrap
from gaze2report.evaluation.statistics.power import power_note
from gaze2report.evaluation.statistics.significance import (
    cohen_dz,
    holm,
    permutation_test,
    permutation_test_of_counts,
)

_MEANS = ("METEOR", "ROUGE-L", "CIDEr")


@dataclass(frozen=True)
class ComparedMetric:
    """One metric of two systems.

    Attributes
    ----------
    name : str
        The metric.
    first, second : float
        Score of each system on all reports.
    difference : Interval
        ``first - second``, paired bootstrap by patient.
    p_value, p_corrected : float
        Permutation test by patient, and Holm's correction over the metrics compared.
    effect : float
        Cohen's dz over patients; NaN for a score that single reports do not have.
    """

    name: str
    first: float
    second: float
    difference: Interval
    p_value: float
    p_corrected: float
    effect: float


@dataclass(frozen=True)
class SystemComparison:
    """Two systems, metric by metric, under one protocol and one policy for uncertain labels."""

    protocol: str
    uncertain: str
    metrics: tuple[ComparedMetric, ...]
    notes: tuple[str, ...]

    def as_text(self) -> str:
        """A table for people."""
        lines = [f"protocol {self.protocol}, uncertain labels count as {self.uncertain}"]
        lines.append(
            f"{'':<14}{'first':>9}{'second':>9}{'difference':>12}  {'interval':<20}{'p':>8}{'p (Holm)':>10}{'dz':>8}"
        )
        for row in self.metrics:
            interval = f"{row.difference.low:+.4f} to {row.difference.high:+.4f}"
            effect = "-" if np.isnan(row.effect) else f"{row.effect:.2f}"
            lines.append(
                f"{row.name:<14}{row.first:>9.4f}{row.second:>9.4f}{row.difference.value:>+12.4f}  {interval:<20}"
                f"{row.p_value:>8.4f}{row.p_corrected:>10.4f}{effect:>8}"
            )
        return "\n".join([*lines, *self.notes])


def compare_systems(
    first: tuple[ReportScores, LabelScores],
    second: tuple[ReportScores, LabelScores],
    patient_ids: Sequence[str],
    random: np.random.Generator,
    *,
    draws: int = 2000,
) -> SystemComparison:
    """Compare two systems on the same reports, in the same order.

    Parameters
    ----------
    first, second : tuple of ReportScores and LabelScores
        Scores of each under the same protocol and policy.
    patient_ids : sequence of str
        The patient of each report.
    random : numpy.random.Generator
        Source of chance.
    draws : int
        Resampled sets for an interval; five times as many swaps for a test.

    Raises
    ------
    ValueError
        Protocols, policies or reports differ, so that the scores do not compare.
    """
    (text, labels), (other_text, other_labels) = first, second
    if text.protocol.name != other_text.protocol.name:
        raise ValueError(f"scores under {text.protocol.name} and under {other_text.protocol.name} do not compare")
    if (labels.uncertain, labels.observations) != (other_labels.uncertain, other_labels.observations):
        raise ValueError("label scores over other observations or with another policy for uncertain do not compare")
    rows = [
        _of_counts("BLEU-1", text.bleu_counts, other_text.bleu_counts, _bleu(1), patient_ids, random, draws),
        _of_counts("BLEU-4", text.bleu_counts, other_text.bleu_counts, _bleu(4), patient_ids, random, draws),
        *(
            _of_means(name, text.per_report[name], other_text.per_report[name], patient_ids, random, draws)
            for name in _MEANS
            if name in text.per_report and name in other_text.per_report
        ),
        _of_counts("micro F1", labels.counts, other_labels.counts, _micro, patient_ids, random, draws),
        _of_counts("macro F1", labels.counts, other_labels.counts, _macro, patient_ids, random, draws),
    ]
    corrected = holm([row.p_value for row in rows])
    compared = tuple(
        ComparedMetric(row.name, row.first, row.second, row.difference, row.p_value, float(p), row.effect)
        for row, p in zip(rows, corrected, strict=True)
    )
    note = power_note(len(set(patient_ids)))
    notes = ["METEOR is the mean of the reports here; the score of a corpus is another mean."]
    notes = notes if any(row.name == "METEOR" for row in rows) else []
    return SystemComparison(text.protocol.name, labels.uncertain, compared, (*notes, *([note] if note else [])))


_OfTotals = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def _bleu(order: int) -> _OfTotals:
    return lambda totals: bleu_of_counts(totals[..., None, :])[..., order - 1]


def _micro(totals: NDArray[np.int64]) -> NDArray[np.float64]:
    return micro_f1(totals[..., None, :, :])


def _macro(totals: NDArray[np.int64]) -> NDArray[np.float64]:
    return macro_f1(totals[..., None, :, :])


def _of_counts(
    name: str,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    score: _OfTotals,
    patient_ids: Sequence[str],
    random: np.random.Generator,
    draws: int,
) -> ComparedMetric:
    def difference(numbers: NDArray[np.intp]) -> float:
        return float(score(first[numbers].sum(axis=0)) - score(second[numbers].sum(axis=0)))

    tested = permutation_test_of_counts(first, second, score, patient_ids, random, draws=5 * draws)
    interval = bootstrap_interval(difference, patient_ids, random, draws=draws)
    of_first, of_second = (float(score(counts.sum(axis=0))) for counts in (first, second))
    return ComparedMetric(name, of_first, of_second, interval, tested.p_value, float("nan"), float("nan"))


def _of_means(
    name: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    patient_ids: Sequence[str],
    random: np.random.Generator,
    draws: int,
) -> ComparedMetric:
    tested = permutation_test(first, second, patient_ids, random, draws=5 * draws)
    interval = paired_bootstrap(mean_of(first), mean_of(second), patient_ids, random, draws=draws)
    _, of_report = np.unique(np.asarray(patient_ids), return_inverse=True)
    by_patient = [np.bincount(of_report, weights=values) / np.bincount(of_report) for values in (first, second)]
    return ComparedMetric(
        name, float(first.mean()), float(second.mean()), interval, tested.p_value, float("nan"), cohen_dz(*by_patient)
    )
