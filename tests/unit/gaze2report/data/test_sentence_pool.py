"""Composed reports say exactly what they are asked to say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.data.sentence_pool import SentencePool, without_place
from gaze2report.data.sources.open_i import OpenIReport
from gaze2report.report_text import assertions, split_sentences


def report(findings: str, impression: str, *observations: str) -> OpenIReport:
    return OpenIReport("s", "", findings, impression, (), frozenset(observations))


NORMAL = report(
    "The heart is normal in size. The lungs are clear. No pleural effusion.", "No acute disease.", "No Finding"
)
REPORTS = [
    NORMAL,
    report("There is right lower lobe pneumonia. Heart size is normal.", "Pneumonia.", "Pneumonia"),
    report("Patchy opacity in the left lung base.", "Airspace disease.", "Lung Opacity"),
    report("Small bilateral pleural effusions, left greater than right.", "Small effusions.", "Pleural Effusion"),
    report("Mild pulmonary edema with small pleural effusion.", "Edema.", "Edema", "Pleural Effusion"),
]
POOL = SentencePool(REPORTS)
ASSERTED = ("Pneumonia", "Lung Opacity", "Pleural Effusion", "Edema")


def said(text: str) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    for sentence in split_sentences(text):
        for name, is_present in assertions(sentence).items():
            found.setdefault(name, set()).add(is_present)
    return found


@given(st.sets(st.sampled_from(ASSERTED), min_size=1), st.integers(0, 50))
def test_a_composed_report_asserts_what_it_is_asked_to_and_denies_none_of_it(wanted: set[str], seed: int) -> None:
    composed = POOL.compose("x", frozenset(wanted), np.random.default_rng(seed))
    assert composed.observations == wanted
    for section in (composed.findings, composed.impression):
        spoken = said(section)
        assert {name for name, values in spoken.items() if True in values} == wanted
        assert all(values == {True} for name, values in spoken.items() if name in wanted)


def test_lungs_are_not_called_clear_beside_an_airspace_finding() -> None:
    for seed in range(20):
        composed = POOL.compose("x", frozenset({"Edema"}), np.random.default_rng(seed))
        assert "clear" not in composed.findings
    alone = POOL.compose("x", frozenset({"Pleural Effusion"}), np.random.default_rng(0))
    assert "The lungs are clear." in alone.findings
    assert "No pleural effusion" not in alone.findings


def test_a_normal_report_is_a_real_one_unchanged() -> None:
    composed = POOL.compose("x", frozenset({"No Finding"}), np.random.default_rng(0))
    assert (composed.findings, composed.impression) == (NORMAL.findings, NORMAL.impression)
    assert composed.is_normal


def test_what_no_sentence_asserts_is_neither_written_nor_labelled() -> None:
    composed = POOL.compose("x", frozenset({"Fracture", "Edema"}), np.random.default_rng(0))
    assert composed.observations == {"Edema"}
    assert POOL.compose("x", frozenset({"Fracture"}), np.random.default_rng(0)).is_normal


def test_a_sentence_that_the_labels_of_its_report_do_not_know_is_not_taken() -> None:
    pool = SentencePool([NORMAL, report("Pulmonary edema is seen.", "Edema.", "Cardiomegaly")])
    assert pool.counts()["Edema"] == (0, 0)


@pytest.mark.parametrize(
    "unfit",
    [
        "A 14 mm opacity is seen.",
        "Opacity on the lateral view.",
        "This may represent an infiltrate.",
        "Pericardial effusion.",
    ],
)
def test_sentences_with_sizes_other_views_or_loose_references_are_left_out(unfit: str) -> None:
    names = ("Lung Opacity", "Pleural Effusion")
    pool = SentencePool([NORMAL, report(unfit, unfit, *names)])
    assert [pool.counts()[name] for name in names] == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("There is right upper lobe airspace disease.", "There is airspace disease."),
        ("Small bilateral pleural effusions, left greater than right.", "Small pleural effusions."),
        ("Mild atelectasis in the left lung base.", "Mild atelectasis."),
        ("There is mild cardiomegaly.", "There is mild cardiomegaly."),
        ("Left basilar opacity at the left base and right base.", "Opacity."),
        ("Opacity adjacent to the lingula and the.", None),
    ],
)
def test_words_of_side_and_zone_are_taken_out_or_the_sentence_is(sentence: str, expected: str | None) -> None:
    assert without_place(sentence) == expected


def test_findings_are_stated_in_the_order_in_which_a_prompt_names_them() -> None:
    composed = POOL.compose("x", frozenset({"Pneumonia", "Lung Opacity", "Edema"}), np.random.default_rng(0))
    places = [composed.findings.lower().index(word) for word in ("opacity", "edema", "pneumonia")]
    assert places == sorted(places)


def test_composed_reports_name_no_side() -> None:
    for size in (1, 2, 3):
        for wanted in itertools.combinations(ASSERTED, size):
            text = POOL.compose("x", frozenset(wanted), np.random.default_rng(1))
            assert not {"left", "right", "bilateral"} & set(f"{text.findings} {text.impression}".lower().split())
