"""The study on screen: its image, its text, its draft. Views listen to it, and change it only through its methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from db.records import SIGNED_STATUSES, DraftRecord, Instance, ReportVersion, Study, WorkingText
from db.records import Reading as ReadingRecord
from desktop.reading_text import ReadingText
from desktop.section_draft import DRAFT_SECTIONS, SectionDraft, joint
from desktop.text_spans import Origin, difference, plain
from gaze2report.report_text import sentence_spans
from gaze2report.types import Draft, Fixation, Image

DraftPhase = Literal["none", "waiting", "drafting", "done", "refused", "failed", "cancelled"]


@dataclass(frozen=True)
class DraftState:
    """Where the draft of the study on screen stands; ``reason`` is a sentence when there is none."""

    phase: DraftPhase = "none"
    reason: str = ""


class Reading(ReadingText):
    """State of the study on screen.

    While ``is_ai_withheld``, everything here that comes from the model is empty for whoever asks: ``drafts``,
    ``fixations``, ``observations`` and the text beside the sections.

    Signals
    -------
    scanpath_changed, draft_changed
        That part of the study changed.
    committed
        The reader of a reader-first reading has committed: what the AI has is shown from now on.
    """

    scanpath_changed = Signal()
    draft_changed = Signal()
    committed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)

    def _clear(self) -> None:
        super()._clear()
        self.kept_drafts: tuple[DraftRecord, ...] = ()
        self._fixations: tuple[Fixation, ...] = ()
        self._observations: dict[str, float | None] = {}
        self.draft_state = DraftState()
        self.is_draft_wanted_by_reader = False
        self.request_id = ""
        self.draft_instance_uid = ""
        self.is_draft_from_recorded_gaze = False
        self.section_drafts: dict[str, SectionDraft] = {}
        self.is_ai_withheld = False
        self.committed_at_utc = ""

    # -- the study ----------------------------------------------------------------------------------------------

    def open(
        self,
        study: Study,
        record: ReadingRecord | None,
        versions: Iterable[ReportVersion] = (),
        drafts: Iterable[DraftRecord] = (),
        *,
        locked_by: str = "",
        withholds_ai: bool = False,
    ) -> None:
        """Put a study on screen. Without a ``record`` it can be looked at, not written.

        Parameters
        ----------
        withholds_ai : bool
            For a study without a record: whether who looks at it may still become its first reader. With a record, its
            mode says whether the AI is shown.
        """
        self._clear()
        self.study, self.record, self.locked_by = study, record, locked_by
        self.versions, self.kept_drafts = tuple(versions), tuple(drafts)
        if record is not None:
            withholds_ai = record.mode == "reader-first" and not record.committed_at_utc
            self.committed_at_utc = record.committed_at_utc
        self.is_ai_withheld = withholds_ai and not self.is_signed
        self._show_text(self._first_text(study, record))
        if self.kept_drafts:
            for kept in self.kept_drafts:
                self._show_scanpath_of(kept.draft)
            self.draft_state = DraftState("done")
        was_placed = self._place_stored_draft()
        self.opened.emit()
        if was_placed:
            self.edited.emit()

    def _first_text(self, study: Study, record: ReadingRecord | None) -> WorkingText:
        if study.status in SIGNED_STATUSES and self.versions:
            return self.versions[-1].text
        work = record.work if record is not None else (self.versions[-1].text if self.versions else WorkingText())
        if work == WorkingText() and study.indication:
            return WorkingText(indication=plain(study.indication).replace("\n", " "))
        return work

    def close(self) -> None:
        """Take the study off the screen."""
        self._clear()
        self.opened.emit()

    def set_image(self, instance: Instance, image: Image) -> None:
        """Show one film of the study."""
        self.instance, self.image, self.image_fault = instance, image, ""
        self.image_changed.emit()
        self.scanpath_changed.emit()

    def set_committed(self, committed_at_utc: str) -> None:
        """The reader has committed; show what the AI has."""
        self.committed_at_utc, self.is_ai_withheld = committed_at_utc, False
        self.committed.emit()
        self.scanpath_changed.emit()
        self.draft_changed.emit()
        self.report_changed.emit()

    # -- what may be shown of the AI ----------------------------------------------------------------------------

    @property
    def drafts(self) -> tuple[DraftRecord, ...]:
        """The drafts that the reader may see."""
        return () if self.is_ai_withheld else self.kept_drafts

    @property
    def fixations(self) -> tuple[Fixation, ...]:
        """The predicted scanpath, when the reader may see it."""
        return () if self.is_ai_withheld else self._fixations

    @property
    def observations(self) -> Mapping[str, float | None]:
        """The findings head's probabilities of the newest draft, when the reader may see them."""
        return {} if self.is_ai_withheld else self._observations

    @property
    def shown_fixations(self) -> tuple[Fixation, ...]:
        """The predicted scanpath, when the film it was predicted for is the one on screen."""
        if self.instance is None or self.instance.instance_uid != self.draft_instance_uid:
            return ()
        return self.fixations

    def aside(self, section: str) -> str:
        """What the model offers beside a section."""
        draft = self.section_drafts.get(section)
        return draft.aside if draft is not None and self.can_edit and not self.is_ai_withheld else ""

    # -- the draft ----------------------------------------------------------------------------------------------

    def splice(self, section: str, position: int, removed: int, inserted: str, origin: Origin = "reader") -> None:
        """Replace a stretch of a section; a change by the reader sends the rest of a running draft aside."""
        draft = self.section_drafts.get(section)
        if not self.is_model_writing and draft is not None and draft.place == "editor" and not draft.is_complete:
            draft.place = "pane"
            self.draft_changed.emit()
        super().splice(section, position, removed, inserted, origin)

    def begin_draft(
        self, request_id: str, instance_uid: str, section: str | None = None, *, is_from_recorded_gaze: bool = False
    ) -> None:
        """A draft, or one section of it, was asked for; its text comes in pieces.

        The predicted scanpath stays when the draft is made from the reader's own gaze.
        """
        self.request_id, self.is_draft_from_recorded_gaze = request_id, is_from_recorded_gaze
        if not is_from_recorded_gaze:
            self.draft_instance_uid = instance_uid
            self._fixations, self._observations = (), {}
        if section is None:
            self.section_drafts = {name: SectionDraft() for name in DRAFT_SECTIONS}
        else:
            self.section_drafts[section] = SectionDraft()
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
        self._fixations = tuple(fixations)
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
            self._write(section, len(self.sections[section].text), 0, text)
            draft.placed = len(draft.text)
        else:
            self.draft_changed.emit()

    def finish_draft(self, draft: Draft) -> None:
        """Take over the finished draft; its text is the truth where it differs from the pieces."""
        for section in DRAFT_SECTIONS if draft.section is None else (draft.section,):
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
        self.kept_drafts = (*self.kept_drafts, record)
        self.draft_changed.emit()

    def end_draft(self, phase: DraftPhase, reason: str = "") -> None:
        """The draft ended without a result; the text that came stays, marked as what it is."""
        self.request_id = ""
        self.draft_state = DraftState(phase, reason)
        self.draft_changed.emit()

    def insert_draft(self, section: str) -> None:
        """Put what lies beside a section behind its text."""
        aside = self.aside(section)
        if aside:
            draft = self.section_drafts[section]
            draft.placed = len(draft.text)
            self._append(section, aside)
            self.draft_changed.emit()

    def take_sentence(self, section: str) -> None:
        """Put the first sentence of what lies beside a section behind its text, as accepted."""
        sentence = self._pass_sentence(section)
        if sentence:
            start = self._append(section, sentence)
            self.sections[section].accept(start, start + len(sentence))
            self._origins_changed(section)
            self.draft_changed.emit()

    def drop_sentence(self, section: str) -> None:
        """Put away the first sentence of what lies beside a section."""
        if self._pass_sentence(section):
            self.draft_changed.emit()

    def dismiss_draft(self, section: str) -> None:
        """Put away what lies beside a section."""
        draft = self.section_drafts.get(section)
        if draft is not None:
            draft.placed = len(draft.text)
            draft.is_dismissed = True
            self.draft_changed.emit()

    def _pass_sentence(self, section: str) -> str:
        """The first sentence beside a section, which is no longer there afterwards."""
        aside = self.aside(section)
        if not aside or not self.section_drafts[section].is_complete:
            return ""
        draft = self.section_drafts[section]
        start, end = sentence_spans(aside)[0]
        draft.placed = draft.text.rindex(aside) + end
        return aside[start:end]

    def _append(self, section: str, text: str) -> int:
        before = self.sections[section].text
        space = joint(before, text)
        self._write(section, len(before), 0, space + text)
        return len(before) + len(space)

    def _write(self, section: str, position: int, removed: int, inserted: str) -> None:
        self.is_model_writing = True
        try:
            self.splice(section, position, removed, inserted, "ai")
        finally:
            self.is_model_writing = False

    def _decide_place(self, section: str) -> None:
        text, draft = self.sections[section], self.section_drafts[section]
        if self.is_ai_withheld:
            draft.place = "pane"
            return
        if self.can_edit and text.is_untouched_ai:
            self._write(section, 0, len(text.text), "")
        draft.place = "pane" if text.text or not self.can_edit else "editor"

    def _replace(self, section: str, whole: str) -> None:
        self._write(section, *difference(self.sections[section].text, whole))

    def _place_stored_draft(self) -> bool:
        """Put a draft made ahead into an empty editor; one that this reading emptied again is only offered."""
        if not (self.kept_drafts and self.can_edit and self.record is not None):
            return False
        reads_first = self.record.mode == "reader-first"
        is_offered = reads_first or self.kept_drafts[-1].reading_id == self.record.id
        if not self.is_blank and not reads_first:
            return False
        for section in DRAFT_SECTIONS:
            drafts = [kept.draft for kept in self.kept_drafts if kept.draft.section in (None, section)]
            offered = plain(getattr(drafts[-1].report, section)) if drafts else ""
            text = _not_yet_in(self.sections[section].text, offered)
            if is_offered:
                self.section_drafts[section] = SectionDraft(text, "pane", is_complete=True)
            else:
                self.sections[section].splice(0, 0, text, "ai")
        return not is_offered

    def _show_scanpath_of(self, draft: Draft) -> None:
        if draft.gaze != "recorded":  # those are the reader's own
            self._fixations, self.draft_instance_uid = draft.scanpath, draft.instance_uid
        self._observations = draft.observations


def _not_yet_in(text: str, offered: str) -> str:
    """The sentences offered that a text does not have word for word."""
    return " ".join(offered[a:b] for a, b in sentence_spans(offered) if offered[a:b] not in text)
