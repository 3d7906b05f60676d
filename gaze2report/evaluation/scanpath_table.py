"""The table of a scanpath evaluation: values with intervals, distance from people and from the medoid.

Notation: S seeds, N images.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.scanpath_evaluation import ScanpathEvaluation, SystemScores, metric_of
from gaze2report.evaluation.scanpath_scores import SCANMATCH, SCANPATH_METRICS, SETTINGS_TEXT
from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval, mean_of, resampled
from gaze2report.evaluation.statistics.power import power_note
from gaze2report.evaluation.statistics.seeds import FEWEST_SEEDS, seed_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TableRow:
    """One system.

    Attributes
    ----------
    value : dict
        Metric to its interval over images (and seeds, from three on).
    of_human : Interval, optional
        ScanMatch as a share of that of people.
    over_medoid : Interval, optional
        ScanMatch less that of the medoid on the same images.
    """

    name: str
    seeds: int
    value: dict[str, Interval]
    of_human: Interval | None
    over_medoid: Interval | None


def table_of(evaluation: ScanpathEvaluation, *, draws: int = 2000, seed: int = 0) -> list[TableRow]:
    """Rows of the table, in the order of the systems; intervals by patient, where there are none by image."""
    human = metric_of(evaluation.system("human"), SCANMATCH)[0]
    medoid = metric_of(evaluation.system("medoid"), SCANMATCH)[0]
    rows = []
    for system in evaluation.systems:
        rng = np.random.default_rng(seed)
        ids = evaluation.patient_ids
        value = {name: _interval(metric_of(system, name), ids, rng, draws) for name in SCANPATH_METRICS}
        scores = metric_of(system, SCANMATCH)
        share = None if system.name == "human" else _share(scores, human, ids, rng, draws)
        over = None if system.name == "medoid" else _interval(scores - medoid, ids, rng, draws)
        rows.append(TableRow(system.name, len(system.scores), value, share, over))
    return rows


def _interval(scores: Floats, ids: tuple[str, ...], rng: np.random.Generator, draws: int) -> Interval:
    """Seeds as a random factor from three on; below, the mean over seeds counts as it is."""
    if len(scores) >= FEWEST_SEEDS and not np.isnan(scores).any():
        return seed_interval(scores, ids, rng, draws=draws)
    return bootstrap_interval(mean_of(scores.mean(axis=0)), ids, rng, draws=draws)


def _share(scores: Floats, human: Floats, ids: tuple[str, ...], rng: np.random.Generator, draws: int) -> Interval:
    """Interval of a ratio of means on the same images; the deviation of few seeds is added as in `seed_interval`."""
    n_seeds = len(scores)
    of_seeds = float(scores.mean(axis=1).std(ddof=1)) / np.sqrt(n_seeds) if n_seeds >= FEWEST_SEEDS else 0.0
    ratios = []
    for numbers in resampled(ids, draws, rng):
        moved = of_seeds * rng.standard_t(n_seeds - 1) if of_seeds else 0.0
        ratios.append((scores[:, numbers].mean() + moved) / human[numbers].mean())
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Interval(float(scores.mean() / human.mean()), float(low), float(high), 0.95, len(set(ids)))


def as_text(evaluation: ScanpathEvaluation, rows: list[TableRow]) -> str:
    """The table in Markdown, with what must be known to read it."""
    shown = [SCANPATH_METRICS[0], SCANPATH_METRICS[1]]
    lines = [
        f"| | {' | '.join(shown)} | of human | over medoid | MultiMatch s/d/l/p/t | SED | STDE | seq. score |",
        "|---" * 9 + "|",
    ]
    for row in rows:
        match = "/".join(f"{row.value[name].value:.2f}".lstrip("0") for name in SCANPATH_METRICS[2:7])
        lines.append(
            f"| {row.name}{f' ({row.seeds} seeds)' if row.seeds > 1 else ''} "
            + "".join(f"| {_shown(row.value[name])} " for name in shown)
            + f"| {_shown(row.of_human, percent=True)} | {_shown(row.over_medoid, signed=True)} | {match} "
            + f"| {row.value['SED'].value:.2f} | {row.value['STDE'].value:.3f} "
            + f"| {row.value['sequence score'].value:.3f} |"
        )
    note = power_note(len(set(evaluation.patient_ids)))
    notes = [*evaluation.notes, SETTINGS_TEXT, _INTERVALS, *([note.replace("patients", "images")] if note else [])]
    return "\n".join([*lines, "", *(f"- {text}" for text in notes)])


_INTERVALS = (
    "In brackets 95 % intervals by bootstrap over patients (images, where the set knows no patients); with three or "
    "more training seeds these are a random factor, too."
)


def _shown(interval: Interval | None, *, signed: bool = False, percent: bool = False) -> str:
    if interval is None or np.isnan(interval.value):
        return "–"
    if percent:
        return f"{interval.value:.1%} [{interval.low:.1%}, {interval.high:.1%}]"
    form = "+.3f" if signed else ".3f"
    return f"{interval.value:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def as_json(evaluation: ScanpathEvaluation, rows: list[TableRow]) -> dict[str, Any]:
    """The table with all its intervals as a JSON object."""
    return {
        "images": len(evaluation.image_ids),
        "readers": list(evaluation.readers),
        "notes": [*evaluation.notes, SETTINGS_TEXT, _INTERVALS],
        "systems": [asdict(row) for row in rows],
    }


def as_csv(evaluation: ScanpathEvaluation) -> str:
    """Every score: system, seed number, image, metric by metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["system", "seed_number", "image", *SCANPATH_METRICS])
    for system in evaluation.systems:
        writer.writerows(_rows_of(system, evaluation.image_ids))
    return text.getvalue()


def _rows_of(system: SystemScores, image_ids: tuple[str, ...]) -> list[list[Any]]:
    return [
        [system.name, seed, image_id, *(round(float(value), 6) for value in system.scores[seed, row])]
        for seed in range(len(system.scores))
        for row, image_id in enumerate(image_ids)
    ]
