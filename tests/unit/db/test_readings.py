from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import STUDY_UID, TEXT, bring_to

from db import audit, readings, studies
from db.errors import ReadingClosed, ReadingLocked, ReportRefused, StudySigned, UnknownRecord
from db.records import SPAN_ORIGINS, TEXT_SECTIONS, Communication, TextSpan, WorkingText
from db.texts import text_sha256


def status(workspace):
    return studies.worklist(workspace)[0].status


def test_a_new_reading_begins_with_the_indication_of_the_study(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    assert (reading.study_uid, reading.reader) == (study, "anna")
    assert reading.work == WorkingText(indication="Cough.")
    assert status(workspace) == "in-progress"


def test_the_text_is_where_it_was_left(workspace, study):
    first = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, first.id, TEXT)
    assert readings.open_reading(workspace, study, "anna") == readings.Reading(
        first.id, study, "anna", first.opened_at_utc, TEXT
    )  # as after a crash
    readings.close_reading(workspace, first.id)
    assert readings.open_reading(workspace, study, "anna").work == TEXT


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@st.composite
def working_texts(draw):
    parts = {name: draw(texts) for name in TEXT_SECTIONS}
    spans = []
    for section, content in parts.items():
        start, end = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        spans.append(TextSpan(section, start, end, draw(st.sampled_from(SPAN_ORIGINS)), draw(st.booleans())))
    told = draw(st.lists(st.builds(Communication, texts, texts, texts), max_size=2))
    return WorkingText(**parts, spans=tuple(draw(st.permutations(spans))), communications=tuple(told))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(working_texts())
def test_every_text_comes_back_as_it_was_saved(workspace, study, work):
    reading = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, reading.id, work)
    assert readings.open_reading(workspace, study, "anna").work == work


def test_text_that_no_file_can_hold_is_a_sentence_and_keeps_what_was_saved(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, reading.id, TEXT)
    with pytest.raises(ReportRefused, match="half of a two-part character"):
        readings.autosave(workspace, reading.id, WorkingText(findings="\ud83d"))
    assert readings.open_reading(workspace, study, "anna").work == TEXT


def test_a_study_becomes_a_draft_with_its_first_text(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, reading.id, WorkingText(indication="Cough.", findings="  \n"))
    assert status(workspace) == "in-progress"
    readings.autosave(workspace, reading.id, WorkingText(findings="Clear."))
    assert status(workspace) == "draft"
    readings.close_reading(workspace, reading.id)
    assert status(workspace) == "draft"


