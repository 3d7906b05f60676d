"""The report's PDF inside a DICOM instance (Encapsulated PDF IOD, PS3.3 A.45.1), for archives that show no SR."""

from __future__ import annotations

import hashlib
import io

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from db.errors import OutputRefused
from db.report_output import dicom_identity as identity
from db.report_output.document import OutputDocument
from db.report_output.pdf import to_pdf
from db.report_output.sections import REPORT_CODE
from gaze2report.imaging.uids import derived_uid

SERIES_NUMBER = 9302


def to_encapsulated_pdf(document: OutputDocument) -> bytes:
    """Write the report's PDF as a DICOM file.

    Raises
    ------
    OutputRefused
        If the version is preliminary: this kind of document says neither preliminary nor which document replaces it,
        so it would stay in an archive as if it were the report. Also if the films are no DICOM images.
    """
    if not document.is_signed:
        raise OutputRefused(
            f"version {document.version.version} is preliminary and a PDF in an archive cannot be taken back; "
            "sign the report first, or send it out as PDF, SR or FHIR"
        )
    content = to_pdf(document)
    dataset = identity.patient_and_study(document)
    dataset.SOPClassUID = EncapsulatedPDFStorage
    # From the pages and not from the version alone: they also say whether a newer version was there.
    dataset.SOPInstanceUID = derived_uid(hashlib.sha256(content).hexdigest(), identity.ENCAPSULATED_PDF_KIND)
    dataset.SeriesInstanceUID = identity.series_uid(document.version.study_uid, identity.ENCAPSULATED_PDF_KIND)
    _describe(dataset, document)
    dataset.EncapsulatedDocumentLength = len(content)
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _describe(dataset: Dataset, document: OutputDocument) -> None:
    version = document.version
    dataset.Modality = "DOC"
    dataset.SeriesNumber = SERIES_NUMBER
    dataset.SeriesDescription = "Radiology report"
    dataset.InstanceNumber = version.version
    dataset.Manufacturer = identity.MANUFACTURER
    dataset.ManufacturerModelName = identity.MODEL_NAME
    dataset.SoftwareVersions = identity.SOFTWARE_VERSION
    dataset.ConversionType = "WSD"
    identity.set_times(dataset, version)
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"
    dataset.RecognizableVisualFeatures = "NO"
    dataset.VerificationFlag = "VERIFIED"
    dataset.DocumentTitle = f"Radiology report, version {version.version}, {document.status_text}"
    dataset.ConceptNameCodeSequence = [_report_code()]
    dataset.SourceInstanceSequence = [_reference(image) for image in identity.evidence(document)]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.ListOfMIMETypes = ["application/pdf", "text/plain"]  # the pages, and the attached text


def _reference(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = image.SOPClassUID
    item.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return item


def _report_code() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        REPORT_CODE.value,
        REPORT_CODE.scheme,
        REPORT_CODE.meaning,
    )
    return item
