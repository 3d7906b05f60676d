"""The commands about scanpath predictors: ``train-scanpath``, ``evaluate-scanpaths`` and ``evaluate-search``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaze2report.config import SCANPATH_DECODERS
from gaze2report.errors import EXIT_OK, StorageFailed


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    train = commands.add_parser("train-scanpath", help="train a scanpath predictor on a training set")
    train.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML, such as gaze2report/recipes/osie.yaml")
    train.add_argument("--data", type=Path, required=True, metavar="SET", help="training set with images and scanpaths")
    train.add_argument("--out", type=Path, required=True, help="folder that gets a predictor seed-N for each seed")
    train.add_argument("--work", type=Path, help="folder for what can be resumed; default: OUT with .work appended")
    train.add_argument("--decoder", choices=SCANPATH_DECODERS, help="instead of the one that the recipe names")

    evaluate = commands.add_parser(
        "evaluate-scanpaths", help="measure scanpath predictors beside people, a medoid, the centre and chance"
    )
    evaluate.add_argument("--data", type=Path, required=True, metavar="SET", help="training set with scanpaths")
    evaluate.add_argument(
        "--predictor", type=Path, nargs="*", default=[], help="predictors, or folders with one a seed; none: baselines"
    )
    evaluate.add_argument("--split", choices=("train", "val", "test"), default="test")
    evaluate.add_argument(
        "--readers", choices=("held-out", "all"), default="held-out", help="against whose scanpaths is measured"
    )
    evaluate.add_argument("--seed", type=int, default=0)
    _add_output(evaluate)

    search = commands.add_parser(
        "evaluate-search", help="measure predicted searches of GazeSearch beside paths that do not see the film"
    )
    search.add_argument("folder", type=Path, metavar="FOLDER", help="GazeSearch folder with scanpaths.json")
    search.add_argument("--predictions", type=Path, help="JSON; default: chestsearch_predicted.json in FOLDER")
    search.add_argument("--without-centre", action="store_true", help="leave the first fixation at the centre out")
    search.add_argument("--seed", type=int, default=0)
    _add_output(search)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="folder for table.md, table.json and scores.csv")
    parser.add_argument("--json", action="store_true", help="print the table as one JSON object")


def train_scanpath(parsed: argparse.Namespace) -> int:
    """Train the predictors of a recipe."""
    from gaze2report import library_noise

    library_noise.silence()
    from gaze2report.training.scanpath_recipe import load_scanpath_recipe
    from gaze2report.training.scanpath_run import train_predictors

    recipe = load_scanpath_recipe(parsed.recipe).with_decoder(parsed.decoder)
    work = parsed.work or parsed.out.with_name(parsed.out.name + ".work")
    for folder in train_predictors(recipe, parsed.data, parsed.out, work, lambda line: print(line, flush=True)):
        print(folder)
    return EXIT_OK


def evaluate_scanpaths(parsed: argparse.Namespace) -> int:
    """Measure predictors and print the table."""
    from gaze2report import library_noise

    library_noise.silence()
    from gaze2report.evaluation import scanpath_evaluation, scanpath_table
    from gaze2report.scanpath_prediction import predictor_folders

    evaluation = scanpath_evaluation.evaluate_scanpaths(
        parsed.data,
        predictor_folders(parsed.predictor),
        split=parsed.split,
        readers=parsed.readers,
        seed=parsed.seed,
        on_log=lambda line: print(line, file=sys.stderr, flush=True),
    )
    rows = scanpath_table.table_of(evaluation, seed=parsed.seed)
    content = scanpath_table.as_json(evaluation, rows)
    return _hand_out(parsed, scanpath_table.as_text(evaluation, rows), content, scanpath_table.as_csv(evaluation))


def evaluate_search(parsed: argparse.Namespace) -> int:
    """Measure predicted searches and print the table."""
    from gaze2report.evaluation import search_evaluation

    found = search_evaluation.evaluate_search(
        parsed.folder, parsed.predictions, with_centre=not parsed.without_centre, seed=parsed.seed
    )
    intervals = search_evaluation.search_intervals(found, seed=parsed.seed)
    content = search_evaluation.search_json(found, intervals)
    return _hand_out(
        parsed, search_evaluation.search_table(found, intervals), content, search_evaluation.search_csv(found)
    )


def _hand_out(parsed: argparse.Namespace, table: str, content: dict[str, Any], scores_csv: str) -> int:
    """Print a table, and write it where that is asked for."""
    text = json.dumps(content, ensure_ascii=False)
    if parsed.out is not None:
        try:
            parsed.out.mkdir(parents=True, exist_ok=True)
            for name, written in (("table.md", table + "\n"), ("table.json", text + "\n"), ("scores.csv", scores_csv)):
                (parsed.out / name).write_text(written, encoding="utf-8")
        except OSError as error:
            raise StorageFailed(f"cannot write into {parsed.out}: {error.strerror}") from error
    print(text if parsed.json else table)
    return EXIT_OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train-scanpath": train_scanpath,
    "evaluate-scanpaths": evaluate_scanpaths,
    "evaluate-search": evaluate_search,
}
