"""For which images a draft may be written."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from factories import chest_phantom, make_dicom, make_png
from pydicom.data import get_testdata_file

from gaze2report.errors import Refused
from gaze2report.imaging.quality import check_draftable, draft_notes
from gaze2report.imaging.read import read_image


def film(tmp_path, pixels=None, **elements):
    return read_image(make_dicom(tmp_path / "film.dcm", pixels, **elements))


def test_a_frontal_adult_chest_film_is_draftable_without_remarks(tmp_path):
    image = film(tmp_path)
    check_draftable(image)
    assert draft_notes(image) == ()


@pytest.mark.parametrize("name", ["RG1_UNCR", "RG1_J2KI"])
def test_a_real_chest_film_is_draftable(name):
    check_draftable(read_image(get_testdata_file(f"{name}.dcm")))


@pytest.mark.parametrize("name", ["RG3_UNCR", "RG3_J2KI"])
def test_a_real_leg_film_is_refused_by_its_body_part(name):
    with pytest.raises(Refused, match="EXTREMITY") as refusal:
        check_draftable(read_image(get_testdata_file(f"{name}.dcm")))
    assert refusal.value.code == "body_part"


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("modality", {"Modality": "CT"}),
        ("modality", {"Modality": "MG"}),
        ("for_processing", {"PresentationIntentType": "FOR PROCESSING"}),
        ("body_part", {"BodyPartExamined": "HAND"}),
        ("body_part", {"BodyPartExamined": "TSPINE"}),
        ("body_part", {"BodyPartExamined": "THORACIC SPINE"}),
        ("body_part", {"BodyPartExamined": None, "StudyDescription": "XR Knee 2 views left"}),
        ("body_part", {"BodyPartExamined": "", "SeriesDescription": "C-SPINE AP"}),
        ("body_part", {"BodyPartExamined": "CHEST", "SeriesDescription": "Pelvis AP"}),
        ("view", {"ViewPosition": "LATERAL"}),
        ("view", {"ViewPosition": "LL"}),
        ("view", {"ViewPosition": "RLD"}),
        ("view", {"ViewPosition": None, "SeriesDescription": "W Chest Lat."}),
        ("view", {"ViewPosition": "RAO"}),
        ("child", {"PatientAge": "015Y"}),
        ("child", {"PatientAge": "003D"}),
        ("child", {"PatientAge": None, "PatientBirthDate": "20200101"}),
    ],
    ids=str,
)
def test_evidence_against_a_frontal_adult_chest_film_refuses_with_a_code_and_a_sentence(tmp_path, code, elements):
    with pytest.raises(Refused) as refusal:
        check_draftable(film(tmp_path, **elements))
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")
    assert len(str(refusal.value).split()) >= 8


@pytest.mark.parametrize(
    "elements",
    [
        {"BodyPartExamined": None, "StudyDescription": None, "ViewPosition": None, "PatientAge": None},
        {"BodyPartExamined": "THORAX"},
        {"BodyPartExamined": "PORT CHEST", "ViewPosition": "AP"},
        {"BodyPartExamined": "UNKNOWN"},
        {"StudyDescription": "Trauma: chest, pelvis, knee"},
        {"BodyPartExamined": "CHEST", "StudyDescription": "Pelvis"},
        {"SeriesDescription": "Chest PA and lateral"},
        {"Modality": "CR"},
        {"Modality": "OT"},
        {"PatientAge": "016Y"},
    ],
    ids=str,
)
def test_sparse_or_unusual_headers_are_not_evidence(tmp_path, elements):
    check_draftable(film(tmp_path, **elements))


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"BodyPartExamined": None, "StudyDescription": None}, "does not state the body part"),
        ({"BodyPartExamined": "UNKNOWN", "StudyDescription": None}, "'UNKNOWN'"),
        ({"ViewPosition": None}, "no view"),
        ({"PatientAge": None, "PatientBirthDate": None}, "age is unknown"),
        ({"Modality": None}, "does not state how the image was made"),
        ({"Modality": "OT"}, "secondary capture"),
        ({"LossyImageCompression": "01"}, "with loss"),
    ],
    ids=str,
)
def test_what_is_unknown_becomes_a_sentence(tmp_path, elements, words):
    image = film(tmp_path, **elements)
    check_draftable(image)
    assert any(words in note for note in draft_notes(image))


def test_a_bare_png_is_draftable_with_every_doubt_stated(tmp_path):
    image = read_image(make_png(tmp_path / "film.png"))
    check_draftable(image)
    assert len(draft_notes(image)) == 4


@pytest.mark.parametrize(
    ("code", "pixels"),
    [
        ("blank", np.full((128, 128), 700)),
        ("blank", np.random.default_rng(0).integers(700, 704, (128, 128))),
        ("blank", np.where(np.indices((128, 128)).sum(0) % 200 == 0, np.arange(128), 0)),
        ("too_small", chest_phantom(60, 100)),
        ("aspect_ratio", chest_phantom(80, 300)),
    ],
    ids=["constant", "four levels", "almost constant", "small", "strip"],
)
def test_pixels_that_cannot_be_a_chest_film_are_refused(tmp_path, code, pixels):
    with pytest.raises(Refused) as refusal:
        check_draftable(film(tmp_path, pixels))
    assert refusal.value.code == code


def test_padding_does_not_make_a_blank_image_look_like_a_film(tmp_path):
    image = film(tmp_path, np.full((128, 128), 700))
    codes = image.codes.copy()
    codes[:40] = np.arange(128)
    padded = dataclasses.replace(image, codes=codes, padding_codes=(0, 127))
    with pytest.raises(Refused, match="grey levels"):
        check_draftable(padded)
