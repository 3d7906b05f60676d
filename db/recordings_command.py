"""Commands of ``python -m db`` about recorded gaze: import it, list it, export it, withdraw the consent to it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.database import open_workspace
from db.errors import WorkspaceError
from db.readers_command import operating_system_user
from gaze2report.errors import EXIT_OK, EXIT_OUR_FAULT, EXIT_REFUSED, EXIT_WRONG_USE, Gaze2ReportError, StorageFailed

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
SUFFIX = ".gaze"


def add_commands(add: Add) -> None:
    """Add the commands to the parser of ``python -m db``."""
    importing = add(
        "import-recording", _import, "import finished recordings of gaze, with consent only; safe to repeat"
    )
    importing.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a .gaze file or a folder of them")
    importing.add_argument("--study", default="", metavar="STUDY_UID", help="whose, where the recording does not say")
    add("list-recordings", _list, "list the recordings of the workspace, the oldest first")
    exporting = add("export-gaze", _export, "export recordings into a new folder, and note what it holds")
    exporting.add_argument("recordings", nargs="*", metavar="RECORDING_ID")
    exporting.add_argument("--all", action="store_true", help="every recording that is not withdrawn")
    exporting.add_argument("--format", choices=("bids", "reflacx", "parquet"), required=True)
    exporting.add_argument("--out", type=Path, required=True, metavar="DIR")
    studying = add("export-gaze-study", _export_study, "export a gaze study with its protocol, answers and gaze")
    studying.add_argument("name", metavar="NAME")
    studying.add_argument("--out", type=Path, required=True, metavar="DIR")
    text = "withdraw a reader's consent: delete all recorded gaze of theirs and what was made of it, for good"
    withdrawing = add("withdraw-consent", _withdraw, text)
    withdrawing.add_argument("pseudonym", metavar="PSEUDONYM")
    withdrawing.add_argument(
        "--spool",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a folder of the capture agent, emptied too",
    )


def _import(arguments: argparse.Namespace) -> int:
    from db import recordings

    done: list[recordings.ImportedRecording] = []
    failures: list[Gaze2ReportError] = []
    with open_workspace(arguments.workspace) as workspace:
        for path in _files(arguments.paths):
            try:
                actor = operating_system_user()
                done.append(recordings.import_recording(workspace, path, actor=actor, study_uid=arguments.study))
            except (StorageFailed, WorkspaceError):
                raise
            except Gaze2ReportError as error:
                failures.append(error)
    if arguments.json:
        failed = [{"code": error.code, "reason": str(error)} for error in failures]
        print_json({"imported": [dataclasses.asdict(one) for one in done], "failures": failed})
    else:
        for one in done:
            print(_sentence(one))
        for failure in failures:
            print(failure, file=sys.stderr)
    if not failures:
        return EXIT_OK
    return EXIT_REFUSED if any(error.exit_code == EXIT_REFUSED for error in failures) else EXIT_WRONG_USE


def _files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path])]


def _sentence(one: Any) -> str:
    text = (
        f"{one.recording_id}: {'imported' if one.is_new else 'already there'}, {one.state}, {one.n_samples} samples, "
    )
    text += (
        f"{one.n_missing} missing, {one.n_dropped} dropped; {one.n_cases} cases, {one.n_fixations} fixations on films"
    )
    if one.not_derived:
        text += f"; no gaze on films: {one.not_derived}"
    return f"{text}; lost: {one.ended}" if one.state == "recovered" else text


def _list(arguments: argparse.Namespace) -> int:
    from db import recordings

    with open_workspace(arguments.workspace) as workspace:
        entries = recordings.list_recordings(workspace)
    if arguments.json:
        print_json([dataclasses.asdict(one) for one in entries])
        return EXIT_OK
    for one in entries:
        columns = (
            one.started_at_utc[:19],
            f"{one.reader_pseudonym:12}",
            f"{one.state:9}",
            f"{one.source:10}",
            f"{one.n_samples:>9} samples",
            "degraded" if one.is_degraded else "",
            "/".join(one.levels) or one.not_derived,
            one.recording_id,
        )
        print("  ".join(columns).rstrip())
    return EXIT_OK


def _withdraw(arguments: argparse.Namespace) -> int:
    from db import withdrawal

    with open_workspace(arguments.workspace) as workspace:
        done = withdrawal.withdraw_consent(
            workspace, arguments.pseudonym, actor=operating_system_user(), spool_folders=arguments.spool
        )
    if arguments.json:
        print_json({**dataclasses.asdict(done), "sentences": done.sentences})
    else:
        print("\n".join(done.sentences))
    return EXIT_OUR_FAULT if done.problems else EXIT_OK


def _export(arguments: argparse.Namespace) -> int:
    from db import gaze_exports
    from gaze2report.gaze.gaze_export import counts_text

    with open_workspace(arguments.workspace) as workspace:
        wanted = gaze_exports.all_recordings(workspace) if arguments.all else arguments.recordings
        manifest = gaze_exports.export(
            workspace, wanted, arguments.format, arguments.out, actor=operating_system_user()
        )
    if arguments.json:
        print_json({**dataclasses.asdict(manifest), "folder": str(manifest.folder)})
    else:
        print(counts_text(manifest))
    return EXIT_OK


def _export_study(arguments: argparse.Namespace) -> int:
    from db.gaze_study_export import export_study

    with open_workspace(arguments.workspace) as workspace:
        manifest = export_study(workspace, arguments.name, arguments.out, actor=operating_system_user())
    if arguments.json:
        print_json({**dataclasses.asdict(manifest), "folder": str(manifest.folder)})
    else:
        print(f"{manifest.folder}: {len(manifest.recordings)} recordings")
    return EXIT_OK


def print_json(content: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(content, ensure_ascii=False, default=str))