def test_a_study_left_with_nothing_written_is_unread_again(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    readings.close_reading(workspace, reading.id)
    assert status(workspace) == "unread"
    readings.close_reading(workspace, reading.id)  # twice is harmless
    assert readings.open_reading(workspace, study, "ben").reader == "ben"


def test_a_study_that_a_reader_has_open_is_locked_for_others(workspace, study):
    readings.open_reading(workspace, study, "anna")
    with pytest.raises(ReadingLocked, match="anna has this study open since") as locked:
        readings.open_reading(workspace, study, "ben")
    assert locked.value.reader == "anna"
    assert locked.value.exit_code == 3


def test_a_closed_reading_takes_no_text(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    readings.close_reading(workspace, reading.id)
    with pytest.raises(ReadingClosed, match="was closed at"):
        readings.autosave(workspace, reading.id, TEXT)


def test_a_study_taken_over_goes_on_from_the_text_and_is_in_the_audit_log(workspace, study):
    first = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, first.id, TEXT)
    second = readings.open_reading(workspace, study, "ben", force=True)
    assert second.work == TEXT
    assert second.id != first.id
    with pytest.raises(ReadingClosed, match="was taken over by ben at"):
        readings.autosave(workspace, first.id, WorkingText(findings="anna types on"))
    with pytest.raises(ReadingLocked, match="ben has this study open"):
        readings.open_reading(workspace, study, "anna")
    (event,) = [event for event in audit.events(workspace) if event.action == "reading taken over"]
    assert (event.actor, event.subject, event.detail) == ("ben", study, {"from": "anna", "forced": True})


def test_a_reading_left_behind_goes_to_the_next_reader(workspace, study, sql):
    readings.open_reading(workspace, study, "anna")
    sql("UPDATE reading SET saved_at_utc = '2020-01-01T00:00:00.000000Z'")
    assert readings.open_reading(workspace, study, "ben").reader == "ben"
    assert audit.events(workspace)[-2].detail == {"from": "anna", "forced": False}


def test_a_clock_set_back_keeps_the_lock(workspace, study, sql):
    readings.open_reading(workspace, study, "anna")
    sql("UPDATE reading SET saved_at_utc = '2199-01-01T00:00:00.000000Z'")
    with pytest.raises(ReadingLocked):
        readings.open_reading(workspace, study, "ben")


def test_a_reader_who_comes_back_gets_the_text_of_the_one_in_between(workspace, study):
    for reader, words in (("anna", "one"), ("ben", "two")):
        reading = readings.open_reading(workspace, study, reader)
        readings.autosave(workspace, reading.id, WorkingText(findings=words))
        readings.close_reading(workspace, reading.id)
    assert readings.open_reading(workspace, study, "anna").work.findings == "two"


@pytest.mark.parametrize("signed", ["final", "addended"])
def test_a_signed_study_is_not_opened_for_writing(workspace, study, signed):
    bring_to(workspace, study, signed)
    with pytest.raises(StudySigned, match="write an addendum"):
        readings.open_reading(workspace, study, "reader")


def test_what_is_not_there_is_a_sentence(workspace, study):
    with pytest.raises(UnknownRecord, match=r"no study 9\.9"):
        readings.open_reading(workspace, "9.9", "anna")
    for act in (lambda: readings.autosave(workspace, 99, TEXT), lambda: readings.close_reading(workspace, 99)):
        with pytest.raises(UnknownRecord, match="no reading 99"):
            act()
    with pytest.raises(ReportRefused, match="name of its reader"):
        readings.open_reading(workspace, study, "  ")


@pytest.mark.parametrize(
    "span", [("findings", 2, 1, "ai"), ("findings", -1, 1, "ai"), ("title", 0, 1, "ai"), ("findings", 0, 1, "alien")]
)
def test_a_span_that_means_nothing_cannot_be_made(span):
    with pytest.raises(ValueError, match="a span"):
        TextSpan(*span)


def test_a_span_outside_its_text_cannot_be_made():
    with pytest.raises(ValueError, match="a span ends at 5, the findings at 4"):
        WorkingText(findings="four", spans=(TextSpan("findings", 0, 5, "ai"),))


def test_opening_a_study_again_after_a_preliminary_report_keeps_it_preliminary(workspace, study):
    bring_to(workspace, study, "preliminary")
    assert readings.open_reading(workspace, STUDY_UID, "reader").work == TEXT
    assert status(workspace) == "preliminary"


def test_the_mode_of_a_reading_is_kept_and_its_commitment_recorded(workspace, study):
    first = readings.open_reading(workspace, study, "anna", mode="reader-first")
    assert (first.mode, first.committed_at_utc) == ("reader-first", "")
    work = WorkingText(findings="Clear.", spans=(TextSpan("findings", 0, 6, "reader"),))
    at = readings.commit_reading(workspace, first.id, work)
    assert readings.commit_reading(workspace, first.id, WorkingText()) == at  # the first time counts
    again = readings.open_reading(workspace, study, "anna", mode="ai-first")
    assert (again.mode, again.committed_at_utc, again.work) == ("reader-first", at, work)
    opened, committed = (
        next(event for event in audit.events(workspace) if event.action == action)
        for action in ("reading opened", "reading committed")
    )
    assert opened.detail["mode"] == committed.detail["mode"] == "reader-first"
    assert committed.detail["text_sha256"] == text_sha256(work)


def test_a_reading_that_takes_over_ai_text_is_not_reader_first(workspace, study):
    first = readings.open_reading(workspace, study, "anna")
    readings.autosave(workspace, first.id, TEXT)
    readings.close_reading(workspace, first.id)
    assert readings.open_reading(workspace, study, "ben", mode="reader-first").mode == "ai-first"


def test_an_unknown_mode_is_refused(workspace, study):
    with pytest.raises(ReportRefused, match="reader-first"):
        readings.open_reading(workspace, study, "anna", mode="nonsense")


def test_a_closed_reading_is_not_committed(workspace, study):
    first = readings.open_reading(workspace, study, "anna", mode="reader-first")
    readings.close_reading(workspace, first.id)
    with pytest.raises(ReadingClosed):
        readings.commit_reading(workspace, first.id, TEXT)
