"""A signed report is added to or corrected, never changed; what is begun and not signed is kept."""

from __future__ import annotations

import pytest
from workspaces import CORRECTED, STUDY_UID, TEXT, bring_to, correct

from db import addenda, audit, check, readings, reports, studies
from db.errors import ReadingClosed, ReadingLocked, ReportRefused, StudySigned
from db.records import WorkingText


@pytest.fixture
def final(workspace, study):
    bring_to(workspace, study, "final", "anna")
    return reports.of_study(workspace, study)[-1]


def status(workspace):
    return studies.worklist(workspace)[0].status


def test_a_correction_is_a_new_version_and_the_signed_one_stays(workspace, study, final):
    version = correct(workspace, study, "ben")
    assert (version.kind, version.text, version.signer, version.reason) == (
        "correction", CORRECTED, "ben", "effusion overlooked",
    )  # fmt: skip
    assert version.is_signed
    assert reports.of_study(workspace, study)[-2:] == [final, version]
    assert status(workspace) == "corrected"
    event = audit.events(workspace)[-1]
    assert (event.actor, event.action) == ("ben", "correction signed")
    assert "effusion" not in str(event.detail)  # words about a patient are not for the log, their hash is
    assert check.check(workspace).problems == ()


def test_a_corrected_report_is_corrected_again_and_added_to(workspace, study, final):
    correct(workspace, study, "ben")
    addendum = reports.add_addendum(workspace, study, "Called the ward.", "anna", reason="call")
    assert addendum.text == CORRECTED  # it adds to the newest text
    assert status(workspace) == "corrected"
    again = readings.open_correction(workspace, study, "anna")
    assert again.work == CORRECTED
    reports.correct(workspace, again.id, TEXT, signer="anna", reason="the first was right")
    assert [v.kind for v in reports.of_study(workspace, study)] == [
        "preliminary", "final", "correction", "addendum", "correction",
    ]  # fmt: skip
    assert check.check(workspace).problems == ()


def test_an_addended_report_is_corrected(workspace, study, final):
    reports.add_addendum(workspace, study, "Called the ward.", "anna", reason="call")
    correct(workspace, study, "anna")
    assert status(workspace) == "corrected"


def test_an_unfinished_correction_is_gone_on_with_and_the_report_stays_final(workspace, study, final):
    begun = readings.open_correction(workspace, study, "anna")
    assert (begun.purpose, begun.work) == ("correction", TEXT)
    assert studies.worklist(workspace)[0].locked_by == "anna"
    readings.autosave(workspace, begun.id, CORRECTED)
    assert check.check(workspace).problems == ()
    readings.close_reading(workspace, begun.id)
    assert status(workspace) == "final"
    assert readings.open_correction(workspace, study, "anna").work == CORRECTED
    with pytest.raises(ReadingLocked):
        readings.open_correction(workspace, study, "ben")
    assert readings.open_correction(workspace, study, "ben", force=True).work == CORRECTED
    assert reports.of_study(workspace, study)[-1] == final


def test_a_correction_is_given_up_openly(workspace, study, final):
    begun = readings.open_correction(workspace, study, "anna")
    readings.autosave(workspace, begun.id, CORRECTED)
    readings.discard_correction(workspace, begun.id)
    assert audit.events(workspace)[-1].action == "correction discarded"
    assert readings.open_correction(workspace, study, "anna").work == TEXT
    with pytest.raises(ReadingClosed, match="discarded"):
        readings.autosave(workspace, begun.id, CORRECTED)
    assert status(workspace) == "final"


@pytest.mark.parametrize(
    ("text", "reason", "sentence"),
    [
        (CORRECTED, "", "needs a reason"),
        (CORRECTED, " \n", "needs a reason"),
        (TEXT, "side", "nothing to correct"),
        (WorkingText(findings="Clear."), "side", "impression is missing"),
        (WorkingText(findings="Clear on the [side].", impression="Clear."), "side", "not filled in"),
    ],
)
def test_a_correction_that_says_nothing_or_not_why_is_refused(workspace, study, final, text, reason, sentence):
    begun = readings.open_correction(workspace, study, "anna")
    with pytest.raises(ReportRefused, match=sentence):
        reports.correct(workspace, begun.id, text, signer="anna", reason=reason)
    assert reports.of_study(workspace, study)[-1] == final
    assert status(workspace) == "final"


def test_a_correction_is_signed_by_its_reader_for_its_study(workspace, study, final):
    begun = readings.open_correction(workspace, study, "anna")
    with pytest.raises(ReportRefused, match="the correction of anna"):
        reports.correct(workspace, begun.id, CORRECTED, signer="ben", reason="side")
    with pytest.raises(ReportRefused, match="another study"):
        reports.correct(workspace, begun.id, CORRECTED, signer="anna", reason="side", study_uid="9.9")
    with pytest.raises(StudySigned):
        reports.sign(workspace, begun.id, CORRECTED, signer="anna")
    with pytest.raises(StudySigned):
        reports.accept(workspace, begun.id, CORRECTED)


def test_an_ordinary_reading_corrects_nothing(workspace, study):
    with pytest.raises(ReportRefused, match="needs a signed report"):
        readings.open_correction(workspace, study, "anna")
    reading = readings.open_reading(workspace, study, "anna")
    with pytest.raises(ReportRefused, match="not the correction"):
        reports.correct(workspace, reading.id, CORRECTED, signer="anna", reason="side")
    with pytest.raises(ReportRefused, match="only a correction"):
        readings.discard_correction(workspace, reading.id)


def test_a_reason_that_was_changed_is_found(workspace, study, final, sql):
    correct(workspace, study, "anna")
    sql("DROP TRIGGER report_version_no_update")
    sql("UPDATE report_version SET reason = 'other' WHERE kind = 'correction'")
    assert any("not the one that the audit log recorded" in problem for problem in check.check(workspace).problems)


@pytest.mark.parametrize("reason", ["", " "])
def test_an_addendum_needs_a_reason(workspace, study, final, reason):
    with pytest.raises(ReportRefused, match="needs a reason"):
        reports.add_addendum(workspace, study, "More.", "anna", reason=reason)


def test_an_addendum_that_is_being_written_is_kept_for_its_reader_until_it_is_signed(workspace, study, final):
    assert addenda.kept(workspace, study, "anna") == ""
    for text in ("Call", "Called the ward."):
        addenda.keep(workspace, study, "anna", text)
    assert addenda.kept(workspace, study, "anna") == "Called the ward."
    assert addenda.kept(workspace, study, "ben") == ""
    reports.add_addendum(workspace, STUDY_UID, "Called the ward.", "anna", reason="call")
    assert addenda.kept(workspace, study, "anna") == ""
    addenda.keep(workspace, study, "anna", "x")
    addenda.keep(workspace, study, "anna", "")
    assert addenda.kept(workspace, study, "anna") == ""
