"""A gaze study as one folder: its protocol, each reader's order and answers, and the gaze; noted like every export."""

from __future__ import annotations

import csv
from pathlib import Path

from db import gaze_exports
from db.database import Workspace
from gaze2report.errors import StorageFailed
from gaze2report.gaze.export_content import recording_label
from gaze2report.gaze.export_folder import (
    ExportedRecording,
    ExportManifest,
    ExportRefused,
    new_folder,
    write_manifest,
)
from gaze2report.gaze_study import progress as progress_file
from gaze2report.gaze_study.progress import Progress
from gaze2report.gaze_study.protocol import Protocol, read_protocol

PROTOCOL = "protocol.yaml"


def export_study(workspace: Workspace, name: str, out: Path, *, actor: str) -> ExportManifest:
    """Write a study into a new folder: ``protocol.yaml``, each reader's order and answers, and ``gaze/`` (Parquet).

    A withdrawal reaches it: the reader's files go and a tombstone says that it must not be used.

    Raises
    ------
    ExportRefused
        If there is no such study, nothing was recorded in it yet, or the folder is not empty.
    NoConsent, UnknownRecord
        If a recording that it names was withdrawn, or is not in the workspace.
    StorageFailed
        If the disk refuses.
    """
    source = workspace.folder / progress_file.STUDIES / name
    if not (source / PROTOCOL).is_file():
        raise ExportRefused(f"the workspace holds no gaze study named {name}")
    protocol = read_protocol(source / PROTOCOL)
    all_progress = [progress_file.read(source, reader) for reader in progress_file.readers(source)]
    readers = {one: p.reader for p in all_progress for done in p.done for one in done.recording_ids}
    if not readers:
        raise ExportRefused(f"nothing was recorded yet in the gaze study {name}")
    new_folder(out)
    gaze_exports.export(workspace, list(readers), "parquet", out / "gaze", actor=actor)
    try:
        (out / PROTOCOL).write_text(protocol.text, encoding="utf-8")
        for progress in all_progress:
            _write_reader(out / progress.reader, protocol, progress)
        parts = [
            ExportedRecording(
                recording_label(one), recording_label(one), (f"{reader}/order.csv", f"{reader}/answers.csv"), {}
            )
            for one, reader in readers.items()
        ]
        manifest = write_manifest(out, "study", parts, [PROTOCOL])
    except OSError as error:
        raise StorageFailed(f"{out}: the study could not be written ({error})") from error
    gaze_exports.keep(workspace, "study", out, manifest.sha256, readers, actor=actor)
    return manifest


def _write_reader(folder: Path, protocol: Protocol, progress: Progress) -> None:
    folder.mkdir()
    with (folder / "order.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "case"])
        rows.writerows(enumerate(progress.order))
    names = [question.id for question in protocol.questions] + (["report"] if protocol.has_report else [])
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "case", "started_utc", "ended_utc", "recordings", "gaze_level", *names])
        for done in progress.done:
            labels = " ".join(recording_label(one) for one in done.recording_ids)
            said = [done.answers.get(name) for name in names]
            rows.writerow([done.number, done.case, done.started_utc, done.ended_utc, labels, done.gaze_level, *said])
