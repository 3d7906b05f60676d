"""``python -m gaze2report tracker-python``: which interpreter drives the eye tracker, and making it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from gaze2report.errors import EXIT_OK


def add_parsers(commands: Any) -> None:
    """Describe the command."""
    tracker = commands.add_parser("tracker-python", help="say which interpreter drives the eye tracker, or make it")
    tracker.add_argument("--make", action="store_true", help="make it of a CPython 3.10 of this machine, where missing")
    tracker.add_argument("--json", action="store_true")


def _tracker_python(arguments: argparse.Namespace) -> int:
    from gaze2report import tracker_python

    found = tracker_python.make() if arguments.make else tracker_python.find()
    if arguments.json:
        print(json.dumps(asdict(found)))
    else:
        print(f"{found.path}: CPython {found.version}, numpy {found.numpy}, tobii-research {found.sdk}")
    return EXIT_OK


COMMANDS = {"tracker-python": _tracker_python}
