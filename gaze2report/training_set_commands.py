"""The commands about training sets: ``convert`` and ``check-training-set``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaze2report.errors import EXIT_OK, EXIT_REFUSED

MOST_PROBLEMS_SHOWN = 50
_PROGRESS_EVERY_S = 0.5
_LINE_EVERY_S = 15.0


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    convert = commands.add_parser("convert", help="make a training set of a public data set")
    convert.add_argument("kind", metavar="KIND", help="reflacx, egd-cxr, ...; a wrong one lists them")
    convert.add_argument("source", type=Path, metavar="SOURCE", help="folder of the data set as it was downloaded")
    convert.add_argument("out", type=Path, metavar="OUT", help="folder to write; a conversion that was stopped goes on")
    convert.add_argument(
        "--images", choices=("copy", "hardlink", "none"), default="copy", help="how films come into OUT"
    )
    convert.add_argument("--image-root", type=Path, help="where the films lie, if not in SOURCE")
    convert.add_argument(
        "--split",
        choices=("source", "published", "patient"),
        default="source",
        help="source: the published split where it is sound; patient: drawn by patient",
    )
    convert.add_argument("--patients", type=Path, help="MIMIC-CXR metadata table that tells whose film it is")
    convert.add_argument("--positive-certainty", type=int, default=3, help="REFLACX: present from this certainty on")
    convert.add_argument("--json", action="store_true", help="print the manifest as one JSON object")

    check = commands.add_parser(
        "check-training-set", help="check that a training set is whole, lawful and leaks nothing"
    )
    check.add_argument("folder", type=Path)
    check.add_argument("--quick", action="store_true", help="do not hash the films")
    check.add_argument("--json", action="store_true")


def convert(parsed: argparse.Namespace) -> int:
    """Convert a data set and print what it holds and what was left out."""
    from gaze2report.data.conversion import ConversionOptions
    from gaze2report.data.conversion import convert as run
    from gaze2report.data.source_registry import open_source
    from gaze2report.data.training_set import manifest_to_json

    options = ConversionOptions(
        images=parsed.images,
        image_root=parsed.image_root,
        split=parsed.split,
        patients=parsed.patients,
        positive_certainty=parsed.positive_certainty,
    )
    source = open_source(parsed.kind, parsed.source, options)
    manifest = run(source, parsed.out, options, Progress(parsed.kind))
    content = manifest_to_json(manifest)
    print(json.dumps(content, ensure_ascii=False) if parsed.json else manifest_as_text(content, parsed.out))
    return EXIT_OK


def check(parsed: argparse.Namespace) -> int:
    """Check a training set and print every problem as a sentence; the exit status is 3 when there is one."""
    from gaze2report.data.training_set import TrainingSet, manifest_to_json
    from gaze2report.data.training_set_check import find_problems

    content = manifest_to_json(TrainingSet.open(parsed.folder).manifest)
    problems = list(find_problems(parsed.folder, with_films=not parsed.quick, progress=Progress("check")))
    if parsed.json:
        print(json.dumps({"folder": str(parsed.folder), "sha256": content["sha256"], "problems": problems}))
    elif problems:
        print("\n".join(problems[:MOST_PROBLEMS_SHOWN]))
        print(f"{parsed.folder}: {len(problems)} problems" + _how_many_shown(len(problems)))
    else:
        print(manifest_as_text(content, parsed.folder))
        print("It is whole and unaltered, keeps every rule of the form, and no split leaks.")
    return EXIT_REFUSED if problems else EXIT_OK


def manifest_as_text(content: dict[str, Any], folder: Path) -> str:
    """What a training set holds and what was left out, for reading."""
    lines = [f"{folder}: {content['source']}"]
    for part, counts in content["counts"].items():
        # Where the source tells no patients apart, their number would be one of films.
        names = [name for name in counts if name != "patients" or content["split_unit"] == "patient"]
        told = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in names if counts[name]]
        lines.append(f"  {part:<6} {', '.join(told) or 'nothing'}")
    lines.append(f"  split: {content['split_rule']}")
    lines += [f"  note: {note}" for note in content["notes"]]
    lines.append(f"  licence: {content['licence']}" + ("" if content["may_be_shared"] else "; not to be handed on"))
    if content["dropped"]:
        lines.append("  left out (each one in dropped.jsonl):")
        lines += [f"  {row['count']:>9,} {row['what']}: {row['reason']}" for row in content["dropped"]]
    else:
        lines.append("  nothing was left out")
    lines.append(f"  sha256 {content['sha256']}")
    return "\n".join(lines)


class Progress:
    """Progress on standard error: one line that is written over on a terminal, a line now and then elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_terminal = sys.stderr.isatty()
        self._last_s = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Show how far the work is."""
        now_s = time.monotonic()
        is_due = now_s - self._last_s >= (_PROGRESS_EVERY_S if self._is_terminal else _LINE_EVERY_S)
        if not is_due and not (self._is_terminal and done == total):
            return
        self._last_s = now_s
        text = f"{self._what}: {done:,} of {total:,} records"
        if self._is_terminal:
            print(f"\r{text}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"convert": convert, "check-training-set": check}


def _how_many_shown(n_problems: int) -> str:
    return f", the first {MOST_PROBLEMS_SHOWN} are shown" if n_problems > MOST_PROBLEMS_SHOWN else ""
