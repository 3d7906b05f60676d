"""Scores with intervals, as plain rows: what every table, CSV, JSON and figure of an evaluation is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.clinical_labels import UncertainPolicy
from gaze2report.evaluation.evaluated_case import (
    EvaluatedCase,
    probability_matrix,
)
from gaze2report.evaluation.findings_scores import FindingScores, score_finding
from gaze2report.evaluation.label_scores import (
    FIVE_OBSERVATIONS,
    LabelScores,
    example_f1,
    macro_f1,
    micro_f1,
    score_labels,
)
from gaze2report.evaluation.report_metrics.bleu import LONGEST, bleu_of_counts, ngrams
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO
from gaze2report.evaluation.report_metrics.report_scores import ALL, ReportScores
from gaze2report.evaluation.report_metrics.rouge import rouge_score_f1
from gaze2report.evaluation.report_metrics.text_quality import (
    REPEATED_LENGTH,
    compares,
    repeated_sentence_share,
)
from gaze2report.evaluation.statistics.bootstrap import (
    Interval,
    OfTotals,
    PatientDraws,
    bootstrap_of_totals,
    draw_patients,
)
from gaze2report.types import CHEXPERT_OBSERVATIONS

DRAWS = 2000
SEED = 0
ROUGE_SCORE = "rouge_score"
TEXT, QUALITY, LABELS, HEAD, SUPPLIED = "text", "quality", "labels", "head", "supplied"
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Measured:
    """One number.

    Attributes
    ----------
    part : str
        ``text``, ``quality``, ``labels``, ``head`` or ``supplied``.
    of : str
        Protocol, or which two sides are compared.
    row : str
        Which cases: all, unseen text, seen text; of the head, which observation.
    metric : str
    score : float or NotRun
    low, high : float
        95 % interval, patients resampled; NaN where there is none.
    cases, patients : int
    """

    part: str
    of: str
    row: str
    metric: str
    score: float | NotRun
    low: float = float("nan")
    high: float = float("nan")
    cases: int = 0
    patients: int = 0

    @property
    def value(self) -> float:
        """The score, NaN where it was not run."""
        return float("nan") if isinstance(self.score, NotRun) else self.score


def of_interval(part: str, of: str, row: str, metric: str, found: Interval | NotRun, cases: int) -> Measured:
    """One number from an interval, or from why there is none."""
    if isinstance(found, NotRun):
        return Measured(part, of, row, metric, found, cases=cases)
    return Measured(part, of, row, metric, found.value, found.low, found.high, cases, found.patients)


def resampled_mean(
    values: NDArray[np.float64], patient_ids: Sequence[str], why_none: str = "there are no values"
) -> Interval | NotRun:
    """Mean of values, shape (N,), with its interval; NaN values are left out."""
    known = ~np.isnan(values)
    if not known.any():
        return NotRun(why_none)
    totals = np.stack([values[known], np.ones(int(known.sum()))], axis=1)
    return _resampled(totals, _mean, np.asarray(patient_ids)[known].tolist())


def measure_text(scores: ReportScores, patient_ids: Sequence[str]) -> list[Measured]:
    """Text metrics under one protocol, for all reports and apart for texts the model has and has not seen."""
    found = []
    for row in scores.rows:
        group = scores.groups[row.name]
        if not len(group):
            found.append(Measured(TEXT, scores.protocol.name, row.name, "BLEU-4", NotRun("no reports in this row")))
            continue
        of_group = np.asarray(patient_ids)[group].tolist()
        for order in range(1, LONGEST + 1):
            interval = _resampled(scores.bleu_counts[group], _bleu(order), of_group)
            found.append(of_interval(TEXT, scores.protocol.name, row.name, f"BLEU-{order}", interval, len(group)))
        by_meteor = row.scores["METEOR"]
        found.append(Measured(TEXT, scores.protocol.name, row.name, "METEOR", by_meteor, cases=len(group)))
        for name, metric in (("METEOR", "METEOR mean"), ("ROUGE-L", "ROUGE-L"), ("CIDEr", "CIDEr")):
            if name in scores.per_report:
                interval_or_why = resampled_mean(scores.per_report[name][group], of_group)
                found.append(of_interval(TEXT, scores.protocol.name, row.name, metric, interval_or_why, len(group)))
    return found


def measure_rouge(cases: Sequence[EvaluatedCase], groups: dict[str, Numbers]) -> list[Measured]:
    """ROUGE as Google's package has it, for cases with a reference."""
    scores = np.array([rouge_score_f1(case.generated, case.reference or "") for case in cases]).reshape(-1, 3)
    found = []
    for row, group in groups.items():
        of_group = [cases[number].patient_id for number in group]
        for column, metric in enumerate(("ROUGE-1", "ROUGE-2", "ROUGE-L")):
            if len(group):
                interval = resampled_mean(scores[group, column], of_group)
                found.append(of_interval(TEXT, ROUGE_SCORE, row, metric, interval, len(group)))
    return found


