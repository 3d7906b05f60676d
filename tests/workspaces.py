"""Stand-ins for tests around the workspace: an intake that reads made-up files, and drafts and texts to keep."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from db import readings, reports, studies
from db.database import Workspace
from db.records import ReportVersion, TextSpan, WorkingText
from gaze2report.errors import NotAnImage
from gaze2report.types import Draft, Fixation, InstanceHeader, Provenance, Report, Sentence

STUDY_UID = "1.2.3"
TEXT = WorkingText("Cough.", "Lungs are clear.", "No acute finding.", (TextSpan("findings", 0, 16, "ai", True),))


class StandInIntake:
    """Reads files of one line of JSON: the fields of the header. Whatever follows the line is taken for pixels."""

    def read_header(self, path: Path | str) -> tuple[InstanceHeader, str]:
        content = Path(path).read_bytes()
        try:
            fields = json.loads(content.split(b"\n")[0])
        except ValueError as error:
            raise NotAnImage(path, "it is not an image") from error
        return InstanceHeader(**fields), hashlib.sha256(content).hexdigest()


def write_image(path: Path, *, pixels: bytes = b"", **fields: Any) -> Path:
    """Write a file for the stand-in; without UIDs it is the one image of STUDY_UID."""
    study_uid = fields.setdefault("study_uid", STUDY_UID)
    series_uid = fields.setdefault("series_uid", f"{study_uid}.1")
    fields.setdefault("instance_uid", f"{series_uid}.1")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(fields).encode() + b"\n" + pixels)
    return path


def add_study(workspace: Workspace, folder: Path, study_uid: str = STUDY_UID, **fields: Any) -> str:
    """Import one study with one image."""
    path = write_image(folder / f"{study_uid}.dcm", study_uid=study_uid, **fields)
    studies.import_file(workspace, StandInIntake(), path)
    return study_uid


def bring_to(workspace: Workspace, study_uid: str, status: str, reader: str = "reader") -> None:
    """Take an unread study along its life, by the functions a workstation uses."""
    if status == "unread":
        return
    reading = readings.open_reading(workspace, study_uid, reader)
    if status == "in-progress":
        return
    readings.autosave(workspace, reading.id, TEXT)
    if status == "draft":
        return
    reports.accept(workspace, reading.id, TEXT)
    if status == "preliminary":
        return
    sign(workspace, reading.id, reader)
    if status == "corrected":
        correct(workspace, study_uid, reader)
    if status == "addended":
        reports.add_addendum(
            workspace, study_uid, "Seen together with the prior film.", reader, reason="prior film has come"
        )


def sign(workspace: Workspace, reading_id: int, reader: str = "reader") -> ReportVersion:
    """Sign the usual text."""
    return reports.sign(workspace, reading_id, TEXT, signer=reader)


CORRECTED = dataclasses.replace(TEXT, impression="Small effusion on the left.")


def correct(workspace: Workspace, study_uid: str, reader: str = "reader") -> ReportVersion:
    """Correct a signed report."""
    correction = readings.open_correction(workspace, study_uid, reader)
    return reports.correct(workspace, correction.id, CORRECTED, signer=reader, reason="effusion overlooked")


def make_draft(study_uid: str = STUDY_UID, *, seed: int = 7) -> Draft:
    """Make a draft with something in every field."""
    return Draft(
        file="film.dcm",
        study_uid=study_uid,
        instance_uid=f"{study_uid}.1.1",
        report=Report("Lungs are clear.", "No acute finding."),
        sentences=(
            Sentence("Lungs are clear.", "findings", (1.0, 2.0, 30.5, 40.0), False),
            Sentence("No acute finding.", "impression"),
        ),
        observations={"Cardiomegaly": 0.125, "Fracture": None},
        scanpath=(Fixation(812.0, 604.5, 0.31), Fixation(1.5, 2.25, 0.2)),
        gaze="predicted",
        provenance=Provenance("base", "b" * 64, "embedded", "a" * 64, "c" * 64, "d" * 64, seed, "0.1.0"),
        created_at_utc="2026-01-02T03:04:05.000006Z",
        timing_s={"decode": 0.1, "total": 2.5},
    )
