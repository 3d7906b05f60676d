"""The page of an experiment, and the data behind it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaze2report import __version__
from gaze2report.errors import StorageFailed
from gaze2report.evaluation.figures import IntervalRow, bar_plot, interval_plot, scatter_plot
from gaze2report.experiment.comparison import Comparison, Difference, Verdict
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.fusion_errors import FusionErrors, FusionExample
from gaze2report.experiment.page_parts import (
    figure,
    film,
    heading,
    number,
    p_text,
    page,
    paragraph,
    plain,
    signed,
    table,
)
from gaze2report.experiment.predictor_quality import PredictorQuality
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.experiment.runs import Results

PAGE = "experiment.html"
_WORSE = "worse-"


@dataclass(frozen=True, eq=False)
class ExperimentReport:
    """Everything an experiment found.

    Attributes
    ----------
    verdicts : tuple of Verdict
        Of recorded and of predicted gaze, those that were run.
    errors : dict
        Source of gaze to what fusion with it changed.
    """

    recipe: ExperimentRecipe
    films: FilmSet
    results: Results
    comparison: Comparison
    verdicts: tuple[Verdict, ...]
    quality: PredictorQuality
    errors: dict[str, FusionErrors]


def write_report(report: ExperimentReport, folder: Path) -> Path:
    """Write the page and, beside it, its data as CSV and JSON; returns the page."""
    content = {
        PAGE: build_page(report),
        "scores.csv": _csv(_score_rows(report)),
        "differences.csv": _csv(_difference_rows(report)),
        "predictor_quality.csv": _csv([asdict(point) for point in report.quality.points]),
        "fusion_errors.csv": _csv(
            [{"gaze": source, **asdict(row)} for source, found in report.errors.items() for row in found.by_finding]
        ),
        "films.csv": _csv(_film_rows(report)),
        "experiment.json": json.dumps(_summary(report), indent=1) + "\n",
    }
    try:
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write the results into {folder}: {error.strerror}") from error
    return folder / PAGE


def build_page(report: ExperimentReport) -> str:
    """The page as HTML that needs nothing beside itself."""
    return page(f"Does gaze help? {report.films.name}", _body(report))


def _body(report: ExperimentReport) -> Iterable[str]:
    films, recipe = report.films, report.recipe
    for verdict in report.verdicts:
        yield paragraph(verdict.sentence, "verdict")
    yield from (paragraph(note, "note") for note in report.comparison.notes)
    yield heading("What was run")
    yield paragraph(
        f"{len(films.rows)} films, {len(films.train)} to train on and {len(films.held_out)} held out "
        f"({len(set(films.held_out_patients))} patients, none of them trained on; splits "
        f"{', '.join(recipe.held_out)}). Scored: {', '.join(films.observations)}. "
        f"Seeds {', '.join(map(str, recipe.seeds))}. "
        f"Every condition has {report.comparison.scores[0].n_parameters:,} trainable parameters, and the same encoder."
    )
    if films.left_out:
        yield paragraph("Left out: " + "; ".join(f"{k}: {v}" for k, v in films.left_out.items()) + ".", "note")
    yield paragraph(
        "The model is a small one of the method (patch encoder, gaze graph, visual-gaze prompt, a head that decides "
        "what the draft asserts), trained anew for every condition and seed; it tells of gaze as a signal on this "
        "data, not of the drafts of a large language model.",
        "note",
    )
    yield from _scores_section(report)
    yield from _fusion_section(report)
    yield from _quality_section(report)
    for source, errors in report.errors.items():
        yield from _errors_section(report, source, errors)
    yield heading("How to read this")
    yield paragraph(
        "F1 is computed for each film over the observations its draft asserts and its report states, 1 where neither "
        "has any, and averaged. Intervals are of 95 % with patients resampled and seeds as a random factor (Student's "
        "t over seeds). p is a paired permutation test by patient of the mean over seeds, corrected by Holm over its "
        "table. Shown means that the interval excludes zero and the corrected p is below 0.05; gaze is said to help "
        "when that holds against no gaze and against another patient's gaze. Thresholds are set on training films, so "
        "that as many are called positive as are.",
        "note",
    )
    yield paragraph(
        f"gaze2report {__version__}, recipe {recipe.name} {recipe.sha256()[:12]}, training set {films.sha256[:12]}.",
        "note",
    )


def _scores_section(report: ExperimentReport) -> Iterable[str]:
    first = report.recipe.fusions[0]
    own = [
        one
        for one in report.comparison.scores
        if one.condition.fusion == first and one.condition.tested_with == one.condition.source
    ]
    yield heading("The same model under every gaze")
    yield table(
        f"Drafts on held-out films, fusion by {first}. ScanMatch: similarity of the gaze to the recorded gaze.",
        ["gaze", "F1 (95 %)", "micro F1", "macro F1", "log loss", "ScanMatch", "F1 by seed", "s a run"],
        [
            [
                one.condition.source,
                plain(one.f1),
                number(one.micro_f1),
                number(one.macro_f1),
                number(one.log_loss),
                number(one.scanmatch),
                ", ".join(f"{value:.3f}" for value in one.by_seed),
                number(one.seconds, 1),
            ]
            for one in own
        ],
    )
    yield table(
        "Differences in F1 on the same films under the same seeds.",
        ["gaze", "against", "difference (95 %)", "p", "p (Holm)", "dz", "log loss (95 %)", "shown"],
        [_difference_cells(one) for one in report.comparison.against_references],
    )
    rows = [
        IntervalRow(
            one.first.source, one.interval.value, one.interval.low, one.interval.high, f"against {one.second.source}"
        )
        for one in report.comparison.against_references
    ]
    yield figure(
        interval_plot(rows, axis="difference in F1", null_value=0.0),
        "Right of the line: better with this gaze. Intervals over patients and seeds.",
    )


def _difference_cells(one: Difference) -> list[str]:
    return [
        one.first.source,
        one.second.source,
        signed(one.interval),
        p_text(one.p_value),
        p_text(one.p_corrected),
        number(one.effect, 2),
        signed(one.log_loss),
        "yes" if one.is_shown else "no",
    ]


def _fusion_section(report: ExperimentReport) -> Iterable[str]:
    if not report.comparison.fusions:
        return
    yield heading("Graph against plain concatenation")
    yield table(
        "F1 with the graph less F1 with features and gaze side by side through the same layers.",
        ["gaze", "against", "difference (95 %)", "p", "p (Holm)", "dz", "log loss (95 %)", "shown"],
        [
            [cells[0], one.second.fusion, *cells[2:]]
            for one in report.comparison.fusions
            for cells in [_difference_cells(one)]
        ],
    )


def _quality_section(report: ExperimentReport) -> Iterable[str]:
    quality = report.quality
    if not quality.points:
        return
    yield heading("Does a better scanpath give a better report?")
    if quality.over_conditions is not None:
        yield paragraph(
            "The model that was trained with recorded gaze, given gaze of graded quality: r = "
            f"{signed(quality.over_conditions)} between ScanMatch and F1 over {len(quality.points)} kinds of gaze. "
            "One trained model and few kinds: it tells how much this model leans on its gaze."
        )
    if quality.over_films is not None:
        yield paragraph(
            "Over films, under predicted gaze: Spearman's rho between a film's ScanMatch and its F1 is "
            f"{signed(quality.over_films)}; "
            + (
                "films whose predicted scanpath is nearer to the reader's have better drafts."
                if quality.over_films.low > 0
                else "films whose predicted scanpath is nearer to the reader's are not shown to have better drafts."
            )
        )
    groups: dict[str, tuple[list[float], list[float]]] = {}
    for point in quality.points:
        name = "recorded, made worse" if point.tested_with.startswith(_WORSE) else point.tested_with
        xs, ys = groups.setdefault(name, ([], []))
        xs.append(point.scanmatch)
        ys.append(point.f1)
    yield figure(
        scatter_plot(groups, x_axis="ScanMatch with the recorded gaze", y_axis="F1 of the drafts"),
        "Recorded gaze is made worse by exchanging fixations for another patient's.",
    )
    yield table(
        "The model of recorded gaze, given other gaze on held-out films.",
        ["given", "ScanMatch", "F1"],
        [[point.tested_with, number(point.scanmatch), number(point.f1)] for point in quality.points],
    )


def _errors_section(report: ExperimentReport, source: str, errors: FusionErrors) -> Iterable[str]:
    yield heading(f"What fusion with {source} gaze changes")
    yield table(
        "Decisions by majority over seeds, against the same model without gaze.",
        ["finding", "films", "turned right", "turned wrong", "of these missed", "invented", "p (McNemar)", "p (Holm)"],
        [
            [
                row.observation,
                str(row.films),
                str(row.turned_right),
                str(row.turned_wrong),
                str(row.missed_by_gaze),
                str(row.invented_by_gaze),
                p_text(row.p_value),
                p_text(row.p_corrected),
            ]
            for row in errors.by_finding
        ],
    )
    yield figure(
        bar_plot(
            [row.observation for row in errors.by_finding],
            {
                "turned right": [row.turned_right for row in errors.by_finding],
                "turned wrong": [row.turned_wrong for row in errors.by_finding],
            },
            axis="films",
            limits=None,
        ),
        f"Films on which {source} gaze mended, and on which it broke, a decision.",
    )
    if errors.examples:
        yield "<div class='films'>" + "".join(_example(report, source, one) for one in errors.examples) + "</div>"


def _example(report: ExperimentReport, source: str, one: FusionExample) -> str:
    row = report.films.rows[one.number]
    is_there = "is present" if one.is_present else "is absent"
    return film(
        report.films.pixels[one.number, 0].numpy(),
        row.recorded,
        [
            f"{one.observation} {is_there}: turned {'right' if one.is_mended else 'wrong'}",
            f"probability {one.without_gaze:.2f} without gaze, {one.with_gaze:.2f} with {source} gaze",
            f"film {row.image_id}; circles: recorded gaze",
        ],
    )


def _score_rows(report: ExperimentReport) -> list[dict[str, Any]]:
    return [
        {
            **asdict(one.condition),
            "f1": one.f1.value,
            "f1_low": one.f1.low,
            "f1_high": one.f1.high,
            "micro_f1": one.micro_f1,
            "macro_f1": one.macro_f1,
            "log_loss": one.log_loss,
            "scanmatch": one.scanmatch,
            "by_seed": " ".join(f"{value:.4f}" for value in one.by_seed),
            "n_parameters": one.n_parameters,
            "seconds": one.seconds,
        }
        for one in report.comparison.scores
    ]


def _difference_rows(report: ExperimentReport) -> list[dict[str, Any]]:
    return [
        {
            "gaze": one.first.source,
            "fusion": one.first.fusion,
            "against_gaze": one.second.source,
            "against_fusion": one.second.fusion,
            "difference": one.interval.value,
            "low": one.interval.low,
            "high": one.interval.high,
            "p": one.p_value,
            "p_holm": one.p_corrected,
            "dz": one.effect,
            "log_loss": one.log_loss.value,
            "log_loss_low": one.log_loss.low,
            "log_loss_high": one.log_loss.high,
            "shown": one.is_shown,
        }
        for one in (*report.comparison.against_references, *report.comparison.fusions)
    ]


def _film_rows(report: ExperimentReport) -> list[dict[str, Any]]:
    films = report.films
    return [
        {
            "film": films.rows[number_of_film].image_id,
            "patient": films.rows[number_of_film].patient_id,
            **asdict(condition),
            "seed": run.seed,
            "f1": f1,
            "log_loss": loss,
            "scanmatch": match,
        }
        for condition, runs in report.results.items()
        for run in runs
        for number_of_film, f1, loss, match in zip(
            films.held_out, run.f1(films), run.log_loss(films), run.scanmatch, strict=True
        )
    ]


def _summary(report: ExperimentReport) -> dict[str, Any]:
    content: dict[str, Any] = _without_nan(
        {
            "code_version": __version__,
            "recipe": asdict(report.recipe),
            "recipe_sha256": report.recipe.sha256(),
            "set": report.films.name,
            "set_sha256": report.films.sha256,
            "n_films": len(report.films.rows),
            "held_out_films": len(report.films.held_out),
            "held_out_patients": len(set(report.films.held_out_patients)),
            "observations": list(report.films.observations),
            "left_out": report.films.left_out,
            "n_parameters": report.comparison.scores[0].n_parameters,
            "verdicts": [asdict(one) for one in report.verdicts],
            "notes": list(report.comparison.notes),
            "scores": _score_rows(report),
            "differences": _difference_rows(report),
            "predictor_quality": asdict(report.quality),
            "fusion_errors": {source: asdict(found) for source, found in report.errors.items()},
        }
    )
    return content


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()
