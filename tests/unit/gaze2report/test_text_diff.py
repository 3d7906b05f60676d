from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.text_diff import word_diff

words = st.lists(st.sampled_from(["no", "left", "right", "effusion", "1.5", "cm", ".", ",", " ", "\n", "ä", "-"]))
texts = st.one_of(words.map(" ".join), words.map("".join), st.text(max_size=40))


def shown(old: str, new: str) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[run.kind].format(run.text) for run in word_diff(old, new))


@given(texts, texts)
def test_both_texts_can_be_read_back_to_the_character(old, new):
    runs = word_diff(old, new)
    assert "".join(run.text for run in runs if run.kind != "added") == old
    assert "".join(run.text for run in runs if run.kind != "removed") == new
    assert all(run.text for run in runs)
    if old == new:
        assert {run.kind for run in runs} <= {"same"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("No effusion.", "No effusion.", "No effusion."),
        ("No effusion.", "Small left effusion.", "[-No-]{+Small left+} effusion."),
        ("Nodule of 1.5 cm on the left.", "Nodule of 1.6 cm on the right.",
         "Nodule of [-1.5-]{+1.6+} cm on the [-left-]{+right+}."),
        ("Clear lungs.", "Clear lungs. No change.", "Clear lungs.{+ No change.+}"),
        ("no right", "small left", "[-no right-]{+small left+}"),
        ("", "New.", "{+New.+}"),
    ],
)  # fmt: skip
def test_changes_are_whole_words(old, new, expected):
    assert shown(old, new) == expected


def test_a_long_report_is_compared_in_little_time():
    old = " ".join(f"word{n % 50}" for n in range(3000))
    assert word_diff(old, old + " more")[-1].text == " more"
