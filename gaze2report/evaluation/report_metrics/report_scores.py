"""All text metrics of one set of generated reports, in rows for all, for unseen and for seen references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.bleu import LONGEST, bleu_counts, bleu_of_counts
from gaze2report.evaluation.report_metrics.cider import FEW_REFERENCES, cider
from gaze2report.evaluation.report_metrics.meteor import MeteorScores, meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, Protocol, words
from gaze2report.evaluation.report_metrics.rouge import rouge_l
from gaze2report.evaluation.report_metrics.text_quality import (
    hallucinated_prior_rate,
    repeated_ngram_share,
    repeated_sentence_share,
)

Score = float | NotRun
Words = Sequence[Sequence[str]]
ALL, UNSEEN, SEEN = "all", "unseen text", "seen text"


@dataclass(frozen=True)
class ReportPair:
    """A generated report and what the radiologist wrote.

    Attributes
    ----------
    patient_id : str
        Reports of one patient are resampled together.
    generated, reference : str
        Texts.
    has_prior : bool or None
        Whether the generator was given an earlier study; None when unknown.
    """

    patient_id: str
    generated: str
    reference: str
    has_prior: bool | None = None


@dataclass(frozen=True)
class ScoreRow:
    """Scores of some of the reports, by name of the metric."""

    name: str
    reports: int
    scores: dict[str, Score]


@dataclass(frozen=True, eq=False)
class ReportScores:
    """Text metrics of a set of reports under one protocol.

    Attributes
    ----------
    protocol : Protocol
        How texts became words; stated wherever the scores are.
    rows : tuple of ScoreRow
        All reports; then, when training texts were given, those whose reference the model has not and has seen.
    per_report : dict of str to ndarray, shape (N,)
        Metrics that a report has by itself; what statistics resample.
    bleu_counts : ndarray of int64, shape (N, 10)
        From which BLEU of any resampled corpus follows.
    groups : dict of str to ndarray of int
        Name of each row to the numbers of its reports.
    notes : tuple of str
        What a reader must know, as sentences.
    """

    protocol: Protocol
    rows: tuple[ScoreRow, ...]
    per_report: dict[str, NDArray[np.float64]]
    bleu_counts: NDArray[np.int64]
    groups: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())

    def as_text(self) -> str:
        """Tables for people: one line a row, the protocol above, the notes below."""
        names = list(self.rows[0].scores)
        missing = {
            str(score): name for row in self.rows for name, score in row.scores.items() if isinstance(score, NotRun)
        }
        widths = [max(len(name), 7) for name in names]
        lines = [f"protocol {self.protocol.name}", _padded("", "reports", names, widths)]
        for row in self.rows:
            lines.append(_padded(row.name, str(row.reports), [_shown(row.scores[name]) for name in names], widths))
        lines += [self.protocol.description, *(f"{name} {why}." for why, name in missing.items()), *self.notes]
        return "\n".join(lines)


def _padded(name: str, count: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"{name:<12}{count:>8}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _shown(score: Score) -> str:
    return "not run" if isinstance(score, NotRun) else f"{score:.4f}"


def is_seen(references: Sequence[str], training_texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each reference was, word for word, a report to train on; case and punctuation do not count."""
    known = {tuple(COCO.words(text)) for text in training_texts}
    return np.array([tuple(COCO.words(text)) in known for text in references], dtype=np.bool_)


def score_reports(
    pairs: Sequence[ReportPair],
    protocol: Protocol,
    *,
    training_texts: Sequence[str] | None = None,
    meteor_by: Callable[[Words, Words, Sequence[Sequence[int]]], MeteorScores | NotRun] = meteor,
) -> ReportScores:
    """Score generated reports under one protocol; see `score_under`."""
    return score_under(pairs, [protocol], training_texts=training_texts, meteor_by=meteor_by)[0]


def score_under(
    pairs: Sequence[ReportPair],
    protocols: Sequence[Protocol],
    *,
    training_texts: Sequence[str] | None = None,
    meteor_by: Callable[[Words, Words, Sequence[Sequence[int]]], MeteorScores | NotRun] = meteor,
    meanwhile: Callable[[dict[str, NDArray[np.intp]]], None] = lambda _: None,
) -> list[ReportScores]:
    """Score generated reports under each protocol, METEOR's program being started once, beside everything else.

    Parameters
    ----------
    pairs : sequence of ReportPair
        At least one.
    protocols : sequence of Protocol
        Among ``COCO`` and ``R2GEN``.
    training_texts : sequence of str or None
        Reports that the model was trained on; None makes one row only, and the notes say so.
    meteor_by : callable
        Computes METEOR, beside everything else because it takes longest.
    meanwhile : callable
        Other work that the wait for METEOR is used for; told the numbers of the reports of each row.

    Raises
    ------
    ValueError
        There is nothing to score.
    """
    if not pairs:
        raise ValueError("there are no reports to score")
    sides = [
        (words([pair.generated for pair in pairs], protocol), words([pair.reference for pair in pairs], protocol))
        for protocol in protocols
    ]
    groups, notes = _groups(pairs, training_texts)
    with ThreadPoolExecutor(1, "meteor") as executor:
        promised = executor.submit(_meteor_of_all, sides, [group for _, group in groups], meteor_by)
        counts = [bleu_counts(*side) for side in sides]
        per_report = [_per_report(pairs, *side) for side in sides]
        meanwhile(dict(groups))
        by_meteor = promised.result()
    return [
        _scores_under(protocol, pairs, groups, notes, counted, by_report, of_meteor)
        for protocol, counted, by_report, of_meteor in zip(protocols, counts, per_report, by_meteor, strict=True)
    ]


