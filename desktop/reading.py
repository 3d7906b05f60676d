"""The study on screen: its image, its text, its draft. Views listen to it, and change it only through its methods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from db.records import (
    SIGNED_STATUSES,
    DraftRecord,
    Instance,
    ReportVersion,
    Study,
    TextSection,
    TextSpan,
    WorkingText,
)
from db.records import Reading as ReadingRecord
from desktop.section_draft import DRAFT_SECTIONS, SectionDraft, joint
from desktop.text_spans import Origin, SectionText, difference, plain
from gaze2report.types import Draft, Fixation, Image

SECTIONS: tuple[TextSection, ...] = ("indication", "findings", "impression")
DraftPhase = Literal["none", "waiting", "drafting", "done", "refused", "failed", "cancelled"]


@dataclass(frozen=True)
class DraftState:
    """Where the draft of the study on screen stands; ``reason`` is a sentence when there is none."""

    phase: DraftPhase = "none"
    reason: str = ""


class Reading(QObject):
    """State of the study on screen.

    Signals
    -------
    opened
        Another study (or none) is on screen; everything about it may have changed.
    image_changed, scanpath_changed, draft_changed, report_changed
        That part of the study changed.
    section_spliced(str, int, int, str)
        In this section, at this position, so many characters were replaced by this text.
    edited
        There is text that is not kept yet.
    """

    opened = Signal()
    image_changed = Signal()
    scanpath_changed = Signal()
    draft_changed = Signal()
    report_changed = Signal()
    section_spliced = Signal(str, int, int, str)
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
        self.drafts: tuple[DraftRecord, ...] = ()
        self.fixations: tuple[Fixation, ...] = ()
        self.draft_state = DraftState()
        self.is_draft_wanted_by_reader = False
        self.request_id = ""
        self.draft_instance_uid = ""
        self.sections: dict[str, SectionText] = {name: SectionText() for name in SECTIONS}
        self.section_drafts: dict[str, SectionDraft] = {}

    # -- the study ----------------------------------------------------------------------------------------------

    def open(
        self,
        study: Study,
        record: ReadingRecord | None,
        versions: Iterable[ReportVersion] = (),
        drafts: Iterable[DraftRecord] = (),
        *,
        locked_by: str = "",
    ) -> None:
        """Put a study on screen. Without a ``record`` it can be looked at, not written."""
        self._clear()
        self.study, self.record, self.locked_by = study, record, locked_by
        self.versions, self.drafts = tuple(versions), tuple(drafts)
        work = self._first_text(study, record)
        for name in SECTIONS:
            runs = tuple((s.start, s.end, s.origin) for s in work.spans if s.section == name)
            self.sections[name] = SectionText(getattr(work, name), runs)
        if self.drafts:
            self._show_scanpath_of(self.drafts[-1].draft)
            self.draft_state = DraftState("done")
        was_placed = self._place_stored_draft()
        self.opened.emit()
        if was_placed:
            self.edited.emit()

    def _first_text(self, study: Study, record: ReadingRecord | None) -> WorkingText:
        if study.status in SIGNED_STATUSES and self.versions:
            return self.versions[-1].text
        work = record.work if record is not None else (self.versions[-1].text if self.versions else WorkingText())
        if work.is_empty and not work.indication and study.indication:
            return WorkingText(indication=plain(study.indication).replace("\n", " "))
        return work

    def close(self) -> None:
        """Take the study off the screen."""
        self._clear()
        self.opened.emit()

    def set_leaving(self, is_leaving: bool) -> None:
        """Hold the text still while it is kept and another study is opened."""
        self.is_leaving = is_leaving
        self.report_changed.emit()

    def set_image(self, instance: Instance, image: Image) -> None:
        """Show one film of the study."""
        self.instance, self.image, self.image_fault = instance, image, ""
        self.image_changed.emit()
        self.scanpath_changed.emit()

    def set_image_fault(self, instance: Instance, sentence: str) -> None:
        """Say why a film cannot be shown."""
        self.instance, self.image, self.image_fault = instance, None, sentence
        self.image_changed.emit()

    @property
    def is_signed(self) -> bool:
        """Whether the report is final."""
        return self.study is not None and self.study.status in SIGNED_STATUSES

    @property
    def can_edit(self) -> bool:
        """Whether the reader may write."""
        return self.record is not None and not self.is_signed and not self.is_leaving

    @property
    def is_blank(self) -> bool:
        """Whether findings and impression are without a single character."""
        return not any(self.sections[name].text for name in DRAFT_SECTIONS)

    @property
    def has_only_ai_text(self) -> bool:
        """Whether findings and impression hold nothing of the reader's (they may be empty)."""
        return all(not s.text or s.is_untouched_ai for s in (self.sections[name] for name in DRAFT_SECTIONS))

    @property
    def shown_fixations(self) -> tuple[Fixation, ...]:
        """The predicted scanpath, when the film it was predicted for is the one on screen."""
        if self.instance is None or self.instance.instance_uid != self.draft_instance_uid:
            return ()
        return self.fixations

    def set_versions(self, study: Study, versions: Iterable[ReportVersion]) -> None:
        """Take over a new state of the report: accepted, or signed."""
        self.study, self.versions = study, tuple(versions)
        self.report_changed.emit()

    def mark_saved(self) -> None:
        """The text was kept; a study with text is a draft from then on, in the workspace too."""
        if self.study is not None and self.study.status == "in-progress" and not self.working_text().is_empty:
            self.study = replace(self.study, status="draft")
            self.report_changed.emit()

    # -- the text -----------------------------------------------------------------------------------------------

    def working_text(self) -> WorkingText:
        """The text as it stands, with who wrote what."""
        spans = tuple(
            TextSpan(section=name, start=start, end=end, origin=origin)
            for name in SECTIONS
            for start, end, origin in self.sections[name].runs
        )
        return WorkingText(**{name: self.sections[name].text for name in SECTIONS}, spans=spans)

    def splice(self, section: str, position: int, removed: int, inserted: str, origin: Origin = "reader") -> None:
        """Replace a stretch of a section; a change by the reader sends the rest of a running draft aside.

        Raises
        ------
        ValueError
            If the range is not inside the section.
        """
        if not removed and not inserted:
            return
        self.sections[section].splice(position, removed, inserted, origin)
        draft = self.section_drafts.get(section)
        if origin == "reader" and draft is not None and draft.place == "editor" and not draft.is_complete:
            draft.place = "pane"
            self.draft_changed.emit()
        self.section_spliced.emit(section, position, removed, inserted)
        self.edited.emit()

    def restore_origins(self, section: str, runs: tuple[tuple[int, int, Origin], ...]) -> None:
        """Give a section's unchanged text back the origins it had before (undo)."""
        self.sections[section] = SectionText(self.sections[section].text, runs)
        self.edited.emit()

    # -- the draft ----------------------------------------------------------------------------------------------

    def begin_draft(self, request_id: str, instance_uid: str) -> None:
        """A draft was asked for; its text comes in pieces."""
        self.request_id, self.draft_instance_uid = request_id, instance_uid
        self.fixations = ()
        self.section_drafts = {name: SectionDraft() for name in DRAFT_SECTIONS}
        self.draft_state = DraftState("drafting")
        self.scanpath_changed.emit()
        self.draft_changed.emit()

    def wait_for_draft(self, reason: str = "", *, by_reader: bool = False) -> None:
        """A draft is wanted as soon as the model can; ``reason`` says what happened to the one before."""
        self.request_id, self.is_draft_wanted_by_reader = "", by_reader
        self.draft_state = DraftState("waiting", reason)
        self.draft_changed.emit()

    def set_scanpath(self, fixations: Iterable[Fixation]) -> None:
        """Take over the predicted scanpath."""
        self.fixations = tuple(fixations)
        self.scanpath_changed.emit()

    def append_draft(self, section: str, text: str) -> None:
        """Add a piece of the draft: to the section when the reader has not written there, else beside it."""
        draft, text = self.section_drafts[section], plain(text)
        if not text:
            return
        if draft.place == "undecided":
            self._decide_place(section)
        if draft.place == "editor" and not self.can_edit:
            draft.place = "pane"
        draft.text += text
        if draft.place == "editor":
            self.splice(section, len(self.sections[section].text), 0, text, "ai")
            draft.placed = len(draft.text)
        else:
            self.draft_changed.emit()

    def finish_draft(self, draft: Draft) -> None:
        """Take over the finished draft; its text is the truth where it differs from the pieces."""
        for section in DRAFT_SECTIONS:
            state = self.section_drafts.setdefault(section, SectionDraft())
            whole = plain(getattr(draft.report, section))
            if state.place == "undecided" and whole:
                self._decide_place(section)
            if state.place == "editor" and self.can_edit:
                self._replace(section, whole)
                state.placed = len(whole)
            elif not whole.startswith(state.text[: state.placed]):
                state.placed = 0
            state.text, state.is_complete = whole, True
        self._show_scanpath_of(draft)
        self.request_id = ""
        self.draft_state = DraftState("done")
        self.scanpath_changed.emit()
        self.draft_changed.emit()

    def add_draft_record(self, record: DraftRecord) -> None:
        """The draft is kept in the workspace."""
        self.drafts = (*self.drafts, record)
        self.draft_changed.emit()

    def end_draft(self, phase: DraftPhase, reason: str = "") -> None:
        """The draft ended without a result; the text that came stays, marked as what it is."""
        self.request_id = ""
        self.draft_state = DraftState(phase, reason)
        self.draft_changed.emit()

    def insert_draft(self, section: str) -> None:
        """Put what lies beside a section behind its text."""
        draft = self.section_drafts.get(section)
        if draft is None or not draft.aside or not self.can_edit:
            return
        text = self.sections[section].text
        piece = joint(text, draft.aside) + draft.aside
        draft.placed = len(draft.text)
        self.splice(section, len(text), 0, piece, "ai")
        self.draft_changed.emit()

    def dismiss_draft(self, section: str) -> None:
        """Put away what lies beside a section."""
        draft = self.section_drafts.get(section)
        if draft is not None:
            draft.placed = len(draft.text)
            draft.is_dismissed = True
            self.draft_changed.emit()

    def _decide_place(self, section: str) -> None:
        text, draft = self.sections[section], self.section_drafts[section]
        if self.can_edit and text.is_untouched_ai:
            self.splice(section, 0, len(text.text), "", "ai")
        draft.place = "pane" if text.text or not self.can_edit else "editor"

    def _replace(self, section: str, whole: str) -> None:
        position, removed, inserted = difference(self.sections[section].text, whole)
        self.splice(section, position, removed, inserted, "ai")

    def _place_stored_draft(self) -> bool:
        """Put a draft made ahead into an empty editor; one that this reading emptied again is only offered."""
        if not (self.drafts and self.can_edit and self.is_blank and self.record is not None):
            return False
        stored = self.drafts[-1]
        is_new_here = stored.reading_id != self.record.id
        for section in DRAFT_SECTIONS:
            text = plain(getattr(stored.draft.report, section))
            if is_new_here:
                self.sections[section].splice(0, 0, text, "ai")
            else:
                self.section_drafts[section] = SectionDraft(text, "pane", is_complete=True)
        return is_new_here

    def _show_scanpath_of(self, draft: Draft) -> None:
        self.fixations, self.draft_instance_uid = draft.scanpath, draft.instance_uid
