"""The command ``experiment``: does gaze help, on a training set or, as a calibration, on made data."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from gaze2report.errors import EXIT_OK, Gaze2ReportError


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command; needs no heavy import."""
    experiment = commands.add_parser(
        "experiment", help="settle whether gaze helps: every source of gaze and control, several seeds, one page"
    )
    experiment.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML, as gaze2report/recipes/experiment.yaml")
    experiment.add_argument("--data", type=Path, metavar="SET", help="training set with recorded gaze and labels")
    experiment.add_argument(
        "--repeats", type=int, metavar="N", help="instead of --data: calibrate on made radiographs, N times"
    )
    experiment.add_argument(
        "--adapter",
        metavar="FOLDER",
        help="with --data, train nothing: this adapter version ('embedded') under every gaze; RECIPE gives the seed",
    )
    experiment.add_argument("--split", choices=("test", "val", "train"), default="test", help="with --adapter")
    experiment.add_argument("--drafts", type=int, default=0, metavar="N", help="with --adapter: also draft N films")
    experiment.add_argument("--limit", type=int, metavar="N", help="with --adapter: the first N films only")
    experiment.add_argument("--out", type=Path, required=True, help="folder; an experiment that was stopped goes on")


def experiment(parsed: argparse.Namespace) -> int:
    """Run the experiment, write its page and data, and print the verdict."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # many small steps: a second thread only waits
    if (parsed.data is None) == (parsed.repeats is None):
        raise Gaze2ReportError("an experiment needs either --data SET or --repeats N")
    from gaze2report import library_noise

    library_noise.silence()
    from gaze2report.experiment.recipe import load_recipe

    recipe = load_recipe(parsed.recipe)
    if parsed.repeats is not None:
        from gaze2report.experiment.calibration_page import write_calibration
        from gaze2report.experiment.controlled import run_controlled

        if parsed.repeats < 1:
            raise Gaze2ReportError("--repeats must be 1 or more")
        calibration = run_controlled(recipe, parsed.out, parsed.repeats)
        print(calibration.sentence)
        print(f"the page is {write_calibration(calibration, recipe, parsed.out)}")
        return EXIT_OK
    if parsed.adapter is not None:
        return _adapter(parsed, recipe.seeds[0])
    from gaze2report.experiment.experiment import run_on_training_set
    from gaze2report.experiment.experiment_page import PAGE

    report = run_on_training_set(recipe, parsed.data, parsed.out)
    print(f"every condition has {report.comparison.scores[0].n_parameters:,} trainable parameters")
    print("\n".join(verdict.sentence for verdict in report.verdicts))
    print(f"the page is {parsed.out / PAGE}")
    return EXIT_OK


def _adapter(parsed: argparse.Namespace, seed: int) -> int:
    """Score and draft with a finished adapter version under every gaze."""
    from gaze2report.experiment.adapter_gaze import run_adapter
    from gaze2report.experiment.adapter_page import as_text, make_table, write_table
    from gaze2report.models.adapter import embedded_adapter

    folder = embedded_adapter() if parsed.adapter == "embedded" else Path(parsed.adapter)
    runs = run_adapter(
        folder,
        parsed.data,
        parsed.split,
        parsed.out,
        n_drafts=parsed.drafts,
        limit=parsed.limit,
        seed=seed,
    )
    made = make_table(runs)
    print(as_text(runs, made))
    print(f"the page is {write_table(runs, made, parsed.out)}")
    return EXIT_OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"experiment": experiment}
