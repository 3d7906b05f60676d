"""Films without what points at a person: DICOM PS3.15 annex E, basic profile, and then only what display needs.

dicom-anonymizer knows the profile's table. It works tag by tag and does not look into sequences, so what is left is cut
down to a list of elements that displaying a film needs; anything else, whatever its tag, is gone. UIDs become salted
hashes, the same in every film of a study. Text burned into the pixels stays there: `burned_in_text` says what is known.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
import pydicom
from dicomanonymizer import anonymize_dataset
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from scipy import ndimage

from gaze2report.errors import StorageFailed, UnreadableInput
from gaze2report.types import Image

BurnedInText = Literal["no", "yes", "unsure"]
METHOD = "DICOM PS3.15 basic profile, cut down to what display needs"
_KEPT = frozenset(
    [
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "Modality",
        "ViewPosition",
        "ImageLaterality",
        "Laterality",
        "BodyPartExamined",
        "PatientOrientation",
        "PatientSex",
        "PatientAge",
        "PresentationIntentType",
        "PresentationLUTShape",
        "PhotometricInterpretation",
        "SamplesPerPixel",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelPaddingValue",
        "PixelPaddingRangeLimit",
        "PixelSpacing",
        "ImagerPixelSpacing",
        "PixelSpacingCalibrationType",
        "EstimatedRadiographicMagnificationFactor",
        "DistanceSourceToDetector",
        "DistanceSourceToPatient",
        "WindowCenter",
        "WindowWidth",
        "WindowCenterWidthExplanation",
        "VOILUTFunction",
        "VOILUTSequence",
        "ModalityLUTSequence",
        "LUTDescriptor",
        "LUTData",
        "LUTExplanation",
        "ModalityLUTType",
        "RescaleSlope",
        "RescaleIntercept",
        "RescaleType",
        "PixelIntensityRelationship",
        "PixelIntensityRelationshipSign",
        "LossyImageCompression",
        "LossyImageCompressionRatio",
        "LossyImageCompressionMethod",
        "BurnedInAnnotation",
        "ImageType",
        "ShutterShape",
        "ShutterLeftVerticalEdge",
        "ShutterRightVerticalEdge",
        "ShutterUpperHorizontalEdge",
        "ShutterLowerHorizontalEdge",
        "PixelData",
        "NumberOfFrames",
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "PatientID",
        "PatientName",
    ]
)
_UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_OLDEST_YEARS = 89
_GLYPH_PX = (7, 90)
_LEAST_GLYPHS = 4


def deidentified_uid(uid: str, salt: str) -> str:
    """Another UID in place of one, the same each time (PS3.5 B.2: 2.25 and a number)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(f'{salt} {uid}'.encode()).digest()[:16], 'big')}"


def write_deidentified(source: Path, target: Path, *, salt: str, pseudonym: str) -> str:
    """Write a film without what points at a person; its pixels and how they are displayed stay as they are.

    Returns
    -------
    str
        Burned In Annotation (0028,0301) as the source declares it; empty where it does not.

    Parameters
    ----------
    salt : str
        Kept secret in the workspace: without it nobody can go from a new UID to the old one by trying.
    pseudonym : str
        Stands for the patient.

    Raises
    ------
    UnreadableInput, StorageFailed
        If the source is no film that can be read; if the disk refuses.
    """
    try:
        with source.open("rb") as file:
            is_dicom = file.read(132)[128:] == b"DICM"
        if not is_dicom:
            with PIL.Image.open(source) as picture:
                picture.load()
                plain = PIL.Image.frombytes(picture.mode, picture.size, picture.tobytes())
            plain.save(target, format="PNG")
            return ""
        dataset = pydicom.dcmread(source)
    except (OSError, ValueError, AttributeError, pydicom.errors.InvalidDicomError) as error:
        raise UnreadableInput(source, f"cannot be de-identified: {error}") from error
    syntax = dataset.file_meta.TransferSyntaxUID
    declared = str(dataset.get("BurnedInAnnotation", ""))
    _strip(dataset, salt, pseudonym)
    try:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(target, enforce_file_format=True)
    except OSError as error:
        raise StorageFailed(f"{target} could not be written: {error.strerror or error}") from error
    return declared


