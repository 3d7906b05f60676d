from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.report_text import SectionSplitter, assertions, is_unsupported, split_report, split_sentences
from gaze2report.types import Report

TEXT = " Heart size is normal. Impose no limits.\nImpression: No acute disease."


def streamed(pieces: list[str]) -> Report:
    splitter, parts = SectionSplitter(), {"findings": "", "impression": ""}
    for piece in pieces:
        for section, added in splitter.feed(piece):
            parts[section] += added
    for section, added in splitter.finish():
        parts[section] += added
    return Report(parts["findings"], parts["impression"])


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_however_the_text_is_cut_the_sections_are_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[a:b] for a, b in itertools.pairwise(edges)]
    assert (
        streamed(pieces) == split_report(TEXT) == Report("Heart size is normal. Impose no limits.", "No acute disease.")
    )


@given(st.text(alphabet="Impreson: \nab.", max_size=60), st.integers(1, 5))
def test_no_character_but_white_space_and_the_heading_is_lost(text: str, size: int) -> None:
    report = streamed([text[i : i + size] for i in range(0, len(text), size)])
    kept = (report.findings + report.impression).split()
    assert "".join(kept) == "".join(text.replace("Impression:", "", 1).split())


def test_text_without_impression_is_all_findings() -> None:
    assert split_report("Clear lungs. ") == Report("Clear lungs.", "")


def test_sentences_are_not_split_at_decimals() -> None:
    assert split_sentences("A 1.5 cm nodule is seen. No effusion.") == ["A 1.5 cm nodule is seen.", "No effusion."]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        pytest.param(
            "No pleural effusion or pneumothorax.",
            {"Pleural Effusion": False, "Pneumothorax": False},
            id="negated_list",
        ),
        pytest.param("Small left pleural effusion.", {"Pleural Effusion": True}, id="present"),
        pytest.param("Heart size is normal.", {"Cardiomegaly": False}, id="normal_is_absent"),
        pytest.param("The lungs are clear.", {"Lung Opacity": False}, id="clear_lungs"),
        pytest.param(
            "No effusion, but there is atelectasis.", {"Pleural Effusion": False, "Atelectasis": True}, id="but"
        ),
        pytest.param("Bony structures are intact.", {}, id="nothing_known"),
    ],
)
def test_what_a_sentence_asserts(sentence: str, expected: dict[str, bool]) -> None:
    assert assertions(sentence) == expected


def test_a_sentence_is_unsupported_when_it_contradicts_or_when_nothing_was_measured() -> None:
    observations, thresholds = {"Pleural Effusion": 0.3, "Cardiomegaly": None}, {"Pleural Effusion": 0.2}
    assert is_unsupported("There is a pleural effusion.", observations, thresholds) is False
    assert is_unsupported("No pleural effusion.", observations, thresholds) is True
    assert is_unsupported("Heart size is normal.", observations, thresholds) is True
    assert is_unsupported("Bony structures are intact.", observations, thresholds) is None
