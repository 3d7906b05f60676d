"""Command line of the model: ``python -m gaze2report draft|scanpath|doctor|host|verify-adapter|make-weights``.

Exit status: 0 done, 2 wrong use or unreadable input, 3 refused with a reason, 1 our fault. Several files: the
highest of theirs that is not 0, the others are still done.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

from gaze2report import (
    __version__,
    comparator_commands,
    evaluation_commands,
    experiment_commands,
    gaze_commands,
    learning_commands,
    scanpath_commands,
    synthetic_commands,
    tracker_commands,
    training_commands,
    training_set_commands,
    weights_commands,
)
from gaze2report.errors import EXIT_OUR_FAULT, Gaze2ReportError

COMMAND_MODULES = (
    training_set_commands,
    gaze_commands,
    scanpath_commands,
    synthetic_commands,
    evaluation_commands,
    experiment_commands,
    training_commands,
    comparator_commands,
    tracker_commands,
    learning_commands,
    weights_commands,
)
"""Each describes its commands (``add_parsers``) and names what runs them (``COMMANDS``), without a heavy import."""


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands; needs no heavy import."""
    parser = argparse.ArgumentParser(prog="python -m gaze2report", description=__doc__.split("\n")[0])
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    draft = commands.add_parser("draft", help="draft the report of each film")
    draft.add_argument("files", nargs="+", type=Path, metavar="FILE", help="DICOM, PNG or JPEG")
    draft.add_argument(
        "--gaze", default="predicted", help="predicted (default), none, or recorded:FILE (JSON or CSV fixations)"
    )
    _add_model_options(draft)
    draft.add_argument("--out", type=Path, help="folder for report.txt, draft.json and overlay.png")
    draft.add_argument("--json", action="store_true", help="print one JSON object a file, one a line")

    scanpath = commands.add_parser("scanpath", help="predict where a radiologist would look, from the image alone")
    scanpath.add_argument("files", nargs="+", type=Path, metavar="FILE")
    scanpath.add_argument("--samples", type=int, default=1, help="draw this many, with the seeds SEED, SEED + 1, ...")
    _add_model_options(scanpath)
    scanpath.add_argument("--json", action="store_true", help="print one JSON object a file, one a line")

    doctor = commands.add_parser("doctor", help="say what this machine has and lacks")
    doctor.add_argument("--json", action="store_true")

    host = commands.add_parser("host", help="serve drafts to the workstation over standard input and output")
    host.add_argument("--adapter", type=Path, help="adapter version folder; default: the embedded one")

    verify = commands.add_parser("verify-adapter", help="check that an adapter version is whole and unaltered")
    verify.add_argument("folder", type=Path)

    for module in COMMAND_MODULES:
        module.add_parsers(commands)
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--adapter", type=Path, help="adapter version folder; default: the embedded one")
    parser.add_argument("--seed", type=int, default=0)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parsed = build_parser().parse_args(arguments)
    try:
        return _run(parsed)
    except Gaze2ReportError as error:
        print(str(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped by the user", file=sys.stderr)
        return EXIT_OUR_FAULT
    except Exception as error:  # noqa: BLE001 - the border of the process: the user is told where the report lies
        print(f"this is an error of the program, not of your input: {error!r}\n{_write_log()}", file=sys.stderr)
        return EXIT_OUR_FAULT


def _run(parsed: argparse.Namespace) -> int:
    if parsed.command == "doctor":
        from gaze2report import doctor

        return doctor.main(parsed.json)
    for module in COMMAND_MODULES:
        if parsed.command in module.COMMANDS:
            return int(module.COMMANDS[parsed.command](parsed))
    from gaze2report import commands

    if parsed.command == "host":
        commands.host(parsed.adapter)
    if parsed.command == "verify-adapter":
        return commands.verify(parsed.folder)
    if parsed.command == "scanpath":
        return commands.scanpath(parsed.files, parsed.samples, parsed.adapter, parsed.seed, as_json=parsed.json)
    return commands.draft(parsed.files, parsed.gaze, parsed.adapter, parsed.seed, out=parsed.out, as_json=parsed.json)


def _write_log() -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="gaze2report-", suffix=".log", delete=False) as log:
            traceback.print_exc(file=log)
        return f"the report is in {log.name}"
    except OSError:
        traceback.print_exc()
        return "the report could not be written to a file and stands above"


if __name__ == "__main__":
    sys.exit(main())
