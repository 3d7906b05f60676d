"""EGD-CXR and MIMIC-Eye on made copies of their exact layouts."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from made_data_sets import (
    BOXES,
    FILMS,
    PATIENTS,
    REFLACX_METADATA,
    REPORT,
    SIZE_PX,
    STUDIES,
    egd_fixation,
    egd_master,
    make_egd,
    make_films,
    make_reading,
    mimic_folder,
    reflacx_row,
    write_csv,
)
from training_sets import convert_made, losses, make_film

from gaze2report.data.splits import drawn_split
from gaze2report.data.training_example import ScreenGeometry, TimedText
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import SplitLeaks, UnreadableInput
from gaze2report.gaze.frames import FRACTIONS, Frame

PLACES = ((0.5, 0.5), (0.31, 0.25), (0.7, 0.9))


@pytest.fixture
def source(tmp_path):
    fixations = [egd_fixation(0, n, place) for n, place in enumerate(PLACES, start=1)]
    return make_egd(tmp_path / "egd", fixations, [egd_master(0)])


def test_published_pixels_texts_and_boxes_come_through_exactly(source, tmp_path, intake):
    made = convert_made("egd-cxr", source, tmp_path / "set", intake, image_root=make_films(tmp_path / "mimic"))
    (example,) = made.examples()
    (scanpath,) = example.scanpaths
    assert scanpath.frame == Frame(*SIZE_PX)
    assert (scanpath.x, scanpath.y) == ((200.0, 31.0, 377.0), (250.0, 125.0, 450.0))
    assert (scanpath.durations, scanpath.onsets_s) == ((0.26, 0.27, 0.28), (11.0, 12.0, 13.0))
    assert (scanpath.screen, scanpath.scanpath_id) == (ScreenGeometry(1920, 1080), "session-7")
    (box,) = example.regions
    assert (box.name, box.corners) == ("left lung", (210.0, 60.0, 380.0, 440.0))
    (report,) = example.reports
    assert report.sections == {"transcript": "Heart is large.", "indication": "cough"}
    assert report.timed_text == (TimedText("heart is large", 0.3, 1.9),)
    known = {name: value for name, value in example.labels.items() if value is not None}
    assert known == {"Cardiomegaly": 1.0, "Pleural Effusion": 0.0}
    assert example.source_labels["edema__chx"] == -1.0
    assert (example.patient_id, example.split) == (PATIENTS[0], drawn_split(PATIENTS[0]))
    assert losses(made) == {}
    assert list(find_problems(made.folder)) == []


def test_without_films_the_padding_is_undone_to_fractions_of_the_film(source, tmp_path, intake):
    made = convert_made("egd-cxr", source, tmp_path / "set", intake)
    (scanpath,) = next(made.examples()).scanpaths
    assert scanpath.frame == FRACTIONS
    expected = [[(x * 1920 - 528) / 864, y] for x, y in PLACES]
    np.testing.assert_allclose(scanpath.positions, expected, atol=1e-12)
    assert abs(scanpath.positions - np.array(PLACES)).max() > 0.15  # the screen's fractions are not the film's
    assert losses(made) == {("region", "the size of its film is not known"): 1}


def test_a_resized_film_is_noticed_and_its_pixels_are_not_mistaken(source, tmp_path, intake):
    root = tmp_path / "mimic"
    make_film(mimic_folder(root, 0) / f"{FILMS[0]}.jpg", 200, 250)
    made = convert_made("egd-cxr", source, tmp_path / "set", intake, image_root=root)
    (scanpath,) = next(made.examples()).scanpaths
    assert (scanpath.frame, len(scanpath.x)) == (FRACTIONS, 3)
    reason = "they do not fit the film's size; it may have been resized, so fractions are taken"
    assert losses(made)["film pixels", reason] == 1


def test_older_names_of_the_padding_are_known_and_impossible_padding_is_not_used(tmp_path, intake):
    columns = [name.removesuffix("_pad") for name in egd_master(0)]
    row = {name.removesuffix("_pad"): value for name, value in egd_master(0).items()}
    source = make_egd(tmp_path / "egd", [egd_fixation(0, 1, (0.5, 0.5))], [egd_master(0)])
    write_csv(source / "master_sheet.csv", columns, [row])
    (scanpath,) = next(convert_made("egd-cxr", source, tmp_path / "old", intake).examples()).scanpaths
    np.testing.assert_allclose(scanpath.positions, [[0.5, 0.5]])
    write_csv(source / "master_sheet.csv", columns, [row | {"image_left": 1900}])
    made = convert_made("egd-cxr", source, tmp_path / "bad", intake)
    reason = "neither film pixels with the film's size nor its padding are known"
    assert losses(made)["scanpath", reason] == 1


def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path, intake):
    fixations = [
        egd_fixation(0, 1, (0.5, 0.5)),
        egd_fixation(0, 1, (0.5, 0.5)),
        egd_fixation(0, 2, (0.05, 0.5)),
        egd_fixation(0, 3, (0.5, 0.5), FPOGV=0),
        egd_fixation(0, 4, (0.5, 0.5), FPOGD="nan"),
        egd_fixation(0, 5, (0.5, 0.5), X_ORIGINAL=""),
        egd_fixation(0, 6, (0.5, 0.5), DICOM_ID=FILMS[0][:-5]),
        egd_fixation(0, 7, (0.5, 0.5), DICOM_ID=FILMS[0][:-5]),
        egd_fixation(0, 8, (0.5, 0.5), DICOM_ID="elsewhere"),
        egd_fixation(0, 9, (0.5, 0.5), SESSION_ID=8, FPOGV=0),
    ]
    masters = [egd_master(0), egd_master(0), egd_master(1, dicom_id="../../secret"), egd_master(1, patient_id="")]
    source = make_egd(tmp_path / "egd", fixations, masters, [])
    made = convert_made("egd-cxr", source, tmp_path / "set", intake, image_root=make_films(tmp_path / "mimic"))
    (example,) = made.examples()
    assert len(example.scanpaths[0].x) == 1
    assert losses(made) == {
        ("film", "one of the same name came before"): 1,
        ("film", "its name is no plain name"): 1,
        ("film", "it, its patient or its study has no name"): 1,
        ("fixation", "it was on a calibration picture"): 2,
        ("fixation", "its film is not in the master sheet"): 1,
        ("fixation", "it stands twice (FPOGID)"): 1,
        ("fixation", "it lies off the film"): 1,
        ("fixation", "the tracker calls it not valid (FPOGV)"): 2,
        ("fixation", "its time or duration is no number above 0"): 1,
        ("fixation", "its place is no number"): 1,
        ("scanpath", "no fixation is left"): 1,
    }


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        # As if the columns stood in the order x1, y1, x2, y2: the corners come out of order.
        ({**BOXES[0], "x2": 60, "y1": 380}, "its corners are not in the order x1, x2, y1, y2"),
        ({**BOXES[0], "x2": "wide"}, "a corner is no number"),
    ],
)
def test_boxes_in_another_order_are_dropped(box, reason, tmp_path, intake):
    source = make_egd(tmp_path / "egd", [egd_fixation(0, 1, (0.5, 0.5))], [egd_master(0)], [box])
    made = convert_made("egd-cxr", source, tmp_path / "set", intake, image_root=make_films(tmp_path / "mimic"))
    assert losses(made) == {("region", reason): 1}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"full_text": " "}', '{"full_text": "x", "time_stamped_text": [{}]}', None]
)
def test_a_damaged_transcript_costs_only_itself(text, source, tmp_path, intake):
    path = source / "audio_segmentation_transcripts" / FILMS[0] / "transcript.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    made = convert_made("egd-cxr", source, tmp_path / "set", intake)
    assert next(made.examples()).reports == ()
    assert sum(count for (what, _), count in losses(made).items() if what == "report") == 1


def test_what_is_no_egd_folder_or_has_no_published_split_is_told(source, tmp_path, intake):
    with pytest.raises(SplitLeaks, match="no published split"):
        convert_made("egd-cxr", source, tmp_path / "set", intake, split="published")
    write_csv(source / "fixations.csv", ["SESSION_ID", "DICOM_ID", "FPOGX"], [])
    with pytest.raises(UnreadableInput, match="lacks the column FPOGY"):
        convert_made("egd-cxr", source, tmp_path / "set", intake)
    with pytest.raises(UnreadableInput, match=r"master_sheet\.csv: cannot be read"):
        convert_made("egd-cxr", tmp_path, tmp_path / "set", intake)


def make_mimic_eye(root):
    """Three patients: one read for REFLACX, one for EGD-CXR, one without gaze."""
    films = make_films(root.parent / "films", "jpg")
    for index, patient in enumerate(PATIENTS):
        folder = root / f"patient_{patient}"
        target = folder / "CXR-JPG" / f"s{STUDIES[index]}"
        shutil.copytree(mimic_folder(films, index), target)
        (folder / "CXR-DICOM").mkdir()
        (folder / "CXR-DICOM" / f"s{STUDIES[index]}.txt").write_text(REPORT)
    reading, other = reflacx_row("P300R000001", 0), reflacx_row("P300R000002", 1)
    write_csv(root / f"patient_{PATIENTS[0]}" / "REFLACX" / "metadata.csv", REFLACX_METADATA, [reading, other])
    make_reading(root / f"patient_{PATIENTS[0]}" / "REFLACX" / "main_data" / "P300R000001")
    make_egd(root / f"patient_{PATIENTS[1]}" / "EyeGaze", [egd_fixation(1, 1, (0.5, 0.5))], [egd_master(1)])
    (root / "spreadsheets").mkdir()
    return root


def test_mimic_eye_joins_both_sets_with_films_and_signed_reports(tmp_path, intake):
    made = convert_made("mimic-eye", make_mimic_eye(tmp_path / "eye"), tmp_path / "set", intake)
    reading, film = made.examples()
    assert (reading.example_id, film.example_id) == ("P300R000001", f"egd-{FILMS[1]}")
    assert (reading.split, film.split) == (drawn_split(PATIENTS[0]), drawn_split(PATIENTS[1]))
    assert [report.kind for report in reading.reports] == ["written", "dictated"]
    assert film.report().impression == "Small left effusion."
    assert reading.scanpaths[0].x == (200.0, -12.0, 399.0)
    assert film.scanpaths[0].x == (200.0,)
    assert all(made.image_path(example.images[0]) for example in (reading, film))
    assert losses(made) == {
        ("reading", "it belongs to another patient"): 1,
        ("patient", "there is no gaze"): 1,
    }
    assert list(find_problems(made.folder)) == []


def test_mimic_eye_goes_on_after_a_patient_with_a_damaged_table(tmp_path, intake):
    source = make_mimic_eye(tmp_path / "eye")
    (source / f"patient_{PATIENTS[0]}" / "REFLACX" / "metadata.csv").write_text("id,split\r\n")
    made = convert_made("mimic-eye", source, tmp_path / "set", intake)
    assert [example.example_id for example in made.examples()] == [f"egd-{FILMS[1]}"]
    assert losses(made)["patient", "a table cannot be read"] == 1
    with pytest.raises(UnreadableInput, match="holds no folder patient_"):
        convert_made("mimic-eye", tmp_path, tmp_path / "other", intake)
