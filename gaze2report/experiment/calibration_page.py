"""The page of the controlled benchmark, and the data behind it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from gaze2report import __version__
from gaze2report.errors import StorageFailed
from gaze2report.evaluation.figures import IntervalRow, interval_plot
from gaze2report.experiment.controlled import ARMS, Calibration, mean_difference
from gaze2report.experiment.page_parts import figure, heading, number, p_text, page, paragraph, table
from gaze2report.experiment.recipe import ExperimentRecipe

PAGE = "calibration.html"


def write_calibration(calibration: Calibration, recipe: ExperimentRecipe, folder: Path) -> Path:
    """Write the page, ``calibration.csv`` and ``calibration.json``; returns the page."""
    rows = [asdict(one) for one in calibration.outcomes]
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    summary = {
        "code_version": __version__,
        "recipe": asdict(recipe),
        "recipe_sha256": recipe.sha256(),
        "sentence": calibration.sentence,
        "found": {arm: asdict(rate) for arm, rate in calibration.found.items()},
        "claimed": {arm: asdict(rate) for arm, rate in calibration.claimed.items()},
        "tested": {arm: asdict(rate) for arm, rate in calibration.tested.items()},
        "outcomes": rows,
    }
    content = {
        PAGE: page("Calibration of the experiment on made radiographs", _body(calibration, recipe)),
        "calibration.csv": buffer.getvalue(),
        "calibration.json": json.dumps(summary, indent=1) + "\n",
    }
    try:
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write the results into {folder}: {error.strerror}") from error
    return folder / PAGE


def _body(calibration: Calibration, recipe: ExperimentRecipe) -> Iterable[str]:
    made = recipe.controlled
    yield paragraph(calibration.sentence, "verdict")
    yield paragraph(
        f"Each repeat draws {made.n_films} films of new patients ({recipe.side_px} px; {made.look_alike_share:.0%} of "
        "the abnormal ones hold two densities of which the report speaks of one) and trains the small model under "
        f"{', '.join(made.sources)} gaze with the seeds {', '.join(map(str, recipe.seeds))}. "
        "Films and reports are the same in both arms. "
        f"Planted: {made.planted_share:.0%} of the readers dwell on what their report speaks of; null: "
        f"{made.null_share:.0%}, the others on a place drawn for another patient."
    )
    yield table(
        "How often an effect of recorded gaze was found, with Clopper and Pearson's interval.",
        [
            "arm",
            "repeats",
            "interval excludes 0",
            "95 %",
            "test at 5 %",
            "95 %",
            "verdict: helps",
            "mean difference in F1",
        ],
        [
            [
                arm,
                str(calibration.found[arm].repeats),
                str(calibration.found[arm].count),
                f"{calibration.found[arm].low:.1%} to {calibration.found[arm].high:.1%}",
                str(calibration.tested[arm].count),
                f"{calibration.tested[arm].low:.1%} to {calibration.tested[arm].high:.1%}",
                str(calibration.claimed[arm].count),
                number(mean_difference(calibration, arm)),
            ]
            for arm in ARMS
        ],
    )
    rows = [
        IntervalRow(f"repeat {one.repeat}", one.difference, one.low, one.high, one.arm) for one in calibration.outcomes
    ]
    if rows:
        yield figure(
            interval_plot(rows, axis="F1 with recorded less F1 with another patient's gaze", null_value=0.0),
            "Every repeat with its interval over patients and seeds.",
        )
    yield heading("Every repeat")
    yield table(
        "Recorded against another patient's gaze; the last columns are the test and the whole verdict.",
        ["repeat", "arm", "difference", "low", "high", "against no gaze", "p", "verdict"],
        [
            [
                str(one.repeat),
                one.arm,
                f"{one.difference:+.3f}",
                f"{one.low:+.3f}",
                f"{one.high:+.3f}",
                f"{one.against_none:+.3f}",
                p_text(one.p_value),
                one.outcome,
            ]
            for one in calibration.outcomes
        ],
    )
    yield paragraph(
        "Intervals take the few seeds as a sample of seeds (Student's t): they are wide, and their rate of false "
        "findings lies below the nominal one. The permutation test takes the trained models as given; its rate "
        "may lie above it, because chance between trainings is not in it.",
        "note",
    )
    yield paragraph(f"gaze2report {__version__}, recipe {recipe.name} {recipe.sha256()[:12]}.", "note")
