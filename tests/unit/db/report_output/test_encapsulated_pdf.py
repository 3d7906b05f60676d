from __future__ import annotations

import io

import pydicom
import pytest
from dicom_checks import DCIODVFY, dciodvfy_messages
from pydicom.uid import EncapsulatedPDFStorage
from reported_studies import DX_IMAGE

from db.errors import OutputRefused
from db.report_output.document import collect
from db.report_output.encapsulated_pdf import to_encapsulated_pdf
from db.report_output.pdf import to_pdf


def test_it_holds_the_pdf_of_the_report_and_refers_to_the_images_read(reported):
    reported.sign()
    document = collect(reported.workspace, reported.study_uid)
    content = to_encapsulated_pdf(document)
    assert content == to_encapsulated_pdf(document)
    dataset = pydicom.dcmread(io.BytesIO(content))
    assert dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength] == to_pdf(document)
    assert (dataset.SOPClassUID, dataset.MIMETypeOfEncapsulatedDocument) == (EncapsulatedPDFStorage, "application/pdf")
    (image,) = dataset.SourceInstanceSequence
    assert (image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID) == (DX_IMAGE, "1.2.3.1.1")
    assert (dataset.StudyInstanceUID, dataset.PatientID, dataset.VerificationFlag) == ("1.2.3", "P1", "VERIFIED")
    assert dataset.DocumentTitle == "Radiology report, version 1, final"
    assert not [element for element in dataset.iterall() if element.tag.is_private]


def test_a_preliminary_report_is_not_put_into_an_archive_this_way(reported):
    reported.accept()
    with pytest.raises(OutputRefused, match="is preliminary"):
        to_encapsulated_pdf(collect(reported.workspace, reported.study_uid))


def test_once_a_version_is_superseded_its_pages_say_so_and_are_another_instance(reported):
    reported.sign()
    before = pydicom.dcmread(io.BytesIO(to_encapsulated_pdf(collect(reported.workspace, reported.study_uid))))
    reported.add("More.")
    after = pydicom.dcmread(io.BytesIO(to_encapsulated_pdf(collect(reported.workspace, reported.study_uid, 1))))
    assert before.SOPInstanceUID != after.SOPInstanceUID
    assert before.SeriesInstanceUID == after.SeriesInstanceUID


@DCIODVFY
def test_dciodvfy_finds_nothing(reported, tmp_path):
    reported.sign()
    reported.add("More.")
    assert dciodvfy_messages(to_encapsulated_pdf(collect(reported.workspace, reported.study_uid)), tmp_path) == []
