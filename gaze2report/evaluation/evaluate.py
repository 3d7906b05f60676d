"""Everything that can be measured of generated reports: texts, labels, the findings head, and the worst cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.clinical_labels import UncertainPolicy, is_positive, label_matrix
from gaze2report.evaluation.evaluated_case import EvaluatedCase, NotDrafted, decision_matrix, set_label_matrix
from gaze2report.evaluation.findings_scores import FindingScores
from gaze2report.evaluation.measured import (
    ComparedLabels,
    Measured,
    compare_labels,
    measure_head,
    measure_quality,
    measure_rouge,
    measure_text,
)
from gaze2report.evaluation.report_metrics.meteor import MeteorScores, meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, R2GEN, Protocol
from gaze2report.evaluation.report_metrics.report_scores import ALL, ReportPair, ReportScores, Words, score_under
from gaze2report.evaluation.statistics.power import power_note
from gaze2report.types import CHEXPERT_OBSERVATIONS

DRAFT_REPORT = "draft against report"
DRAFT_SET = "draft against set labels"
HEAD_SET = "findings head against set labels"
HEAD_REPORT = "findings head against report labels"
FEW_LABELS = 20
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class WorstCase:
    """A case that the draft got wrong, and how.

    Attributes
    ----------
    case : EvaluatedCase
    f1 : float
        Of its labels, against what ``against`` says.
    missed, added : tuple of str
        Observations that only the reference has, and that only the draft has.
    against : str
        ``report`` or ``set labels``.
    """

    case: EvaluatedCase
    f1: float
    missed: tuple[str, ...]
    added: tuple[str, ...]
    against: str


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result, from which tables, files and page are made.

    Attributes
    ----------
    title : str
    facts : tuple of (name, value)
        What was evaluated on what.
    cases, not_drafted
        Which cases count, and which do not and why.
    protocols : tuple of Protocol
        Under which texts were compared; empty where there is no reference.
    uncertain : str
        What an uncertain label counts as.
    measured : tuple of Measured
        Every number.
    texts : tuple of ReportScores
    labels : tuple of ComparedLabels
    head : dict
        Which labels to the scores of the 14 observations.
    worst : tuple of WorstCase
    notes : tuple of str
        What a reader must know, as sentences.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    cases: tuple[EvaluatedCase, ...]
    not_drafted: tuple[NotDrafted, ...]
    protocols: tuple[Protocol, ...]
    uncertain: UncertainPolicy
    measured: tuple[Measured, ...]
    texts: tuple[ReportScores, ...] = ()
    labels: tuple[ComparedLabels, ...] = ()
    head: dict[str, list[FindingScores]] = field(default_factory=dict)
    worst: tuple[WorstCase, ...] = ()
    notes: tuple[str, ...] = ()


def evaluate_cases(
    cases: Sequence[EvaluatedCase],
    *,
    title: str = "Evaluation",
    facts: Sequence[tuple[str, str]] = (),
    not_drafted: Sequence[NotDrafted] = (),
    protocols: Sequence[Protocol] = (COCO, R2GEN),
    uncertain: UncertainPolicy = "positive",
    training_texts: Sequence[str] | None = None,
    supplied: Callable[[Sequence[EvaluatedCase]], list[Measured]] = lambda _: [],
    n_worst: int = 8,
    notes: Sequence[str] = (),
    meteor_by: Callable[[Words, Words, Sequence[Sequence[int]]], MeteorScores | NotRun] = meteor,
) -> Evaluation:
    """Measure everything that the cases allow.

    Parameters
    ----------
    cases : sequence of EvaluatedCase
        At least one.
    training_texts : sequence of str or None
        Reports that the model was trained on, for the rows of seen and unseen texts.
    supplied : callable
        Measures metrics from files of the user on the cases that have a reference.
    n_worst : int
        How many of the worst cases to tell.

    Raises
    ------
    ValueError
        There are no cases.
    """
    if not cases:
        raise ValueError("there are no cases to evaluate")
    said = list(notes)
    told = [case for case in cases if case.reference is not None]
    parts = _Parts(cases, told, uncertain)
    texts: list[ReportScores] = []
    if told:
        pairs = [ReportPair(c.patient_id, c.generated, c.reference or "", c.has_prior) for c in told]
        texts = score_under(
            pairs, protocols, training_texts=training_texts, meteor_by=meteor_by, meanwhile=parts.measure
        )
        said += texts[0].notes
        if len(told) < len(cases):
            said.append(f"{len(cases) - len(told)} of {len(cases)} cases have no report; they count by labels only.")
    else:
        parts.measure({})
        said.append("The set holds no reports: it is evaluated by labels alone, and no text metric exists for it.")
    measured = [row for scores in texts for row in measure_text(scores, [case.patient_id for case in told])]
    measured += parts.measured
    measured += supplied(told) if told else []
    note = power_note(len({case.patient_id for case in cases}))
    return Evaluation(
        title=title,
        facts=tuple(facts),
        cases=tuple(cases),
        not_drafted=tuple(not_drafted),
        protocols=tuple(protocols) if texts else (),
        uncertain=uncertain,
        measured=tuple(measured),
        texts=tuple(texts),
        labels=tuple(parts.compared),
        head=parts.head,
        worst=tuple(parts.worst(n_worst)),
        notes=tuple(dict.fromkeys([*said, *parts.notes, *([note] if note else [])])),
    )


class _Parts:
    """All that does not wait for METEOR's program: texts by themselves, labels of all sides, the findings head."""

    def __init__(self, cases: Sequence[EvaluatedCase], told: Sequence[EvaluatedCase], uncertain: UncertainPolicy):
        self._cases, self._told, self._uncertain = cases, told, uncertain
        self.compared: list[ComparedLabels] = []
        self.head: dict[str, list[FindingScores]] = {}
        self.notes: list[str] = []
        self.measured: list[Measured] = []

    def measure(self, of_text: dict[str, Numbers]) -> None:
        """Measure it; ``of_text`` holds the numbers, among the cases with a reference, of each row of text metrics."""
        self._generated = label_matrix([case.generated for case in self._cases])
        self._of_told = np.array([n for n, c in enumerate(self._cases) if c.reference is not None], dtype=np.intp)
        self._reference = label_matrix([case.reference or "" for case in self._told])
        self._set = set_label_matrix(self._cases)
        groups = {ALL: np.arange(len(self._cases), dtype=np.intp)}
        self.measured = measure_rouge(self._told, of_text) if self._told else []
        of_all = {name: self._of_told[group] for name, group in of_text.items() if name != ALL}
        self.measured += measure_quality(self._cases, groups | of_all)
        self.measured += self._compare_all(of_text, groups)

    def _compare_all(self, of_text: dict[str, Numbers], groups: dict[str, Numbers]) -> list[Measured]:
        """Compare the labels of all sides."""
        patients = [case.patient_id for case in self._cases]
        of_told = [case.patient_id for case in self._told]
        known = ~np.isnan(self._set)
        has_head = any(case.probabilities is not None for case in self._cases)
        if self._told:
            self._compare(DRAFT_REPORT, self._generated[self._of_told], self._reference, of_told, of_text)
        if known.any():
            self._compare(DRAFT_SET, self._generated, self._set, patients, groups, known)
        measured: list[Measured] = []
        if has_head and known.any():
            self._compare(HEAD_SET, decision_matrix(self._cases), self._set, patients, groups, known)
            self.head[HEAD_SET], rows = measure_head(self._cases, self._set, HEAD_SET)
            measured += rows
        elif has_head and self._told:
            # A report that does not speak of an observation says that it is not there.
            labels = is_positive(self._reference, self._uncertain).astype(np.float64)
            self._compare(HEAD_REPORT, decision_matrix(self._told), labels, of_told, of_text)
            self.head[HEAD_REPORT], rows = measure_head(self._told, labels, HEAD_REPORT)
            measured += rows
        self._note(has_head, known)
        return [row for compared in self.compared for row in compared.measured] + measured

    def worst(self, count: int) -> list[WorstCase]:
        """Cases whose labels agree least, the most wrong observations first."""
        known = ~np.isnan(self._set)
        by_report = bool(self._told)
        indices = self._of_told if by_report else np.flatnonzero(known.any(axis=1))
        truth = np.zeros(self._set.shape, dtype=np.bool_)
        truth[self._of_told] = is_positive(self._reference, self._uncertain)
        if not by_report:
            truth = self._set == 1
        said = is_positive(self._generated, self._uncertain)
        if not by_report:
            said &= known
        rows = []
        for number in indices:
            missed, added = truth[number] & ~said[number], said[number] & ~truth[number]
            hits, wrong = int((truth[number] & said[number]).sum()), int(missed.sum() + added.sum())
            f1 = 2 * hits / (2 * hits + wrong) if hits + wrong else 1.0
            rows.append((f1, -wrong, int(number), missed, added))
        rows.sort(key=lambda row: row[:3])
        names = np.array(CHEXPERT_OBSERVATIONS)
        against = "report" if by_report else "set labels"
        return [
            WorstCase(self._cases[number], f1, tuple(names[missed]), tuple(names[added]), against)
            for f1, wrong, number, missed, added in rows[:count]
            if wrong
        ]

    def _compare(
        self,
        of: str,
        generated: NDArray[np.float64],
        reference: NDArray[np.float64],
        patients: Sequence[str],
        groups: dict[str, Numbers],
        known: NDArray[np.bool_] | None = None,
    ) -> None:
        self.compared.append(
            compare_labels(of, generated, reference, patients, groups, uncertain=self._uncertain, known=known)
        )

    def _note(self, has_head: bool, known: NDArray[np.bool_]) -> None:
        if known.any():
            few = [
                f"{name} {int((self._set[:, column] == 1).sum())}"
                for column, name in enumerate(CHEXPERT_OBSERVATIONS)
                if 0 < (self._set[:, column] == 1).sum() < FEW_LABELS
            ]
            if few:
                self.notes.append(f"Few positive cases, so that their figures mean little: {', '.join(few)}.")
            unknown = int((~known).sum())
            if unknown:
                self.notes.append(
                    f"{unknown} of {known.size} labels of the set are unknown; what is said of them does not count."
                )
        elif self._told:
            self.notes.append("The set carries no labels of its own; labels are those of its reports, by our rules.")
        if not has_head:
            self.notes.append("No probabilities of a findings head come with these texts, so it is not measured.")
