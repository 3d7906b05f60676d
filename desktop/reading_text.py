"""The study on screen with its films and its text; :mod:`desktop.reading` adds the draft."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from db.records import (
    SIGNED_STATUSES,
    TEXT_SECTIONS,
    Communication,
    Instance,
    ReportVersion,
    Study,
    TextSpan,
    WorkingText,
)
from db.records import Reading as ReadingRecord
from desktop.section_draft import DRAFT_SECTIONS
from desktop.text_spans import Origin, SectionText, Span
from gaze2report.report_templates.fields import find_fields
from gaze2report.types import Image


class ReadingText(QObject):
    """State of the study on screen, without its draft.

    Signals
    -------
    opened
        Another study (or none) is on screen; everything about it may have changed.
    text_replaced
        The whole text is another one; the study is the same.
    image_changed, report_changed
        That part of the study changed.
    section_spliced(str, int, int, str)
        In this section, at this position, so many characters were replaced by this text.
    origins_changed(str)
        The text of this section is as it was; what is known of where it came from is not.
    communications_changed
        Who was told of a critical result.
    edited
        There is something that is not kept yet.
    """

    opened = Signal()
    text_replaced = Signal()
    image_changed = Signal()
    report_changed = Signal()
    section_spliced = Signal(str, int, int, str)
    origins_changed = Signal(str)
    communications_changed = Signal()
    edited = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clear()

    def _clear(self) -> None:
        self.study: Study | None = None
        self.record: ReadingRecord | None = None
        self.locked_by = ""
        self.is_leaving = False
        self.wanted_film: tuple[str, str] | None = None
        self.instance: Instance | None = None
        self.image: Image | None = None
        self.image_fault = ""
        self.versions: tuple[ReportVersion, ...] = ()
        self.sections: dict[str, SectionText] = {name: SectionText() for name in TEXT_SECTIONS}
        self.communications: tuple[Communication, ...] = ()
        self.is_model_writing = False

    # -- the study ----------------------------------------------------------------------------------------------

    def set_leaving(self, is_leaving: bool) -> None:
        """Hold the text still while it is kept and another study is opened."""
        self.is_leaving = is_leaving
        self.report_changed.emit()

    def set_image_fault(self, instance: Instance, sentence: str) -> None:
        """Say why a film cannot be shown."""
        self.instance, self.image, self.image_fault = instance, None, sentence
        self.image_changed.emit()

    @property
    def is_signed(self) -> bool:
        """Whether the report is final."""
        return self.study is not None and self.study.status in SIGNED_STATUSES

    @property
    def is_correcting(self) -> bool:
        """Whether a new text of the signed report is being written."""
        return self.record is not None and self.record.purpose == "correction"

    @property
    def takes_text(self) -> bool:
        """Whether there is a reading that text goes into."""
        return self.record is not None and (not self.is_signed or self.is_correcting)

    @property
    def can_edit(self) -> bool:
        """Whether the reader may write now."""
        return self.takes_text and not self.is_leaving

    @property
    def is_blank(self) -> bool:
        """Whether findings and impression are without a single character."""
        return not any(self.sections[name].text for name in DRAFT_SECTIONS)

    @property
    def has_only_ai_text(self) -> bool:
        """Whether findings and impression hold nothing of the reader's (they may be empty)."""
        return all(not s.text or s.is_untouched_ai for s in (self.sections[name] for name in DRAFT_SECTIONS))

    def set_versions(self, study: Study, versions: Iterable[ReportVersion]) -> None:
        """Take over a new state of the report: accepted, or signed."""
        self.study, self.versions = study, tuple(versions)
        self.report_changed.emit()

    def begin_correction(self, record: ReadingRecord) -> None:
        """Let the text of a correction be written; the signed report stays what it is."""
        self.record = record
        self._show_text(record.work)
        self.text_replaced.emit()
        self.report_changed.emit()

    def end_correction(self, study: Study, versions: Iterable[ReportVersion]) -> None:
        """The correction is signed or given up: show the text that is signed now."""
        self.record, self.is_leaving = None, False
        self.study, self.versions = study, tuple(versions)
        self._show_text(self.versions[-1].text)
        self.text_replaced.emit()
        self.report_changed.emit()

    def mark_saved(self) -> None:
        """The text was kept; a study with text is a draft from then on, in the workspace too."""
        if self.study is not None and self.study.status == "in-progress" and not self.working_text().is_empty:
            self.study = replace(self.study, status="draft")
            self.report_changed.emit()

    # -- the text -----------------------------------------------------------------------------------------------

    def _show_text(self, work: WorkingText) -> None:
        for name in TEXT_SECTIONS:
            spans = [(s.start, s.end, s.origin, s.is_accepted) for s in work.spans if s.section == name]
            self.sections[name] = SectionText(getattr(work, name), spans)
        self.communications = work.communications

    def working_text(self) -> WorkingText:
        """The text as it stands, with who wrote what: the spans cover every character of every section."""
        spans = tuple(
            TextSpan(name, start, end, origin, is_accepted)  # type: ignore[arg-type]
            for name in TEXT_SECTIONS
            for start, end, origin, is_accepted in self.sections[name].spans
        )
        texts = {name: self.sections[name].text for name in TEXT_SECTIONS}
        return WorkingText(**texts, spans=spans, communications=self.communications)

    def splice(self, section: str, position: int, removed: int, inserted: str, origin: Origin = "reader") -> None:
        """Replace a stretch of a section by text of one origin.

        Raises
        ------
        ValueError
            If the range is not inside the section.
        """
        if not removed and not inserted:
            return
        self.sections[section].splice(position, removed, inserted, origin)
        self.section_spliced.emit(section, position, removed, inserted)
        self.edited.emit()

    def append_paragraph(self, section: str, text: str, origin: Origin) -> None:
        """Put text on a new line behind what stands in a section."""
        before = self.sections[section].text
        joint = "\n" if before and not before.endswith("\n") else ""
        self.splice(section, len(before), 0, joint + text, origin)

    def use_defaults(self) -> None:
        """Put its default in place of every field of a template that has one."""
        for name in TEXT_SECTIONS:
            for field in reversed(find_fields(self.sections[name].text)):
                if not field.is_mandatory:
                    self.splice(name, field.start, field.end - field.start, field.default_text, "macro")

    def mark(self, section: str, at: int, spans: Iterable[Span]) -> None:
        """Say where text that was moved here came from; the spans count from ``at``."""
        for start, end, origin, is_accepted in spans:
            self.sections[section].mark(at + start, at + end, origin, is_accepted=is_accepted)
        self._origins_changed(section)

    def restore_origins(self, section: str, spans: tuple[Span, ...]) -> None:
        """Give a section's unchanged text back the origins it had before (undo)."""
        self.sections[section] = SectionText(self.sections[section].text, spans)
        self._origins_changed(section)

    def set_communications(self, communications: tuple[Communication, ...]) -> None:
        """Note who was told of a critical result."""
        if communications != self.communications:
            self.communications = communications
            self.communications_changed.emit()
            self.edited.emit()

    # -- reviewing AI text --------------------------------------------------------------------------------------

    def unreviewed(self) -> tuple[tuple[str, int, int], ...]:
        """AI sentences that the reader has neither accepted nor changed: section, start, end, in reading order."""
        return tuple((name, start, end) for name in TEXT_SECTIONS for start, end in self.sections[name].unreviewed())

    def accept_text(self, section: str, start: int, end: int) -> None:
        """Let the AI text of a stretch stand as it is."""
        if self.can_edit:
            self.sections[section].accept(start, end)
            self._origins_changed(section)

    def accept_all(self) -> None:
        """Let all AI text stand as it is."""
        for section, start, end in self.unreviewed():
            self.accept_text(section, start, end)

    def reject_text(self, section: str, start: int, end: int) -> None:
        """Remove a sentence with the white space that parted it from its neighbour."""
        text = self.sections[section].text
        if not self.can_edit:
            return
        while end < len(text) and text[end] == " ":
            end += 1
        if end == len(text):
            start = len(text[:start].rstrip(" "))
        self.splice(section, start, end - start, "")

    def reject_all(self) -> None:
        """Remove every AI sentence that is not accepted."""
        for section, start, end in reversed(self.unreviewed()):
            self.reject_text(section, start, end)

    def _origins_changed(self, section: str) -> None:
        self.origins_changed.emit(section)
        self.edited.emit()
