"""Every character of a report says where it came from, whatever is done to the text."""

from __future__ import annotations

import pytest
from gui.desktop.report.readings import FINDINGS, drafted_reading, open_reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from db.records import TEXT_SECTIONS, Reading, TextSpan, WorkingText
from desktop.report.section_editor import SectionEditor

ALPHABETS = {"reader": "0123456789", "ai": "abc", "macro": "XYZ", "external": "αβγ", "measurement": "#%€"}
ORIGIN_OF = {letter: origin for origin, letters in ALPHABETS.items() for letter in letters}


def texts(origin: str) -> st.SearchStrategy[str]:
    return st.text(alphabet=ALPHABETS[origin] + " .\n", min_size=1, max_size=6)


PLACE = st.floats(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), PLACE, PLACE, texts("reader")),
        st.tuples(st.just("delete"), PLACE, PLACE),
        st.tuples(st.just("paste"), PLACE, PLACE, texts("external")),
        st.tuples(st.just("move"), PLACE, PLACE, PLACE),
        st.tuples(st.just("dictate"), PLACE, st.sampled_from(["α β", "γ. β"])),
        st.tuples(st.just("insert"), PLACE, texts("macro"), st.just("macro")),
        st.tuples(st.just("insert"), PLACE, texts("measurement"), st.just("measurement")),
        st.tuples(st.just("draft"), texts("ai")),
        st.tuples(st.just("accept"), st.integers(0, 5)),
        st.tuples(st.just("reject"), st.integers(0, 5)),
        st.tuples(st.just("undo")),
        st.tuples(st.just("redo")),
        st.tuples(st.just("reopen")),
    ),
    max_size=25,
)


def select(editor: SectionEditor, first: float, last: float) -> None:
    length = len(editor.toPlainText())
    cursor = editor.textCursor()
    cursor.setPosition(round(min(first, last) * length))
    cursor.setPosition(round(max(first, last) * length), QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)


def do(editor: SectionEditor, reading: Reading, step: tuple) -> None:
    kind, *given_ = step
    section = reading.sections["findings"]
    if kind == "type":
        select(editor, given_[0], given_[1])
        editor.insertPlainText(given_[2])
    elif kind == "delete":
        select(editor, *given_)
        editor.textCursor().removeSelectedText()
    elif kind == "paste":
        select(editor, given_[0], given_[1])
        data = QMimeData()
        data.setText(given_[2])
        editor.insertFromMimeData(data)
    elif kind == "move":
        select(editor, given_[0], given_[1])
        data = editor.createMimeDataFromSelection()
        editor.textCursor().removeSelectedText()
        select(editor, given_[2], given_[2])
        editor.insertFromMimeData(data)
    elif kind == "dictate":
        select(editor, given_[0], given_[0])
        event = QInputMethodEvent()
        event.setCommitString(given_[1])
        QApplication.sendEvent(editor, event)
    elif kind == "insert":
        reading.splice("findings", round(given_[0] * len(section.text)), 0, given_[1], given_[2])
    elif kind == "draft":
        reading.begin_draft("id", "1.1.1")
        reading.append_draft("findings", given_[0])
        reading.end_draft("cancelled")
        reading.insert_draft("findings")
    elif kind in ("accept", "reject") and given_[0] < len(section.unreviewed()):
        stretch = section.unreviewed()[given_[0]]
        (reading.accept_text if kind == "accept" else reading.reject_text)("findings", *stretch)
    elif kind == "undo":
        editor.undo()
    elif kind == "redo":
        editor.redo()
    elif kind == "reopen":
        before = reading.working_text()
        reading.open(reading.study, Reading(1, "1", "reader", "", before))
        assert reading.working_text() == before


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_character_keeps_its_origin_through_any_sequence_of_edits(qapp: object, steps: list[tuple]) -> None:
    reading = open_reading()
    editor = SectionEditor(reading, "findings")
    for step in steps:
        do(editor, reading, step)
        section = reading.sections["findings"]
        assert section.text == editor.toPlainText()
        edges = [0, *(end for _, end, _, _ in section.spans)]
        assert [start for start, *_ in section.spans] == edges[:-1]
        assert edges[-1] == len(section.text)
        for start, end, origin, is_accepted in section.spans:
            assert origin == "ai" or not is_accepted
            for letter in section.text[start:end]:
                expected = ORIGIN_OF.get(letter, origin)
                assert origin in {expected, f"{expected}-edited"}, (letter, origin, step)
    editor.deleteLater()


def test_the_kept_text_says_of_every_character_of_every_section_where_it_came_from() -> None:
    reading = drafted_reading()
    for name in TEXT_SECTIONS:
        reading.append_paragraph(name, "Mine 😀.", "reader")
        reading.append_paragraph(name, "Macro.", "macro")
    work = reading.working_text()
    for name in TEXT_SECTIONS:
        spans = [span for span in work.spans if span.section == name]
        covered = "".join(work.section(name)[span.start : span.end] for span in spans)
        assert covered == work.section(name)
        assert {"reader", "macro"} <= {span.origin for span in spans}


@pytest.fixture
def editor(qtbot) -> SectionEditor:
    made = SectionEditor(drafted_reading(), "findings")
    qtbot.addWidget(made)
    made.show()
    return made


def test_copied_ai_text_stays_ai_text_and_keeps_whether_it_was_accepted(editor: SectionEditor) -> None:
    reading = editor._reading
    reading.accept_text("findings", *reading.sections["findings"].unreviewed()[0])
    editor.selectAll()
    editor.copy()
    reading.splice("impression", 0, len(reading.sections["impression"].text), "")
    other = SectionEditor(reading, "impression")
    other.paste()
    assert reading.sections["impression"].text == FINDINGS
    assert reading.sections["impression"].spans == reading.sections["findings"].spans
    other.deleteLater()


def test_text_of_another_program_cannot_pass_as_a_reports_own(editor: SectionEditor) -> None:
    data = editor.createMimeDataFromSelection()
    data.setText("Other text than was copied.")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.insertFromMimeData(data)
    start = len(FINDINGS)
    assert editor.section_text.runs[-1] == (start, start + 27, "external")


def test_keys_are_typed_and_several_words_at_once_are_dictated(qtbot) -> None:
    reading = open_reading()
    editor = SectionEditor(reading, "findings")
    qtbot.addWidget(editor)
    QTest.keyClicks(editor, "Typed. ")
    event = QInputMethodEvent()
    event.setCommitString("Lungs are clear.")
    QApplication.sendEvent(editor, event)
    event = QInputMethodEvent()
    event.setCommitString("é")  # composed from two keys
    QApplication.sendEvent(editor, event)
    assert reading.sections["findings"].runs == ((0, 7, "reader"), (7, 23, "external"), (23, 24, "reader"))


def test_equal_letters_keep_the_origin_of_the_place_they_were_put(qtbot) -> None:
    reading = open_reading(WorkingText(findings="aa", spans=(TextSpan("findings", 0, 2, "macro"),)))
    editor = SectionEditor(reading, "findings")
    qtbot.addWidget(editor)
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor, "a")
    assert reading.sections["findings"].runs == ((0, 1, "reader"), (1, 3, "macro"))
