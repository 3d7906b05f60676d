"""Dictation of a recording: its WAV file and clock, taken in beside it, and gone with it."""

from __future__ import annotations

import json
import shutil
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection, insert, select

from db.database import Workspace
from db.gaze_tables import gaze_audio
from db.objects import sha256_of
from db.recording_rows import recording_row
from gaze2report.errors import StorageFailed, UnreadableInput
from gaze2report.gaze.dictation_clock import (
    CLOCK_SUFFIX,
    SOUND_SUFFIX,
    DictationClock,
    HeardBlock,
    fit_dictation,
    read_blocks,
    speaks_of_dictation,
)

_KEPT_EVERY_US, _UNEVEN_US = 1_000_000, 10_000


@dataclass(frozen=True)
class Dictation:
    """One dictation of the workspace."""

    path: Path
    sample_rate_hz: float
    n_frames: int
    n_lost_frames: int
    clock: DictationClock


def files_beside(spool: Path) -> tuple[Path, Path]:
    """Name the files that a recording's dictation lies in: sound, and its clock."""
    return spool.with_suffix(SOUND_SUFFIX), spool.with_suffix(CLOCK_SUFFIX)


def take_in(workspace: Workspace, connection: Connection, spool: Path, recording_key: int, purpose: str) -> bool:
    """Take in the dictation beside a recording, if there is one; in the transaction that completes its import.

    Raises
    ------
    UnreadableInput
        If the sound or its clock is damaged, or the consent does not speak of dictation: nothing of it is kept then.
    StorageFailed
        If the sound cannot be copied.
    """
    sound, clock = files_beside(spool)
    if not sound.exists() and not clock.exists():
        return False
    if not speaks_of_dictation(purpose):
        raise UnreadableInput(sound, "a dictation lies beside the recording, and the consent does not speak of one")
    blocks, rate_hz, n_frames = _read(sound, clock)
    fitted = fit_dictation(blocks, rate_hz)
    kept = workspace.recordings_dir / sound.name
    if sound.resolve() != kept.resolve():
        try:
            shutil.copyfile(sound, kept)
        except OSError as error:
            raise StorageFailed(f"{kept}: the dictation could not be copied ({error})") from error
    connection.execute(
        insert(gaze_audio).values(
            recording_key=recording_key,
            part=0,
            file_name=kept.name,
            sha256=sha256_of(kept),
            sample_rate_hz=rate_hz,
            n_frames=n_frames,
            n_lost_frames=round(fitted.lost_share * n_frames),
            clock_json=json.dumps([(one.frame, one.host_us, one.is_after_pause) for one in _thinned(blocks)]),
        )
    )
    return True


def of_recording(workspace: Workspace, recording_id: str) -> Dictation | None:
    """Give the dictation of a recording; None where there is none.

    Raises
    ------
    UnknownRecord
        If there is no such recording.
    """
    with workspace.reading() as connection:
        key = recording_row(connection, recording_id).id
        row = connection.execute(select(gaze_audio).where(gaze_audio.c.recording_key == key)).one_or_none()
    if row is None:
        return None
    blocks = [HeardBlock(*one) for one in json.loads(row.clock_json)]
    clock = fit_dictation(blocks, row.sample_rate_hz)
    path = workspace.recordings_dir / row.file_name
    return Dictation(path, row.sample_rate_hz, row.n_frames, row.n_lost_frames, clock)


def _read(sound: Path, clock: Path) -> tuple[list[HeardBlock], float, int]:
    try:
        with wave.open(str(sound), "rb") as file:
            rate_hz, n_frames = float(file.getframerate()), file.getnframes()
        blocks = read_blocks(clock)
    except (OSError, EOFError, wave.Error) as error:
        raise UnreadableInput(sound, f"the dictation cannot be read ({error})") from error
    blocks = [one for one in blocks if one.frame <= n_frames]
    if not blocks:
        raise UnreadableInput(sound, "the dictation says of no frame when it was heard")
    return blocks, rate_hz, n_frames


def _thinned(blocks: list[HeardBlock]) -> list[HeardBlock]:
    """A block a second, and those around each loss, which the map needs."""
    kept = [blocks[0]]
    steps_us = [after.host_us - before.host_us for before, after in pairwise(blocks)]
    for one, before_us, after_us in zip(blocks[1:], steps_us, [*steps_us[1:], 0], strict=False):
        if abs(before_us - after_us) > _UNEVEN_US or one.host_us - kept[-1].host_us >= _KEPT_EVERY_US:
            kept.append(one)
    return kept
