"""REFLACX on a made copy of its exact layout."""

from __future__ import annotations

import numpy as np
import pytest
from made_data_sets import (
    FILMS,
    FIXATIONS,
    PATIENTS,
    REFLACX_FIXATIONS,
    STUDIES,
    make_films,
    make_reading,
    make_reflacx,
    reflacx_fixation,
    reflacx_row,
    write_csv,
)
from training_sets import convert_made, losses

from gaze2report.data.sources.reflacx_labels import to_observations
from gaze2report.data.splits import drawn_split
from gaze2report.data.training_example import TimedText
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import SplitLeaks, UnreadableInput
from gaze2report.gaze.frames import Frame, image_px_to_screen_px

ROWS = [reflacx_row(f"P300R00000{n}", n) for n in range(3)]


@pytest.fixture
def source(tmp_path):
    return make_reflacx(tmp_path / "reflacx", ROWS)


def test_coordinates_times_and_words_come_through_exactly(source, tmp_path, intake):
    made = convert_made("reflacx", source, tmp_path / "set", intake, image_root=make_films(tmp_path / "mimic"))
    first, second, third = made.examples()
    (scanpath,) = first.scanpaths
    assert (first.example_id, first.patient_id, first.study_id) == ("P300R000000", PATIENTS[0], STUDIES[0])
    assert [example.split for example in (first, second, third)] == ["train", "val", "test"]
    assert scanpath.frame == Frame(400, 500)
    assert (scanpath.x, scanpath.y) == ((200.0, -12.0, 399.0), (250.0, 80.0, 512.0))
    assert (scanpath.onsets_s, scanpath.onset_origin) == ((-0.412, 0.05, 0.4), "start of the audio")
    assert scanpath.durations == (0.312, 0.305, 1.25)
    assert scanpath.is_inside.tolist() == [True, False, False]
    assert scanpath.image_px_per_degree == ((44.0, 45.0),) * 3
    on_screen = image_px_to_screen_px(
        scanpath.positions, np.array(scanpath.shown_image_px), np.array(scanpath.shown_screen_px)
    )
    np.testing.assert_allclose(on_screen[0], [960.0, 540.0])
    (report,) = first.reports
    assert (report.kind, report.sections) == ("dictated", {"transcript": "small left effusion. no pneumothorax."})
    assert report.timed_text[0] == TimedText("small", 0.1, 0.4)
    assert report.timed_text[-1].text == "."
    ellipse, chest = first.regions
    assert (ellipse.shape, ellipse.name, ellipse.certainty) == ("ellipse", "Pleural abnormality", 5.0)
    assert ellipse.corners == (300.0, 350.0, 380.0, 450.0)
    assert (chest.name, chest.corners) == ("chest", (20.0, 30.0, 380.0, 470.0))
    assert made.image_path(first.images[0]).is_file()
    assert losses(made) == {}
    assert list(find_problems(made.folder)) == []
    assert not made.manifest.description.may_be_shared


def test_a_film_of_another_size_leaves_the_frame_as_published(source, tmp_path, intake):
    from training_sets import make_film

    root = tmp_path / "mimic"
    for index, name in enumerate(FILMS):
        make_film(root / f"files/p10/p{PATIENTS[index]}/s{STUDIES[index]}/{name}.jpg", 200, 250, seed=index)
    first = next(convert_made("reflacx", source, tmp_path / "set", intake, image_root=root).examples())
    assert (first.images[0].width_px, first.scanpaths[0].frame.width) == (200, 400.0)
    assert first.scanpaths[0].to_image_px(first.images[0])[0].tolist() == [100.0, 125.0]


def test_without_films_the_size_is_the_metadatas(source, tmp_path, intake):
    first = next(convert_made("reflacx", source, tmp_path / "set", intake).examples())
    assert (first.images[0].image_id, first.images[0].width_px, first.images[0].file) == (FILMS[0], 400, None)


def test_readings_that_cannot_be_used_are_counted_by_reason(tmp_path, intake):
    rows = [
        reflacx_row("P102R000001", eye_tracking_data_discarded="True"),
        reflacx_row("P102R000002"),
        reflacx_row("P102R000002"),
        reflacx_row("../P102R0003"),
        reflacx_row("P102R000004", image_size_x="nan"),
        reflacx_row("P102R000005", subject_id=""),
        reflacx_row("P102R000006", eye_tracking_data_discarded="perhaps"),
    ]
    source = make_reflacx(tmp_path / "reflacx", rows, phase=1)
    with (source / "main_data" / "metadata_phase_1.csv").open("a") as table:
        table.write("P102R000007,train\r\n")
    made = convert_made("reflacx", source, tmp_path / "set", intake)
    assert [example.example_id for example in made.examples()] == ["P102R000002"]
    assert losses(made) == {
        ("reading", "its eye-tracking data were discarded by the authors"): 1,
        ("reading", "one of the same name came before"): 1,
        ("reading", "its name has another form than P300R123456"): 1,
        ("reading", "the size of its film is no number of pixels"): 1,
        ("reading", "its film or patient has no name"): 1,
        ("reading", "eye_tracking_data_discarded is neither True nor False"): 1,
        ("reading", "its row is damaged"): 1,
    }


