"""What an adapter version is measured by before it is written, on patients and reports it was not trained on.

Watched above all: whether drafts differ between films, and whether a shuffled image raises the report loss. If it
does not, the language model ignores the image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.weak_pairing import films_for_reports
from gaze2report.models.gaze2report import Gaze2Report, reported_observations
from gaze2report.models.generator import Decoding
from gaze2report.report_text import assertions, split_report, split_sentences
from gaze2report.training.train_findings import auroc
from gaze2report.training.train_report import FilmBank, shuffled_image_gap
from gaze2report.types import CHEXPERT_OBSERVATIONS

N_BOOTSTRAP = 1000


def measure(
    model: Gaze2Report,
    bank: FilmBank,
    reports: list[LabelledReport],
    pool: SentencePool,
    recipe: Any,
    on_log: Callable[[str], None],
    n_drafts: int = 100,
) -> dict[str, Any]:
    """Measure AUROC with intervals, the shuffled-image gap, and how drafts of different films differ.

    Parameters
    ----------
    bank : FilmBank
        Films of patients that nothing was trained on.
    reports : list of LabelledReport
        Real reports of the validation split.
    pool : SentencePool
        Sentences of the validation split.
    """
    metrics: dict[str, Any] = {"test_films": len(bank.films), "auroc": auroc_of_bank(bank)}
    on_log(f"  test AUROC {metrics['auroc']}")
    rng = np.random.default_rng(0)
    rows = list(range(len(bank.films)))
    composed = [pool.compose(str(row), bank.observed(row, from_head=False), rng) for row in rows]
    metrics["shuffled_image"] = gap_summary(*shuffled_image_gap(model, bank, composed, rows))
    on_log(f"  loss of composed reports {metrics['shuffled_image']}")
    real = half_abnormal(reports, supported(model))
    films = films_for_reports(real, bank.films, supported(model), rng)
    metrics["shuffled_image_real_reports"] = gap_summary(*shuffled_image_gap(model, bank, real, films))
    on_log(f"  loss of real reports {metrics['shuffled_image_real_reports']}")
    decoding = Decoding(
        max_new_tokens=recipe.model.decoding.max_new_tokens,
        repetition_penalty=recipe.model.decoding.repetition_penalty,
        temperature=recipe.model.decoding.temperature,
    )
    metrics["drafts"] = draft_summary(model, bank, decoding, n_drafts, on_log)
    on_log(f"  drafts {metrics['drafts']}")
    return metrics


def supported(model: Gaze2Report) -> frozenset[str]:
    """Observations with measured support."""
    flags = model.findings.is_supported.tolist()
    return frozenset(name for name, is_supported in zip(CHEXPERT_OBSERVATIONS, flags, strict=True) if is_supported)


def half_abnormal(reports: list[LabelledReport], known: frozenset[str]) -> list[LabelledReport]:
    """All reports that assert a known observation, and as many normal ones.

    In a draw of mostly normal ones a shuffle would exchange like for like.
    """
    abnormal = [r for r in reports if r.observations & (known - {"No Finding"})]
    return abnormal + [r for r in reports if r.is_normal][: len(abnormal)]


def auroc_of_bank(bank: FilmBank, seed: int = 0) -> dict[str, dict[str, float]]:
    """AUROC of each supported observation with a 95 % bootstrap interval, resampling patients."""
    labels = np.stack([film.labels for film in bank.films])
    patients = np.array([film.patient_id for film in bank.films])
    scores = bank.decisions.numpy()
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    found = {}
    for column, name in enumerate(CHEXPERT_OBSERVATIONS):
        if not scores[:, column].any():
            continue
        values = []
        for _ in range(N_BOOTSTRAP):
            rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
            values.append(auroc(scores[rows, column], labels[rows, column]))
        low, high = np.nanpercentile(values, [2.5, 97.5])
        point = auroc(scores[:, column], labels[:, column])
        found[name] = {
            "auroc": round(point, 3),
            "low": round(float(low), 3),
            "high": round(float(high), 3),
            "positive_films": int((labels[:, column] == 1).sum()),
        }
    return found


def gap_summary(right: NDArray[np.float64], wrong: NDArray[np.float64], seed: int = 0) -> dict[str, float]:
    """Mean loss with the right and with a shuffled image, and the paired difference with its 95 % interval."""
    rng = np.random.default_rng(seed)
    difference = wrong - right
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(N_BOOTSTRAP)]
    low, high = np.percentile(means, [2.5, 97.5])
    values = {
        "right": right.mean(),
        "shuffled": wrong.mean(),
        "difference": difference.mean(),
        "low": low,
        "high": high,
    }
    return {name: round(float(value), 4) for name, value in values.items()} | {"reports": len(right)}


@torch.no_grad()
def draft_summary(
    model: Gaze2Report, bank: FilmBank, decoding: Decoding, n_drafts: int, on_log: Callable[[str], None] = print
) -> dict[str, Any]:
    """Drafts of randomly chosen test films: how many differ, and whether they say what head and labels say.

    What a draft asserts is read by the small rules of `gaze2report.report_text.assertions`. F1 is over pairs of film
    and supported observation other than ``No Finding``.
    """
    chosen = np.random.default_rng(0).permutation(len(bank.films))[:n_drafts]
    known = supported(model) - {"No Finding"}
    texts: list[str] = []
    said: list[frozenset[str]] = []
    for row in (int(row) for row in chosen):
        features = model.encoder.from_trunk_map(bank.maps[row : row + 1, 0].float())  # type: ignore[operator]
        texts.append(model.draft(features, bank.gaze[row], bank.decisions[row : row + 1], decoding=decoding))
        said.append(asserted(texts[-1]))
    on_log("\n".join(f"  {count} x {text!r}" for text, count in Counter(texts).most_common()))
    labels = [bank.films[int(row)].observations for row in chosen]
    decided = [frozenset(reported_observations(bank.decisions[int(row)])) for row in chosen]
    is_abnormal = np.array(["No Finding" not in observations for observations in labels])
    reads_abnormal = np.array([bool(observations) for observations in said])
    return {
        "films": len(texts),
        "distinct": len(set(texts)),
        "commonest": Counter(texts).most_common(1)[0][1],
        "abnormal_films": int(is_abnormal.sum()),
        "abnormal_films_that_read_abnormal": round(float(reads_abnormal[is_abnormal].mean()), 3),
        "normal_films_that_read_abnormal": round(float(reads_abnormal[~is_abnormal].mean()), 3),
        "f1_with_head": round(micro_f1(said, decided, known), 3),
        "f1_with_labels": round(micro_f1(said, labels, known), 3),
        "head_f1_with_labels": round(micro_f1(decided, labels, known), 3),
        "unsupported_assertions": sum(len(observations - known) for observations in said),
        "with_both_sections": sum(bool(split_report(t).findings and split_report(t).impression) for t in texts),
    }


def asserted(text: str) -> frozenset[str]:
    """Observations that a report's text asserts."""
    report = split_report(text)
    sentences = split_sentences(f"{report.findings} {report.impression}")
    return frozenset(name for s in sentences for name, is_present in assertions(s).items() if is_present)


def micro_f1(said: Sequence[frozenset[str]], truth: Sequence[frozenset[str]], known: frozenset[str]) -> float:
    """F1 over all pairs of film and known observation; 0 when nothing is said."""
    hits = sum(len(a & b & known) for a, b in zip(said, truth, strict=True))
    total = sum(len(a & known) + len(b & known) for a, b in zip(said, truth, strict=True))
    return 2 * hits / total if total else float("nan")
