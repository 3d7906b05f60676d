from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import SPAN_ORIGINS
from desktop.text_spans import SectionText, difference, plain, utf16_length

ORIGINS = SPAN_ORIGINS
TEXTS = st.text(alphabet="ab. \nÄ😀", max_size=12)


def ai(text: str) -> SectionText:
    section = SectionText()
    section.splice(0, 0, text, "ai")
    return section


def test_a_change_inside_an_ai_sentence_marks_that_sentence_only() -> None:
    section = ai("The heart is big. The lungs are clear.")
    section.splice(13, 3, "normal")
    assert section.text == "The heart is normal. The lungs are clear."
    assert section.runs == ((0, 13, "ai-edited"), (13, 19, "reader"), (19, 20, "ai-edited"), (20, 41, "ai"))


def test_text_put_between_two_ai_sentences_leaves_both_untouched() -> None:
    section = ai("One. Two.")
    section.splice(5, 0, "Mine. ")
    assert section.runs == ((0, 5, "ai"), (5, 11, "reader"), (11, 15, "ai"))
    assert [section.text[a:b] for a, b in section.unreviewed()] == ["One.", "Two."]


def test_removing_a_whole_ai_sentence_leaves_the_others_untouched() -> None:
    section = ai("One. Two. Three.")
    section.splice(5, 5, "")
    assert section.text == "One. Three."
    assert section.is_untouched_ai


def test_a_decimal_point_does_not_end_a_sentence() -> None:
    section = ai("A nodule of 3.5 cm. Clear.")
    section.splice(0, 1, "One")
    assert [section.text[a:b] for a, b, origin in section.runs if origin == "ai"] == [" Clear."]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10), TEXTS, st.sampled_from(ORIGINS)), max_size=12))
def test_the_runs_cover_every_character_once_after_any_edits(edits: list[tuple[int, int, str, str]]) -> None:
    section, reference = SectionText(), ""
    for at, count, inserted, origin in edits:
        position = min(at, len(reference))
        removed = min(count, len(reference) - position)
        section.splice(position, removed, inserted, origin)  # type: ignore[arg-type]
        reference = reference[:position] + inserted + reference[position + removed :]
        assert section.text == reference
        edges = [0, *(end for _, end, _ in section.runs)]
        assert [start for start, _, _ in section.runs] == edges[:-1]
        assert edges[-1] == len(reference)
    assert SectionText(section.text, section.runs).runs == section.runs


@given(TEXTS, TEXTS)
def test_the_difference_of_two_texts_turns_one_into_the_other(old: str, new: str) -> None:
    position, removed, inserted = difference(old, new)
    assert old[:position] + inserted + old[position + removed :] == new


@pytest.mark.parametrize(
    ("position", "removed"), [pytest.param(-1, 0, id="before"), pytest.param(2, 3, id="beyond"), (0, -1)]
)
def test_a_change_outside_the_text_is_refused(position: int, removed: int) -> None:
    with pytest.raises(ValueError, match="not inside"):
        SectionText("abc").splice(position, removed, "x")


def test_text_for_an_editor_has_line_feeds_and_no_control_characters() -> None:
    assert plain("a\r\nb\rc\x00\x07\u2028d\u00a0e\ud800") == "a\nb\nc\nd e"


def test_positions_count_as_qt_counts_them() -> None:
    assert utf16_length("a😀b") == 4


def test_white_space_between_accepted_sentences_is_accepted_with_them_and_not_before() -> None:
    text = SectionText("One. Two. Three.", [(0, 16, "ai")])
    text.accept(0, 4)
    assert text.spans == ((0, 4, "ai", True), (4, 16, "ai", False))
    text.accept(5, 9)
    assert text.spans == ((0, 9, "ai", True), (9, 16, "ai", False))
    text.accept(10, 16)
    assert text.spans == ((0, 16, "ai", True),)
