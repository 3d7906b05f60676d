"""An experiment on a training set from end to end: films, runs, comparison, page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gaze2report.data.training_set import TrainingSet
from gaze2report.experiment.comparison import compare_conditions, verdict_of
from gaze2report.experiment.experiment_page import ExperimentReport, write_report
from gaze2report.experiment.film_set import FilmSet, read_film_set
from gaze2report.experiment.fusion_errors import FusionErrors, fusion_errors
from gaze2report.experiment.predictor_quality import predictor_quality
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.experiment.runs import Condition, Results, run_experiment
from gaze2report.types import GazeSource

JUDGED: tuple[GazeSource, ...] = ("recorded", "predicted")
"""Sources of which the page says whether they help."""


def run_on_training_set(
    recipe: ExperimentRecipe, data: Path, out: Path, say: Callable[[str], None] = print
) -> ExperimentReport:
    """Run an experiment on a training set and write its page; what was run before is not run again.

    Raises
    ------
    Gaze2ReportError
        If the set is unfit, or ``out`` holds runs of another recipe or set.
    """
    films = read_film_set(TrainingSet.open(data), recipe.side_px, recipe.held_out, recipe.min_positive, needs_gaze=True)
    say(f"{len(films.rows)} films, {len(films.held_out)} held out, {len(films.observations)} observations")
    results = run_experiment(films, recipe, out / "runs", say=say)
    report = report_of(recipe, films, results)
    write_report(report, out)
    return report


def report_of(recipe: ExperimentRecipe, films: FilmSet, results: Results) -> ExperimentReport:
    """Compare and explain what was run."""
    comparison = compare_conditions(results, films, recipe)
    fusion = recipe.fusions[0]
    without = results[Condition("none", fusion, "none")]
    errors: dict[str, FusionErrors] = {
        source: fusion_errors(results[condition], without, films)
        for source in JUDGED
        if (condition := Condition(source, fusion, source)) in results
    }
    verdicts = [verdict_of(comparison, source) for source in JUDGED]
    return ExperimentReport(
        recipe,
        films,
        results,
        comparison,
        tuple(one for one in verdicts if one is not None),
        predictor_quality(results, films, recipe),
        errors,
    )
