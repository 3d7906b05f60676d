"""De-identified films: same pixels and display, nothing of the person, whatever the header holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from factories import chest_phantom, make_dicom, make_png
from PIL import Image as PilImage
from PIL import ImageDraw
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gaze2report.imaging.deidentify import burned_in_text, deidentified_uid, write_deidentified
from gaze2report.imaging.read import read_image
from gaze2report.imaging.windowing import to_display

PLANTED = ("SENTINEL", "19561231", "555-0199")


def planted(path: Path) -> Path:
    """A film with the sentinel in every place a header offers."""
    make_dicom(path, pixels=chest_phantom(64, 64))
    dataset = pydicom.dcmread(path)
    for keyword in ("PatientName", "ReferringPhysicianName", "OperatorsName", "InstitutionName", "StationName",
                    "StudyDescription", "SeriesDescription", "ImageComments", "AccessionNumber", "PatientComments",
                    "ProtocolName", "DeviceSerialNumber", "PerformedProcedureStepDescription"):  # fmt: skip
        setattr(dataset, keyword, "SENTINEL")
    dataset.PatientBirthDate = "19561231"
    dataset.PatientTelephoneNumbers = "555-0199"
    item = Dataset()
    item.CodeMeaning, item.CodeValue = "SENTINEL", "1"
    dataset.ViewCodeSequence = Sequence([item])
    nested = Dataset()
    nested.RequestAttributesSequence = Sequence([item])
    dataset.ReferencedStudySequence = Sequence([nested])
    block = dataset.private_block(0x0011, "SENTINEL", create=True)
    block.add_new(1, "LO", "SENTINEL")
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData, lut.LUTExplanation = [4, 0, 16], [0, 1, 2, 3], "plain"
    lut.add(pydicom.DataElement(0x00104000, "LT", "SENTINEL"))
    dataset.preamble = b"SENTINEL".ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = "SENTINEL"
    dataset.PatientAge = "095Y"
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_nothing_planted_is_left_and_the_picture_is_the_same(tmp_path: Path) -> None:
    source = planted(tmp_path / "a.dcm")
    write_deidentified(source, tmp_path / "b.dcm", salt="s", pseudonym="p1")
    raw = (tmp_path / "b.dcm").read_bytes()
    assert not [word for word in PLANTED if word.encode() in raw]
    before, after = read_image(source), read_image(tmp_path / "b.dcm")
    assert after.pixel_sha256 == before.pixel_sha256
    assert np.array_equal(to_display(before), to_display(after))
    dataset = pydicom.dcmread(tmp_path / "b.dcm")
    assert (dataset.PatientIdentityRemoved, dataset.PatientID, dataset.PatientAge) == ("YES", "p1", "089Y")
    assert dataset.ViewPosition == pydicom.dcmread(source).ViewPosition
    assert "annex" in dataset.DeidentificationMethod or "PS3.15" in dataset.DeidentificationMethod


def test_uids_are_replaced_alike_in_all_films_of_a_study_and_differ_with_the_salt(tmp_path: Path) -> None:
    for name in ("1", "2"):
        write_deidentified(make_dicom(tmp_path / f"{name}.dcm"), tmp_path / f"out{name}.dcm", salt="s", pseudonym="p")
    one, two = (pydicom.dcmread(tmp_path / f"out{name}.dcm") for name in ("1", "2"))
    original = pydicom.dcmread(tmp_path / "1.dcm").StudyInstanceUID
    assert one.StudyInstanceUID == two.StudyInstanceUID == deidentified_uid(original, "s") != original
    assert deidentified_uid(original, "other") != one.StudyInstanceUID
    assert pydicom.uid.UID(one.StudyInstanceUID).is_valid


def test_a_picture_loses_its_metadata_and_keeps_its_pixels(tmp_path: Path) -> None:
    make_png(tmp_path / "a.png")
    with PilImage.open(tmp_path / "a.png") as picture:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Patient", "SENTINEL")
        picture.save(tmp_path / "b.png", pnginfo=info)
    write_deidentified(tmp_path / "b.png", tmp_path / "c.png", salt="s", pseudonym="p")
    assert b"SENTINEL" not in (tmp_path / "c.png").read_bytes()
    assert read_image(tmp_path / "b.png").pixel_sha256 == read_image(tmp_path / "c.png").pixel_sha256


@pytest.mark.parametrize("words", ["DOE JANE 1956", "SMITH", "12.03.1956"])
@pytest.mark.parametrize("is_bright", [True, False])
def test_writing_in_the_pixels_is_for_a_person_to_look_at(tmp_path: Path, words: str, is_bright: bool) -> None:
    pixels = chest_phantom(400, 400)
    canvas = PilImage.fromarray(np.zeros(pixels.shape, np.uint8))
    ImageDraw.Draw(canvas).text((10, 10), words, fill=255, font_size=24)
    pixels[np.asarray(canvas) > 128] = 4095 if is_bright else 0
    image = read_image(make_dicom(tmp_path / "a.dcm", pixels=pixels))
    assert burned_in_text(image, "NO") == "unsure"


def test_a_film_without_writing_is_free_and_a_declared_one_is_not(tmp_path: Path) -> None:
    image = read_image(make_dicom(tmp_path / "a.dcm", pixels=chest_phantom(400, 400)))
    assert burned_in_text(image, "") == "no"
    assert burned_in_text(image, "YES") == "yes"
