"""The header of a DICOM instance as the workstation keeps it; every optional element is best effort."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from pydicom.uid import UID

from gaze2report.imaging.orientation import valid_patient_orientation
from gaze2report.imaging.tolerant import TolerantDataset
from gaze2report.imaging.uids import derived_uid, is_valid_uid
from gaze2report.types import InstanceHeader

HEADER_KEYWORDS = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "PatientID",
    "PatientName",
    "PatientSex",
    "PatientBirthDate",
    "PatientAge",
    "AccessionNumber",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesDescription",
    "Modality",
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "ViewPosition",
    "ViewCodeSequence",
    "Laterality",
    "ImageLaterality",
    "ReasonForStudy",
    "ReasonForTheRequestedProcedure",
    "RequestAttributesSequence",
    "AdmittingDiagnosesDescription",
    "AdditionalPatientHistory",
    "PhotometricInterpretation",
    "PresentationIntentType",
    "LossyImageCompression",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "PixelSpacingCalibrationType",
    "EstimatedRadiographicMagnificationFactor",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "PatientPosition",
    "PatientOrientationCodeSequence",
    "PatientOrientation",
)
_LOSSY_TRANSFER_SYNTAXES = frozenset(
    {
        "1.2.840.10008.1.2.4.50",  # JPEG Baseline
        "1.2.840.10008.1.2.4.51",  # JPEG Extended
        "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    }
)
_JPEG2000_OF_EITHER_KIND = "1.2.840.10008.1.2.4.91"
_AGE_UNIT_YEARS = {"Y": 1.0, "M": 1.0 / 12.0, "W": 7.0 / 365.25, "D": 1.0 / 365.25}
_MAX_AGE_YEARS = 130.0
_INDICATION_KEYWORDS = (
    "ReasonForStudy",
    "ReasonForTheRequestedProcedure",
    "AdmittingDiagnosesDescription",
    "AdditionalPatientHistory",
)


def read_header(header: TolerantDataset, transfer_syntax_uid: str, file_sha256: Callable[[], str]) -> InstanceHeader:
    """Header of one instance; what cannot be read is left empty and noted on ``header.notes``.

    ``file_sha256`` is called only when a UID must be made: hashing a large file takes as long as reading it.
    """
    rows, columns, bits = (header.integer(name) or 0 for name in ("Rows", "Columns", "BitsStored"))
    return InstanceHeader(
        study_uid=_uid(header, "StudyInstanceUID", "study", file_sha256),
        series_uid=_uid(header, "SeriesInstanceUID", "series", file_sha256),
        instance_uid=_uid(header, "SOPInstanceUID", "instance", file_sha256),
        patient_id=header.text("PatientID"),
        patient_name=header.text("PatientName"),
        patient_sex=header.text("PatientSex").upper(),
        patient_birth_date=_date_text(header, "PatientBirthDate"),
        patient_age_years=_age_years(header),
        accession_number=header.text("AccessionNumber"),
        study_date=_date_text(header, "StudyDate"),
        study_time=header.text("StudyTime"),
        study_description=header.text("StudyDescription"),
        series_description=header.text("SeriesDescription"),
        modality=header.text("Modality").upper(),
        body_part=header.text("BodyPartExamined").upper() or _code_meaning(header, "AnatomicRegionSequence").upper(),
        view_position=header.text("ViewPosition").upper() or _view_from_code(header),
        laterality=(header.text("ImageLaterality") or header.text("Laterality")).upper(),
        indication=_indication(header),
        photometric_interpretation=header.text("PhotometricInterpretation").upper(),
        presentation_intent=header.text("PresentationIntentType").upper(),
        rows=rows,
        columns=columns,
        bits_stored=bits,
        transfer_syntax_uid=transfer_syntax_uid,
        is_lossy=_is_lossy(header, transfer_syntax_uid),
        pixel_spacing_mm=_spacing(header, "PixelSpacing"),
        imager_pixel_spacing_mm=_spacing(header, "ImagerPixelSpacing"),
        pixel_spacing_calibration_type=header.text("PixelSpacingCalibrationType").upper(),
        estimated_magnification=_positive(header, "EstimatedRadiographicMagnificationFactor"),
        source_to_detector_mm=_positive(header, "DistanceSourceToDetector"),
        source_to_patient_mm=_positive(header, "DistanceSourceToPatient"),
        patient_position=_patient_position(header),
        patient_orientation=_patient_orientation(header),
        sop_class_uid=_valid_uid_or_empty(header.text("SOPClassUID")),
    )


def _uid(header: TolerantDataset, keyword: str, level: str, file_sha256: Callable[[], str]) -> str:
    text = header.text(keyword)
    if is_valid_uid(text):
        return str(UID(text))
    state = "is not a valid UID" if text else "is missing"
    header.note(f"The {keyword} {state}; one made from the file's content is used.")
    return derived_uid(file_sha256(), level)


def _valid_uid_or_empty(text: str) -> str:
    return str(UID(text)) if is_valid_uid(text) else ""


def _is_lossy(header: TolerantDataset, transfer_syntax_uid: str) -> bool:
    """Whether pixels were ever compressed with loss; where JPEG 2000 leaves it open, they are taken to have been."""
    stated = header.text("LossyImageCompression")
    if stated == "01" or transfer_syntax_uid in _LOSSY_TRANSFER_SYNTAXES:
        return True
    return transfer_syntax_uid == _JPEG2000_OF_EITHER_KIND and stated != "00"


def _indication(header: TolerantDataset) -> str:
    requests = header.items("RequestAttributesSequence")
    found = [header.text(keyword) for keyword in _INDICATION_KEYWORDS]
    found += [request.text("ReasonForTheRequestedProcedure") for request in requests]
    return next((text for text in found if text), "")


def _age_years(header: TolerantDataset) -> float | None:
    """Age at the study: PatientAge (PS3.5 AS, for example ``045Y``), else study date less birth date."""
    stated = re.fullmatch(r"(\d{1,3})([YMWD]?)", header.text("PatientAge").upper())
    if stated and stated[2]:
        return _possible_age(int(stated[1]) * _AGE_UNIT_YEARS[stated[2]])
    born, studied = _date(header.text("PatientBirthDate")), _date(header.text("StudyDate"))
    if born is not None and studied is not None:
        return _possible_age((studied - born).days / 365.25)
    if stated:
        header.note(f"The patient's age is stated as {stated[1]} without a unit; it is taken to be years.")
        return _possible_age(float(stated[1]))
    return None


def _possible_age(years: float) -> float | None:
    return years if 0.0 <= years <= _MAX_AGE_YEARS else None


def _date_text(header: TolerantDataset, keyword: str) -> str:
    """Date as ``YYYYMMDD``; empty where the element holds no date."""
    text = header.text(keyword)
    date = _date(text)
    if text and date is None:
        header.note(f"The element {keyword} is not a date and was ignored.")
    return f"{date:%Y%m%d}" if date else ""


def _date(text: str) -> datetime.date | None:
    compact = text.replace(".", "").replace("-", "")
    if not re.fullmatch(r"\d{8}", compact):
        return None
    try:
        return datetime.date(int(compact[:4]), int(compact[4:6]), int(compact[6:]))
    except ValueError:
        return None


def _code_meaning(header: TolerantDataset, keyword: str) -> str:
    items = header.items(keyword)
    return items[0].text("CodeMeaning") if items else ""


def _view_from_code(header: TolerantDataset) -> str:
    """View position in the words of ViewPosition, from the View Code Sequence (CID 4010)."""
    meaning = _code_meaning(header, "ViewCodeSequence").upper()
    letters = meaning.replace("-", "").replace(" ", "")
    if "LATERAL" in letters and "OBLIQUE" not in letters:
        return "LL" if "LEFT" in letters else "RL" if "RIGHT" in letters else "LATERAL"
    for word, view in (("POSTEROANTERIOR", "PA"), ("ANTEROPOSTERIOR", "AP")):
        if word in letters and "OBLIQUE" not in letters:
            return view
    return meaning


def _spacing(header: TolerantDataset, keyword: str) -> tuple[float, float] | None:
    """Row and column spacing in mm; None where it is not two positive numbers."""
    numbers = header.numbers(keyword)
    if not numbers:
        return None
    if len(numbers) == 2 and min(numbers) > 0:
        return numbers[0], numbers[1]
    header.note(f"The element {keyword} is not two positive lengths and was ignored.")
    return None


def _positive(header: TolerantDataset, keyword: str) -> float | None:
    """A length or ratio; None where it is absent. Zero is what devices write that do not know it."""
    number = header.number(keyword)
    if number is None or number == 0:
        return None
    if number > 0:
        return number
    header.note(f"The element {keyword} is not a positive number and was ignored.")
    return None


def _patient_position(header: TolerantDataset) -> str:
    """How the patient stood or lay: Patient Orientation Code and Modifier (PS3.3 C.8.4.6), else Patient Position."""
    words = []
    for item in header.items("PatientOrientationCodeSequence")[:1]:
        words = [item.text("CodeMeaning")]
        words += [modifier.text("CodeMeaning") for modifier in item.items("PatientOrientationModifierCodeSequence")]
    stated = " ".join(word for word in words if word)
    return (stated or header.text("PatientPosition")).upper()


def _patient_orientation(header: TolerantDataset) -> tuple[str, str] | None:
    """Direction of the patient along a row and along a column; None where the file says nothing sound."""
    stated = header.text("PatientOrientation")
    sound = valid_patient_orientation(tuple(stated.split("\\")))
    if stated.strip("\\ ") and sound is None:
        header.note(f"The Patient Orientation {stated[:40]!r} has no meaning and was ignored.")
    return sound
