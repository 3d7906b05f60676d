"""Drafts of held-out films: whether they differ, and whether they say what the films' labels say.

Baselines, on the same films: a normal template; the best text that is blind to the image (one fixed set of
observations for every film); the labels of the most similar training film; and the system's own drafts, shuffled
between films.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.models.gaze2report import Gaze2Report, reported_observations
from gaze2report.models.generator import Decoding, seed_of_text
from gaze2report.report_text import assertions, is_unsupported, split_report, split_sentences
from gaze2report.training.evaluate_findings import patient_bootstrap
from gaze2report.training.train_report import FilmBank
from gaze2report.types import CHEXPERT_OBSERVATIONS

Labeler = Callable[[str], frozenset[str]]
_N_SHUFFLES = 20


def asserted(text: str) -> frozenset[str]:
    """Observations that a report's text asserts, by the small rules of `gaze2report.report_text.assertions`."""
    report = split_report(text)
    sentences = split_sentences(f"{report.findings} {report.impression}")
    return frozenset(name for s in sentences for name, is_present in assertions(s).items() if is_present)


def micro_f1(said: Sequence[frozenset[str]], truth: Sequence[frozenset[str]], known: frozenset[str]) -> float:
    """F1 over all pairs of film and known observation; 0 when nothing is said."""
    hits, total = _counts(said, truth, known)
    return 2 * hits.sum() / total.sum() if total.sum() else float("nan")


