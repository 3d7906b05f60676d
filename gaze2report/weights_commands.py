"""The commands behind the embedded weights: ``make-weights``, and ``evaluate-findings`` that measures them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gaze2report import library_noise
from gaze2report.errors import EXIT_OK


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    weights = commands.add_parser(
        "make-weights", help="train the embedded weights anew; takes about an hour and a half on 2 cores"
    )
    weights.add_argument("recipe", type=Path)
    weights.add_argument(
        "--data", type=Path, required=True, help="folder with nih_cxr14, the other chest films, gazesearch and iu_xray"
    )
    weights.add_argument("--out", type=Path, required=True, help="adapter version folder to write; must not exist")
    weights.add_argument("--work", type=Path, help="folder for what can be resumed; default: OUT with .work appended")

    findings = commands.add_parser(
        "evaluate-findings",
        help="measure findings, refusal by pixels, opacity and regions on held-out patients; about 20 minutes",
    )
    findings.add_argument("recipe", type=Path)
    findings.add_argument("--data", type=Path, required=True, help="as of make-weights; photographs in osie/stimuli")
    findings.add_argument("--work", type=Path, required=True, help="work folder of make-weights, or a new one")


def make_weights(parsed: argparse.Namespace) -> int:
    """Train the embedded weights anew."""
    library_noise.silence()
    from gaze2report.training.make_weights import make_weights as train

    train(parsed.recipe, parsed.data, parsed.out, parsed.work or parsed.out.with_name(parsed.out.name + ".work"))
    return EXIT_OK


def evaluate_findings(parsed: argparse.Namespace) -> int:
    """Measure and print the tables of the model card."""
    library_noise.silence()
    from gaze2report.training.evaluate_films import EVALUATION, evaluate_films
    from gaze2report.training.film_tables import film_tables
    from gaze2report.training.make_weights import load_recipe

    recipe = load_recipe(parsed.recipe)
    result = evaluate_films(
        recipe.model,
        recipe.findings,
        recipe.films,
        parsed.data,
        parsed.work,
        lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    print(film_tables(result))
    print(f"All figures: {parsed.work / EVALUATION}")
    return EXIT_OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "make-weights": make_weights,
    "evaluate-findings": evaluate_findings,
}
