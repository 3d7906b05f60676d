from __future__ import annotations

import io

import pydicom
import pytest
from dicom_checks import DCIODVFY, DSRDUMP, dciodvfy_messages, dsrdump_text
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import EnhancedSRStorage
from reported_studies import DX_IMAGE, FINDINGS, SIGNER, TEXT, joined, reported_study

from db.errors import OutputRefused
from db.records import TEXT_SECTIONS, Communication, WorkingText
from db.report_output.document import collect
from db.report_output.enhanced_sr import text_pieces, to_enhanced_sr
from db.report_output.sections import kind_of
from db.report_output.sentence_regions import SentenceRegion


def written(made, version=None):
    return to_enhanced_sr(collect(made.workspace, made.study_uid, version))


def read(content):
    return pydicom.dcmread(io.BytesIO(content))


def items(container, value_type, meaning=None):
    return [
        one
        for one in container.ContentSequence
        if one.ValueType == value_type and meaning in (None, one.ConceptNameCodeSequence[0].CodeMeaning)
    ]


def sections_of(report):
    """Text of each section by the code of its heading, put together from its items."""
    return [
        (one.ConceptNameCodeSequence[0].CodeValue, joined(text.TextValue for text in items(one, "TEXT")))
        for one in items(report, "CONTAINER")
    ]


def test_every_section_is_a_container_under_its_loinc_code_with_its_text(reported):
    said = {name: f" Text  of {name}.\n\r\nSecond line.\n" for name in TEXT_SECTIONS}
    reported.sign(WorkingText(**said))
    report = read(written(reported))
    assert report.SOPClassUID == EnhancedSRStorage
    root = report.ConceptNameCodeSequence[0]
    assert (root.CodeValue, root.CodingSchemeDesignator) == ("18748-4", "LN")
    assert sections_of(report) == [(kind_of(name).heading_code.value, text) for name, text in said.items()]
    assert not [element for element in report.iterall() if element.tag.is_private]


def test_a_sentence_with_a_region_is_inferred_from_the_coordinates_on_its_image(reported):
    reported.sign()
    report = read(written(reported))
    findings = items(report, "CONTAINER", "Findings")[0]
    sentence, rest = items(findings, "TEXT")
    assert (sentence.TextValue, rest.TextValue) == ("The heart is enlarged.", FINDINGS[22:])
    assert "ContentSequence" not in rest
    (region,) = sentence.ContentSequence
    assert (region.ValueType, region.RelationshipType, region.GraphicType) == ("SCOORD", "INFERRED FROM", "POLYLINE")
    assert region.GraphicData == [20.0, 50.5, 100.0, 50.5, 100.0, 140.0, 20.0, 140.0, 20.0, 50.5]
    (image,) = region.ContentSequence
    assert (image.ValueType, image.RelationshipType) == ("IMAGE", "SELECTED FROM")
    (reference,) = image.ReferencedSOPSequence
    assert (reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID) == (DX_IMAGE, "1.2.3.1.1")


def test_the_images_read_are_its_evidence_and_patient_and_study_are_theirs(reported):
    reported.sign()
    report = read(written(reported))
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == ("1.2.3", "1.2.3.1")
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence] == ["1.2.3.1.1"]
    assert (report.PatientID, report.PatientName, report.PatientBirthDate) == ("P1", "Doe^Jane", "19600301")
    assert (report.StudyInstanceUID, report.AccessionNumber, report.StudyTime) == ("1.2.3", "ACC1", "101500")


