"""What comparators have written, scored: text metrics, labels, variety, and the difference to the template.

Seeds of one comparator are scored as one longer set of reports of the same patients: means are those over seeds, and a
resampled patient brings what every seed wrote of him.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaze2report.comparators.comparator import ReportCase
from gaze2report.comparators.encoded_cases import text_of
from gaze2report.comparators.written_reports import WrittenReports
from gaze2report.evaluation.clinical_labels import NO_FINDING, label_matrix
from gaze2report.evaluation.label_scores import LabelScores, macro_f1, micro_f1, score_labels
from gaze2report.evaluation.report_metrics.bleu import bleu_of_counts
from gaze2report.evaluation.report_metrics.meteor import MeteorScores, meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, Protocol
from gaze2report.evaluation.report_metrics.report_scores import (
    ALL,
    SEEN,
    UNSEEN,
    ReportPair,
    ReportScores,
    Score,
    is_seen,
    score_reports,
)
from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval, mean_of
from gaze2report.evaluation.system_comparison import ComparedMetric, SystemComparison, compare_systems
from gaze2report.types import CHEXPERT_OBSERVATIONS

FINDINGS: tuple[str, ...] = tuple(name for name in CHEXPERT_OBSERVATIONS if name != NO_FINDING)
"""The observations without "No Finding", which a template that calls every film normal gets right on normal films."""
MICRO, MACRO, OF_FINDINGS = "micro F1 (14)", "macro F1 (14)", "micro F1 (13)"
SHOWN = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", MICRO, MACRO, OF_FINDINGS, "words")
SEED = 0

Numbers = NDArray[np.intp]
Words = Sequence[Sequence[str]]
MeteorBy = Callable[[Words, Words, Sequence[Sequence[int]]], MeteorScores | NotRun]


@dataclass(frozen=True, eq=False)
class ScoredComparator:
    """One comparator's line of the table.

    Attributes
    ----------
    rows : dict of str to dict
        ``all``, ``unseen text``, ``seen text`` to the scores of ``SHOWN``; a row without reports is left out.
    reports : dict of str to int
        How many test reports each row holds.
    intervals : dict of str to Interval
        95 %, by patient, of the row of all reports.
    against_template : dict of str to ComparedMetric
        Empty for the template itself, and where no template was run.
    distinct : float
        Share of different texts among those that one seed has written, 0 to 1; mean over seeds.
    fits : tuple of WrittenReports
        One a seed.
    """

    name: str
    rows: dict[str, dict[str, Score]]
    reports: dict[str, int]
    intervals: dict[str, Interval]
    against_template: dict[str, ComparedMetric]
    distinct: float
    fits: tuple[WrittenReports, ...]


@dataclass(frozen=True, eq=False)
class _Scores:
    text: ReportScores
    labels: LabelScores
    findings: LabelScores

    def repeated(self, times: int) -> _Scores:
        """The same reports as if so many seeds had written them; what compares with so many seeds of another."""
        per_report = {name: np.tile(values, times) for name, values in self.text.per_report.items()}
        bleu_counts = np.tile(self.text.bleu_counts, (times, 1))
        return _Scores(
            replace(self.text, per_report=per_report, bleu_counts=bleu_counts),
            replace(self.labels, counts=np.tile(self.labels.counts, (times, 1, 1))),
            replace(self.findings, counts=np.tile(self.findings.counts, (times, 1, 1))),
        )


def score_comparators(
    fits_of: Mapping[str, Sequence[WrittenReports]],
    test: Sequence[ReportCase],
    training_texts: Sequence[str],
    protocol: Protocol,
    *,
    draws: int = 2000,
    meteor_by: MeteorBy = meteor,
) -> list[ScoredComparator]:
    """Score every comparator on the test cases, and compare it with the template where there is one.

    Parameters
    ----------
    meteor_by : callable
        Computes METEOR; it is called once for all comparators, because its program takes seconds to start.
    """
    seen = is_seen([text_of(case.report) for case in test], training_texts)
    pairs_of = {name: _pairs(fits, test) for name, fits in fits_of.items()}
    answers = _meteor_of_all(pairs_of, seen, protocol, meteor_by)
    scores_of = {name: _scores(pairs, training_texts, protocol, answers[name]) for name, pairs in pairs_of.items()}
    scored = []
    for name, fits in fits_of.items():
        scores, patients = scores_of[name], [pair.patient_id for pair in pairs_of[name]]
        against: dict[str, ComparedMetric] = {}
        if "template" in scores_of and name != "template":
            against = _compare(scores, scores_of["template"].repeated(len(fits)), patients, draws)
        rows, reports = _rows(scores, np.tile(seen, len(fits)), len(fits))
        intervals = {
            metric: bootstrap_interval(statistic, patients, np.random.default_rng(SEED), draws=draws)
            for metric, statistic in _statistics(scores).items()
        }
        distinct = float(np.mean([len({_words(text_of(r)) for r in fit.reports.values()}) for fit in fits]) / len(test))
        scored.append(ScoredComparator(name, rows, reports, intervals, against, distinct, tuple(fits)))
    return scored


def _words(text: str) -> str:
    return " ".join(COCO.words(text))


def _pairs(fits: Sequence[WrittenReports], test: Sequence[ReportCase]) -> list[ReportPair]:
    """What each seed wrote beside the reference, seed after seed."""
    return [
        ReportPair(case.patient_id, text_of(fit.reports[case.example_id]), text_of(case.report))
        for fit in fits
        for case in test
    ]


def _meteor_of_all(
    pairs_of: Mapping[str, Sequence[ReportPair]], seen: NDArray[np.bool_], protocol: Protocol, meteor_by: MeteorBy
) -> dict[str, MeteorScores | NotRun]:
    """METEOR of every comparator in one run of its program; groups as in `score_reports`: all, unseen, seen."""
    hypotheses: list[list[str]] = []
    references: list[list[str]] = []
    groups: list[list[int]] = []
    starts: dict[str, int] = {}
    for name, pairs in pairs_of.items():
        starts[name] = len(hypotheses)
        is_seen_row = np.tile(seen, len(pairs) // len(seen))
        for group in (np.arange(len(pairs)), np.flatnonzero(~is_seen_row), np.flatnonzero(is_seen_row)):
            groups.append((group + starts[name]).tolist())
        hypotheses += [protocol.words(pair.generated) for pair in pairs]
        references += [protocol.words(pair.reference) for pair in pairs]
    answer = meteor_by(hypotheses, references, groups)
    if isinstance(answer, NotRun):
        return dict.fromkeys(pairs_of, answer)
    return {
        name: MeteorScores(
            answer.per_report[starts[name] : starts[name] + len(pairs)],
            answer.of_groups[3 * number : 3 * number + 3],
        )
        for number, (name, pairs) in enumerate(pairs_of.items())
    }


def _scores(
    pairs: Sequence[ReportPair],
    training_texts: Sequence[str],
    protocol: Protocol,
    by_meteor: MeteorScores | NotRun,
) -> _Scores:
    matrices = (label_matrix([pair.generated for pair in pairs]), label_matrix([pair.reference for pair in pairs]))
    return _Scores(
        score_reports(pairs, protocol, training_texts=training_texts, meteor_by=lambda *_: by_meteor),
        score_labels(*matrices),
        score_labels(*matrices, FINDINGS),
    )


def _rows(scores: _Scores, seen: NDArray[np.bool_], n_seeds: int) -> tuple[dict[str, dict[str, Score]], dict[str, int]]:
    group_of = {ALL: np.arange(len(seen)), UNSEEN: np.flatnonzero(~seen), SEEN: np.flatnonzero(seen)}
    rows: dict[str, dict[str, Score]] = {}
    reports: dict[str, int] = {}
    for row in scores.text.rows:
        group = group_of[row.name]
        if not len(group):
            continue
        of_labels = {
            MICRO: float(micro_f1(scores.labels.counts[group])),
            MACRO: float(macro_f1(scores.labels.counts[group])),
            OF_FINDINGS: float(micro_f1(scores.findings.counts[group])),
        }
        rows[row.name] = {name: (row.scores | of_labels)[name] for name in SHOWN}
        reports[row.name] = len(group) // n_seeds
    return rows, reports


def _statistics(scores: _Scores) -> dict[str, Callable[[Numbers], float]]:
    """Score of any numbers of reports, for each metric that is resampled."""
    bleu, labels, findings = scores.text.bleu_counts, scores.labels.counts, scores.findings.counts
    found: dict[str, Callable[[Numbers], float]] = {
        "BLEU-1": lambda numbers: float(bleu_of_counts(bleu[numbers])[0]),
        "BLEU-4": lambda numbers: float(bleu_of_counts(bleu[numbers])[3]),
        MICRO: lambda numbers: float(micro_f1(labels[numbers])),
        MACRO: lambda numbers: float(macro_f1(labels[numbers])),
        OF_FINDINGS: lambda numbers: float(micro_f1(findings[numbers])),
    }
    for name in ("METEOR", "ROUGE-L", "CIDEr", "words"):
        if name in scores.text.per_report:
            found[name] = mean_of(scores.text.per_report[name])
    return found


def _compare(scores: _Scores, template: _Scores, patients: Sequence[str], draws: int) -> dict[str, ComparedMetric]:
    """Differences to the template; p-values are corrected over the metrics of each of the two label sets."""
    random = np.random.default_rng(SEED)
    whole = compare_systems(
        (scores.text, scores.labels), (template.text, template.labels), patients, random, draws=draws
    )
    of_findings = compare_systems(
        (scores.text, scores.findings), (template.text, template.findings), patients, random, draws=draws
    )
    renamed = {"micro F1": MICRO, "macro F1": MACRO}
    found = {renamed.get(row.name, row.name): row for row in whole.metrics}
    return found | {OF_FINDINGS: _metric(of_findings, "micro F1")}


def _metric(comparison: SystemComparison, name: str) -> ComparedMetric:
    return next(row for row in comparison.metrics if row.name == name)
