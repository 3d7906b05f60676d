"""Accepting and rejecting AI text a sentence at a time."""

from __future__ import annotations

import pytest
from gui.desktop.report.readings import FINDINGS, draft, drafted_reading, open_reading
from PySide6.QtTest import QTest

from db.records import Reading as ReadingRecord
from desktop.reading import Reading
from desktop.report.report_sections import ReportSections
from desktop.report.review_row import SentenceReview


@pytest.fixture
def reading(qapp: object) -> Reading:
    return drafted_reading()


@pytest.fixture
def sections(reading: Reading, qtbot) -> ReportSections:
    made = ReportSections(reading)
    qtbot.addWidget(made)
    made.show()
    made.go_to("findings", 0, 0)
    return made


@pytest.fixture
def review(reading: Reading, sections: ReportSections) -> SentenceReview:
    return SentenceReview(reading, sections)


def waiting(reading: Reading) -> list[str]:
    return [reading.sections[name].text[a:b] for name, a, b in reading.unreviewed()]


def test_the_keys_go_through_the_report_sentence_by_sentence(review, reading, sections) -> None:
    assert waiting(reading) == ["The lungs are clear.", "The heart is normal.", "No effusion.", "No acute disease."]
    review.accept()
    assert waiting(reading) == ["The heart is normal.", "No effusion.", "No acute disease."]
    assert sections.current().textCursor().selectedText() == "The heart is normal."
    review.reject()
    assert sections.editors["findings"].toPlainText() == "The lungs are clear. No effusion."
    review.accept()
    assert sections.current().section == "impression"
    review.accept()
    assert waiting(reading) == []
    spans = reading.working_text().spans
    accepted = "".join(reading.sections[s.section].text[s.start : s.end] for s in spans if s.is_accepted)
    assert accepted == "The lungs are clear. No effusion.No acute disease."


def test_nothing_is_accepted_that_the_caret_is_not_in(review, reading, sections) -> None:
    reading.splice("findings", 0, 0, "Mine. ")
    sections.go_to("findings", 2, 2)
    review.accept()
    assert len(waiting(reading)) == 4
    assert sections.current().textCursor().selectedText() == "The lungs are clear."


def test_rejecting_is_taken_back_by_undo_with_the_origins(review, reading, sections) -> None:
    before = reading.sections["findings"].spans
    review.reject()
    sections.editors["findings"].undo()
    assert reading.sections["findings"].text == FINDINGS
    assert reading.sections["findings"].spans == before


def test_the_last_sentence_takes_the_blank_before_it_along(reading) -> None:
    reading.reject_text("findings", *reading.sections["findings"].unreviewed()[-1])
    assert reading.sections["findings"].text == "The lungs are clear. The heart is normal."


def test_a_changed_sentence_needs_no_review(reading, sections) -> None:
    editor = sections.editors["findings"]
    sections.go_to("findings", 4, 4)
    QTest.keyClicks(editor, "right ")
    assert waiting(reading) == ["The heart is normal.", "No effusion.", "No acute disease."]


def test_all_is_accepted_or_rejected_at_once(reading) -> None:
    reading.accept_text("findings", *reading.sections["findings"].unreviewed()[0])
    reading.splice("impression", 0, 0, "Mine. ")
    reading.reject_all()
    assert (reading.sections["findings"].text, reading.sections["impression"].text) == ("The lungs are clear.", "Mine.")
    other = drafted_reading()
    other.accept_all()
    assert waiting(other) == []
    assert other.sections["findings"].text == FINDINGS


def test_what_was_accepted_stays_accepted_when_the_study_is_opened_again(reading) -> None:
    reading.accept_text("findings", 0, 20)
    work = reading.working_text()
    reading.open(reading.study, ReadingRecord(1, "1", "reader", "", work))
    assert waiting(reading) == ["The heart is normal.", "No effusion.", "No acute disease."]


def test_sentences_beside_the_text_are_taken_and_dropped_one_by_one(qtbot) -> None:
    reading = open_reading()
    reading.splice("findings", 0, 0, "Mine.")
    sections = ReportSections(reading)
    qtbot.addWidget(sections)
    review = SentenceReview(reading, sections)
    reading.begin_draft("id", "1.1.1")
    reading.finish_draft(draft(impression=""))
    review.reject()
    review.accept()
    assert reading.sections["findings"].text == "Mine. The heart is normal."
    assert reading.aside("findings") == "No effusion."
    assert reading.unreviewed() == ()
    review.accept()
    assert reading.sections["findings"].text == "Mine. The heart is normal. No effusion."
    assert sections.panes["findings"].isHidden()


def test_a_report_under_another_readers_lock_is_not_reviewed(reading) -> None:
    reading.set_leaving(True)
    reading.accept_all()
    reading.reject_all()
    assert len(waiting(reading)) == 4