def measure_quality(cases: Sequence[EvaluatedCase], groups: dict[str, Numbers]) -> list[Measured]:
    """What can be said of the texts alone: length, repetition, empty ones, comparisons with a film nobody had."""
    tokens = [COCO.words(case.generated) for case in cases]
    counted = [ngrams(one, REPEATED_LENGTH) for one in tokens]
    values = {
        "words": [float(len(one)) for one in tokens],
        "empty": [float(not one) for one in tokens],
        "repeated sentences": [repeated_sentence_share(case.generated) for case in cases],
        "repeated 4-grams": [1.0 - len(one) / one.total() if one else 0.0 for one in counted],
        "hallucinated prior": [float(compares(c.generated)) if c.has_prior is False else float("nan") for c in cases],
        "seconds a draft": [case.total_s for case in cases],
    }
    if any(case.reference is not None for case in cases):
        values["reference words"] = [
            float(len(COCO.words(case.reference))) if case.reference is not None else float("nan") for case in cases
        ]
    found = []
    for row, group in groups.items():
        if not len(group):
            continue
        of_group = [cases[number].patient_id for number in group]
        why_none = "of no report is it known that there was no earlier study"
        for name, column in values.items():
            interval = resampled_mean(np.array(column, dtype=np.float64)[group], of_group, why_none)
            if not (isinstance(interval, NotRun) and name == "seconds a draft"):
                found.append(of_interval(QUALITY, "texts", row, name, interval, len(group)))
        distinct = len({" ".join(tokens[number]) for number in group}) / len(group)
        found.append(Measured(QUALITY, "texts", row, "distinct", distinct, cases=len(group)))
    return found


@dataclass(frozen=True, eq=False)
class ComparedLabels:
    """F1 of labels of two sides over the 14 and the 5 observations.

    Attributes
    ----------
    of : str
        Which sides.
    fourteen : LabelScores
    measured : list of Measured
    """

    of: str
    fourteen: LabelScores
    measured: list[Measured]


def compare_labels(
    of: str,
    generated: NDArray[np.float64],
    reference: NDArray[np.float64],
    patient_ids: Sequence[str],
    groups: dict[str, Numbers],
    *,
    uncertain: UncertainPolicy,
    known: NDArray[np.bool_] | None = None,
) -> ComparedLabels:
    """F1, micro, macro and example-based, with intervals, of label matrices of shape (N, 14)."""
    fourteen = score_labels(generated, reference, uncertain=uncertain, known=known)
    found = []
    for observations in (CHEXPERT_OBSERVATIONS, FIVE_OBSERVATIONS):
        columns = [CHEXPERT_OBSERVATIONS.index(name) for name in observations]
        size = len(observations)
        for row, group in groups.items():
            if not len(group):
                continue
            counts = fourteen.counts[group][:, columns]
            of_group = np.asarray(patient_ids)[group].tolist()
            totals = counts.reshape(len(group), size * 3)
            examples = example_f1(counts)
            for name, interval in (
                (f"micro F1 ({size})", _resampled(totals, _micro(size), of_group)),
                (f"macro F1 ({size})", _resampled(totals, _macro(size), of_group)),
                (f"example F1 ({size})", resampled_mean(examples, of_group)),
            ):
                found.append(of_interval(LABELS, of, row, name, interval, len(group)))
    for column, name in enumerate(CHEXPERT_OBSERVATIONS):
        interval = _resampled(fourteen.counts[:, column], _micro(1), patient_ids)
        value = NotRun("neither side has it") if np.isnan(interval.value) else interval
        found.append(of_interval(LABELS, of, ALL, f"F1 {name}", value, len(patient_ids)))
    return ComparedLabels(of, fourteen, found)


def measure_head(
    cases: Sequence[EvaluatedCase], labels: NDArray[np.float64], of: str
) -> tuple[list[FindingScores], list[Measured]]:
    """AUROC and calibration of the findings head against label columns, shape (N, 14)."""
    patients = [case.patient_id for case in cases]
    probabilities = probability_matrix(cases)
    scored = [
        score_finding(name, probabilities[:, column], labels[:, column], patients, draw=draws_of)
        for column, name in enumerate(CHEXPERT_OBSERVATIONS)
    ]
    found = []
    for one in scored:
        if not one.cases:
            found.append(of_interval(HEAD, of, one.name, "AUROC", one.auroc, 0))
            continue
        for metric, value in (("AUROC", one.auroc), ("ECE", one.calibration_error), ("Brier", one.brier)):
            found.append(of_interval(HEAD, of, one.name, metric, value, one.cases))
        found.append(Measured(HEAD, of, one.name, "positive", float(one.positive), cases=one.cases))
    return scored, found


def _resampled(values: NDArray[np.float64] | NDArray[np.int64], score: OfTotals, patients: Sequence[str]) -> Interval:
    return bootstrap_of_totals(values, score, draws_of(patients))


def draws_of(patients: Sequence[str]) -> PatientDraws:
    """Resampled sets of these patients; the same for every score of an evaluation, and drawn once."""
    return _drawn(tuple(patients))


@lru_cache(maxsize=6)
def _drawn(patients: tuple[str, ...]) -> PatientDraws:
    return draw_patients(patients, DRAWS, np.random.default_rng(SEED))


def _mean(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(totals[:, 1] > 0, totals[:, 0] / np.maximum(totals[:, 1], 1e-12), np.nan)


def _bleu(order: int) -> OfTotals:
    return lambda totals: bleu_of_counts(totals[:, None, :])[:, order - 1]  # type: ignore[arg-type]


def _micro(size: int) -> OfTotals:
    return lambda totals: micro_f1(totals.reshape(len(totals), 1, size, 3))  # type: ignore[arg-type]


def _macro(size: int) -> OfTotals:
    return lambda totals: macro_f1(totals.reshape(len(totals), 1, size, 3))  # type: ignore[arg-type]
