"""What the workspace gives out: frozen dataclasses, never rows.

Times are UTC, ISO 8601 with microseconds and a final ``Z``. DICOM dates and times are as in the file (``YYYYMMDD``,
``HHMMSS``). A text that is not known is the empty string.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from db.roles import Role
from gaze2report.types import Draft, InstanceHeader

StudyStatus = Literal["unread", "in-progress", "draft", "preliminary", "final", "addended", "corrected"]
AiStatus = Literal["", "queued", "drafting", "ready", "refused", "failed", "cancelled", "unavailable"]
TextSection = Literal["indication", "technique", "comparison", "findings", "impression", "recommendation"]
"""The sections of a report in the order in which it is read; the one place that lists them."""

SpanOrigin = Literal["reader", "ai", "ai-edited", "macro", "external", "measurement"]
"""Who wrote a character.

``reader`` typed it; ``ai`` is the model's as it came; ``ai-edited`` is what is left of an AI sentence that the reader
changed; ``macro`` came with a template or macro; ``external`` was pasted or dictated from another program;
``measurement`` was written by a measurement on the film.
"""

ReadingMode = Literal["reader-first", "ai-first"]
"""``reader-first``: nothing of the AI is shown before the reader commits."""

VersionKind = Literal["preliminary", "final", "addendum", "correction"]
ReadingPurpose = Literal["report", "correction"]
AdapterState = Literal["candidate", "live", "retired", "rejected"]

STUDY_STATUSES: tuple[str, ...] = get_args(StudyStatus)
AI_STATUSES: tuple[str, ...] = get_args(AiStatus)
TEXT_SECTIONS: tuple[TextSection, ...] = get_args(TextSection)
SPAN_ORIGINS: tuple[SpanOrigin, ...] = get_args(SpanOrigin)
READING_MODES: tuple[str, ...] = get_args(ReadingMode)
SIGNED_STATUSES = frozenset({"final", "addended", "corrected"})


@dataclass(frozen=True)
class Patient:
    """One person, as the first imported file names them."""

    patient_id: str
    name: str
    birth_date: str
    sex: str


@dataclass(frozen=True)
class Instance:
    """One image of a study and where its file lies.

    Attributes
    ----------
    object_path : Path
        The unchanged copy of the file inside the workspace.
    sha256 : str
        SHA-256 of that file.
    """

    instance_uid: str
    series_uid: str
    object_path: Path
    sha256: str
    size_bytes: int
    header: InstanceHeader
    imported_at_utc: str


@dataclass(frozen=True)
class Series:
    """One series with its instances in order of import."""

    series_uid: str
    modality: str
    description: str
    instances: tuple[Instance, ...]


@dataclass(frozen=True)
class Study:
    """One study with everything a viewer needs to open it."""

    study_uid: str
    patient: Patient
    age_years: float | None
    study_date: str
    study_time: str
    accession_number: str
    description: str
    indication: str
    status: StudyStatus
    ai_status: AiStatus
    ai_detail: str
    series: tuple[Series, ...]

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, series by series."""
        return tuple(instance for series in self.series for instance in series.instances)


class WorklistEntry(NamedTuple):
    """One line of the worklist; a named tuple because a worklist has thousands, and dataclasses take thrice the time.

    Attributes
    ----------
    modality : str
        Modality of its series; several are joined by ``/``.
    views : tuple of str
        View positions of its images, each once, in alphabetical order.
    locked_by : str
        The reader who has it open.
    imported_at_utc : str
        When its first image came in: since when it waits.
    prior_count : int
        Earlier studies of the same patient, as :func:`db.studies.prior_studies` lists them.
    assigned_to : str
        The reader it is meant for; empty when it is anybody's.
    ai_priority : int or None
        Rank of its newest draft's findings, see :mod:`gaze2report.ai_priority`; None when it is not ranked.
    ai_priority_reason : str
        The finding that raises it, with its probability: "Pneumothorax 0.81".
    """

    study_uid: str
    patient_name: str
    patient_id: str
    sex: str
    age_years: float | None
    study_date: str
    study_time: str
    modality: str
    views: tuple[str, ...]
    accession_number: str
    description: str
    status: StudyStatus
    ai_status: AiStatus
    instance_count: int
    locked_by: str
    imported_at_utc: str = ""
    prior_count: int = 0
    assigned_to: str = ""
    ai_priority: int | None = None
    ai_priority_reason: str = ""


@dataclass(frozen=True)
class ImportedInstance:
    """What became of one file. ``is_new`` is False when the workspace held it already."""

    study_uid: str
    instance_uid: str
    is_new: bool
    path: Path


