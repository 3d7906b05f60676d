"""What an export is made of, and by which names it speaks of readers, recordings, films and studies.

An export says nothing of when or of whom: no dates, serial numbers or names of devices' owners, times count from the
begin of the recording, and UIDs are hashes. Whoever has a film can hash its UID and find it; nobody else can.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.case_gaze import CaseGaze, MappedRecording
from gaze2report.gaze.recording_content import RecordingContent


@dataclass(frozen=True, eq=False)
class Exportable:
    """A recording and what follows from it.

    Attributes
    ----------
    mapped : MappedRecording, optional
        None where the recording cannot be brought onto films.
    not_mapped : str
        Why it cannot.
    """

    content: RecordingContent
    cases: tuple[CaseGaze, ...] = ()
    mapped: MappedRecording | None = None
    not_mapped: str = ""


def recording_label(recording_id: str) -> str:
    """Name of a recording in exports: its own id says when it was made."""
    return hashlib.sha256(f"recording {recording_id}".encode()).hexdigest()[:12]


def uid_label(uid: str) -> str:
    """Name of a film or study in exports; empty for none."""
    return hashlib.sha256(f"uid {uid}".encode()).hexdigest()[:24] if uid else ""


def reader_label(pseudonym: str) -> str:
    """Name of a reader in exports: letters and digits, and never the same for two pseudonyms."""
    plain = "".join(letter for letter in pseudonym if letter.isalnum())
    return plain if plain == pseudonym else f"{plain}{hashlib.sha256(pseudonym.encode()).hexdigest()[:4]}"


def number_text(value: float | None, digits: int = 9) -> str:
    """Write a number with so many significant digits, 9 of which hold any 32-bit float exactly; empty for none."""
    return "" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def seconds_since_start(content: RecordingContent, system_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Host times as seconds since the recording began."""
    return np.asarray((system_us - content.started_us) / 1e6)
