"""The form of a training set: written strictly, read tolerantly, checked from outside."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_sets import DESCRIPTION, bytes_of, make_example, make_film, make_scanpath

from gaze2report.data.example_json import example_to_line, line_to_example
from gaze2report.data.example_rules import problems_of
from gaze2report.data.training_example import (
    ReportText,
    ScreenGeometry,
    TimedText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.data.training_set import Dropped, TrainingSet, file_sha256
from gaze2report.data.training_set_check import find_problems
from gaze2report.data.training_set_writer import TrainingSetWriter, store_image
from gaze2report.errors import ExampleRefused, SplitLeaks, StorageFailed, TrainingSetUnusable
from gaze2report.gaze.frames import FRACTIONS, Frame

A = "a" * 64
BACKWARDS = ReportText("dictated", {"transcript": "x"}, timed_text=(TimedText("x", 2.0, 1.0),))


def film(**values: object) -> dict[str, object]:
    return {"images": (TrainingImage("film", **values),)}


def report(kind: str, **sections: str) -> dict[str, object]:
    return {"reports": (ReportText(kind, sections),)}


def write(folder: Path, *examples: TrainingExample) -> TrainingSet:
    with TrainingSetWriter(folder, DESCRIPTION) as writer:
        for example in examples:
            writer.add(example)
        writer.add_dropped(Dropped("seven", "fixation", "it lies outside the film", 3))
        writer.finish()
    return TrainingSet.open(folder)


def with_film(writer: TrainingSetWriter, path: Path, name: str, split: str, **changes: object) -> TrainingExample:
    sha256 = file_sha256(path)
    film = TrainingImage(f"film-{name}", 40, 48, "PA", store_image(path, sha256, "png", writer.aside, "copy"), sha256)
    return make_example(name, split=split, images=(film,), scanpaths=(), regions=(), **changes)


@pytest.fixture
def made(tmp_path: Path) -> TrainingSet:
    """Three examples with films, one in each split."""
    with TrainingSetWriter(tmp_path / "set", DESCRIPTION) as writer:
        for seed, split in enumerate(("train", "val", "test")):
            writer.add(with_film(writer, make_film(tmp_path / f"{split}.png", seed=seed), split, split))
        writer.finish()
    return TrainingSet.open(tmp_path / "set")


def test_what_was_written_is_read_back_to_the_last_digit(tmp_path):
    first, second = (
        make_example("one"),
        make_example("two", images=(TrainingImage("second", 9, 9),), scanpaths=(), regions=()),
    )
    made = write(tmp_path / "set", first, second)
    assert list(made.examples()) == [first, second]
    assert made.manifest.counts["total"] | {"fixations": 3} == made.manifest.counts["total"]
    assert list(made.dropped()) == [Dropped("seven", "fixation", "it lies outside the film", 3)]
    assert made.manifest.description == replace(DESCRIPTION, made_by=made.manifest.description.made_by)


numbers = st.floats(0.0, 40.0)
positions = st.lists(st.tuples(numbers, numbers, st.floats(0.001, 4.0)), min_size=1, max_size=5)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(positions, words, st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.floats(-1, 1) | words))
@settings(max_examples=40)
def test_any_numbers_and_any_text_survive_a_line(fixations, text, source_labels):
    x, y, durations = zip(*fixations, strict=True)
    scanpath = make_scanpath(
        x=x,
        y=y,
        durations=durations,
        onsets_s=None,
        screen=None,
        image_px_per_degree=None,
        shown_image_px=None,
        shown_screen_px=None,
    )
    written = ReportText("written", {"findings": text + "."})
    example = make_example(scanpaths=(scanpath,), reports=(written,), source_labels=source_labels)
    line = example_to_line(example)
    assert "\n" not in line
    assert line_to_example(line, "here") == example
    assert example_to_line(line_to_example(line, "here")) == line


def test_examples_are_found_by_split_and_by_place(made):
    assert [example.example_id for example in made.examples("val")] == ["val"]
    assert [made.example_at(int(at)).example_id for at in made.offsets()] == ["train", "val", "test"]
    assert [made.example_at(int(at)).split for at in made.offsets("test")] == ["test"]
    (image,) = next(made.examples("val")).images
    assert made.image_path(image).read_bytes()[:4] == b"\x89PNG"


def test_a_sound_set_has_no_problem_and_the_same_content_has_the_same_bytes(made, tmp_path):
    assert list(find_problems(made.folder)) == []
    write(tmp_path / "a", make_example())
    write(tmp_path / "b", make_example())
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_reading_passes_over_what_a_later_form_may_add(made):
    path = made.folder / "examples.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0] |= {"mood": {"calm": True}}
    rows[0]["images"][0]["grid"] = [3, 4]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    manifest = made.folder / "training_set.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"weather": "fine"}))
    example = next(TrainingSet.open(made.folder).examples())
    assert example.extra == {"mood": {"calm": True}}
    assert example.images[0].view == "PA"
    assert '"mood":{"calm":true}' in example_to_line(example)


def test_reading_does_without_optional_parts(tmp_path):
    tmp_path.joinpath("training_set.json").write_text('{"format": "gaze2report-training-set", "format_version": 1}')
    tmp_path.joinpath("examples.jsonl").write_text('{"example_id": "a", "patient_id": "p", "split": "train"}\n')
    opened = TrainingSet.open(tmp_path)
    (example,) = opened.examples()
    assert (example.images, example.reports, set(example.labels.values())) == ((), (), {None})
    assert list(opened.dropped()) == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param(None, "training_set.json is missing", id="none"),
        pytest.param("{", "cannot be read", id="torn"),
        pytest.param('{"format": "other"}', "is not the manifest", id="other"),
        pytest.param('{"format": "gaze2report-training-set", "format_version": 2}', "newer release", id="newer"),
        pytest.param('{"format": "gaze2report-training-set", "format_version": "1"}', "newer release", id="text"),
        pytest.param('{"format": "gaze2report-training-set", "format_version": 1, "counts": 3}', "cannot be", id="int"),
    ],
)
def test_what_is_no_training_set_is_told_in_a_sentence(manifest, words, tmp_path):
    if manifest is not None:
        (tmp_path / "training_set.json").write_text(manifest)
    with pytest.raises(TrainingSetUnusable, match=words):
        TrainingSet.open(tmp_path)


@pytest.mark.parametrize(
    "line",
    ["[]", "{", '{"example_id": "a"}', '{"example_id": 3, "patient_id": "p", "split": "train"}',
     '{"example_id": "a", "patient_id": "p", "split": "train", "scanpaths": [{"x": [1]}]}',
     '{"example_id": "a", "patient_id": "p", "split": "train", "labels": {"Edema": "yes"}}',
     '{"example_id": "a", "patient_id": "p", "split": "train", "labels": {"Edema": NaN}}'],
)  # fmt: skip
def test_a_damaged_line_is_named(line):
    with pytest.raises(TrainingSetUnusable, match=r"examples\.jsonl, line 4: is not an example"):
        line_to_example(line, "examples.jsonl, line 4")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"durations": (246.0, 136.0, 179.0)}, "may be milliseconds", id="milliseconds_as_seconds"),
        pytest.param({"durations": (0.2, 0.0, 0.1)}, "not above 0", id="no_duration"),
        pytest.param({"duration_unit": "ms"}, "unit of durations", id="unknown_unit"),
        pytest.param({"x": (0.5, 0.4, 0.3), "y": (0.1, 0.2, 0.3)}, "look like fractions", id="fractions_as_pixels"),
        pytest.param({"frame": FRACTIONS}, "outside its frame", id="pixels_as_fractions"),
        pytest.param({"x": (1.0, 2.0, 40.5)}, "1 of 3 positions lie outside", id="outside"),
        pytest.param({"x": (1.0, 2.0)}, "2 positions in x, but not as many y", id="uneven"),
        pytest.param({"x": (1.0, float("nan"), 3.0)}, "not a finite number", id="nan"),
        pytest.param({"x": (), "y": (), "durations": ()}, "no fixation", id="empty"),
        pytest.param({"onsets_s": (0.3, 0.2, 0.6)}, "order of their onsets", id="order"),
        pytest.param({"onset_origin": ""}, "from when", id="origin"),
        pytest.param({"frame": Frame(1.0, 1.2, "fraction")}, "is 1 x 1", id="frame_of_fractions"),
        pytest.param({"frame": Frame(0.0, 48.0)}, "no extent", id="frame_without_extent"),
        pytest.param({"frame": Frame(40.0, 48.0, "mm")}, "frame's unit", id="frame_unit"),
        pytest.param({"image_id": "other"}, "not one of the example's", id="other_image"),
        pytest.param({"image_px_per_degree": ((0.0, 30.0),) * 3}, "pixels per degree", id="degree"),
        pytest.param({"shown_image_px": ((0.0, 40.0, 0.0, 48.0),) * 3}, "order x0, y0, x1, y1", id="shown_order"),
        pytest.param({"screen": ScreenGeometry(distance_mm=-1.0)}, "viewing distance", id="distance"),
    ],
)  # fmt: skip
def test_a_scanpath_in_wrong_units_or_frame_is_refused(changes, words, tmp_path):
    with pytest.raises(ExampleRefused, match=words):
        write(tmp_path / "set", make_example(scanpaths=(make_scanpath(**changes),)))
    assert list(tmp_path.iterdir()) == []


def test_positions_may_leave_the_frame_where_that_is_declared(tmp_path):
    outside = make_scanpath(x=(-3.0, 20.0, 99.0), may_leave_frame=True)
    (example,) = write(tmp_path / "set", make_example(scanpaths=(outside,))).examples()
    assert example.scanpaths[0].is_inside.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"split": "holdout"}, "none of train, val, test", id="split"),
        pytest.param({"patient_id": ""}, "patient has no usable name", id="patient"),
        pytest.param({"example_id": "a\nb"}, "example has no usable name", id="line_end_in_name"),
        pytest.param(film(width_px=40), "size 40 x None", id="half_a_size"),
        pytest.param(film(file="images/../../x.png", sha256=A), "not the path", id="traversal"),
        pytest.param(film(file=f"images/ab/{A}.png", sha256=A), "not the path", id="folder"),
        pytest.param(film(file=f"images/aa/{A}.png"), "one is missing", id="no_hash"),
        pytest.param(film(file=f"images/aa/{A}.png", sha256=A), "not in the folder", id="no_film"),
        pytest.param({"images": (TrainingImage("film"),) * 2}, "two images", id="twins"),
        pytest.param({"scanpaths": (make_scanpath(),) * 2}, "two scanpaths", id="twin_scanpaths"),
        pytest.param(report("written", conclusion="x"), "no section 'conclusion'", id="section"),
        pytest.param(report("written", findings=" "), "no text", id="no_text"),
        pytest.param(report("sung", findings="x"), "kind of report", id="kind"),
        pytest.param({"reports": (BACKWARDS,)}, "ends before", id="word"),
        pytest.param({"labels": {"Edema": 1.0}}, "not the CheXpert-14", id="labels"),
        pytest.param({"labels": {**make_example().labels, "Edema": -1.0}}, "label Edema is -1.0", id="uncertain"),
    ],
)  # fmt: skip
def test_an_example_that_breaks_the_form_is_refused(changes, words, tmp_path):
    with pytest.raises(ExampleRefused, match=words):
        write(tmp_path / "set", make_example(**changes))


@pytest.mark.parametrize("corners", [(10.0, 2.0, 1.0, 12.0), (1.0, 10.0, 2.0, 2.0), (1.0, 2.0, 1.0, 3.0), None])
def test_a_box_with_corners_in_another_order_is_refused(corners):
    box = replace(make_example().regions[0], corners=corners)
    assert any("order x0, y0, x1, y1" in problem for problem in problems_of(make_example(regions=(box,))))


@pytest.mark.parametrize("other", ["patient", "image", "picture"])
def test_a_leak_between_splits_is_refused(other, tmp_path):
    one, two = make_film(tmp_path / "1.png", seed=1), make_film(tmp_path / "2.png", seed=2)
    with TrainingSetWriter(tmp_path / "set", DESCRIPTION) as writer:
        first = with_film(writer, one, "one", "train")
        second = with_film(writer, one if other == "picture" else two, "two", "test")
        if other == "patient":
            second = replace(second, patient_id=first.patient_id)
        if other == "image":
            second = replace(second, images=(replace(second.images[0], image_id=first.images[0].image_id),))
        writer.add(first)
        with pytest.raises(SplitLeaks, match=f"{other} .* is in train and in test"):
            writer.add(second)
        writer.add(replace(second, split="train"))


def test_a_set_that_is_not_finished_leaves_nothing_and_one_that_exists_is_never_changed(tmp_path):
    with TrainingSetWriter(tmp_path / "set", DESCRIPTION) as writer:
        writer.add(make_example())
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "set", make_example())
    with pytest.raises(StorageFailed, match="exists already"):
        write(tmp_path / "set", make_example())
    with pytest.raises(ExampleRefused, match="written before"):
        write(tmp_path / "twice", make_example(), make_example())


def test_films_that_no_example_names_do_not_stay(tmp_path):
    with TrainingSetWriter(tmp_path / "set", DESCRIPTION) as writer:
        with_film(writer, make_film(tmp_path / "1.png"), "dropped", "train")
        writer.add(make_example())
        writer.finish()
    assert not (tmp_path / "set" / "images").exists()


def leak(rows):
    rows[2]["patient_id"] = rows[0]["patient_id"]


def alter(rows):
    rows[0]["reports"][0]["sections"]["findings"] = "Large effusion."


def double(rows):
    rows[1]["example_id"] = rows[0]["example_id"]


def lose(rows):
    rows.pop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leak, "the split leaks: patient patient-train is in train and in test"),
        (alter, "examples.jsonl is not the file that was written"),
        (double, "its name stands twice"),
        (lose, "tells of 3 examples (total), there are 2"),
    ],
)
def test_the_check_finds_what_was_changed_afterwards(change, words, made):
    path = made.folder / "examples.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert any(words in problem for problem in find_problems(made.folder))


def test_the_check_finds_films_that_are_altered_missing_or_strange(made):
    films = sorted((made.folder / "images").rglob("*.png"))
    films[0].write_bytes(films[0].read_bytes() + b"x")
    films[1].unlink()
    shutil.copy(films[2], films[2].with_name("stray.png"))
    problems = "\n".join(find_problems(made.folder))
    for words in ("is not the file that was written", "is missing", "belongs to no example"):
        assert words in problems
    assert "not the file" not in "\n".join(find_problems(made.folder, with_films=False))


def test_the_check_notices_a_manifest_that_was_changed(made):
    path = made.folder / "training_set.json"
    path.write_text(path.read_text().replace('"licence": "free"', '"licence": ""'))
    problems = "\n".join(find_problems(made.folder))
    assert "its own hash does not match" in problems
    assert "on what terms" in problems


def test_a_path_that_leads_out_of_the_set_is_not_followed(made):
    with pytest.raises(TrainingSetUnusable, match="not the path of a film"):
        made.image_path(TrainingImage("film", file="../../secret.png"))
