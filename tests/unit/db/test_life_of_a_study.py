"""Two readers do anything in any order: the workspace stays whole, and only legal things happen."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from workspaces import STUDY_UID, add_study, make_draft

from db import check, drafts, readings, reports, studies
from db.database import create_workspace, open_workspace
from db.errors import ReadingClosed, ReadingLocked, ReportRefused, StudySigned
from db.lifecycle import LEGAL_TRANSITIONS
from db.records import WorkingText

readers = st.sampled_from(["anna", "ben"])
texts = st.builds(
    WorkingText, findings=st.sampled_from(["", "Clear."]), impression=st.sampled_from(["", "Normal.", "[side]"])
)


def reachable(before: str) -> set[str]:
    """The status itself and what one act can make of it; accepting text is two steps at most."""
    once = {before} | LEGAL_TRANSITIONS[before]
    return once | {after for step in once for after in LEGAL_TRANSITIONS[step]}


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    create_workspace(folder / "workspace").close()
    return folder / "workspace"


class LifeOfAStudy(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(_template(), self.folder / "workspace")
        self.workspace = open_workspace(self.folder / "workspace")
        add_study(self.workspace, self.folder)
        self.reading_of: dict[str, int] = {}
        self.saved = WorkingText()
        self.status = "unread"
        self.signed: list[reports.ReportVersion] = []

    def teardown(self) -> None:
        self.workspace.close()
        shutil.rmtree(self.folder)

    @rule(reader=readers, force=st.booleans())
    def open(self, reader: str, force: bool) -> None:
        try:
            reading = readings.open_reading(self.workspace, STUDY_UID, reader, force=force)
        except (ReadingLocked, StudySigned):
            return
        assert reading.work == self.saved, "whoever opens the study finds the newest text"
        self.reading_of[reader] = reading.id

    @rule(reader=readers, text=texts)
    def save(self, reader: str, text: WorkingText) -> None:
        if reader in self.reading_of:
            try:
                readings.autosave(self.workspace, self.reading_of[reader], text)
            except ReadingClosed:
                return
            self.saved = text

    @rule(reader=readers, text=texts)
    def accept(self, reader: str, text: WorkingText) -> None:
        if reader in self.reading_of:
            try:
                reports.accept(self.workspace, self.reading_of[reader], text)
            except (ReadingClosed, ReportRefused, StudySigned):
                return
            self.saved = text

    @rule(reader=readers, signer=readers, text=texts)
    def sign(self, reader: str, signer: str, text: WorkingText) -> None:
        if reader in self.reading_of:
            try:
                version = reports.sign(self.workspace, self.reading_of[reader], text, signer=signer)
            except (ReadingClosed, ReportRefused, StudySigned):
                return
            assert reader == signer
            assert text.impression == "Normal."
            assert self.signed == [], "a study is signed once"
            self.signed.append(version)

    @rule(reader=readers)
    def add_addendum(self, reader: str) -> None:
        try:
            self.signed.append(reports.add_addendum(self.workspace, STUDY_UID, "More.", reader, reason="why"))
        except ReportRefused:
            assert self.signed == []

    @rule(reader=readers, text=texts, is_kept=st.booleans())
    def correct(self, reader: str, text: WorkingText, is_kept: bool) -> None:
        try:
            reading = readings.open_correction(self.workspace, STUDY_UID, reader)
        except (ReadingLocked, ReportRefused):
            return
        assert self.signed, "only a signed report is corrected"
        try:
            self.signed.append(reports.correct(self.workspace, reading.id, text, signer=reader, reason="why"))
        except ReportRefused:
            (readings.close_reading if is_kept else readings.discard_correction)(self.workspace, reading.id)

    @rule(reader=readers)
    def close(self, reader: str) -> None:
        if reader in self.reading_of:
            readings.close_reading(self.workspace, self.reading_of[reader])

    @rule()
    def draft(self) -> None:
        drafts.add(self.workspace, None, STUDY_UID, make_draft())

    @invariant()
    def the_workspace_is_whole(self) -> None:
        assert check.check(self.workspace) == check.CheckResult((), ())

    @invariant()
    def the_status_moves_along_its_life(self) -> None:
        status = studies.worklist(self.workspace)[0].status
        assert status in reachable(self.status)
        self.status = status

    @invariant()
    def what_is_signed_stays(self) -> None:
        assert [v for v in reports.of_study(self.workspace, STUDY_UID) if v.is_signed] == self.signed


LifeOfAStudy.TestCase.settings = settings(max_examples=8, stateful_step_count=20)
test_any_order_of_acts_leaves_the_workspace_whole = pytest.mark.timeout(240)(LifeOfAStudy.TestCase)
