"""Where gaze has gone: each export and training set, and whose recordings it held, so that a withdrawal reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from db import audit_chain, case_rows
from db.database import Workspace, now_utc
from db.errors import NoConsent
from db.gaze_tables import gaze_export, gaze_export_part, gaze_recording
from db.recording_rows import joined_recordings, recording_row
from gaze2report.errors import StorageFailed
from gaze2report.gaze.export_content import recording_label
from gaze2report.gaze.export_folder import TOMBSTONE, ExportManifest, remove_recordings
from gaze2report.gaze.gaze_export import write_export


@dataclass(frozen=True)
class GazeExport:
    """One export.

    Attributes
    ----------
    kind : str
        ``bids``, ``reflacx``, ``parquet``, ``training-set`` or ``study``.
    sha256 : str
        Of its manifest; for a training set the hash by which adapters name it.
    recordings : dict of str to str
        Recording id to pseudonym of its reader.
    withdrawn_at_utc : str
        When a reader whose recordings it held withdrew; empty while none did.
    """

    kind: str
    folder: str
    sha256: str
    made_at_utc: str
    actor: str
    recordings: Mapping[str, str]
    withdrawn_at_utc: str


def keep(
    workspace: Workspace, kind: str, folder: Path, sha256: str, recordings: Mapping[str, str], *, actor: str
) -> None:
    """Note an export, before it is handed to anybody.

    Parameters
    ----------
    recordings : mapping
        Recording id to pseudonym of its reader, for every one that it holds something of.
    """
    now = now_utc()
    with workspace.writing() as connection:
        key = connection.execute(
            insert(gaze_export).values(
                kind=kind,
                folder=str(folder.resolve()),
                sha256=sha256,
                made_at_utc=now,
                actor=actor,
                withdrawn_at_utc="",
            )
        ).inserted_primary_key
        assert key is not None
        parts = [
            {"export_key": key[0], "recording_id": one, "reader_pseudonym": reader}
            for one, reader in recordings.items()
        ]
        if parts:
            connection.execute(insert(gaze_export_part), parts)
        detail = {"kind": kind, "sha256": sha256, "recordings": sorted(recordings)}
        audit_chain.append(connection, now, actor, "gaze exported", str(folder.resolve()), detail)


def all_recordings(workspace: Workspace) -> list[str]:
    """Ids of the recordings that may be exported, the oldest first."""
    with workspace.reading() as connection:
        rows = connection.execute(joined_recordings().order_by(gaze_recording.c.started_utc_us)).all()
    return [row.recording_id for row in rows if row.is_complete and row.state != "withdrawn"]


def export(
    workspace: Workspace, recording_ids: Sequence[str], kind: str, folder: Path, *, actor: str
) -> ExportManifest:
    """Export recordings into a new folder, and note it.

    Parameters
    ----------
    kind : str
        ``bids``, ``reflacx`` or ``parquet``.

    Raises
    ------
    UnknownRecord
        If one is not in the workspace.
    NoConsent
        If the consent to one was withdrawn.
    ExportRefused
        If the kind cannot hold one of them, or the folder is not empty; nothing was written then.
    StorageFailed
        If the disk refuses.
    """
    readers: dict[str, str] = {}
    with workspace.reading() as connection:
        for recording_id in recording_ids:
            row = recording_row(connection, recording_id)
            if row.state == "withdrawn":
                raise NoConsent(f"the consent to recording {recording_id} was withdrawn; it is empty")
            readers[recording_id] = row.reader_pseudonym
    found = [case_rows.exportable(workspace, recording_id) for recording_id in readers]
    try:
        manifest = write_export(folder, kind, found)
    except OSError as error:
        raise StorageFailed(f"{folder}: the export could not be written ({error})") from error
    keep(workspace, kind, folder, manifest.sha256, readers, actor=actor)
    return manifest


def list_exports(workspace: Workspace) -> list[GazeExport]:
    """List all exports, the oldest first."""
    with workspace.reading() as connection:
        return _exports(connection, list(connection.execute(select(gaze_export.c.id)).scalars()))


def withdraw(connection: Connection, reader_pseudonym: str) -> list[GazeExport]:
    """Mark every export that held something of a reader; gives them."""
    parts = gaze_export_part.c.reader_pseudonym == reader_pseudonym
    keys = sorted(set(connection.execute(select(gaze_export_part.c.export_key).where(parts)).scalars()))
    is_new = gaze_export.c.withdrawn_at_utc == ""
    connection.execute(update(gaze_export).where(gaze_export.c.id.in_(keys), is_new).values(withdrawn_at_utc=now_utc()))
    return _exports(connection, keys)


def leave_tombstones(exports: Sequence[GazeExport], reader_pseudonym: str) -> list[str]:
    """Say in each export's folder that it must not be used, and remove the reader's files; gives those not reached."""
    unreached = []
    for export in exports:
        folder = Path(export.folder)
        of_reader = sorted(
            recording_label(one) for one, reader in export.recordings.items() if reader == reader_pseudonym
        )
        if not folder.is_dir():
            unreached.append(export.folder)
            continue
        try:
            removed = remove_recordings(folder, of_reader)
            content = {
                "withdrawn_at_utc": export.withdrawn_at_utc,
                "reason": "A reader has withdrawn consent. This must not be used or handed on any more.",
                "recordings": of_reader,
                "files_removed": removed,
            }
            (folder / TOMBSTONE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        except OSError:
            unreached.append(export.folder)
    return unreached


def _exports(connection: Connection, keys: Sequence[int]) -> list[GazeExport]:
    rows = connection.execute(select(gaze_export).where(gaze_export.c.id.in_(keys)).order_by(gaze_export.c.id)).all()
    found = []
    for row in rows:
        of_export = select(gaze_export_part).where(gaze_export_part.c.export_key == row.id)
        parts = {part.recording_id: part.reader_pseudonym for part in connection.execute(of_export)}
        found.append(
            GazeExport(row.kind, row.folder, row.sha256, row.made_at_utc, row.actor, parts, row.withdrawn_at_utc)
        )
    return found
