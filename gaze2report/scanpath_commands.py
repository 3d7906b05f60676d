"""The commands about scanpath predictors: ``train-scanpath`` and ``evaluate-scanpaths``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from gaze2report.config import SCANPATH_DECODERS
from gaze2report.errors import EXIT_OK


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    train = commands.add_parser("train-scanpath", help="train a scanpath predictor on a training set")
    train.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML, such as gaze2report/recipes/osie.yaml")
    train.add_argument("--data", type=Path, required=True, metavar="SET", help="training set with images and scanpaths")
    train.add_argument("--out", type=Path, required=True, help="folder that gets a predictor seed-N for each seed")
    train.add_argument("--work", type=Path, help="folder for what can be resumed; default: OUT with .work appended")
    train.add_argument("--decoder", choices=SCANPATH_DECODERS, help="instead of the one that the recipe names")


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


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"train-scanpath": train_scanpath}
