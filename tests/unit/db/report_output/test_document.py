from __future__ import annotations

import hashlib

import pytest
from factories import make_png
from reported_studies import DX_IMAGE, SIGNER, TEXT, reported_study
from workspaces import StandInIntake, write_image

from db import readings, reports, studies
from db.errors import OutputRefused, UnknownRecord
from db.records import TEXT_SECTIONS, Communication, WorkingText
from db.report_output import sections
from db.report_output.document import collect
from db.report_output.plain_text import to_text
from gaze2report.errors import UnreadableInput
from gaze2report.types import InstanceHeader


def test_a_study_without_a_report_has_nothing_to_send_out(workspace, study):
    with pytest.raises(OutputRefused, match="no report yet") as refused:
        collect(workspace, study)
    assert refused.value.exit_code == 3
    with pytest.raises(UnknownRecord, match=r"no study 9\.9"):
        collect(workspace, "9.9")


def test_the_newest_version_goes_out_unless_one_is_named(reported):
    reported.accept()
    reported.sign()
    assert collect(reported.workspace, reported.study_uid).version.version == 2
    old = collect(reported.workspace, reported.study_uid, 1)
    assert (old.version.version, old.is_signed, old.superseded_by) == (1, False, 2)
    with pytest.raises(UnknownRecord, match="no report version 3"):
        collect(reported.workspace, reported.study_uid, 3)


def test_every_section_that_says_something_goes_out_in_order(reported):
    said = {name: f"Text of {name}." for name in TEXT_SECTIONS}
    reported.sign(WorkingText(**said))
    written = collect(reported.workspace, reported.study_uid).sections
    assert [(one.name, one.text) for one in written] == list(said.items())
    codes = [one.kind.heading_code for one in written]
    assert all(code.scheme == "LN" for code in codes), "a section of the report has no LOINC code yet"
    assert len(set(codes)) == len(codes)


def test_a_section_that_is_new_here_is_written_under_a_code_of_our_own():
    kind = sections.kind_of("quality_of_the_film_and_more")
    assert kind.heading == "Quality of the film and more"
    assert (kind.heading_code.scheme, kind.heading_code.value) == ("99G2R", "QUALITY_OF_THE_F")


def test_an_addendum_comes_with_the_report_it_adds_to_and_with_the_addenda_before(reported):
    final = reported.sign()
    first = reported.add("First.", "Dr. B")
    second = reported.add("Second.")
    document = collect(reported.workspace, reported.study_uid)
    assert [(one.text, one.added_by) for one in document.sections[-2:]] == [("First.", first), ("Second.", second)]
    assert document.predecessors == (final, first)
    assert document.status_text == "final with addendum"
    assert [one.text for one in collect(reported.workspace, reported.study_uid, first.version).sections][-1] == "First."


def test_a_correction_replaces_the_text_and_keeps_the_addenda_and_why(reported):
    reported.sign()
    reported.add("First.")
    reported.correct(WorkingText(findings="Left.", impression="Left."))
    document = collect(reported.workspace, reported.study_uid)
    assert [(one.name, one.text) for one in document.sections] == [
        ("findings", "Left."), ("impression", "Left."), ("addendum", "First."),
    ]  # fmt: skip
    assert (document.status_text, len(document.predecessors)) == ("corrected", 2)
    added, corrected = document.amendments
    assert added.startswith("Version 2, ")
    assert added.endswith(f"UTC: addendum by {SIGNER}, because: prior films came")
    assert corrected.endswith(f"UTC: correction by {SIGNER}, because: wrong side")
    assert all(sentence in to_text(document) for sentence in document.amendments)


def test_who_was_told_of_a_critical_result_goes_out_as_a_section(reported):
    told = (Communication("Dr. B", "2026-01-02 10:00", "by telephone"), Communication("Dr. C", "10:05", "in\0person"))
    reported.sign(WorkingText(findings="Tension pneumothorax.", impression="Same.", communications=told))
    document = collect(reported.workspace, reported.study_uid)
    section = document.sections[-1]
    assert section.kind.heading_code.value == "73568-8"
    assert section.text == "Dr. B, 2026-01-02 10:00, by telephone\nDr. C, 10:05, in�person"
    assert document.notes[0].startswith("1 character ")


