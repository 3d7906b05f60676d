"""The commands that measure the gaze code on data of others: ``evaluate-fixations`` and ``evaluate-gaze-quality``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaze2report.errors import EXIT_OK, Gaze2ReportError
from gaze2report.training_set_commands import Progress

if TYPE_CHECKING:
    from gaze2report.evaluation.fixation_evaluation import Agreement, ClassifierResult

_FEWEST_RECORDINGS = 2


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    fixations = commands.add_parser("evaluate-fixations", help="compare found fixations with those people have marked")
    fixations.add_argument("folder", type=Path, metavar="FOLDER", help="samples/*.txt and fixations.csv (Hooge 2018)")
    fixations.add_argument("--group", default="adult", help="recordings whose names start so; default: adult")
    fixations.add_argument(
        "--classifier", action="append", choices=("I-VT", "I-DT", "I2MC"), help="default: all; may be given repeatedly"
    )
    fixations.add_argument("--json", action="store_true")

    quality = commands.add_parser("evaluate-gaze-quality", help="accuracy, precision and loss of validation recordings")
    quality.add_argument("folder", type=Path, metavar="FOLDER", help="*_<frequency>Hz.tsv (examples of ETDQualitizer)")
    quality.add_argument("--json", action="store_true")


def evaluate_fixations(parsed: argparse.Namespace) -> int:
    """Print how classifiers agree with the coders; what cannot be run is said, and the rest is still done."""
    from gaze2report.evaluation.coded_recordings import read_coded_recordings
    from gaze2report.evaluation.fixation_evaluation import GRIDS, evaluate_classifier, human_agreement
    from gaze2report.gaze.two_means_clustering import I2mcUnavailable

    recordings = [one for one in read_coded_recordings(parsed.folder) if one.group == parsed.group]
    if len(recordings) < _FEWEST_RECORDINGS:
        raise Gaze2ReportError(
            f"{parsed.folder}: {len(recordings)} recordings of the group {parsed.group!r}; parameters are chosen on "
            f"others than they are reported on, which needs {_FEWEST_RECORDINGS}"
        )
    results: dict[str, ClassifierResult] = {}
    missing: dict[str, str] = {}
    for name in parsed.classifier or GRIDS:
        try:
            results[name] = evaluate_classifier(name, recordings, Progress(name))
        except I2mcUnavailable as error:
            missing[name] = str(error)
    human = human_agreement(recordings)
    if parsed.json:
        content = {"group": parsed.group, "n_recordings": len(recordings), "human": asdict(human)}
        content |= {"classifiers": {name: asdict(one) for name, one in results.items()}, "missing": missing}
        print(json.dumps(_without_nan(content)))
    else:
        n_coders = max(len(one.coders) for one in recordings)
        print(f"{len(recordings)} recordings ({parsed.group}), {n_coders} coders; means over recordings")
        print("\n".join(_fixation_lines(human, results) + [f"{name}: {text}" for name, text in missing.items()]))
    return EXIT_OK


def evaluate_gaze_quality(parsed: argparse.Namespace) -> int:
    """Print the quality of validation recordings, per eye."""
    from gaze2report.evaluation.validation_recordings import evaluate_validations

    results = evaluate_validations(parsed.folder)
    if parsed.json:
        print(json.dumps(_without_nan([asdict(one) for one in results])))
        return EXIT_OK
    print(f"{'recording':<28}{'eye':<7}{'acc deg':>9}{'RMS-S2S':>9}{'STD':>9}{'BCEA deg2':>11}{'loss %':>9}{'Hz':>9}")
    for one in results:
        for eye, mean in (("left", one.left), ("right", one.right)):
            print(
                f"{one.name:<28}{eye:<7}{mean.accuracy_dva:>9.4f}{mean.rms_s2s_dva:>9.4f}{mean.std_dva:>9.4f}"
                f"{mean.bcea_dva2:>11.4f}{mean.loss_share * 100:>9.4f}{mean.effective_hz:>9.2f}"
            )
        for eye, whole in (("left", one.whole_left), ("right", one.whole_right)):
            print(
                f"{'  whole recording':<28}{eye:<7}{'':>9}{whole.moving_rms_s2s_dva:>9.4f}{'':>20}"
                f"{whole.loss_share * 100:>9.4f}{whole.effective_hz:>9.2f}"
            )
    return EXIT_OK


def _fixation_lines(human: Agreement, results: dict[str, ClassifierResult]) -> list[str]:
    lines = [
        f"{'':<34}{'kappa':>7}{'F1':>7}{'count':>7}{'onset ms':>10}{'offset ms':>11}",
        _line("people, each pair", human),
    ]
    for name, result in results.items():
        lines.append(_line(f"{name}, published parameters", result.published))
        lines.append(_line(f"{name}, chosen on the others", result.held_out))
        lines += [
            _line(f"  {recording[:24]}", agreement) + f"  {label}"
            for (recording, agreement), label in zip(result.by_recording.items(), result.chosen, strict=True)
        ]
    return lines


def _line(what: str, one: Agreement) -> str:
    return (
        f"{what:<34}{one.kappa:>7.3f}{one.f1:>7.3f}{one.n_fixations:>7.1f}"
        f"{one.onset_difference_ms:>10.1f}{one.offset_difference_ms:>11.1f}"
    )


def _without_nan(content: Any) -> Any:
    """NaN is not JSON: what has no value is null."""
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not isfinite(content) else content


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "evaluate-fixations": evaluate_fixations,
    "evaluate-gaze-quality": evaluate_gaze_quality,
}
