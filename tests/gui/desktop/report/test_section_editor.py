from __future__ import annotations

import pytest
from gui.desktop.report.readings import FINDINGS, draft, open_reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from db.records import TextSpan, WorkingText
from desktop import theme
from desktop.reading import Reading
from desktop.report.edit_highlighter import mark_between
from desktop.report.section_editor import SectionEditor


@pytest.fixture
def reading(qapp: object) -> Reading:
    return open_reading()


@pytest.fixture
def editor(reading: Reading, qtbot) -> SectionEditor:
    made = SectionEditor(reading, "findings")
    qtbot.addWidget(made)
    made.show()
    return made


def stream(reading: Reading, text: str = FINDINGS, section: str = "findings") -> None:
    for number, word in enumerate(text.split(" ")):
        reading.append_draft(section, f" {word}" if number else word)


def test_what_is_typed_is_in_the_reading_as_the_readers_text(editor: SectionEditor, reading: Reading) -> None:
    QTest.keyClicks(editor, "Clear lungs.")
    assert reading.sections["findings"].text == "Clear lungs."
    assert reading.sections["findings"].runs == ((0, 12, "reader"),)


def test_what_the_reading_gets_is_in_the_editor(editor: SectionEditor, reading: Reading) -> None:
    reading.splice("findings", 0, 0, "😀 Clear", "ai")
    reading.splice("findings", 2, 5, "dull", "ai")
    assert editor.toPlainText() == "😀 dull"


def test_a_draft_streams_into_an_empty_section_and_is_marked(editor: SectionEditor, reading: Reading, qtbot) -> None:
    reading.begin_draft("id", "1.1.1")
    stream(reading)
    assert editor.toPlainText() == FINDINGS
    qtbot.waitUntil(lambda: bool(editor.extraSelections()))
    look = editor.extraSelections()[0]
    assert look.cursor.selectedText() == FINDINGS
    assert look.format.underlineStyle() != look.format.UnderlineStyle.NoUnderline
    assert set(editor.margin_marks()) == {"ai"}


def test_a_short_section_gives_room_to_the_margin_only_while_it_has_ai_text(reading: Reading, qtbot) -> None:
    editor = SectionEditor(reading, "technique", most_lines=4)
    qtbot.addWidget(editor)
    editor.show()
    reading.splice("technique", 0, 0, "PA and lateral.", "reader")
    qtbot.waitUntil(lambda: not editor._redraw.isActive())
    assert editor.viewport().geometry().left() < 10
    reading.splice("technique", 15, 0, " Upright.", "ai")
    qtbot.waitUntil(lambda: editor.viewport().geometry().left() > 30)
    assert editor.margin_marks() == ["ai"]


def test_a_draft_goes_beside_text_that_was_there_before(editor: SectionEditor, reading: Reading) -> None:
    QTest.keyClicks(editor, "Mine.")
    reading.begin_draft("id", "1.1.1")
    stream(reading)
    assert editor.toPlainText() == "Mine."
    assert reading.section_drafts["findings"].aside == FINDINGS


def test_a_single_blank_typed_before_the_draft_is_text_too(editor: SectionEditor, reading: Reading) -> None:
    QTest.keyClicks(editor, " ")
    reading.begin_draft("id", "1.1.1")
    stream(reading)
    assert editor.toPlainText() == " "


def test_typing_into_a_streaming_draft_sends_the_rest_beside(editor: SectionEditor, reading: Reading) -> None:
    reading.begin_draft("id", "1.1.1")
    reading.append_draft("findings", "The lungs")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, " look fine")
    reading.append_draft("findings", " are clear.")
    reading.finish_draft(draft("The lungs are clear."))
    assert editor.toPlainText() == "The lungs look fine"
    assert reading.section_drafts["findings"].aside == "The lungs are clear."
    reading.insert_draft("findings")
    assert editor.toPlainText() == "The lungs look fine The lungs are clear."
    assert reading.section_drafts["findings"].aside == ""


def test_a_new_draft_replaces_an_untouched_one(editor: SectionEditor, reading: Reading) -> None:
    for text in ("First draft.", "Second draft."):
        reading.begin_draft("id", "1.1.1")
        reading.append_draft("findings", text)
        reading.finish_draft(draft(text))
    assert editor.toPlainText() == "Second draft."


def test_a_new_draft_does_not_replace_one_that_was_edited(editor: SectionEditor, reading: Reading) -> None:
    reading.begin_draft("id", "1.1.1")
    reading.finish_draft(draft("First draft."))
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(editor, "X")
    reading.begin_draft("id2", "1.1.1")
    stream(reading, "Second draft.")
    assert editor.toPlainText() == "XFirst draft."


def test_the_finished_draft_corrects_what_the_pieces_got_wrong(editor: SectionEditor, reading: Reading) -> None:
    reading.begin_draft("id", "1.1.1")
    reading.append_draft("findings", " The lungs are cle")
    reading.finish_draft(draft("The lungs are clear."))
    assert editor.toPlainText() == "The lungs are clear."
    assert reading.sections["findings"].is_untouched_ai