@dataclass(frozen=True)
class ImportSummary:
    """What became of a set of files; ``failures`` are pairs of path and sentence."""

    imported: tuple[ImportedInstance, ...] = ()
    duplicates: tuple[ImportedInstance, ...] = ()
    failures: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class TextSpan:
    """Who wrote a stretch of a section.

    ``start`` and ``end`` count Unicode code points as ``len(str)`` does (not the UTF-16 units of a Qt cursor); ``end``
    is exclusive.

    Attributes
    ----------
    is_accepted : bool
        Only for AI text: the reader has read it and let it stand as it is.
    """

    section: TextSection
    start: int
    end: int
    origin: SpanOrigin
    is_accepted: bool = False

    def __post_init__(self) -> None:
        if self.section not in TEXT_SECTIONS or self.origin not in SPAN_ORIGINS:
            raise ValueError(f"a span of section {self.section!r} and origin {self.origin!r} is not known")
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span from {self.start} to {self.end} is not a stretch of text")


@dataclass(frozen=True)
class Communication:
    """A critical result was passed on.

    Attributes
    ----------
    told : str
        Who was told.
    at : str
        When, local time of the reader, ``YYYY-MM-DD HH:MM``.
    means : str
        How: by telephone, in person, ...
    """

    told: str
    at: str
    means: str


@dataclass(frozen=True)
class WorkingText:
    """The text on the editor, by section, with who wrote which part of it, and who was told of a critical result."""

    indication: str = ""
    findings: str = ""
    impression: str = ""
    spans: tuple[TextSpan, ...] = ()
    technique: str = field(default="", kw_only=True)
    comparison: str = field(default="", kw_only=True)
    recommendation: str = field(default="", kw_only=True)
    communications: tuple[Communication, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for span in self.spans:
            length = len(self.section(span.section))
            if span.end > length:
                raise ValueError(f"a span ends at {span.end}, the {span.section} at {length}")

    def section(self, name: TextSection) -> str:
        """Give the text of one section."""
        text: str = getattr(self, name)
        return text

    @property
    def is_empty(self) -> bool:
        """True when neither findings nor impression say anything."""
        return not self.findings.strip() and not self.impression.strip()


@dataclass(frozen=True)
class Reading:
    """One reader's work on one study.

    Attributes
    ----------
    purpose : str
        "report" until the study is signed; "correction" for work on a new text of a signed one.
    mode : str
        Whether the reader wrote before seeing anything of the AI.
    committed_at_utc : str
        When, in reader-first, the reader committed and the AI was shown; empty before.
    """

    id: int
    study_uid: str
    reader: str
    opened_at_utc: str
    work: WorkingText
    purpose: ReadingPurpose = "report"
    mode: ReadingMode = "ai-first"
    committed_at_utc: str = ""


@dataclass(frozen=True)
class DraftRecord:
    """A stored draft: the draft itself, and who asked for it."""

    id: int
    study_uid: str
    reading_id: int | None
    created_at_utc: str
    latency_s: float | None
    draft: Draft
    content_sha256: str


@dataclass(frozen=True)
class ReportVersion:
    """One version of a report; never changed once written.

    Attributes
    ----------
    text : WorkingText
        The whole report as of this version. A correction replaces the text before it, which stays as it was.
    addendum : str
        Only for an addendum: what it adds. Its ``text`` is the signed text it adds to.
    reason : str
        Only for an addendum or correction: why it was made.
    text_sha256 : str
        SHA-256 of the sections, the addendum and the communications, see :func:`db.texts.text_sha256`.
    """

    id: int
    study_uid: str
    version: int
    kind: VersionKind
    text: WorkingText
    addendum: str
    author: str
    signer: str
    draft_id: int | None
    text_sha256: str
    created_at_utc: str
    reason: str = ""

    @property
    def is_signed(self) -> bool:
        """True for final versions, addenda and corrections."""
        return self.kind != "preliminary"


@dataclass(frozen=True)
class AdapterVersion:
    """One adapter the workspace knows; ``folder`` is relative to the workspace's ``adapters/`` or absolute."""

    name: str
    sha256: str
    folder: str
    base_model: str
    base_model_sha256: str
    parent: str
    training_set_sha256: str
    code_version: str
    metrics: dict[str, Any]
    state: AdapterState
    created_at_utc: str


@dataclass(frozen=True)
class Account:
    """A named person who uses the workspace; the password is not in here."""

    name: str
    role: Role
    is_enabled: bool
    created_at_utc: str


@dataclass(frozen=True)
class AuditEvent:
    """One line of the audit log; ``sha256`` covers all other fields and the line before."""

    seq: int
    at_utc: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous_sha256: str
    sha256: str
