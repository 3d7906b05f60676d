"""What the checks of a report are given, and what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

IssueKind = Literal["blocker", "warning"]


@dataclass(frozen=True)
class Issue:
    """Something that speaks against signing.

    Attributes
    ----------
    code : str
        What kind of problem it is: "laterality", "placeholder", ...; for the audit log and for counting.
    kind : str
        A "blocker" has to be put right; the reader may sign in spite of a "warning".
    sentence : str
        What is wrong, for the reader.
    section : str
        Where; empty when it is no single place.
    start, end : int
        The stretch of the section that is meant, in characters; ``end`` is exclusive.
    """

    code: str
    kind: IssueKind
    sentence: str
    section: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class ReportContent:
    """A report as it is to be signed.

    Attributes
    ----------
    sections : mapping
        Section name to text, in the order in which the report is read.
    unreviewed : tuple
        AI sentences that the reader has neither accepted nor changed: section, start, end.
    study_uid : str
        The study that the text was written for.
    has_communication : bool
        Whether it is noted who was told of a critical result.
    """

    sections: Mapping[str, str]
    unreviewed: tuple[tuple[str, int, int], ...] = ()
    study_uid: str = ""
    has_communication: bool = False


@dataclass(frozen=True)
class StudyFacts:
    """What is known of the study on screen, apart from the report.

    Attributes
    ----------
    sex : str
        DICOM Patient's Sex: "M", "F", "O" or empty.
    has_prior : bool or None
        Whether there is an earlier study of the patient; None when that is not known, and then nothing is said of it.
    observations : mapping
        The findings head's calibrated probabilities by CheXpert name; None where the training data gave no measured
        support, and that is never held against a report.
    ctr : float, optional
        Cardiothoracic ratio, measured on a PA film and accepted by the reader.
    """

    study_uid: str = ""
    patient_id: str = ""
    accession_number: str = ""
    sex: str = ""
    age_years: float | None = None
    has_prior: bool | None = None
    observations: Mapping[str, float | None] = field(default_factory=dict)
    ctr: float | None = None