def test_undo_brings_back_the_origins_too(editor: SectionEditor, reading: Reading) -> None:
    reading.begin_draft("id", "1.1.1")
    reading.finish_draft(draft())
    before = reading.sections["findings"].runs
    editor.selectAll()
    QTest.keyClicks(editor, "x")
    assert reading.sections["findings"].runs == ((0, 1, "reader"),)
    editor.undo()
    assert editor.toPlainText() == FINDINGS
    assert reading.sections["findings"].runs == before


def test_the_whole_stream_is_one_step_of_undo(editor: SectionEditor, reading: Reading) -> None:
    reading.begin_draft("id", "1.1.1")
    stream(reading)
    editor.undo()
    assert editor.toPlainText() == ""


def test_pasted_text_is_plain(editor: SectionEditor, reading: Reading) -> None:
    QApplication.clipboard().setText("a\r\nb\u00a0c\x07")
    editor.paste()
    assert reading.sections["findings"].text == editor.toPlainText() == "a\nb c"


def test_a_signed_report_can_not_be_typed_into_and_shows_no_marks(qtbot) -> None:
    work = WorkingText(findings=FINDINGS, spans=(TextSpan("findings", 0, len(FINDINGS), "ai"),))
    reading = open_reading(work, "final")
    editor = SectionEditor(reading, "findings")
    qtbot.addWidget(editor)
    QTest.keyClicks(editor, "x")
    qtbot.wait(20)
    assert editor.toPlainText() == FINDINGS
    assert editor.extraSelections() == []
    assert not any(editor.margin_marks())
    assert reading.sections["findings"].is_untouched_ai  # the origins are kept all the same


def test_lines_are_marked_by_what_they_hold() -> None:
    from desktop.text_spans import SectionText

    section = SectionText("ai\nmine\nchanged\nok", ((0, 2, "ai"), (8, 15, "ai-edited"), (16, 18, "ai", True)))
    lines = ((0, 2), (3, 7), (8, 15), (16, 18))
    assert [mark_between(section, *line) for line in lines] == ["ai", None, "ai-edited", "accepted"]


@pytest.mark.parametrize("ground", [theme.AI_TINT, theme.AI_EDITED_TINT, theme.FIELD, theme.PANEL])
def test_text_has_contrast_enough_on_every_ground(ground: str) -> None:
    assert theme.contrast_ratio(theme.TEXT, ground) >= 4.5
    assert theme.contrast_ratio(theme.MUTED, theme.PANEL) >= 4.5
    assert theme.contrast_ratio(theme.ERROR, theme.ERROR_GROUND) >= 4.5
    assert theme.contrast_ratio(theme.WARNING, theme.WINDOW) >= 4.5


# -- any order of typing and streaming --------------------------------------------------------------------------


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.floats(0, 1), st.sampled_from(["1", "22", "3 3"])),
        st.tuples(st.just("stream"), st.sampled_from(["a", " b", "c.", "\nd"])),
        st.tuples(st.just("begin")),
        st.tuples(st.just("finish"), st.sampled_from(["", "abc", "quite other text"])),
        st.tuples(st.just("insert")),
        st.tuples(st.just("crash")),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_order_of_streaming_and_typing_costs_a_typed_character(qapp: object, steps: list[tuple]) -> None:
    reading = open_reading()
    editor = SectionEditor(reading, "findings")
    typed, is_streaming = 0, False
    for step in steps:
        before = [c for c in editor.toPlainText() if c.isdigit()]
        if step[0] == "type":
            cursor = editor.textCursor()
            cursor.setPosition(round(step[1] * len(editor.toPlainText())))
            editor.setTextCursor(cursor)
            editor.insertPlainText(step[2])
            typed += sum(c.isdigit() for c in step[2])
        elif step[0] == "begin":
            reading.begin_draft("id", "1.1.1")
            is_streaming = True
        elif step[0] == "stream" and is_streaming:
            reading.append_draft("findings", step[1])
        elif step[0] == "finish" and is_streaming:
            reading.finish_draft(draft(step[1], ""))
            is_streaming = False
        elif step[0] == "crash" and is_streaming:
            reading.end_draft("failed", "gone")
            is_streaming = False
        elif step[0] == "insert":
            reading.insert_draft("findings")
        text = editor.toPlainText()
        after = [c for c in text if c.isdigit()]
        section = reading.sections["findings"]
        assert section.text == text
        assert len(after) == typed
        if step[0] != "type":
            assert after == before
        for start, end, origin in section.runs:
            assert origin == "reader" or not any(c.isdigit() for c in text[start:end])
            assert origin != "reader" or not any(c.isalpha() for c in text[start:end])
    editor.deleteLater()
