"""One version of a report with everything an output says of it, read from the workspace at one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from db import drafts, reports, studies
from db.database import Workspace
from db.errors import OutputRefused, UnknownRecord
from db.records import DraftRecord, Instance, ReportVersion, Study
from db.report_output import sections
from db.report_output.clean_text import clean, count_forbidden, one_line
from db.report_output.demographics import utc_text
from db.report_output.sentence_regions import SentenceRegion, find_regions
from gaze2report.errors import UnreadableInput
from gaze2report.types import InstanceHeader

_STATUS_TEXTS = {"addendum": "final with addendum", "correction": "corrected"}
_AMENDMENTS = {"addendum": "addendum", "correction": "correction"}
RESEARCH_USE = "For research use only. Made with Gaze2Report, which is not a medical device; not for primary diagnosis."


class HeaderReader(Protocol):
    """The part of ``gaze2report.imaging.intake.Intake`` that an output may need."""

    def read_header(self, path: Path, /) -> tuple[InstanceHeader, str]:
        """Give the header and the SHA-256 of a file."""


@dataclass(frozen=True)
class OutputSection:
    """A section with text.

    Attributes
    ----------
    text : str
        As in the report, apart from characters that no format may hold (see :func:`clean_text.clean`).
    added_by : ReportVersion or None
        For an addendum: the version that added it.
    """

    name: str
    text: str
    added_by: ReportVersion | None = None
    has_ai_text: bool = False

    @property
    def kind(self) -> sections.SectionKind:
        """Its heading and codes."""
        return sections.kind_of(self.name)


@dataclass(frozen=True)
class AiAssistance:
    """Which model had a hand in the text; None for the draft where the workspace does not say which one it was."""

    record: DraftRecord | None

    @property
    def sentence(self) -> str:
        """One line for the reader of the report."""
        if self.record is None:
            return "AI-assisted: parts of the text were drafted by a model that is not recorded."
        made_by = self.record.draft.provenance
        return (
            f"AI-assisted: drafted by {clean(made_by.base_model)} with adapter {clean(made_by.adapter)} "
            f"(SHA-256 {made_by.adapter_sha256[:16]})."
        )


@dataclass(frozen=True)
class OutputImage:
    """A DICOM image of the study that an output may refer to."""

    series_uid: str
    instance_uid: str
    sop_class_uid: str
    modality: str
    rows: int
    columns: int


@dataclass(frozen=True)
class OutputDocument:
    """A version of a report as it goes out.

    Attributes
    ----------
    predecessors : tuple of ReportVersion
        The signed versions before it, oldest first.
    superseded_by : int or None
        The newest version where that is another one.
    images : tuple of OutputImage
        The DICOM images that were there when the version was written; empty for PNG and JPEG films.
    notes : tuple of str
        What the person who sends the report out should know, as sentences.
    """

    study: Study
    version: ReportVersion
    sections: tuple[OutputSection, ...]
    predecessors: tuple[ReportVersion, ...]
    superseded_by: int | None
    assistance: AiAssistance | None
    regions: tuple[SentenceRegion, ...]
    images: tuple[OutputImage, ...]
    notes: tuple[str, ...]

    @property
    def is_signed(self) -> bool:
        """Whether it may be relied on as a final report."""
        return self.version.is_signed

    @property
    def status_text(self) -> str:
        """Status in words."""
        return _STATUS_TEXTS.get(self.version.kind, self.version.kind)

    @property
    def amendments(self) -> tuple[str, ...]:
        """What was added to or corrected in the signed report, by whom, when and why; a sentence each."""
        changed = [one for one in (*self.predecessors, self.version) if one.kind in _AMENDMENTS]
        return tuple(
            f"Version {one.version}, {utc_text(one.created_at_utc)}: {_AMENDMENTS[one.kind]} by {one_line(one.signer)}"
            + (f", because: {one_line(one.reason)}" if one.reason else "")
            for one in changed
        )

    @property
    def assistance_sentence(self) -> str:
        """Who wrote: with a model, and which, or without."""
        if self.assistance is None:
            return "Written without AI text."
        return (
            f"{self.assistance.sentence[:-1]}, checked by the reader." if self.is_signed else self.assistance.sentence
        )


def collect(
    workspace: Workspace, study_uid: str, version: int | None = None, *, header_reader: HeaderReader | None = None
) -> OutputDocument:
    """Read one version of a report for an output.

    Parameters
    ----------
    version : int, optional
        The newest when not given.
    header_reader : HeaderReader, optional
        Reads the header again of images that were imported before their SOP class was kept; without one such images
        are left out, with a note.

    Raises
    ------
    UnknownRecord
        If there is no such study or version.
    OutputRefused
        If the study has no report: a text that was neither accepted nor signed is nobody's report yet.
    """
    study = studies.get(workspace, study_uid)
    versions = reports.of_study(workspace, study_uid)
    if not versions:
        raise OutputRefused(
            "this study has no report yet: its text must be accepted as preliminary or signed before it can go out"
        )
    chosen = versions[-1] if version is None else next((one for one in versions if one.version == version), None)
    if chosen is None:
        raise UnknownRecord("report version", version)
    until = [one for one in versions if one.version <= chosen.version]
    kept_drafts = {one.id: one for one in drafts.of_study(workspace, study_uid)}
    assistance = _assistance(until, kept_drafts)
    images, image_notes = _images(study, chosen, header_reader)
    written = _sections(until)
    return OutputDocument(
        study=study,
        version=chosen,
        sections=written,
        predecessors=tuple(one for one in until if one.is_signed and one is not chosen),
        superseded_by=versions[-1].version if versions[-1] is not chosen else None,
        assistance=assistance,
        regions=find_regions(
            chosen.text, assistance.record.draft if assistance and assistance.record else None,
            {one.instance_uid: (one.rows, one.columns) for one in images},
        ),
        images=images,
        notes=(*_text_notes(until), *image_notes),
    )  # fmt: skip


def _sections(until: list[ReportVersion]) -> tuple[OutputSection, ...]:
    chosen = until[-1]
    with_ai = {span.section for span in chosen.text.spans if span.origin.startswith("ai")}
    written = [
        OutputSection(name, clean(text), has_ai_text=name in with_ai)
        for name in sections.names_in_order()
        if (text := getattr(chosen.text, name))
    ]
    if chosen.text.communications:
        told = "\n".join(f"{entry.told}, {entry.at}, {entry.means}" for entry in chosen.text.communications)
        written.append(OutputSection("communication", clean(told)))
    # Those from before a correction, too: it replaces the text that they add to, not them.
    return (*written, *(OutputSection("addendum", clean(one.addendum), one) for one in until if one.addendum))


def _text_notes(until: list[ReportVersion]) -> list[str]:
    chosen = until[-1]
    texts = [getattr(chosen.text, name) for name in sections.names_in_order()]
    texts += [part for entry in chosen.text.communications for part in (entry.told, entry.at, entry.means)]
    texts += [one.addendum for one in until]
    count = sum(map(count_forbidden, texts))
    if not count:
        return []
    noun = "1 character" if count == 1 else f"{count} characters"
    return [f"{noun} that documents cannot hold (control characters) are written as \N{REPLACEMENT CHARACTER}."]


def _assistance(until: list[ReportVersion], kept_drafts: dict[int, DraftRecord]) -> AiAssistance | None:
    """Find the draft that the text grew from; an addendum has its text, and so its draft, from the version before."""
    chosen = until[-1]
    has_ai = any(span.origin.startswith("ai") for span in chosen.text.spans)
    if chosen.draft_id is None and not has_ai:
        return None
    draft_id = next((one.draft_id for one in reversed(until) if one.draft_id is not None), None)
    return AiAssistance(kept_drafts.get(draft_id) if draft_id is not None else None)


def _images(
    study: Study, chosen: ReportVersion, header_reader: HeaderReader | None
) -> tuple[tuple[OutputImage, ...], list[str]]:
    """Give the DICOM images that were in the study when the version was written, so that it never changes again."""
    found, left_out = [], 0
    for instance in study.instances:
        if instance.imported_at_utc > chosen.created_at_utc or instance.object_path.suffix != ".dcm":
            continue
        sop_class_uid = instance.header.sop_class_uid or _sop_class_read_again(instance, header_reader)
        if not sop_class_uid:
            left_out += 1
            continue
        header = instance.header
        found.append(
            OutputImage(
                instance.series_uid, instance.instance_uid, sop_class_uid, header.modality, header.rows, header.columns
            )
        )
    notes = [f"{left_out} of the study's images are not referred to: their SOP class is not known."] if left_out else []
    return tuple(found), notes


def _sop_class_read_again(instance: Instance, header_reader: HeaderReader | None) -> str:
    if header_reader is None:
        return ""
    try:
        return header_reader.read_header(instance.object_path)[0].sop_class_uid
    except UnreadableInput:
        return ""
