"""What an adapter version is measured by before it is written, on patients and reports it was not trained on.

Watched above all: whether drafts differ between films, and whether a shuffled image raises the report loss. If it
does not, the language model ignores the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.data.weak_pairing import films_for_reports
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.models.generator import Decoding
from gaze2report.training.measure_drafts import Labeler, asserted, decision_summary, draft_summary
from gaze2report.training.train_findings import auroc
from gaze2report.training.train_report import FilmBank, shuffled_image_gap
from gaze2report.types import CHEXPERT_OBSERVATIONS

N_BOOTSTRAP = 1000


def measure(
    model: Gaze2Report,
    bank: FilmBank,
    similar: Sequence[LabelledFilm],
    reports: list[LabelledReport],
    pool: SentencePool,
    recipe: Any,
    on_log: Callable[[str], None],
    n_drafts: int = 60,
    label: Labeler = asserted,
) -> dict[str, Any]:
    """Measure AUROC with intervals, the shuffled-image gap, and how drafts of different films differ.

    Parameters
    ----------
    bank : FilmBank
        Films of patients that nothing was trained on.
    similar : sequence of LabelledFilm
        For each of them the most similar training film.
    reports : list of LabelledReport
        Real reports of the validation split.
    pool : SentencePool
        Sentences of the validation split.
    """
    metrics: dict[str, Any] = {"test_films": len(bank.films), "auroc": auroc_of_bank(bank)}
    on_log(f"  test AUROC {metrics['auroc']}")
    metrics["decisions"] = decision_summary(model, bank, similar)
    on_log(f"  decisions {metrics['decisions']}")
    rng = np.random.default_rng(0)
    rows = list(range(len(bank.films)))
    composed = [pool.compose(str(row), bank.observed(row, from_head=False), rng) for row in rows]
    metrics["shuffled_image"] = gap_summary(*shuffled_image_gap(model, bank, composed, rows))
    on_log(f"  loss of composed reports {metrics['shuffled_image']}")
    real = half_abnormal(reports, supported(model))
    films = films_for_reports(real, bank.films, supported(model), rng)
    metrics["shuffled_image_real_reports"] = gap_summary(*shuffled_image_gap(model, bank, real, films))
    on_log(f"  loss of real reports {metrics['shuffled_image_real_reports']}")
    decoding = Decoding(**asdict(recipe.model.decoding))
    metrics["drafts"] = draft_summary(model, bank, decoding, similar, n_drafts, label, on_log)
    on_log(f"  drafts {metrics['drafts']}")
    return metrics


def supported(model: Gaze2Report) -> frozenset[str]:
    """Observations with measured support."""
    flags = model.calibration.is_supported.tolist()
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
