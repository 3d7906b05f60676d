"""``python -m db``: make, fill, list and check a workspace, and send reports out of it, without a window."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.database import create_workspace, default_workspace_dir, open_workspace
from db.errors import WorkspaceDamaged, WorkspaceTooNew, WorkspaceTooOld
from db.recordings_command import add_commands as add_recording_commands
from db.records import TEXT_SECTIONS
from db.report_output.command import add_command as add_export_report
from gaze2report.errors import EXIT_OK, EXIT_OUR_FAULT, EXIT_WRONG_USE, Gaze2ReportError

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is 0 done, 2 wrong use or unreadable input, 3 refused, 1 our fault."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        status = command(arguments)
        sys.stdout.flush()
        return status
    except Gaze2ReportError as error:
        if arguments.json:
            _print_json({"error": {"code": error.code, "reason": str(error)}})
        else:
            print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; what was done until now stays", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has what it wants, as in `... worklist | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _init(arguments: argparse.Namespace) -> int:
    with create_workspace(arguments.workspace) as workspace:
        folder = str(workspace.folder)
    if arguments.json:
        _print_json({"workspace": folder})
    else:
        print(f"made the workspace {folder}")
    return EXIT_OK


def _import(arguments: argparse.Namespace) -> int:
    from db import studies
    from db.readers_command import operating_system_user
    from gaze2report.imaging.intake import Intake

    with open_workspace(arguments.workspace) as workspace, Intake() as intake:
        summary = studies.import_paths(
            workspace, intake, arguments.paths, actor=operating_system_user(), progress=_progress_line(arguments.json)
        )
    if arguments.json:
        _print_json(dataclasses.asdict(summary))
    else:
        for _, sentence in summary.failures:
            print(sentence, file=sys.stderr)
        print(
            f"imported {len(summary.imported)}, already there {len(summary.duplicates)}, "
            f"not imported {len(summary.failures)}"
        )
    return EXIT_WRONG_USE if summary.failures else EXIT_OK


def _worklist(arguments: argparse.Namespace) -> int:
    from db import studies

    with open_workspace(arguments.workspace) as workspace:
        entries = studies.worklist(workspace)
    if arguments.json:
        _print_json([entry._asdict() for entry in entries])
        return EXIT_OK
    for entry in entries:
        age = "" if entry.age_years is None else f"{entry.age_years:.0f}"
        columns = (
            f"{entry.study_date:8}",
            f"{entry.status:11}",
            f"{entry.modality:5}",
            f"{'/'.join(entry.views):6}",
            f"{entry.sex:1}{age:>3}",
            f"{entry.patient_id:12}",
            f"{entry.patient_name:24}",
            entry.study_uid,
            f"[open: {entry.locked_by}]" if entry.locked_by else "",
        )
        print("  ".join(columns).rstrip())
    return EXIT_OK


def _show(arguments: argparse.Namespace) -> int:
    from db import drafts, reports, studies
    from gaze2report.draft_json import draft_to_json

    with open_workspace(arguments.workspace) as workspace:
        study = studies.get(workspace, arguments.study_uid)
        versions = reports.of_study(workspace, arguments.study_uid)
        kept = drafts.of_study(workspace, arguments.study_uid)
    if arguments.json:
        _print_json(
            {
                "study": dataclasses.asdict(study),
                "reports": [dataclasses.asdict(version) for version in versions],
                "drafts": [
                    {"id": one.id, "created_at_utc": one.created_at_utc, "draft": draft_to_json(one.draft)}
                    for one in kept
                ],
            }
        )
        return EXIT_OK
    print(f"study {study.study_uid}: {study.status}, {study.study_date} {study.description}".rstrip())
    print(f"patient {study.patient.name} ({study.patient.patient_id}), {study.patient.sex} {study.patient.birth_date}")
    for image in study.instances:
        print(f"image {image.instance_uid}  {image.header.view_position:4} {image.object_path}")
    for one in kept:
        print(f"draft {one.id} of {one.created_at_utc} by {one.draft.provenance.adapter}")
    for version in versions:
        by = f"signed by {version.signer}" if version.is_signed else f"by {version.author}"
        print(f"report version {version.version}, {version.kind}, {by}, {version.created_at_utc}")
        for section in TEXT_SECTIONS:
            if version.text.section(section):
                print(f"  {section}: {version.text.section(section)}")
        for entry in version.text.communications:
            print(f"  critical result communicated: {entry.told}, {entry.at}, {entry.means}")
        if version.reason:
            print(f"  reason: {version.reason}")
        if version.addendum:
            print(f"  addendum: {version.addendum}")
    return EXIT_OK


def _readers(arguments: argparse.Namespace) -> int:
    from db import readers_command

    found = readers_command.run(arguments)
    if arguments.json:
        _print_json([dataclasses.asdict(one) for one in found])
        return EXIT_OK
    for one in found:
        print(readers_command.line_of(one))
    if not found:
        print("no accounts: whoever opens the workspace reads and signs as the local user")
    return EXIT_OK


def _adapters(arguments: argparse.Namespace) -> int:
    from db import adapters_command

    return _shown(arguments, *adapters_command.run(arguments))


def _shown(arguments: argparse.Namespace, content: Any, lines: list[str]) -> int:
    if arguments.json:
        _print_json(content)
    else:
        print("\n".join(lines))
    return EXIT_OK


def _check(arguments: argparse.Namespace) -> int:
    from db.check import CheckResult, check

    try:
        with open_workspace(arguments.workspace, migrate=False) as workspace:
            result = check(workspace)
    except (WorkspaceDamaged, WorkspaceTooNew, WorkspaceTooOld) as error:
        result = CheckResult(problems=(str(error),), notes=())
    if arguments.json:
        _print_json({"ok": not result.problems, "problems": result.problems, "notes": result.notes})
    else:
        for note in result.notes:
            print(f"note: {note}")
        for problem in result.problems:
            print(problem)
        if not result.problems:
            print("ok")
    return EXIT_OUR_FAULT if result.problems else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--workspace",
        type=Path,
        default=default_workspace_dir(),
        metavar="DIR",
        help="the workspace folder (default: %(default)s)",
    )
    shared.add_argument("--json", action="store_true", help="print one JSON object or list instead of lines")
    parser = argparse.ArgumentParser(
        prog="python -m db",
        description="Make, fill, list and check a workspace.",
        epilog="Exit status: 0 done, 2 wrong use or unreadable input, 3 refused with a reason, 1 our fault.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, parents=[shared], help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(command=run)
        return one

    add("init", _init, "make a workspace")
    files = add(
        "import",
        _import,
        "import DICOM, PNG and JPEG files, folders and ZIP archives of them; exit 2 if any file failed",
    )
    files.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add("worklist", _worklist, "list the studies, the newest first")
    show = add("show", _show, "show a study with its images, drafts and report versions")
    show.add_argument("study_uid", metavar="STUDY_UID")
    from db.readers_command import add_parsers

    text = "add, list, disable and change the named accounts of the workspace"
    readers = commands.add_parser("readers", help=text, description=f"{text[0].upper()}{text[1:]}.")
    readers.set_defaults(command=_readers)
    add_parsers(readers, [shared])
    add_export_report(add)
    add_recording_commands(add)
    from db import adapters_command
    from db.learning_command import add_learning_commands

    add_learning_commands(add, _shown)
    text = "list, show, activate, roll back, reject, import and export the adapter versions"
    versions = commands.add_parser("adapters", help=text, description=f"{text[0].upper()}{text[1:]}.")
    versions.set_defaults(command=_adapters)
    adapters_command.add_parsers(versions, [shared])
    add(
        "check", _check, "check that the workspace is whole; prints ok and exits 0, else one problem a line and exits 1"
    )
    return parser


def _progress_line(is_quiet: bool) -> Callable[[int, int], None] | None:
    if is_quiet or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def _print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, default=str))


if __name__ == "__main__":
    sys.exit(main())
