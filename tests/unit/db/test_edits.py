"""What readers made of drafts: kept with the signature, told by sentence and finding, never changed."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from workspaces import make_draft

from db import drafts, edits, learning_consents, readings, reports
from db.errors import WorkspaceError
from db.records import WorkingText
from gaze2report.types import Report

DRAFTED = Report("The heart is normal in size. The lungs are clear.", "No acute disease.")
SIGNED = WorkingText(
    findings="The cardiac silhouette is normal in size. Small left effusion.", impression="No acute disease."
)


def signed_after_a_draft(workspace, study: str) -> None:
    reading = readings.open_reading(workspace, study, "anna")
    draft = drafts.add(workspace, reading.id, study, replace(make_draft(study), report=DRAFTED))
    reports.accept(workspace, reading.id, SIGNED, draft_id=draft.id)
    assert edits.all_edits(workspace) == []  # a preliminary report is no last word
    reports.sign(workspace, reading.id, SIGNED, signer="anna", draft_id=draft.id)


def test_the_signature_keeps_what_became_of_each_sentence(workspace, study):
    signed_after_a_draft(workspace, study)
    found = [(one.section, one.kind, one.draft_text, one.report_text) for one in edits.all_edits(workspace)]
    assert found == [
        ("findings", "changed", "The heart is normal in size.", "The cardiac silhouette is normal in size."),
        ("findings", "deleted", "The lungs are clear.", ""),
        ("findings", "added", "", "Small left effusion."),
        ("impression", "kept", "No acute disease.", "No acute disease."),
    ]
    assert edits.all_edits(workspace)[2].observations == ("Pleural Effusion",)
    assert len(edits.all_edits(workspace, reader="anna")) == 4
    assert edits.all_edits(workspace, reader="ben") == edits.all_edits(workspace, adapter_sha256="0" * 64) == []


def test_a_report_that_grew_from_no_draft_has_no_edits(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    reports.sign(workspace, reading.id, SIGNED, signer="anna")
    assert edits.all_edits(workspace) == []


@pytest.mark.parametrize("statement", ["DELETE FROM report_edit", "UPDATE report_edit SET kind = 'kept'"])
def test_edits_are_never_changed(workspace, study, sql, statement):
    signed_after_a_draft(workspace, study)
    with pytest.raises(sqlite3.IntegrityError, match="never changed or removed"):
        sql(statement)


def test_the_newest_word_of_a_reader_counts(workspace):
    assert learning_consents.of_all(workspace) == []
    learning_consents.give(workspace, "anna", actor="anna")
    learning_consents.give(workspace, "ben", actor="ben")
    learning_consents.withdraw(workspace, "anna", actor="admin")
    assert [(one.reader, one.is_given) for one in learning_consents.of_all(workspace)] == [
        ("anna", False),
        ("ben", True),
    ]
    with pytest.raises(WorkspaceError, match="name of a reader"):
        learning_consents.give(workspace, " ", actor="x")