def test_a_final_report_is_verified_by_its_signer_and_a_preliminary_one_by_nobody(reported):
    reported.accept()
    preliminary = read(written(reported))
    assert (preliminary.PreliminaryFlag, preliminary.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert "VerifyingObserverSequence" not in preliminary
    version = reported.sign()
    final = read(written(reported))
    assert (final.PreliminaryFlag, final.VerificationFlag, final.CompletionFlag) == ("FINAL", "VERIFIED", "COMPLETE")
    (verifier,) = final.VerifyingObserverSequence
    assert verifier.VerifyingObserverName == f"{SIGNER}^"
    assert str(verifier.VerificationDateTime)[:8] == version.created_at_utc[:10].replace("-", "")
    assert "PredecessorDocumentsSequence" not in final


def test_an_addendum_names_the_documents_it_adds_to(reported):
    reported.sign()
    final = read(written(reported))
    reported.add("First.", "Dr. B")
    first = read(written(reported))
    reported.add("Second. ")
    second = read(written(reported))
    (study,) = second.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    named = {one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence}
    assert named == {final.SOPInstanceUID, first.SOPInstanceUID}
    assert series.SeriesInstanceUID == final.SeriesInstanceUID == second.SeriesInstanceUID
    assert [one.VerifyingObserverName for one in second.VerifyingObserverSequence] == [
        f"{SIGNER}^", "Dr. B^", f"{SIGNER}^",
    ]  # fmt: skip
    addenda = items(second, "CONTAINER", "Addendum")
    assert [items(one, "PNAME")[0].PersonName for one in addenda] == ["Dr. B^", f"{SIGNER}^"]
    assert all("ObservationDateTime" in one for one in addenda)
    assert sections_of(second)[-2:] == [("55107-7", "First."), ("55107-7", "Second.")]  # spaces at the end: PS3.5 UT


def test_the_observers_are_the_reader_and_the_model(reported):
    reported.sign()
    report = read(written(reported))
    kinds = [one.ConceptCodeSequence[0].CodeMeaning for one in items(report, "CODE", "Observer Type")]
    assert kinds == ["Person", "Device"]
    assert items(report, "PNAME")[0].PersonName == f"{SIGNER}^"
    assert items(report, "TEXT", "Device Observer Name")[0].TextValue == "base with adapter embedded"
    assert items(report, "TEXT", "Device Observer Serial Number")[0].TextValue == "a" * 64
    assert items(report, "CODE", "Language of Content Item and Descendants")[0].ConceptCodeSequence[0].CodeValue == "en"
    comments = [one.TextValue for one in items(report, "TEXT", "Comment")]
    assert comments[0].startswith("AI-assisted")
    assert comments[1].startswith("For research use only")


def test_without_a_model_there_is_no_device_observer(workspace, tmp_path):
    made = reported_study(workspace, tmp_path, with_draft=False)
    made.sign(WorkingText(findings="Clear.", impression="Clear."))
    assert len(items(read(written(made)), "CODE", "Observer Type")) == 1


def test_a_version_is_the_same_instance_each_time_and_each_version_another_one(reported):
    reported.accept()
    reported.sign()
    assert written(reported, 2) == written(reported, 2)
    assert len({read(written(reported, version)).SOPInstanceUID for version in (1, 2)}) == 2


def test_films_that_are_no_dicom_images_are_refused_with_the_way_out(workspace, tmp_path):
    made = reported_study(workspace, tmp_path, sop_class_uid="")
    made.sign()
    with pytest.raises(OutputRefused, match="as PDF, text or FHIR") as refused:
        written(made)
    assert refused.value.exit_code == 3


def test_a_patient_id_that_dicom_cannot_hold_is_refused_rather_than_shortened(workspace, tmp_path):
    made = reported_study(workspace, tmp_path, patient_id="9" * 65)
    made.sign()
    with pytest.raises(OutputRefused, match="could not be matched"):
        written(made)


def test_dates_that_are_none_are_left_empty(workspace, tmp_path):
    made = reported_study(
        workspace, tmp_path, patient_birth_date="1960", study_date="20240230", study_time="25", patient_sex="X"
    )
    made.sign()
    report = read(written(made))
    assert [report.PatientBirthDate, report.StudyDate, report.StudyTime, report.PatientSex] == [""] * 4


WORDS = st.text(st.sampled_from("ab \n\t."), max_size=12)


@given(st.lists(st.tuples(WORDS, st.booleans()), max_size=6))
def test_the_pieces_of_a_section_are_the_section_and_none_ends_in_white_space_but_the_last(parts):
    text, regions = "", []
    for part, has_region in parts:
        start = len(text)
        text += part
        if has_region and part.strip():
            inner = start + len(part) - len(part.lstrip())
            regions.append(SentenceRegion("findings", inner, inner + len(part.strip()), "1.2", (0, 0, 1, 1)))
    pieces = text_pieces(text, regions)
    assert joined(piece for piece, _ in pieces) == text
    assert all(piece == piece.rstrip() for piece, _ in pieces[:-1])
    assert [region for _, region in pieces if region is not None] == regions
    assert not text.strip() or all(piece.strip() for piece, _ in pieces)


@DCIODVFY
@pytest.mark.parametrize("kind", ["preliminary", "final", "addendum", "correction"])
def test_dciodvfy_finds_nothing(reported, tmp_path, kind):
    reported.accept()
    if kind != "preliminary":
        reported.sign(WorkingText(**{name: f"Text of {name}." for name in TEXT_SECTIONS}, spans=()))
    if kind in ("addendum", "correction"):
        reported.add("Ø 3 mm, 山田.")
    if kind == "correction":
        told = (Communication("Dr. B", "2026-01-02 10:00", "by telephone"),)
        reported.correct(WorkingText(findings="Left.", impression="Left.", communications=told))
    assert dciodvfy_messages(written(reported), tmp_path) == []


@DSRDUMP
def test_dcmtk_reads_the_tree_with_texts_and_regions(reported, tmp_path):
    reported.sign(TEXT)
    tree = dsrdump_text(written(reported), tmp_path)
    for line in (
        '<contains CONTAINER:(59776-5,LN,"Findings")=SEPARATE>',
        '<contains TEXT:(121071,DCM,"Finding")="The heart is enlarged.">',
        '<inferred from SCOORD:(111030,DCM,"Image Region")=(POLYLINE,20/50.5,100/50.5,100/140,20/140,20/50.5)>',
        '<selected from IMAGE:(121324,DCM,"Source image")=(DX image,)>',
        "Completion Flag     : COMPLETE",
    ):
        assert line in tree
