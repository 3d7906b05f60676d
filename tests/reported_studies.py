"""Studies with a report, for tests of what leaves the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workspaces import STUDY_UID, add_study, make_draft

from db import drafts, readings, reports
from db.database import Workspace
from db.records import DraftRecord, ReportVersion, TextSpan, WorkingText
from gaze2report.types import Draft, Sentence

DX_IMAGE = "1.2.840.10008.5.1.4.1.1.1.1"
SIGNER = "Dr. Anna Müller"
FINDINGS = "The heart is enlarged.  Lungs are clear.\n\nNo effusion."
TEXT = WorkingText(
    indication="Cough.",
    findings=FINDINGS,
    impression="Cardiomegaly.",
    spans=(TextSpan("findings", 0, 22, "ai", True), TextSpan("impression", 0, 13, "ai", True)),
)
HEADER: dict[str, Any] = {
    "sop_class_uid": DX_IMAGE,
    "patient_id": "P1",
    "patient_name": "Doe^Jane",
    "patient_sex": "F",
    "patient_birth_date": "19600301",
    "accession_number": "ACC1",
    "study_date": "20240301",
    "study_time": "101500",
    "study_description": "Chest PA",
    "modality": "DX",
    "rows": 160,
    "columns": 144,
}


def draft_with_regions(study_uid: str = STUDY_UID) -> Draft:
    """Make a draft whose first findings sentence has a region."""
    sentences = (
        Sentence("The heart is enlarged.", "findings", (20.0, 50.5, 100.0, 140.0), False),
        Sentence("Lungs are clear.", "findings", (1.0, 1.0, 140.0, 150.0), False),
        Sentence("Cardiomegaly.", "impression", None),
    )
    return replace(make_draft(study_uid), sentences=sentences)


@dataclass
class Reported:
    """A study under way: its workspace, and the reading that is open on it."""

    workspace: Workspace
    study_uid: str
    reading_id: int
    draft: DraftRecord | None

    def accept(self, text: WorkingText = TEXT) -> ReportVersion:
        """Keep a text as preliminary."""
        return reports.accept(self.workspace, self.reading_id, text, draft_id=self.draft.id if self.draft else None)

    def sign(self, text: WorkingText = TEXT) -> ReportVersion:
        """Sign a text."""
        return reports.sign(
            self.workspace, self.reading_id, text, signer=SIGNER, draft_id=self.draft.id if self.draft else None
        )

    def add(self, text: str, signer: str = SIGNER) -> ReportVersion:
        """Add an addendum."""
        return reports.add_addendum(self.workspace, self.study_uid, text, signer, reason="prior films came")

    def correct(self, text: WorkingText) -> ReportVersion:
        """Put another text in place of the signed one."""
        reading = readings.open_correction(self.workspace, self.study_uid, SIGNER)
        return reports.correct(self.workspace, reading.id, text, signer=SIGNER, reason="wrong side")


def reported_study(
    workspace: Workspace, folder: Path, *, study_uid: str = STUDY_UID, with_draft: bool = True, **header: Any
) -> Reported:
    """Import a study of one DICOM image (in the eyes of the stand-in intake) and open a reading on it."""
    add_study(workspace, folder, study_uid, **{**HEADER, **header})
    draft = drafts.add(workspace, None, study_uid, draft_with_regions(study_uid)) if with_draft else None
    reading = readings.open_reading(workspace, study_uid, SIGNER)
    return Reported(workspace, study_uid, reading.id, draft)


def without_space(text: str) -> str:
    """Drop all white space: a PDF breaks lines and pages where they fit."""
    return "".join(text.split())


def joined(texts: Iterable[str]) -> str:
    """Put texts together as they stand."""
    return "".join(texts)