def burned_in_text(image: Image, declared: str) -> BurnedInText:
    """Say whether text is burned into the pixels of a film.

    Parameters
    ----------
    declared : str
        Burned In Annotation (0028,0301) of the header. YES is believed; NO is not enough where the pixels hold
        something like a line of writing, as headers cannot prove that there is none.

    Returns
    -------
    str
        "unsure" is for a person to look at: writing was found, or the header says nothing and something like a letter
        was found.
    """
    if declared.strip().upper() == "YES":
        return "yes"
    return "unsure" if longest_line_of_glyphs(image) >= _LEAST_GLYPHS else "no"


def longest_line_of_glyphs(image: Image) -> int:
    """Count the most pieces of one height beside each other that are wholly as bright, or as dark, as pixels get.

    Writing put into an image afterwards has the largest or smallest value there is, in thin strokes; anatomy has not.
    """
    codes = image.codes
    return max(_glyphs_in_line(codes == codes.max()), _glyphs_in_line(codes == codes.min()))


def _glyphs_in_line(mask: np.ndarray) -> int:
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    boxes = [box for box in ndimage.find_objects(labels) if box is not None]
    glyphs = []
    for number, (rows, columns) in enumerate(boxes, 1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if not (_GLYPH_PX[0] <= height <= _GLYPH_PX[1] and 2 <= width <= 1.5 * height):
            continue
        share = float((labels[rows, columns] == number).mean())
        if 0.08 <= share <= 0.75:
            glyphs.append((rows.start, height, columns.start, columns.stop))
    return max((_line_length(one, glyphs) for one in glyphs[:2000]), default=0)


def _line_length(first: tuple[int, int, int, int], glyphs: list[tuple[int, int, int, int]]) -> int:
    top, height, _, right = first
    count = 1
    for other_top, other_height, left, other_right in sorted(glyphs, key=lambda one: one[2]):
        is_level = abs(other_top + other_height - top - height) <= 0.3 * height
        if is_level and 0.5 <= other_height / height <= 2.0 and 0 <= left - right <= 1.5 * height:
            count, right = count + 1, other_right
    return count


def _strip(dataset: Dataset, salt: str, pseudonym: str) -> None:
    uids = {name: str(dataset.get(name, "")) for name in _UIDS}
    age, sex = str(dataset.get("PatientAge", "")), str(dataset.get("PatientSex", ""))
    kept_before = {name: dataset[name] for name in _KEPT if name in dataset and name not in (*_UIDS, "PixelData")}
    anonymize_dataset(dataset, delete_private_tags=True)
    for name, element in kept_before.items():
        dataset[name] = element
    _keep_only(dataset)
    for name, uid in uids.items():
        if uid:
            setattr(dataset, name, deidentified_uid(uid, salt))
    dataset.PatientID = dataset.PatientName = pseudonym
    dataset.PatientSex = sex if sex in ("F", "M", "O") else ""
    dataset.PatientAge = _plain_age(age)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    meta = dataset.file_meta
    for element in list(meta):
        if element.keyword not in ("TransferSyntaxUID", "MediaStorageSOPClassUID"):
            del meta[element.tag]
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.preamble = bytes(128)


def _keep_only(dataset: Dataset) -> None:
    """Remove every element that is not listed, in sequences too; groups of overlays go, they can hold text."""
    for tag in [element.tag for element in dataset]:
        if BaseTag(tag).is_private or dataset[tag].keyword not in _KEPT:
            del dataset[tag]
        elif dataset[tag].VR == "SQ":
            for item in dataset[tag].value:
                _keep_only(item)


def _plain_age(age: str) -> str:
    """Years, at most 89: older people are few enough to be known (Safe Harbor)."""
    if len(age) != 4 or not age[:3].isdigit() or age[3] not in "DWMY":
        return ""
    return f"{min(int(age[:3]), _OLDEST_YEARS):03}Y" if age[3] == "Y" else age
