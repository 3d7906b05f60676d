"""Withdrawal of a consent: what a reader did is deleted everywhere this workspace reaches, and said, not hidden.

Samples, views, markers, dictation and everything derived go; the bytes are overwritten in database, log and free
pages, in the copies that migrations left, and in the agent's own files. What cannot be taken back is named: exports and
training sets get a tombstone, adapters trained on them are not activated any more. Safe to repeat: it scrubs again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from db import audit_chain, gaze_exports
from db.database import Workspace, now_utc
from db.dictations import files_beside
from db.errors import UnknownRecord
from db.gaze_tables import gaze_audio, gaze_calibration, gaze_consent, gaze_recording
from db.recordings import remove_rows
from db.sqlite import connection as sqlite
from db.sqlite.spool_file import reader_of_spool, scrub_spool
from db.tables import adapter_version
from gaze2report.errors import StorageFailed, UnreadableInput

SPOOL_SUFFIX = ".gaze"


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal did.

    Attributes
    ----------
    consents, recordings : tuple of str
        Ids of consents withdrawn and recordings emptied.
    deleted : dict of str to int
        Rows of each table.
    spools, audio_files, backups : tuple of str
        Files that were emptied, removed, or scrubbed.
    exports : tuple of str
        Folders of exports and training sets that held some of it; each has a tombstone where it could be reached.
    unreached : tuple of str
        Of them, those whose folder is not there any more or cannot be written.
    adapters : tuple of str
        Adapters trained on one of them, or on such an adapter; they are not activated any more.
    problems : tuple of str
        What could not be done, each a sentence; withdrawing again tries it again.
    """

    reader_pseudonym: str
    consents: tuple[str, ...]
    recordings: tuple[str, ...]
    deleted: dict[str, int]
    spools: tuple[str, ...]
    audio_files: tuple[str, ...]
    backups: tuple[str, ...]
    exports: tuple[str, ...]
    unreached: tuple[str, ...]
    adapters: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was done, for whoever asked for it."""
        consents, recordings = _counted(len(self.consents), "consent"), _counted(len(self.recordings), "recording")
        rows, spools = _counted(sum(self.deleted.values()), "row"), _counted(len(self.spools), "recording file")
        sounds, copies = _counted(len(self.audio_files), "sound file"), _counted(len(self.backups), "copy", "copies")
        said = [
            f"{self.reader_pseudonym}: {consents} withdrawn, {recordings} emptied ({rows}), {spools} and {sounds} "
            f"emptied or removed, {copies} of the database scrubbed."
        ]
        if self.exports:
            said.append(f"Held by exports, now marked as withdrawn: {', '.join(self.exports)}.")
        if self.unreached:
            said.append(f"Not reached, tell whoever has them: {', '.join(self.unreached)}.")
        if self.adapters:
            said.append(f"Trained on it, not to be activated any more: {', '.join(self.adapters)}.")
        said.append("Copies made outside of this workspace are not known here and were not reached.")
        return (*said, *self.problems)


def withdraw_consent(
    workspace: Workspace, reader_pseudonym: str, *, actor: str, spool_folders: Sequence[Path] = ()
) -> Withdrawal:
    """Withdraw all consents of a reader and delete what rests on them.

    Parameters
    ----------
    spool_folders : sequence of Path
        Where the capture agent writes, besides the workspace's ``recordings/``.

    Raises
    ------
    UnknownRecord
        If neither workspace nor folders know the reader.
    StorageFailed
        If the workspace cannot be written; nothing was changed then.
    """
    folders = (workspace.recordings_dir, *spool_folders)
    spools, unreadable = _spools_of(reader_pseudonym, folders)
    with workspace.writing() as connection:
        consents = _withdraw_rows(connection, reader_pseudonym)
        if not spools and not _is_known(connection, reader_pseudonym):
            raise UnknownRecord("reader", reader_pseudonym)
        recordings, deleted, audio = _remove_recordings(connection, reader_pseudonym)
        exports = gaze_exports.withdraw(connection, reader_pseudonym)
        adapters = _reject_adapters(connection, [export.sha256 for export in exports if export.sha256])
        detail = {
            "consents": consents,
            "recordings": recordings,
            "deleted": deleted,
            "exports": [export.folder for export in exports],
            "adapters": adapters,
        }
        audit_chain.append(connection, now_utc(), actor, "consent withdrawn", reader_pseudonym, detail)
    problems = list(unreadable)
    emptied = _each(spools, scrub_spool, problems)
    beside = [path for spool in spools for path in files_beside(spool)]
    sounds = [path for path in (*(workspace.recordings_dir / name for name in audio), *beside) if path.exists()]
    removed = _each(dict.fromkeys(sounds), _remove_file, problems)
    unreached = gaze_exports.leave_tombstones(exports, reader_pseudonym)
    backups = _scrub_backups(workspace, reader_pseudonym, problems)
    try:
        sqlite.scrub(workspace.database_path)
    except StorageFailed as error:
        problems.append(f"Deleted bytes may still be in the database file ({error}); withdraw again.")
    return Withdrawal(
        reader_pseudonym,
        tuple(consents),
        tuple(recordings),
        deleted,
        tuple(emptied),
        tuple(removed),
        tuple(backups),
        tuple(export.folder for export in exports),
        tuple(unreached),
        tuple(adapters),
        tuple(problems),
    )


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def _withdraw_rows(connection: Connection, reader_pseudonym: str) -> list[str]:
    of_reader = (gaze_consent.c.reader_pseudonym == reader_pseudonym, gaze_consent.c.withdrawn_at_utc == "")
    found = list(connection.execute(select(gaze_consent.c.consent_id).where(*of_reader)).scalars())
    connection.execute(update(gaze_consent).where(*of_reader).values(withdrawn_at_utc=now_utc()))
    return found


def _is_known(connection: Connection, reader_pseudonym: str) -> bool:
    query = select(gaze_consent.c.id).where(gaze_consent.c.reader_pseudonym == reader_pseudonym)
    return connection.execute(query).first() is not None


def _remove_recordings(connection: Connection, reader_pseudonym: str) -> tuple[list[str], dict[str, int], list[str]]:
    """Empty the recordings of a reader; gives their ids, rows deleted by table, and names of sound files."""
    consents = select(gaze_consent.c.id).where(gaze_consent.c.reader_pseudonym == reader_pseudonym)
    rows = connection.execute(
        select(gaze_recording.c.id, gaze_recording.c.recording_id).where(gaze_recording.c.consent_key.in_(consents))
    ).all()
    deleted: dict[str, int] = {}
    audio: list[str] = []
    for row in rows:
        of_recording = select(gaze_audio.c.file_name).where(gaze_audio.c.recording_key == row.id)
        audio += list(connection.execute(of_recording).scalars())
        for table, count in remove_rows(connection, row.id).items():
            deleted[table] = deleted.get(table, 0) + count
        # The row itself stays, empty: it says that there was a recording, and keeps its id from being used again.
        connection.execute(
            update(gaze_recording)
            .where(gaze_recording.c.id == row.id)
            .values(state="withdrawn", counts_json="{}", ended="", not_derived="", is_complete=True)
        )
    of_reader = delete(gaze_calibration).where(gaze_calibration.c.consent_key.in_(consents))
    deleted["gaze_calibration"] = deleted.get("gaze_calibration", 0) + connection.execute(of_reader).rowcount
    return [row.recording_id for row in rows], deleted, audio


def _reject_adapters(connection: Connection, training_sets: Iterable[str]) -> list[str]:
    """Keep adapters that saw withdrawn gaze, and those trained on from one, from being activated."""
    table = adapter_version
    tainted_sets, tainted = set(training_sets), set()
    rows = connection.execute(select(table.c.name, table.c.parent, table.c.training_set_sha256)).all()
    while fresh := {
        row.name
        for row in rows
        if row.name not in tainted and (row.training_set_sha256 in tainted_sets or row.parent in tainted)
    }:
        tainted |= fresh
    if tainted:
        connection.execute(update(table).where(table.c.name.in_(sorted(tainted))).values(state="rejected"))
    return sorted(tainted)


def _spools_of(reader_pseudonym: str, folders: Iterable[Path]) -> tuple[list[Path], list[str]]:
    found, problems = [], []
    for path in sorted({path.resolve() for folder in folders for path in folder.glob(f"*{SPOOL_SUFFIX}")}):
        try:
            if reader_of_spool(path) == reader_pseudonym:
                found.append(path)
        except UnreadableInput as error:
            problems.append(f"Whose recording this is cannot be told, look at it yourself: {error}")
    return found, problems


def _each(paths: Iterable[Path], action: Any, problems: list[str]) -> list[str]:
    done = []
    for path in paths:
        try:
            action(path)
        except (OSError, StorageFailed, UnreadableInput) as error:
            problems.append(f"{path} could not be emptied: {error}")
        else:
            done.append(str(path))
    return done


def _remove_file(path: Path) -> None:
    """Overwrite a file and remove it."""
    with contextlib.suppress(FileNotFoundError):
        size = path.stat().st_size
        with path.open("r+b") as file:
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _scrub_backups(workspace: Workspace, reader_pseudonym: str, problems: list[str]) -> list[str]:
    """Delete the reader from the copies that migrations left; those of a schema without recorded gaze hold none."""
    done = []
    for path in sorted(workspace.backups_dir.glob("*.db")):
        engine = sqlite.make_engine(path)
        try:
            with sqlite.storage_errors(path), engine.begin() as connection:
                if not sqlite.has_table(connection, gaze_consent.name):
                    continue
                _withdraw_rows(connection, reader_pseudonym)
                _remove_recordings(connection, reader_pseudonym)
            engine.dispose()
            sqlite.scrub(path)
            done.append(path.name)
        except (StorageFailed, UnreadableInput) as error:
            problems.append(f"The copy {path} could not be scrubbed: {error}")
        finally:
            engine.dispose()
    return done
