"""Metrics that need weights, annotations or scores of the user: each runs when its files are named, else says so."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import UnreadableInput
from gaze2report.evaluation.clinical_labels import UncertainPolicy, is_positive
from gaze2report.evaluation.evaluated_case import EvaluatedCase
from gaze2report.evaluation.label_scores import FIVE_OBSERVATIONS
from gaze2report.evaluation.measured import SUPPLIED, Measured, compare_labels, of_interval, resampled_mean
from gaze2report.evaluation.report_metrics.bleu import bleu
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO
from gaze2report.evaluation.report_metrics.report_scores import ALL
from gaze2report.types import CHEXPERT_OBSERVATIONS

Values = NDArray[np.float64]
RADCLIQ = "RadCliQ-v1 (lower is better)"


@dataclass(frozen=True)
class SuppliedFiles:
    """Paths that the user has named; None where not.

    Attributes
    ----------
    chexbert : Path
        Folder that ``import-chexbert`` has written.
    radgraph : (Path, Path)
        Annotations of the generated texts and of the references.
    bert_score, bert_score_layer, bert_score_baseline
        Model folder, layer, and file of baselines.
    ratescore : (Path, Path, Path)
        Model of entities, model of embeddings, table of weights.
    scores : Path
        CSV with ``id`` and a column for each metric that another program has computed.
    """

    chexbert: Path | None = None
    radgraph: tuple[Path, Path] | None = None
    bert_score: Path | None = None
    bert_score_layer: int | None = None
    bert_score_baseline: Path | None = None
    ratescore: tuple[Path, Path, Path] | None = None
    scores: Path | None = None


def measure_supplied(
    files: SuppliedFiles, cases: Sequence[EvaluatedCase], uncertain: UncertainPolicy
) -> list[Measured]:
    """Run every metric whose files are named, on cases with a reference.

    Raises
    ------
    UnreadableInput
        If a file that is named cannot be used.
    """
    embedding, found = _chexbert(files, cases, uncertain)
    radgraph, rows = _radgraph(files, cases)
    found += rows
    bert_score, rows = _bert_score(files, cases)
    found += rows
    found += _radcliq(cases, radgraph, bert_score, embedding)
    found += _ratescore(files, cases)
    return found + (_scores(files.scores, cases) if files.scores is not None else [])


def _row(name: str, of: str, values: Values | NotRun, cases: Sequence[EvaluatedCase]) -> Measured:
    patients = [case.patient_id for case in cases]
    score = values if isinstance(values, NotRun) else resampled_mean(values, patients)
    return of_interval(SUPPLIED, of, ALL, name, score, len(cases))


def _texts(cases: Sequence[EvaluatedCase]) -> tuple[list[str], list[str]]:
    return [case.generated for case in cases], [case.reference or "" for case in cases]


def _chexbert(
    files: SuppliedFiles, cases: Sequence[EvaluatedCase], uncertain: UncertainPolicy
) -> tuple[Values | None, list[Measured]]:
    if files.chexbert is None:
        none = NotRun("no weights were named (--chexbert FOLDER, made by import-chexbert)")
        return None, [_row("CheXbert F1", "CheXbert", none, cases)]
    from gaze2report.evaluation.supplied.chexbert import CheXbert
    from gaze2report.evaluation.supplied.radcliq import cosine

    labeler = CheXbert.load(files.chexbert)
    (labels, vectors), (reference_labels, reference_vectors) = (labeler.read(texts) for texts in _texts(cases))
    said = f"CheXbert, uncertain labels count as {uncertain}"
    patients, groups = [case.patient_id for case in cases], {ALL: np.arange(len(cases), dtype=np.intp)}
    compared = compare_labels(said, labels, reference_labels, patients, groups, uncertain=uncertain)
    rows = [replace(row, part=SUPPLIED, metric=f"CheXbert {row.metric}") for row in compared.measured]
    agrees = exact_agreement(labels, reference_labels, uncertain)
    rows.append(_row("CheXbert accuracy (all of 5)", said, agrees, cases))
    return cosine(vectors, reference_vectors), rows


def exact_agreement(generated: Values, reference: Values, uncertain: UncertainPolicy) -> Values:
    """Whether the 5 observations of competition are all alike, 1 or 0 of each report: f1chexbert's accuracy."""
    columns = [CHEXPERT_OBSERVATIONS.index(name) for name in FIVE_OBSERVATIONS]
    sides = [is_positive(labels[:, columns], uncertain) for labels in (generated, reference)]
    return np.asarray((sides[0] == sides[1]).all(axis=1), dtype=np.float64)


