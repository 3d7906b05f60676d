"""The commands that train a model on a training set: ``train-report``, and ``use-language-model`` beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gaze2report import library_noise
from gaze2report.errors import EXIT_OK


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    report = commands.add_parser(
        "train-report",
        help="train the draft model on a training set, by a recipe; several processes: accelerate launch -m",
    )
    report.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML file, or the name of one that comes along")
    report.add_argument("--data", type=Path, required=True, metavar="TRAINING_SET")
    report.add_argument("--out", type=Path, required=True, help="adapter version folder to write; must not exist")
    report.add_argument("--work", type=Path, help="checkpoints and curves; default: OUT with .work appended")
    report.add_argument("--language-model", metavar="embedded|made|FOLDER", help="instead of the recipe's")
    report.add_argument("--from", dest="parent", type=Path, metavar="ADAPTER", help="go on from this adapter version")
    report.add_argument("--encoder", type=Path, metavar="FILE", help="weights of the recipe's timm ViT (safetensors)")
    report.add_argument(
        "--scanpath", type=Path, metavar="PREDICTOR", help="begin with encoder and decoder of train-scanpath"
    )
    report.add_argument("--gaze", metavar="SOURCE", help="predicted, recorded, none, ...; instead of the recipe's")
    report.add_argument("--seed", type=int, help="instead of the recipe's")
    report.add_argument(
        "--resume",
        choices=("automatically", "never"),
        default="automatically",
        help="go on with a run that was stopped (default), or begin anew",
    )

    use = commands.add_parser("use-language-model", help="note where a base language model lies, for its adapters")
    use.add_argument("folder", type=Path)


def train_report(parsed: argparse.Namespace) -> int:
    """Train and say what came out."""
    library_noise.silence()
    from gaze2report.training.report_recipe import load_report_recipe
    from gaze2report.training.report_run import ReportRun

    library_noise.silence_progress_bars()
    recipe = load_report_recipe(parsed.recipe).with_choices(
        gaze=parsed.gaze, seed=parsed.seed, language_model=parsed.language_model
    )
    work = parsed.work or parsed.out.with_name(parsed.out.name + ".work")
    run = ReportRun(
        recipe, parsed.data, parsed.out, work, parsed.parent, encoder=parsed.encoder, scanpath=parsed.scanpath
    )
    result, written = run.run(
        resume=parsed.resume == "automatically",
        on_log=lambda sentence: print(sentence, file=sys.stderr, flush=True),
    )
    if written is None:
        return EXIT_OK  # one of several processes: the main one tells
    metrics = result.metrics
    print(f"{written}: adapter version {recipe.name}, best of {metrics['steps']} steps: {metrics['best_step']}")
    print(f"  validation: {', '.join(f'{name} {value}' for name, value in metrics['validation'].items())}")
    if "calibration" in metrics:
        macro = metrics["calibration"]["macro"]
        print(
            f"  calibration: {macro['observations']} observations supported, expected calibration error "
            f"{macro['error_before']} before and {macro['error_after']} after the temperature"
        )
    if "drafts" in metrics:
        print(f"  drafts that are the very report: {metrics['drafts']['verbatim']} of {metrics['drafts']['studies']}")
    print(f"  curves: {work / 'curve.csv'}")
    return EXIT_OK


def use_language_model(parsed: argparse.Namespace) -> int:
    """Note where a base language model lies."""
    from gaze2report.base_models import of_folder

    base = of_folder(parsed.folder)
    print(f"{base.name}: {base.path}, sha256 {base.sha256}")
    return EXIT_OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train-report": train_report,
    "use-language-model": use_language_model,
}
