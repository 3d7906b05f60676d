"""Sentences of a draft and of the report signed after it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gaze2report.learning.edit_alignment import align_sentences
from gaze2report.report_text import sentence_spans

DRAFT = "The heart is normal in size. The lungs are clear. No pleural effusion. Old fracture."
SIGNED = (
    "The cardiac silhouette is normal in size. The lungs are clear. There is a small left pleural effusion. No mass."
)


def kinds(draft: str, report: str) -> list[tuple[str, str, str]]:
    return [
        (edit.kind, draft[slice(*edit.draft_span)], report[slice(*edit.report_span)])
        for edit in align_sentences(draft, report)
    ]


def test_a_known_edit_is_told_sentence_by_sentence() -> None:
    assert kinds(DRAFT, SIGNED) == [
        ("changed", "The heart is normal in size.", "The cardiac silhouette is normal in size."),
        ("kept", "The lungs are clear.", "The lungs are clear."),
        ("changed", "No pleural effusion.", "There is a small left pleural effusion."),
        ("deleted", "Old fracture.", ""),
        ("added", "", "No mass."),
    ]


def test_each_edit_names_the_findings_it_is_about() -> None:
    edits = align_sentences(DRAFT, SIGNED)
    assert edits[0].observations == ("Cardiomegaly",)
    assert {name for edit in edits for name in edit.observations} >= {"Pleural Effusion", "Fracture", "Lung Lesion"}


def test_empty_texts_and_one_empty_text() -> None:
    assert align_sentences("", "") == ()
    assert [edit.kind for edit in align_sentences("", SIGNED)] == ["added"] * 4
    assert [edit.kind for edit in align_sentences(DRAFT, "")] == ["deleted"] * 4


def test_a_sentence_whose_words_were_reordered_is_changed() -> None:
    (edit,) = align_sentences("Left effusion, no pneumothorax.", "No pneumothorax, left effusion.")
    assert edit.kind == "changed"


_SENTENCES = st.lists(
    st.sampled_from(["The heart is large.", "No effusion.", "Lungs are clear.", "Small left effusion.", "Clips."]),
    max_size=6,
).map(" ".join)


@given(_SENTENCES, _SENTENCES)
def test_every_sentence_is_in_exactly_one_edit_in_order(draft: str, report: str) -> None:
    edits = align_sentences(draft, report)
    assert [edit.draft_span for edit in edits if edit.kind != "added"] == sentence_spans(draft)
    assert [edit.report_span for edit in edits if edit.kind != "deleted"] == sentence_spans(report)
    assert all((edit.similarity == 1.0) == (edit.kind == "kept") for edit in edits)


@given(_SENTENCES)
def test_a_text_that_was_not_changed_is_kept_whole(text: str) -> None:
    assert {edit.kind for edit in align_sentences(text, text)} <= {"kept"}
