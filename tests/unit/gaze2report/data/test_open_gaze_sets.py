"""GazeSearch, SIIM gaze and OSIE on made copies of their form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from training_sets import convert_made, losses, make_film

from gaze2report.data.sources.gazesearch import read_scanpaths
from gaze2report.data.splits import drawn_split
from gaze2report.errors import Gaze2ReportError, SplitLeaks, UnreadableInput
from gaze2report.gaze.frames import FRACTIONS, Frame


def search(name: str, task: str = "cardiomegaly", split: str = "train", **changes: Any) -> dict[str, Any]:
    row = {"name": name, "subject": 1, "task": task, "condition": "present", "bbox": [0, 0, 0, 0],
           "X": [26, 204],
           "Y": [35, 37], "T": [0.21375, 0.36365], "length": 2, "fixOnTarget": True, "correct": 1,
           "split": split}  # fmt: skip
    return {**row, **changes}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, rows: Any) -> Path:
    (folder / name).write_text(json.dumps(rows), encoding="utf-8")
    return folder


def test_gazesearch_keeps_coordinates_and_draws_a_leaking_split_anew(source, tmp_path, intake):
    rows = [search("a.jpg"), search("a.jpg", "edema", "test"), search("b.jpg", split="valid", X=[300, 5], T=[0.2, 0.1])]
    made = convert_made("gazesearch", put(source, "scanpaths.json", rows), tmp_path / "set", intake)
    a, b = made.examples()
    assert (a.example_id, a.split, b.split) == ("a", drawn_split("a.jpg"), drawn_split("b.jpg"))
    first = a.scanpaths[0]
    assert (first.x, first.y, first.durations) == ((26.0, 204.0), (35.0, 37.0), (0.21375, 0.36365))
    assert (first.frame, first.task, first.duration_unit) == (Frame(224, 224), "Cardiomegaly", "s")
    assert [name for name, value in a.labels.items() if value == 1] == ["Cardiomegaly", "Edema"]
    assert a.labels["Fracture"] is None
    assert losses(made) == {("fixation", "it lies outside the film"): 1}
    assert "the published split leaks: 1 of 2 films" in made.manifest.description.split_rule


def test_gazesearch_as_published_is_refused_where_it_leaks_and_taken_where_it_does_not(source, tmp_path, intake):
    put(source, "scanpaths.json", [search("a.jpg"), search("a.jpg", "edema", "test")])
    with pytest.raises(SplitLeaks, match=r"1 films stand in more than one part, first 'a\.jpg' in test and train"):
        convert_made("gazesearch", source, tmp_path / "set", intake, split="published")
    assert not (tmp_path / "set").exists()
    put(source, "scanpaths.json", [search("a.jpg", split="test"), search("b.jpg", split="valid")])
    made = convert_made("gazesearch", source, tmp_path / "sound", intake, split="published")
    assert [example.split for example in made.examples()] == ["test", "val"]


def test_gazesearch_goes_by_patient_where_a_metadata_table_tells(source, tmp_path, intake):
    put(source, "scanpaths.json", [search(f"{name}.jpg") for name in "abc"])
    (tmp_path / "metadata.csv").write_text("dicom_id,subject_id\r\na,7\r\nb,7\r\n")
    made = convert_made("gazesearch", source, tmp_path / "set", intake, patients=tmp_path / "metadata.csv")
    a, b = made.examples()
    assert a.patient_id == b.patient_id == "7"
    assert a.split == b.split == drawn_split("7")
    assert made.manifest.description.split_unit == "patient"
    assert losses(made) == {("example", "the metadata table does not tell the patient"): 1}


def test_gazesearch_films_come_from_the_image_root_and_names_cannot_lead_out_of_it(source, tmp_path, intake):
    make_film(tmp_path / "films" / "a.jpg", 30, 20)
    make_film(tmp_path / "secret.jpg")
    rows = [search("a.jpg"), search("../secret.jpg"), search("b.jpg")]
    made = convert_made(
        "gazesearch", put(source, "scanpaths.json", rows), tmp_path / "set", intake, image_root=tmp_path / "films"
    )
    a, b = made.examples()
    assert (a.images[0].width_px, a.images[0].height_px) == (30, 20)
    assert made.image_path(a.images[0]).read_bytes() == (tmp_path / "films" / "a.jpg").read_bytes()
    assert a.scanpaths[0].to_image_px(a.images[0])[0].tolist() == [26 * 30 / 224, 35 * 20 / 224]
    assert b.images[0].file is None
    assert losses(made) == {("example", "the film's name leads out of the source"): 1, ("film", "it is not there"): 1}


def test_gazesearch_drops_what_cannot_be_used_and_says_why(source, tmp_path, intake):
    rows = [search("a.jpg", T=[0.0, 0.3]), search("a.jpg"), search("b.jpg", X=[-1, 999], T=[0.1, 0.2])]
    made = convert_made("gazesearch", put(source, "scanpaths.json", rows), tmp_path / "set", intake)
    assert losses(made) == {
        ("fixation", "it has no duration"): 1,
        ("fixation", "it lies outside the film"): 2,
        ("scanpath", "no fixation is left"): 1,
        ("scanpath", "the same reader searched for the same finding before"): 1,
    }
    assert len(read_scanpaths(source / "scanpaths.json")) == 2  # what the embedded training reads


@pytest.mark.parametrize(
    ("kind", "name", "rows"),
    [
        ("gazesearch", "scanpaths.json", [{"name": "a.jpg"}]),
        ("gazesearch", "scanpaths.json", [search("a.jpg", "sneezing")]),
        ("gazesearch", "scanpaths.json", [search("a.jpg", X=[1])]),
        ("siim-gaze", "gaze.json", [{"image_id": "a", "x": [0.1], "y": [0.1], "t": [1]}]),
        ("siim-gaze", "gaze.json", [{"image_id": "a", "x": [1], "y": [], "t": [], "pneumothorax": 1, "mask_rle": []}]),
        ("osie", "fixations.json", [{"image": "a.jpg", "w": 1, "h": 1, "subjects": [{"x": [0.1], "y": [], "t": []}]}]),
        ("osie", "fixations.json", {"image": "a.jpg"}),
        ("osie", "fixations.json", None),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_told_in_a_sentence(kind, name, rows, source, tmp_path, intake):
    if rows is not None:
        put(source, name, rows)
    with pytest.raises(UnreadableInput, match="cannot be read as"):
        convert_made(kind, source, tmp_path / "set", intake)


def test_siim_durations_are_weights_and_masks_keep_their_frame(source, tmp_path, intake):
    row = {"image_id": "1.2.3", "x": [0.5802, 1.2, 0.25], "y": [0.2841, 0.5, 1.0], "t": [3, 1, 2],
           "pneumothorax": True, "mask_rle": ["10 2 1020 4"]}  # fmt: skip
    normal = {**row, "image_id": "1.2.4", "x": [], "y": [], "t": [], "pneumothorax": False, "mask_rle": []}
    put(source, "gaze.json", [row, normal, row])
    made = convert_made("siim-gaze", source, tmp_path / "set", intake)
    first, second = made.examples()
    (scanpath,) = first.scanpaths
    assert (scanpath.x, scanpath.y, scanpath.durations) == ((0.5802, 0.25), (0.2841, 1.0), (3.0, 2.0))
    assert (scanpath.duration_unit, scanpath.frame) == ("dwell_weight", FRACTIONS)
    assert (first.regions[0].mask_rle, first.regions[0].frame) == ("10 2 1020 4", Frame(1024, 1024))
    assert (first.labels["Pneumothorax"], second.labels["Pneumothorax"], second.scanpaths) == (1.0, 0.0, ())
    assert losses(made) == {
        ("fixation", "it lies outside the film or has no weight"): 1,
        ("scanpath", "no fixation is left"): 1,
        ("recording", "one of the same film came before"): 1,
    }


def test_osie_milliseconds_become_seconds_for_each_viewer(source, tmp_path, intake):
    make_film(source / "stimuli" / "1001.jpg", 80, 60)
    viewers = [{"x": [0.4944, 0.2], "y": [0.4428, 0.3], "t": [246, 136]}, {"x": [0.1], "y": [1.5], "t": [100]}]
    rows = [{"image": "stimuli/1001.jpg", "w": 800, "h": 600, "subjects": viewers},
            {"image": "../../etc/passwd", "w": 800, "h": 600, "subjects": viewers}]  # fmt: skip
    made = convert_made("osie", put(source, "fixations.json", rows), tmp_path / "set", intake)
    (example,) = made.examples()
    (scanpath,) = example.scanpaths
    assert (scanpath.x, scanpath.durations, scanpath.reader) == ((0.4944, 0.2), (0.246, 0.136), "viewer-01")
    assert (example.images[0].width_px, example.images[0].height_px) == (80, 60)
    assert losses(made)["example", "the picture's name leads out of the source"] == 1
    assert losses(made)["scanpath", "no fixation is left"] == 1


def test_an_option_that_means_nothing_for_a_set_is_refused(source, tmp_path, intake):
    put(source, "fixations.json", [])
    with pytest.raises(Gaze2ReportError, match="--patients means nothing for osie"):
        convert_made("osie", source, tmp_path / "set", intake, patients=tmp_path)
    with pytest.raises(SplitLeaks, match="no published split"):
        convert_made("osie", source, tmp_path / "set", intake, split="published")
    with pytest.raises(Gaze2ReportError, match="no converter for 'imagenet'"):
        convert_made("imagenet", source, tmp_path / "set", intake)