def _counts(
    said: Sequence[frozenset[str]], truth: Sequence[frozenset[str]], known: frozenset[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hits, and assertions plus labels, of each film: F1 is twice the sum of the first by the sum of the second."""
    pairs = list(zip(said, truth, strict=True))
    hits = np.array([len(a & b & known) for a, b in pairs], dtype=float)
    return hits, np.array([len(a & known) + len(b & known) for a, b in pairs], dtype=float)


@torch.no_grad()
def write_drafts(
    model: Gaze2Report,
    bank: FilmBank,
    decoding: Decoding,
    rows: Sequence[int],
    on_log: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Draft the films of some rows, each with the seed that its own name gives."""
    texts = []
    for row in rows:
        features = model.encoder.from_trunk_map(bank.maps[row : row + 1, 0].float())  # type: ignore[operator]
        seed = seed_of_text(bank.films[row].path.name, 0)
        texts.append(model.draft(features, bank.gaze[row], bank.decisions[row : row + 1], decoding=decoding, seed=seed))
        if len(texts) % 20 == 0:
            on_log(f"  {len(texts)} of {len(rows)} drafts")
    return texts


def draft_summary(
    model: Gaze2Report,
    bank: FilmBank,
    decoding: Decoding,
    similar: Sequence[LabelledFilm],
    n_drafts: int,
    label: Labeler = asserted,
    on_log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Write and judge drafts of randomly chosen test films.

    Parameters
    ----------
    similar : sequence of LabelledFilm
        For each film of the bank the most similar training film.
    label : callable
        What a text asserts. F1 is over pairs of film and supported observation other than ``No Finding``.
    """
    rows = [int(row) for row in np.random.default_rng(0).permutation(len(bank.films))[:n_drafts]]
    known = known_observations(model)
    texts = write_drafts(model, bank, decoding, rows, on_log)
    on_log("\n".join(f"  {count} x {text!r}" for text, count in Counter(texts).most_common(12)))
    said = [label(text) for text in texts]
    labels = [bank.films[row].observations for row in rows]
    decided = [frozenset(reported_observations(bank.decisions[row])) for row in rows]
    is_abnormal = np.array(["No Finding" not in observations for observations in labels])
    reads_abnormal = np.array([bool(observations & known) for observations in said])
    return {
        "films": len(texts),
        "distinct": len(set(texts)),
        "commonest": Counter(texts).most_common(1)[0][1],
        "abnormal_films": int(is_abnormal.sum()),
        "abnormal_films_that_read_abnormal": round(float(reads_abnormal[is_abnormal].mean()), 3),
        "normal_films_that_read_abnormal": round(float(reads_abnormal[~is_abnormal].mean()), 3),
        "f1_with_head": round(micro_f1(said, decided, known), 3),
        "head_f1_with_labels": round(micro_f1(decided, labels, known), 3),
        "unsupported_assertions": sum(len(observations - known) for observations in said),
        "with_both_sections": sum(bool(split_report(t).findings and split_report(t).impression) for t in texts),
        **_flagged(model, bank, rows, texts),
        **beside_baselines(bank, rows, said, labels, [similar[row].observations for row in rows], known),
    }


def known_observations(model: Gaze2Report) -> frozenset[str]:
    """Supported observations other than ``No Finding``."""
    supported = zip(CHEXPERT_OBSERVATIONS, model.calibration.is_supported.tolist(), strict=True)
    return frozenset(name for name, is_supported in supported if is_supported and name != "No Finding")


def decision_summary(model: Gaze2Report, bank: FilmBank, similar: Sequence[LabelledFilm]) -> dict[str, Any]:
    """What the drafts of all films are to say, beside the same baselines; no text is written."""
    said = [frozenset(reported_observations(decisions)) for decisions in bank.decisions]
    labels = [film.observations for film in bank.films]
    known = known_observations(model)
    is_abnormal = np.array(["No Finding" not in observations for observations in labels])
    calls_abnormal = np.array([bool(observations & known) for observations in said])
    rows = range(len(bank.films))
    return {
        "films": len(bank.films),
        "abnormal_films_called_abnormal": round(float(calls_abnormal[is_abnormal].mean()), 3),
        "normal_films_called_abnormal": round(float(calls_abnormal[~is_abnormal].mean()), 3),
        **beside_baselines(bank, rows, said, labels, [film.observations for film in similar], known),
    }


def _flagged(model: Gaze2Report, bank: FilmBank, rows: Sequence[int], texts: Sequence[str]) -> dict[str, float]:
    """Share of sentences that a reader is warned of, and of those that speak of nothing the model knows."""
    threshold = model.calibration.threshold
    limits = dict(zip(CHEXPERT_OBSERVATIONS, [0.5] * len(threshold), strict=True))
    supported = model.calibration.is_supported.tolist()
    verdicts = []
    for row, text in zip(rows, texts, strict=True):
        values = zip(CHEXPERT_OBSERVATIONS, bank.decisions[row].tolist(), supported, strict=True)
        decisions = {name: value if is_supported else None for name, value, is_supported in values}
        report = split_report(text)
        for sentence in split_sentences(report.findings) + split_sentences(report.impression):
            verdicts.append(is_unsupported(sentence, decisions, limits))
    return {
        "sentences": len(verdicts),
        "sentences_flagged_unsupported": round(float(np.mean([v is True for v in verdicts])), 3),
        "sentences_without_observation": round(float(np.mean([v is None for v in verdicts])), 3),
    }


def beside_baselines(
    bank: FilmBank,
    rows: Sequence[int],
    said: Sequence[frozenset[str]],
    labels: Sequence[frozenset[str]],
    of_similar: Sequence[frozenset[str]],
    known: frozenset[str],
) -> dict[str, Any]:
    """F1 of what is said of some rows against the labels, and its difference to every baseline, by patient."""
    patients = np.array([bank.films[row].patient_id for row in rows])
    hits, total = _counts(said, labels, known)

    def f1(chosen: NDArray[np.int64]) -> float:
        return float(2 * hits[chosen].sum() / total[chosen].sum())

    low, high = patient_bootstrap(patients, f1)
    everything = np.arange(len(rows))
    result: dict[str, Any] = {
        "f1_with_labels": round(f1(everything), 3), "f1_low": round(low, 3), "f1_high": round(high, 3)
    }  # fmt: skip
    fixed = best_fixed_set(labels, known)
    baselines = {
        "template": [[frozenset[str]()] * len(rows)],
        "image_blind": [[fixed] * len(rows)],
        "retrieval": [list(of_similar)],
        "shuffled": _shuffles(said),
    }
    result["best_fixed_set"] = sorted(fixed)
    result["baselines"] = {}
    for name, variants in baselines.items():
        counts = [_counts(variant, labels, known) for variant in variants]
        their_hits, their_total = (np.mean([c[i] for c in counts], axis=0) for i in (0, 1))

        def difference(
            chosen: NDArray[np.int64],
            their_hits: NDArray[np.float64] = their_hits,
            their_total: NDArray[np.float64] = their_total,
        ) -> float:
            return f1(chosen) - float(2 * their_hits[chosen].sum() / their_total[chosen].sum())

        low, high = patient_bootstrap(patients, difference)
        result["baselines"][name] = {
            "f1": round(f1(everything) - difference(everything), 3),
            "difference": round(difference(everything), 3),
            "low": round(low, 3),
            "high": round(high, 3),
        }
    return result


def best_fixed_set(labels: Sequence[frozenset[str]], known: frozenset[str]) -> frozenset[str]:
    """Set of observations that, said of every film, has the highest F1: chosen on the labels themselves.

    Stronger than any text that is blind to the image can honestly be.
    """
    names = sorted(known)
    subsets = [frozenset(s) for size in range(1, len(names) + 1) for s in itertools.combinations(names, size)]
    return max(subsets, key=lambda subset: micro_f1([subset] * len(labels), labels, known))


def _shuffles(said: Sequence[frozenset[str]]) -> list[list[frozenset[str]]]:
    rng = np.random.default_rng(1)
    return [[said[int(i)] for i in rng.permutation(len(said))] for _ in range(_N_SHUFFLES)]


def most_similar(vectors: NDArray[np.float32], among: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index of the vector with the highest cosine similarity for each row, both standardised by ``among``."""
    mean, scale = among.mean(0), among.std(0) + 1e-6
    one, other = (vectors - mean) / scale, (among - mean) / scale
    one, other = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (one, other))
    return np.asarray((one @ other.T).argmax(1))
