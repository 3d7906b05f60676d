"""Which case a recording under way is of, kept beside it so that a window that was killed comes back to it."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from capture.consent import Consent, NoConsent
from capture.spool_schema import SUFFIX

_UNDER_WAY = "under_way.json"


@dataclass(frozen=True)
class CaseRecording:
    """One recording of one case.

    Attributes
    ----------
    recording_id : str
    folder : Path
        The spool folder.
    study_uid : str
    consent : Consent
    reading_id : int or None
        Of the workspace; None where the study is only looked at.
    """

    recording_id: str
    folder: Path
    study_uid: str
    consent: Consent
    reading_id: int | None = None

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / f"{self.recording_id}{SUFFIX}"


def new_recording_id() -> str:
    """An id that sorts by time and names nobody."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def keep_under_way(case: CaseRecording) -> None:
    """Note which case is being recorded."""
    content = {
        "recording_id": case.recording_id,
        "study_uid": case.study_uid,
        "reading_id": case.reading_id,
        "consent": case.consent.to_body(),
    }
    aside = case.folder / f"{_UNDER_WAY}.new"
    with aside.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, case.folder / _UNDER_WAY)


def forget_under_way(folder: Path) -> None:
    """Nothing is being recorded any more."""
    (folder / _UNDER_WAY).unlink(missing_ok=True)


def read_under_way(folder: Path, recording_id: str) -> CaseRecording | None:
    """The case of a recording that is under way; None where nobody kept it, so that it cannot be gone on with."""
    try:
        content = json.loads((folder / _UNDER_WAY).read_text(encoding="utf-8"))
        if content["recording_id"] != recording_id:
            return None
        reading_id = content["reading_id"]
        return CaseRecording(
            recording_id, folder, str(content["study_uid"]), Consent.from_body(content["consent"]),
            None if reading_id is None else int(reading_id),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, NoConsent):
        return None
