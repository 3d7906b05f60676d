"""The command ``compare-models``: train all comparators on a set and print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gaze2report import library_noise
from gaze2report.errors import EXIT_OK, Gaze2ReportError

if TYPE_CHECKING:
    from gaze2report.comparators.comparison import FreshBase


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command; needs no heavy import."""
    compare = commands.add_parser("compare-models", help="train all comparators on a set and print one table")
    compare.add_argument("recipe", type=Path, metavar="RECIPE", help="e.g. gaze2report/recipes/comparators.yaml")
    compare.add_argument("--data", type=Path, required=True, help="training-set folder")
    compare.add_argument("--out", type=Path, required=True, help="folder for the table; a run that was stopped goes on")
    compare.add_argument("--models", default="", help="comma-separated; default: all that the recipe names")
    compare.add_argument("--seeds", type=int, default=1, help="fits of each comparator; default 1")
    compare.add_argument("--language-model", default="embedded", metavar="embedded|FOLDER", help="base language model")


def compare_models(parsed: argparse.Namespace) -> int:
    """Train the comparators and print the table; the log goes to standard error."""
    if parsed.seeds < 1:
        raise Gaze2ReportError("--seeds must be 1 or more")
    library_noise.silence()
    from gaze2report.comparators.comparison import compare_models as run
    from gaze2report.comparators.comparison_recipe import load_comparison_recipe

    library_noise.silence_progress_bars()
    recipe = load_comparison_recipe(parsed.recipe)
    models = [name.strip() for name in parsed.models.split(",") if name.strip()]
    base = _base_model(parsed.language_model)
    print(run(recipe, parsed.data, parsed.out, base, models=models, n_seeds=parsed.seeds, on_log=_log))
    return EXIT_OK


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _base_model(name: str) -> FreshBase:
    from gaze2report import base_models
    from gaze2report.comparators.comparison import FreshBase
    from gaze2report.models.generator import load_language_model

    base = base_models.embedded() if name == base_models.EMBEDDED else base_models.of_folder(Path(name))
    _, tokenizer = load_language_model(base.path)
    return FreshBase(lambda: load_language_model(base.path)[0], tokenizer, base.sha256)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"compare-models": compare_models}
