"""How far a reader of a gaze study is: one file, replaced as a whole, so that a killed program goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze_study.protocol import Protocol

STUDIES = "gaze-studies"
"""Folder of a workspace that holds its studies."""

_FILE = "progress.json"


class StudyNotResumed(Gaze2ReportError):
    """A study that cannot go on where it was; the sentence says why."""

    code = "study_not_resumed"


@dataclass(frozen=True)
class CaseDone:
    """One case that a reader has finished.

    Attributes
    ----------
    number : int
        Its place in the reader's order, from 0.
    case : str
        As the protocol names it.
    recording_ids : tuple of str
        More than one where the recording was interrupted.
    gaze_level : str
        What the gates say: green, yellow, red, not_measured; empty where nothing could be derived.
    """

    number: int
    case: str
    started_utc: str
    ended_utc: str
    recording_ids: tuple[str, ...]
    answers: Mapping[str, Any]
    gaze_level: str = ""


@dataclass(frozen=True)
class Progress:
    """What one reader has done.

    Attributes
    ----------
    order : tuple of str
        The reader's order of the cases.
    """

    protocol_sha256: str
    reader: str
    order: tuple[str, ...]
    done: tuple[CaseDone, ...] = field(default=())

    @property
    def next_case(self) -> str | None:
        """The first that is not done; None when all are."""
        return self.order[len(self.done)] if len(self.done) < len(self.order) else None

    def with_case(self, case: CaseDone) -> Progress:
        """One case more."""
        return replace(self, done=(*self.done, case))


def study_folder(workspace_folder: Path, protocol: Protocol) -> Path:
    """Where a study keeps what it knows."""
    return workspace_folder / STUDIES / protocol.name


def begin(folder: Path, protocol: Protocol, reader: str) -> Progress:
    """Begin a study for a reader, or go on with it.

    Raises
    ------
    StudyNotResumed
        If the reader has begun under another version of the protocol, or the file cannot be read.
    """
    path = folder / reader / _FILE
    copy = folder / "protocol.yaml"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if copy.exists() and copy.read_text(encoding="utf-8") != protocol.text:
        raise StudyNotResumed(
            f"A study named {protocol.name} was begun with another protocol ({copy}). Give the changed protocol "
            "another name: what was collected under two protocols must not be mixed."
        )
    if not copy.exists():
        _write(copy, protocol.text)
    if not path.exists():
        progress = Progress(protocol.sha256, reader, protocol.order_for(reader))
        keep(folder, progress)
        return progress
    return read(folder, reader)


def read(folder: Path, reader: str) -> Progress:
    """Read how far a reader is.

    Raises
    ------
    StudyNotResumed
        If the file cannot be read.
    """
    path = folder / reader / _FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        done = tuple(CaseDone(**{**case, "recording_ids": tuple(case["recording_ids"])}) for case in content["done"])
        return Progress(content["protocol_sha256"], content["reader"], tuple(content["order"]), done)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyNotResumed(f"{path}: how far the reader is cannot be read ({error}).") from error


def keep(folder: Path, reached: Progress) -> None:
    """Keep how far a reader is."""
    place = folder / reached.reader
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(place / _FILE, json.dumps(asdict(reached), indent=1, ensure_ascii=False))


def readers(folder: Path) -> list[str]:
    """Pseudonyms of all who have begun."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_FILE}"))


def utc_now() -> str:
    """Now, as the files write it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