def _radgraph(files: SuppliedFiles, cases: Sequence[EvaluatedCase]) -> tuple[Values | None, list[Measured]]:
    said = "RadGraph, annotations of the user"
    if files.radgraph is None:
        none = NotRun("no annotations were named (--radgraph GENERATED.json REFERENCE.json)")
        return None, [_row("RadGraph F1", said, none, cases)]
    from gaze2report.evaluation.supplied.radgraph import radcliq_radgraph, radgraph_f1, read_annotations

    names = [case.case_id for case in cases]
    generated, references = (
        read_annotations(path, names, texts.__getitem__)
        for path, texts in zip(files.radgraph, _texts(cases), strict=True)
    )
    pairs = list(zip(generated, references, strict=True))
    scores = np.array([radgraph_f1(one, other) for one, other in pairs]).reshape(len(pairs), 3)
    kinds = ("simple", "partial", "complete")
    rows = [_row(f"RadGraph F1 {kind}", said, scores[:, column], cases) for column, kind in enumerate(kinds)]
    return np.array([radcliq_radgraph(one, other) for one, other in pairs]), rows


def _bert_score(files: SuppliedFiles, cases: Sequence[EvaluatedCase]) -> tuple[Values | None, list[Measured]]:
    if files.bert_score is None:
        none = NotRun("no model was named (--bertscore FOLDER)")
        return None, [_row("BERTScore F1", "BERTScore", none, cases)]
    from gaze2report.evaluation.supplied.bert_score import (
        DISTILROBERTA_BASELINE,
        DISTILROBERTA_LAYER,
        BertScorer,
        read_baseline,
    )

    scorer = BertScorer(files.bert_score, files.bert_score_layer)
    baseline, name = None, ""
    if files.bert_score_baseline is not None:
        baseline, name = read_baseline(files.bert_score_baseline, scorer.layer), files.bert_score_baseline.name
    scores = scorer.score(*_texts(cases), baseline, name)
    rows = [
        _row(f"BERTScore {kind}", f"BERTScore: {scores.made}", values, cases)
        for kind, values in (("precision", scores.precision), ("recall", scores.recall), ("F1", scores.f1))
    ]
    if not scorer.is_distilroberta:
        return None, rows
    if scorer.layer != DISTILROBERTA_LAYER or baseline is not None:
        scorer = BertScorer(files.bert_score, DISTILROBERTA_LAYER)
    return scorer.score(*_texts(cases), DISTILROBERTA_BASELINE, "distilroberta-base").f1, rows


def _radcliq(
    cases: Sequence[EvaluatedCase], radgraph: Values | None, bert_score: Values | None, embedding: Values | None
) -> list[Measured]:
    parts = {
        "--radgraph": radgraph,
        "--bertscore with distilroberta-base": bert_score,
        "--chexbert": embedding,
    }
    missing = [name for name, values in parts.items() if values is None]
    said = "RadCliQ-v1: published means, scales and weights of RadGraph, BERTScore, CheXbert and BLEU-2"
    if radgraph is None or bert_score is None or embedding is None:
        return [_row(RADCLIQ, said, NotRun(f"it is made of other metrics; missing: {', '.join(missing)}"), cases)]
    from gaze2report.evaluation.supplied.radcliq import radcliq_v1

    bleu2 = np.array([bleu([COCO.words(c.generated)], [COCO.words(c.reference or "")])[1] for c in cases])
    return [_row(RADCLIQ, said, radcliq_v1(radgraph, bert_score, embedding, np.nan_to_num(bleu2)), cases)]


def _ratescore(files: SuppliedFiles, cases: Sequence[EvaluatedCase]) -> list[Measured]:
    if files.ratescore is None:
        none = NotRun("no models were named (--ratescore ENTITY_MODEL EMBEDDING_MODEL WEIGHTS.json)")
        return [_row("RaTEScore", "RaTEScore", none, cases)]
    from gaze2report.evaluation.supplied.ratescore import RateScorer

    scorer = RateScorer(*files.ratescore)
    said = f"RaTEScore, weights {files.ratescore[2].name}, sentences by our own rule"
    return [_row("RaTEScore", said, scorer.score(*_texts(cases)), cases)]


def _scores(path: Path, cases: Sequence[EvaluatedCase]) -> list[Measured]:
    columns = read_scores(path, [case.case_id for case in cases])
    return [_row(name, f"scores of another program ({path.name})", values, cases) for name, values in columns.items()]


def read_scores(path: Path, case_ids: Sequence[str]) -> dict[str, Values]:
    """Read scores that another program has computed, in the order of the cases; an empty cell is NaN.

    Raises
    ------
    UnreadableInput
        If a case is missing, or a cell is no number.
    """
    rows: dict[str, dict[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            names = [name for name in reader.fieldnames or () if name and name != "id"]
            if "id" not in (reader.fieldnames or ()) or not names:
                raise UnreadableInput(path, "needs a column id and one or more columns of scores")
            rows = {row["id"]: row for row in reader}
        missing = [case_id for case_id in case_ids if case_id not in rows]
        if missing:
            raise UnreadableInput(path, f"has no row of case {missing[0]}")
        return {
            name: np.array([float(rows[case_id][name] or "nan") for case_id in case_ids], dtype=np.float64)
            for name in names
        }
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise UnreadableInput(path, f"is not a table of scores: {error}") from error
