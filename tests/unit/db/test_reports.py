from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from workspaces import TEXT, add_study, bring_to, make_draft, sign

from db import audit, drafts, readings, reports, studies
from db.errors import ReadingClosed, ReportRefused, StudySigned, UnknownRecord
from db.records import SPAN_ORIGINS, TEXT_SECTIONS, Communication, TextSpan, WorkingText
from db.texts import text_sha256


@pytest.fixture
def reading(workspace, study):
    return readings.open_reading(workspace, study, "anna")


def status(workspace):
    return studies.worklist(workspace)[0].status


def test_an_accepted_text_is_a_preliminary_version(workspace, study, reading):
    draft = drafts.add(workspace, reading.id, study, make_draft())
    version = reports.accept(workspace, reading.id, TEXT, draft_id=draft.id)
    assert (version.version, version.kind, version.is_signed) == (1, "preliminary", False)
    assert (version.text, version.author, version.signer, version.draft_id) == (TEXT, "anna", "", draft.id)
    assert reports.of_study(workspace, study) == [version]
    assert status(workspace) == "preliminary"
    assert readings.open_reading(workspace, study, "anna").work == TEXT


def test_a_text_accepted_again_is_a_new_version(workspace, study, reading):
    reports.accept(workspace, reading.id, TEXT)
    reports.accept(workspace, reading.id, WorkingText(findings="Changed."))
    assert [(v.version, v.text.findings) for v in reports.of_study(workspace, study)] == [
        (1, "Lungs are clear."),
        (2, "Changed."),
    ]


@pytest.mark.parametrize("before", ["in-progress", "draft", "preliminary"])
def test_a_signed_text_is_final_and_hashed(workspace, study, before):
    bring_to(workspace, study, before, "anna")
    reading = readings.open_reading(workspace, study, "anna")
    version = sign(workspace, reading.id, "anna")
    assert (version.kind, version.signer, version.is_signed) == ("final", "anna", True)
    # The recipe of the hash, written out: it must be the same in every release.
    recipe = '["Cough.","Lungs are clear.","No acute finding.",""]'
    assert version.text_sha256 == hashlib.sha256(recipe.encode()).hexdigest()
    assert status(workspace) == "final"
    assert studies.worklist(workspace)[0].locked_by == ""
    event = audit.events(workspace)[-1]
    assert (event.actor, event.action, event.detail["text_sha256"]) == ("anna", "report signed", version.text_sha256)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WorkingText(indication="Cough."), "both empty"),
        (WorkingText(findings=" ", impression="\n"), "both empty"),
        (WorkingText(findings="Clear."), "impression is missing"),
        (WorkingText(findings="Nodule on the [side].", impression="Nodule."), r"field \[side\] is not filled in"),
        (WorkingText(findings="Clear.", impression="____ effusion"), "field ____ is not filled in"),
    ],
)
def test_an_unfinished_text_is_not_signed(workspace, study, reading, text, sentence):
    with pytest.raises(ReportRefused, match=sentence):
        reports.sign(workspace, reading.id, text, signer="anna")
    assert reports.of_study(workspace, study) == []
    assert status(workspace) == "in-progress"


def test_brackets_with_content_are_not_unfilled_fields(workspace, reading):
    text = WorkingText(findings="Nodule of 4 mm [image 2].", impression="Nodule.")
    assert reports.sign(workspace, reading.id, text, signer="anna").kind == "final"


def test_an_empty_text_is_not_accepted(workspace, study, reading):
    with pytest.raises(ReportRefused, match="nothing to keep"):
        reports.accept(workspace, reading.id, WorkingText(indication="Cough."))
    assert reports.of_study(workspace, study) == []


@pytest.mark.parametrize("signer", ["ben", "", " "])
def test_only_the_reader_of_a_reading_signs_it(workspace, reading, signer):
    with pytest.raises(ReportRefused, match="this is the reading of anna"):
        reports.sign(workspace, reading.id, TEXT, signer=signer)


def test_a_report_is_signed_once(workspace, study, reading):
    sign(workspace, reading.id, "anna")
    with pytest.raises(StudySigned):
        sign(workspace, reading.id, "anna")
    with pytest.raises(StudySigned):
        reports.accept(workspace, reading.id, TEXT)
    assert len(reports.of_study(workspace, study)) == 1


def test_text_of_another_study_than_the_one_on_screen_is_refused(workspace, reading):
    for act in (
        lambda: reports.accept(workspace, reading.id, TEXT, study_uid="9.9"),
        lambda: reports.sign(workspace, reading.id, TEXT, signer="anna", study_uid="9.9"),
    ):
        with pytest.raises(ReportRefused, match="another study than the one on screen"):
            act()