def test_the_model_that_drafted_is_named_also_for_an_addendum(reported):
    reported.sign()
    reported.add("More.")
    for version in (1, 2):
        sentence = collect(reported.workspace, reported.study_uid, version).assistance_sentence
        assert sentence == (
            "AI-assisted: drafted by base with adapter embedded (SHA-256 aaaaaaaaaaaaaaaa), checked by the reader."
        )


def test_a_preliminary_report_does_not_claim_that_the_text_was_checked(reported):
    reported.accept()
    assert "checked" not in collect(reported.workspace, reported.study_uid).assistance_sentence


def test_a_text_of_the_reader_alone_says_so_and_ai_text_without_its_draft_too(workspace, tmp_path):
    own = reported_study(workspace, tmp_path, study_uid="1.1", with_draft=False)
    own.sign(WorkingText(findings="Clear.", impression="Clear."))
    assert collect(workspace, "1.1").assistance_sentence == "Written without AI text."
    lost = reported_study(workspace, tmp_path, study_uid="1.2", with_draft=False)
    lost.sign(TEXT)
    assert "a model that is not recorded" in collect(workspace, "1.2").assistance_sentence


def test_only_sections_with_ai_text_are_marked_as_such(reported):
    reported.sign()
    marked = {one.name: one.has_ai_text for one in collect(reported.workspace, reported.study_uid).sections}
    assert marked == {"indication": False, "findings": True, "impression": True}


def test_images_that_came_after_the_version_are_not_what_it_was_written_about(reported, tmp_path):
    reported.sign()
    later = write_image(tmp_path / "later", sop_class_uid=DX_IMAGE, series_uid="1.2.3.9", patient_id="P1")
    studies.import_file(reported.workspace, StandInIntake(), later)
    assert len(studies.get(reported.workspace, reported.study_uid).instances) == 2
    assert [one.series_uid for one in collect(reported.workspace, reported.study_uid).images] == ["1.2.3.1"]


def test_an_image_whose_class_was_not_kept_is_read_again_or_left_out_with_a_note(workspace, tmp_path):
    old = reported_study(workspace, tmp_path, sop_class_uid="")
    old.sign()
    document = collect(workspace, old.study_uid)
    assert document.images == ()
    assert document.notes == ("1 of the study's images are not referred to: their SOP class is not known.",)

    class Reader:
        def read_header(self, path):
            assert path.exists()
            header = studies.get(workspace, old.study_uid).instances[0].header
            return type(header)(**{**header.__dict__, "sop_class_uid": DX_IMAGE}), ""

    class Broken:
        def read_header(self, path):
            raise UnreadableInput(path, "it is damaged")

    assert [one.sop_class_uid for one in collect(workspace, old.study_uid, header_reader=Reader()).images] == [DX_IMAGE]
    assert collect(workspace, old.study_uid, header_reader=Broken()).images == ()


def test_a_png_film_is_no_dicom_image(workspace, tmp_path):
    class PngIntake:
        def read_header(self, path):
            header = InstanceHeader(study_uid="1.6", series_uid="1.6.1", instance_uid="1.6.1.1", sop_class_uid=DX_IMAGE)
            return header, hashlib.sha256(path.read_bytes()).hexdigest()

    studies.import_file(workspace, PngIntake(), make_png(tmp_path / "film.png"))
    reading = readings.open_reading(workspace, "1.6", SIGNER)
    reports.sign(workspace, reading.id, WorkingText(findings="Clear.", impression="Clear."), signer=SIGNER)
    document = collect(workspace, "1.6")
    assert (document.images, document.notes) == ((), ())


def test_control_characters_are_replaced_and_the_sender_is_told(reported):
    reported.sign(WorkingText(findings="A\x00B\x1b[31m", impression="C"))
    document = collect(reported.workspace, reported.study_uid)
    assert document.sections[0].text == "A�B�[31m"
    assert document.notes[0].startswith("2 characters that documents cannot hold")
