"""``python -m db export-report``."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path

from db.database import open_workspace
from db.report_output.formats import OUTPUT_FORMATS
from db.report_output.send_out import SentReport, send_out
from gaze2report.errors import EXIT_OK


def add_command(
    add: Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser],
) -> None:
    """Add the command to the parser of ``python -m db``."""
    command = add("export-report", run, "write a report into a file: PDF, text, DICOM SR, encapsulated PDF or FHIR")
    command.add_argument("study_uid", metavar="STUDY_UID")
    command.add_argument("--format", required=True, choices=OUTPUT_FORMATS, dest="output_format")
    command.add_argument("--out", required=True, type=Path, metavar="FILE", help="replaced if it is there")
    command.add_argument("--version", type=int, metavar="N", help="version of the report (default: the newest)")


def run(arguments: argparse.Namespace) -> int:
    """Write the file and say what was written."""
    from gaze2report.imaging.intake import Intake

    with open_workspace(arguments.workspace) as workspace, Intake() as intake:
        sent = send_out(
            workspace, arguments.study_uid, arguments.output_format, arguments.out, actor=_actor(),
            version=arguments.version, header_reader=intake,
        )  # fmt: skip
    if arguments.json:
        print(json.dumps(_json(sent), ensure_ascii=False))
        return EXIT_OK
    for note in sent.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"wrote version {sent.version} ({sent.status}) to {sent.path}")
    return EXIT_OK


def _json(sent: SentReport) -> dict[str, object]:
    return {**dataclasses.asdict(sent), "path": str(sent.path)}


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
