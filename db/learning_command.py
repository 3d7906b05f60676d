"""``python -m db export-training-set|learning-consent|release-film``: what may teach the model, without a window."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from db import film_releases, learning_consents, training_export, usage
from db.database import open_workspace
from db.readers_command import operating_system_user
from db.training_export import MOST_PER_READER, UNCHANGED_WEIGHT, ExportOptions

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Show = Callable[[argparse.Namespace, Any, list[str]], int]


def add_learning_commands(add: Add, show: Show) -> None:
    """Add the commands; ``show`` prints JSON or lines and gives the exit status."""
    one = add(
        "export-training-set", lambda arguments: show(arguments, *_export(arguments)),
        "write a training set of the signed reports whose readers agree, without names and dates",
    )  # fmt: skip
    one.add_argument("folder", type=Path, metavar="OUT", help="the folder to make; must not exist")
    one.add_argument("--unchanged-weight", type=float, default=UNCHANGED_WEIGHT, metavar="W",
                     help="what a reading counts whose draft was signed as it came (default: %(default)s)")  # fmt: skip
    one.add_argument("--most-per-reader", type=int, default=MOST_PER_READER, metavar="N", help="default: %(default)s")
    one = add(
        "learning-consent", lambda arguments: show(arguments, *_consent(arguments)),
        "note that a reader agrees, or no longer, that reports of theirs teach the model; list what each said last",
    )  # fmt: skip
    one.add_argument("verb", choices=("give", "withdraw", "list", "text"))
    one.add_argument("reader", nargs="?", default="", metavar="READER", help="as it stands under reports")
    one = add(
        "release-film", lambda arguments: show(arguments, *_release(arguments)),
        "note that you looked at the films of a study and found no text burned into them",
    )  # fmt: skip
    one.add_argument("study_uid", metavar="STUDY_UID")
    usage_ = add(
        "usage", lambda arguments: show(arguments, *_usage(arguments)),
        "say how drafts are used: signed unchanged, edited by finding, minutes to the signature, warnings overridden",
    )  # fmt: skip
    usage_.add_argument("--reader", default="", metavar="READER", help="one reader's numbers; default: all together")
    one.add_argument("--has-text", action="store_true", help="you found some: the films never go into a training set")


def _export(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    options = ExportOptions(arguments.unchanged_weight, arguments.most_per_reader)
    with open_workspace(arguments.workspace) as workspace:
        made = training_export.export_training_set(
            workspace, arguments.folder, actor=operating_system_user(), options=options
        )
    lines = [f"{made.folder}: {sum(made.counts.values())} readings, sha256 {made.set_sha256[:16]}"]
    lines += [f"  {split:6} {made.counts.get(split, 0)}" for split in ("train", "val", "test")]
    lines += [f"  left out {count}: {reason}" for reason, count in made.left_out.items()]
    return asdict(made), lines


def _consent(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    if arguments.verb == "text":
        return {"version": learning_consents.TEXT_VERSION, "text": learning_consents.TEXT}, [learning_consents.TEXT]
    actor = operating_system_user()
    with open_workspace(arguments.workspace) as workspace:
        if arguments.verb == "give":
            learning_consents.give(workspace, arguments.reader, actor=actor)
        elif arguments.verb == "withdraw":
            learning_consents.withdraw(workspace, arguments.reader, actor=actor)
        found = learning_consents.of_all(workspace)
    lines = [f"{one.reader:24} {'agrees' if one.is_given else 'withdrawn'} {one.at_utc[:16]}" for one in found]
    return [asdict(one) for one in found], lines or ["no reader has said anything; nothing is learnt from"]


def _usage(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    with open_workspace(arguments.workspace) as workspace:
        found = usage.usage(workspace, arguments.reader)
    unchanged = "-" if found.unchanged_share is None else f"{found.unchanged_share:.0%}"
    minutes = "-" if found.median_minutes is None else f"{found.median_minutes:.1f}"
    lines = [
        f"{found.reader or 'all readers'}: {found.reports} signed reports with a draft",
        f"  signed unchanged       {unchanged} of those whose draft was shown first",
        f"  minutes to signature   {minutes} (median)",
        f"  signed despite warning {found.overridden_share:.0%}",
    ]
    for name, counts in found.edits_by_finding.items():
        lines.append(f"  {name:26} " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    return asdict(found), [*lines, *([found.alert] if found.alert else [])]


def _release(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    with open_workspace(arguments.workspace) as workspace:
        count = film_releases.note(
            workspace, arguments.study_uid, is_free_of_text=not arguments.has_text, reader=operating_system_user()
        )
    what = "hold text and stay out of training sets" if arguments.has_text else "hold no text"
    return {"films": count}, [f"{count} films of {arguments.study_uid} {what}"]