def test_fixations_that_cannot_be_used_are_counted_and_cost_only_themselves(source, tmp_path, intake):
    folder = source / "main_data" / "P300R000000"
    rows = [*FIXATIONS, reflacx_fixation(2, 3, "", 4), reflacx_fixation(4, "nan", 1, 2), reflacx_fixation(6, 5, 1, 2)]
    write_csv(folder / "fixations.csv", REFLACX_FIXATIONS, rows)
    swapped = {"xmin": 380, "ymin": 350, "xmax": 300, "ymax": 450, "certainty": 5, "Atelectasis": "True"}
    write_csv(folder / "anomaly_location_ellipses.csv", list(swapped), [swapped])
    (folder / "transcription.txt").unlink()
    made = convert_made("reflacx", source, tmp_path / "set", intake)
    first = next(made.examples())
    assert (len(first.scanpaths[0].x), first.reports) == (3, ())
    assert losses(made) == {
        ("fixation", "its place or time is no number"): 2,
        ("fixation", "it ends before it starts"): 1,
        ("region", "its corners are not in the order xmin, ymin, xmax, ymax"): 1,
        ("report", "there is no transcription"): 1,
    }


@pytest.mark.parametrize("file", ["fixations.csv", "anomaly_location_ellipses.csv"])
def test_a_missing_column_costs_the_reading_and_is_named(file, source, tmp_path, intake):
    path = source / "main_data" / "P300R000000" / file
    text = path.read_text()
    path.write_text(text.replace("y_position", "y").replace("ymin,", "top,"))
    made = convert_made("reflacx", source, tmp_path / "set", intake)
    assert losses(made) == {("reading", "one of its files cannot be read"): 1}
    assert "lacks the column y" in next(made.dropped()).detail
    assert len(list(made.examples())) == 2


def test_milliseconds_in_the_place_of_seconds_are_not_taken(source, tmp_path, intake):
    rows = [reflacx_fixation(n * 1000, n * 1000 + 300, 10, 10) for n in range(3)]
    make_reading(source / "main_data" / "P300R000000", rows)
    made = convert_made("reflacx", source, tmp_path / "set", intake)
    assert losses(made) == {("scanpath", "it breaks a rule of the form"): 1}
    assert "may be milliseconds" in next(made.dropped()).detail
    first = next(made.examples())
    assert (first.scanpaths, first.reports[0].kind) == ((), "dictated")  # it costs no more than itself


def test_a_metadata_table_without_a_column_is_refused(tmp_path, intake):
    columns = [name for name in ROWS[0] if name != "image_size_x"]
    row = {name: ROWS[0][name] for name in columns}
    write_csv(tmp_path / "reflacx" / "main_data" / "metadata_phase_3.csv", columns, [row])
    with pytest.raises(UnreadableInput, match=r"metadata_phase_3\.csv: lacks the column image_size_x; it has"):
        convert_made("reflacx", tmp_path / "reflacx", tmp_path / "set", intake)
    with pytest.raises(UnreadableInput, match="holds no main_data"):
        convert_made("reflacx", tmp_path, tmp_path / "set", intake)


def test_a_patient_in_two_splits_is_an_error_until_it_is_drawn_anew(tmp_path, intake):
    rows = [reflacx_row("P300R000001", split="train"), reflacx_row("P300R000002", split="test")]
    source = make_reflacx(tmp_path / "reflacx", rows)
    with pytest.raises(SplitLeaks, match=f"first '{PATIENTS[0]}' in test and train; convert with --split patient"):
        convert_made("reflacx", source, tmp_path / "set", intake)
    made = convert_made("reflacx", source, tmp_path / "set", intake, split="patient")
    assert {example.split for example in made.examples()} == {drawn_split(PATIENTS[0])}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({"Atelectasis": "3"}, {"Atelectasis": 1.0, "Lung Opacity": 1.0}, id="possibly"),
        pytest.param({"Atelectasis": "2"}, {"Atelectasis": None, "Lung Opacity": None}, id="less_likely"),
        pytest.param({"Atelectasis": "0"}, {"Atelectasis": 0.0, "Lung Opacity": None}, id="absent"),
        pytest.param({"Atelectasis": ""}, {"Atelectasis": None}, id="empty"),
        pytest.param({"Pneumothorax": "9"}, {"Pneumothorax": 1.0}, id="any_scale"),
        pytest.param({"Mass": "0", "Nodule": "5"}, {"Lung Lesion": 1.0}, id="one_of_two"),
        pytest.param({"Mass": "0", "Nodule": "1"}, {"Lung Lesion": None}, id="one_uncertain"),
        pytest.param({"Pleural abnormality": "0"}, {"Pleural Effusion": 0.0, "Pleural Other": 0.0}, id="no_pleura"),
        pytest.param(
            {"Pleural abnormality": "5"}, {"Pleural Effusion": None, "Pleural Other": None}, id="which_pleura"
        ),
        pytest.param({"Support devices": "True"}, {"Support Devices": 1.0}, id="devices"),
        pytest.param({"Support devices": "False"}, {"Support Devices": 0.0}, id="no_devices"),
        pytest.param({"Other": "clip|scoliosis"}, {"No Finding": None, "Pneumonia": None}, id="other"),
    ],
)
def test_certainties_become_labels(cells, expected):
    labels = to_observations(cells, 3)
    assert {name: labels[name] for name in expected} == expected


def test_the_certainty_that_counts_can_be_chosen(tmp_path, intake):
    source = make_reflacx(tmp_path / "reflacx", [reflacx_row("P300R000001", Pneumothorax=2, Other="clip|scar")])
    first = next(convert_made("reflacx", source, tmp_path / "a", intake, positive_certainty=2).examples())
    assert first.labels["Pneumothorax"] == 1.0
    assert (first.source_labels["Pneumothorax"], first.source_labels["Other"]) == (2.0, "clip|scar")