def _meteor_of_all(
    sides: Sequence[tuple[Words, Words]],
    groups: Sequence[NDArray[np.intp]],
    meteor_by: Callable[[Words, Words, Sequence[Sequence[int]]], MeteorScores | NotRun],
) -> list[MeteorScores | NotRun]:
    """METEOR under every protocol in one run of its program: the corpora stand one behind the other."""
    hypotheses = [report for side, _ in sides for report in side]
    references = [report for _, side in sides for report in side]
    size = len(sides[0][0])
    shifted = [(group + size * number).tolist() for number in range(len(sides)) for group in groups]
    answer = meteor_by(hypotheses, references, shifted)
    if isinstance(answer, NotRun):
        return [answer] * len(sides)
    return [
        MeteorScores(
            answer.per_report[size * number : size * (number + 1)],
            answer.of_groups[len(groups) * number : len(groups) * (number + 1)],
        )
        for number in range(len(sides))
    ]


def _scores_under(
    protocol: Protocol,
    pairs: Sequence[ReportPair],
    groups: Sequence[tuple[str, NDArray[np.intp]]],
    notes: tuple[str, ...],
    counts: NDArray[np.int64],
    per_report: dict[str, NDArray[np.float64]],
    by_meteor: MeteorScores | NotRun,
) -> ReportScores:
    if isinstance(by_meteor, MeteorScores):
        per_report["METEOR"] = by_meteor.per_report
    rows = []
    for number, (name, group) in enumerate(groups):
        of_group = by_meteor if isinstance(by_meteor, NotRun) else by_meteor.of_groups[number]
        rows.append(ScoreRow(name, len(group), _row(pairs, group, counts, per_report, of_group)))
    return ReportScores(protocol, tuple(rows), per_report, counts, dict(groups), notes)


def _groups(
    pairs: Sequence[ReportPair], training_texts: Sequence[str] | None
) -> tuple[list[tuple[str, NDArray[np.intp]]], tuple[str, ...]]:
    groups = [(ALL, np.arange(len(pairs), dtype=np.intp))]
    notes = []
    if training_texts is None:
        notes.append("No training reports were given, so reports whose text the model has seen do not stand apart.")
    else:
        seen = is_seen([pair.reference for pair in pairs], training_texts)
        groups += [(UNSEEN, np.flatnonzero(~seen)), (SEEN, np.flatnonzero(seen))]
    if len(pairs) < FEW_REFERENCES:
        notes.append(f"CIDEr weighs words by {len(pairs)} references; under {FEW_REFERENCES} it means little.")
    return groups, tuple(notes)


def _per_report(pairs: Sequence[ReportPair], hypotheses: Words, references: Words) -> dict[str, NDArray[np.float64]]:
    return {
        "ROUGE-L": rouge_l(hypotheses, references),
        "CIDEr": cider(hypotheses, references),
        "words": np.array([len(hypothesis) for hypothesis in hypotheses], dtype=np.float64),
        "reference words": np.array([len(reference) for reference in references], dtype=np.float64),
        "empty": np.array([not COCO.words(pair.generated) for pair in pairs], dtype=np.float64),
        "repeated sentences": np.array([repeated_sentence_share(pair.generated) for pair in pairs]),
        "repeated 4-grams": np.array([repeated_ngram_share(hypothesis) for hypothesis in hypotheses]),
    }


def _row(
    pairs: Sequence[ReportPair],
    group: NDArray[np.intp],
    counts: NDArray[np.int64],
    per_report: dict[str, NDArray[np.float64]],
    by_meteor: Score,
) -> dict[str, Score]:
    none = NotRun("no reports in this row")
    scores: dict[str, Score] = {
        f"BLEU-{order}": float(score) for order, score in enumerate(bleu_of_counts(counts[group]), start=1)
    }
    assert len(scores) == LONGEST
    scores["METEOR"] = by_meteor
    scores |= {
        name: float(values[group].mean()) for name, values in per_report.items() if name != "METEOR" and len(group)
    }
    if not len(group):
        return dict.fromkeys([*scores, *(name for name in per_report if name != "METEOR"), "hallucinated prior"], none)
    prior_of = [pair.has_prior for pair in pairs]
    scores["hallucinated prior"] = hallucinated_prior_rate([pair.generated for pair in pairs], prior_of, group)
    return scores