def test_a_draft_of_another_study_is_refused(workspace, study, reading, tmp_path):
    other = add_study(workspace, tmp_path, "7.7")
    draft = drafts.add(workspace, None, other, make_draft(other))
    for draft_id in (draft.id, 99):
        with pytest.raises(ReportRefused, match="not one of this study"):
            reports.sign(workspace, reading.id, TEXT, signer="anna", draft_id=draft_id)
    assert reports.of_study(workspace, study) == []


def test_a_reading_that_was_taken_over_signs_nothing(workspace, study, reading):
    readings.open_reading(workspace, study, "ben", force=True)
    with pytest.raises(ReadingClosed, match="taken over by ben"):
        sign(workspace, reading.id, "anna")
    with pytest.raises(UnknownRecord):
        sign(workspace, 99, "anna")


def test_an_addendum_adds_a_version_and_leaves_the_signed_text(workspace, study, reading):
    final = sign(workspace, reading.id, "anna")
    first = reports.add_addendum(workspace, study, "Prior film seen.", "ben", reason=" prior film has come ")
    second = reports.add_addendum(workspace, study, "Called the ward.", "anna", reason="call")
    assert reports.of_study(workspace, study) == [final, first, second]
    assert (first.kind, first.text, first.addendum, first.signer) == ("addendum", TEXT, "Prior film seen.", "ben")
    assert first.text_sha256 != final.text_sha256
    assert first.reason == "prior film has come"
    assert status(workspace) == "addended"


@pytest.mark.parametrize(("text", "signer"), [("", "anna"), (" ", "anna"), ("Text.", "")])
def test_an_addendum_needs_text_and_signer(workspace, study, reading, text, signer):
    sign(workspace, reading.id, "anna")
    with pytest.raises(ReportRefused, match="needs a text and a signer"):
        reports.add_addendum(workspace, study, text, signer, reason="call")


@pytest.mark.parametrize("before", ["unread", "in-progress", "draft", "preliminary"])
def test_an_addendum_needs_a_signed_report(workspace, study, before):
    bring_to(workspace, study, before)
    with pytest.raises(ReportRefused, match="needs a signed report"):
        reports.add_addendum(workspace, study, "More.", "anna", reason="call")


def test_ai_text_that_nobody_reviewed_is_not_signed(workspace, study, reading):
    text = replace(TEXT, spans=(TextSpan("findings", 0, 16, "ai"),))
    with pytest.raises(ReportRefused, match="AI text in the findings was neither accepted nor changed"):
        reports.sign(workspace, reading.id, text, signer="anna")
    assert reports.of_study(workspace, study) == []
    assert reports.sign(workspace, reading.id, TEXT, signer="anna").text == TEXT


def test_all_sections_communications_and_origins_survive_signing_and_are_hashed(workspace, study, reading):
    texts = {name: f"Text of the {name}." for name in TEXT_SECTIONS}
    spans = tuple(
        TextSpan(name, start, start + 2, origin, origin == "ai")
        for name in TEXT_SECTIONS
        for start, origin in enumerate(SPAN_ORIGINS)
    )
    told = (Communication("Dr Öz", "2026-03-01 14:05", "by telephone"),)
    text = WorkingText(**texts, spans=spans, communications=told)
    version = reports.sign(workspace, reading.id, text, signer="anna")
    assert reports.of_study(workspace, study)[-1].text == version.text == text
    recipe = (
        '["Text of the indication.","Text of the findings.","Text of the impression.","",'
        '{"communications":[["Dr Öz","2026-03-01 14:05","by telephone"]],"comparison":"Text of the comparison.",'
        '"recommendation":"Text of the recommendation.","technique":"Text of the technique."}]'
    )
    assert version.text_sha256 == hashlib.sha256(recipe.encode()).hexdigest()
    changes = [*({name: "other"} for name in TEXT_SECTIONS), {"communications": ()}]
    text = replace(text, spans=())
    assert len({text_sha256(replace(text, **change)) for change in changes} | {version.text_sha256}) == 8


def test_signing_in_spite_of_warnings_is_recorded(workspace, study, reading):
    reports.sign(workspace, reading.id, TEXT, signer="anna", overridden=("sex", "laterality"))
    events = {event.action: event for event in audit.events(workspace)}
    assert events["warnings overridden"].detail == {"codes": ["laterality", "sex"]}
    assert events["warnings overridden"].actor == "anna"
