from __future__ import annotations

from dataclasses import replace

import pytest
from reported_studies import TEXT, draft_with_regions

from db.records import TextSpan, WorkingText
from db.report_output.sentence_regions import find_regions
from gaze2report.types import Sentence

UID = "1.2.3.1.1"
SIZES = {UID: (160, 144)}
BOX = (20.0, 50.5, 100.0, 140.0)


def test_a_sentence_of_the_draft_that_the_reader_left_alone_has_its_region():
    (region,) = find_regions(TEXT, draft_with_regions(), SIZES)
    assert (region.section, TEXT.findings[region.start : region.end]) == ("findings", "The heart is enlarged.")
    assert (region.instance_uid, region.box_px) == (UID, BOX)


@pytest.mark.parametrize(
    "text",
    [
        WorkingText(findings="The heart is enlarged.", spans=(TextSpan("findings", 0, 22, "reader"),)),
        WorkingText(findings="The heart is enlarged.", spans=(TextSpan("findings", 0, 21, "ai"),)),
        WorkingText(findings="The heart is enlarged.", spans=(TextSpan("findings", 0, 22, "ai-edited"),)),
        WorkingText(findings="The heart was enlarged.", spans=(TextSpan("findings", 0, 23, "ai"),)),
        WorkingText(impression="The heart is enlarged.", spans=(TextSpan("impression", 0, 22, "ai"),)),
    ],
)
def test_a_sentence_of_the_reader_or_an_edited_one_has_none(text):
    assert find_regions(text, draft_with_regions(), SIZES) == ()


def test_adjoining_ai_stretches_are_one():
    spans = (TextSpan("findings", 0, 10, "ai"), TextSpan("findings", 10, 22, "ai"))
    assert (
        len(find_regions(WorkingText(findings="The heart is enlarged.", spans=spans), draft_with_regions(), SIZES)) == 1
    )


def test_the_same_sentence_twice_has_each_its_own_place():
    draft = replace(
        draft_with_regions(), sentences=(Sentence("Clear.", "findings", BOX), Sentence("Clear.", "findings", BOX))
    )
    text = WorkingText(findings="Clear. Clear.", spans=(TextSpan("findings", 0, 13, "ai"),))
    assert [(one.start, one.end) for one in find_regions(text, draft, SIZES)] == [(0, 6), (7, 13)]


@pytest.mark.parametrize(
    ("box_px", "inside"),
    [
        ((-5.0, -5.0, 20.0, 30.0), (0.0, 0.0, 20.0, 30.0)),
        ((100.0, 100.0, 1e9, 1e9), (100.0, 100.0, 144.0, 160.0)),
        ((200.0, 10.0, 300.0, 20.0), None),
        ((10.0, 10.0, 10.0, 20.0), None),
        ((20.0, 10.0, 10.0, 20.0), None),
        ((float("nan"), 0.0, 1.0, 1.0), None),
        ((0.0, 0.0, float("inf"), 1.0), None),
        (None, None),
    ],
)
def test_a_box_is_cut_to_the_image_and_one_that_is_none_is_left_out(box_px, inside):
    draft = replace(draft_with_regions(), sentences=(Sentence("The heart is enlarged.", "findings", box_px),))
    found = find_regions(TEXT, draft, SIZES)
    assert [one.box_px for one in found] == ([inside] if inside else [])


def test_without_a_draft_or_its_image_there_are_no_regions():
    assert find_regions(TEXT, None, SIZES) == ()
    assert find_regions(TEXT, draft_with_regions(), {}) == ()
