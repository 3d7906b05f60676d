"""What all DICOM outputs of a report say of themselves: UIDs, patient, study, equipment, and when.

The UIDs follow from what is written, so a report that is sent out twice is the same instance, and an addendum names
the instance that it adds to whether or not that was ever sent out from here.
"""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from db.errors import OutputRefused
from db.records import ReportVersion
from db.report_output.clean_text import one_line
from db.report_output.demographics import dicom_name, is_date, is_time, moment
from gaze2report import __version__
from gaze2report.imaging.uids import derived_uid

if TYPE_CHECKING:
    from db.report_output.document import OutputDocument, OutputImage

SR_KIND = "enhanced-sr"
ENCAPSULATED_PDF_KIND = "encapsulated-pdf"
MANUFACTURER = "Gaze2Report"
MODEL_NAME = "Gaze2Report workstation, research use only"
SOFTWARE_VERSION = __version__
ORGANIZATION_NOT_STATED = "not stated"
_MAX_LONG_STRING = 64  # LO, PS3.5 6.2
_MAX_SHORT_STRING = 16  # SH


def instance_uid(version: ReportVersion, kind: str) -> str:
    """SOP Instance UID of a version of a report in a kind of output."""
    return _uid(f"{kind}:{version.study_uid}:{version.version}:{version.text_sha256}", "instance")


def series_uid(study_uid: str, kind: str) -> str:
    """Series Instance UID of all versions of a study's report in a kind of output."""
    return _uid(f"{kind}:{study_uid}", "series")


def device_uid(adapter_sha256: str) -> str:
    """UID of a model as an observer."""
    return _uid(adapter_sha256, "device")


def written_at(version: ReportVersion) -> dt.datetime:
    """When a version was written, in the time of this place: so the study's own dates and times are meant too."""
    return moment(version.created_at_utc).astimezone()


def exact_datetime(version: ReportVersion) -> str:
    """When a version was written as DICOM DT with its offset from UTC."""
    return moment(version.created_at_utc).strftime("%Y%m%d%H%M%S.%f+0000")


def patient_and_study(document: OutputDocument) -> Dataset:
    """Patient and study as the images of the study name them.

    Raises
    ------
    OutputRefused
        If the films are no DICOM images, or the PatientID is one that DICOM cannot hold: a shortened one would be
        another patient's.
    """
    study = document.study
    if not document.images:
        raise OutputRefused(
            "the films of this study are not DICOM images, or of a kind that is not known; a DICOM report has nothing "
            "to refer to. Send it out as PDF, text or FHIR"
        )
    patient_id = one_line(study.patient.patient_id)
    if len(patient_id) > _MAX_LONG_STRING or "\\" in patient_id:
        raise OutputRefused("the PatientID is one that DICOM cannot hold, so the report could not be matched by it")
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientID = patient_id
    dataset.PatientName = dicom_name(study.patient.name)
    dataset.PatientBirthDate = study.patient.birth_date if is_date(study.patient.birth_date) else ""
    dataset.PatientSex = study.patient.sex if study.patient.sex in ("M", "F", "O") else ""
    dataset.StudyInstanceUID = study.study_uid
    dataset.StudyDate = study.study_date if is_date(study.study_date) else ""
    dataset.StudyTime = study.study_time if is_time(study.study_time) else ""
    dataset.StudyID = ""
    dataset.StudyDescription = long_string(study.description)
    dataset.AccessionNumber = short_string(study.accession_number)
    dataset.ReferringPhysicianName = ""
    return dataset


def evidence(document: OutputDocument) -> list[Dataset]:
    """Give the images that were read, as far as a reference to them needs; raises as :func:`patient_and_study`."""
    about_all = patient_and_study(document)
    return [_image(about_all, image) for image in document.images]


def _image(about_all: Dataset, image: OutputImage) -> Dataset:
    dataset = copy.deepcopy(about_all)
    dataset.SOPClassUID = image.sop_class_uid
    dataset.SOPInstanceUID = image.instance_uid
    dataset.SeriesInstanceUID = image.series_uid
    dataset.Rows, dataset.Columns = image.rows, image.columns
    return dataset


def set_times(dataset: Dataset, version: ReportVersion) -> None:
    """Set when the content and the instance were written."""
    at = written_at(version)
    for kind in ("Content", "Series", "InstanceCreation"):
        setattr(dataset, f"{kind}Date", at.strftime("%Y%m%d"))
        setattr(dataset, f"{kind}Time", at.strftime("%H%M%S.%f"))


def long_string(text: str) -> str:
    """Text for a value of VR LO."""
    return one_line(text.replace("\\", "/"), _MAX_LONG_STRING)


def short_string(text: str) -> str:
    """Text for a value of VR SH."""
    return one_line(text.replace("\\", "/"), _MAX_SHORT_STRING)


def _uid(content: str, level: str) -> str:
    return derived_uid(hashlib.sha256(content.encode()).hexdigest(), f"report output {level}")
