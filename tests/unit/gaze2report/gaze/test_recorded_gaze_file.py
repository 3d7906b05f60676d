from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.errors import UnreadableInput
from gaze2report.gaze.recorded_gaze import (
    GazeProvenance,
    GazeQuality,
    RecordedFixation,
    RecordedGaze,
    TimedSentence,
    ViewingGeometry,
)
from gaze2report.gaze.recorded_gaze_file import read_recorded_gaze, write_recorded_gaze

ONE = {"x_px": 10, "y_px": 20, "duration_ms": 300}


def written(folder: Path, content: object) -> Path:
    path = folder / "gaze.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=12)
numbers = st.integers(1, 9000).map(lambda n: n / 8)
gazes = st.builds(
    RecordedGaze,
    fixations=st.lists(
        st.builds(
            RecordedFixation,
            x_px=numbers,
            y_px=numbers,
            duration_ms=numbers,
            px_per_dva=st.none() | numbers,
            ai_visible=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ).map(tuple),
    instance_uid=st.sampled_from(["", "1.2.840.10008"]),
    reader=texts,
    quality=st.builds(GazeQuality, st.none() | st.floats(0, 90), st.none() | st.floats(0, 1)),
    geometry=st.none() | st.just(ViewingGeometry(650, 0.25, 0.5)),
    provenance=st.builds(GazeProvenance, texts, texts, texts),
    started_at_utc=st.sampled_from(["", "2026-01-31T09:30:00+00:00"]),
    sentences=st.just(()) | st.just((TimedSentence("findings", "The heart is large.", 100.0, 2500.5),)),
)


@given(gazes)
def test_gaze_that_is_written_is_read_back_the_same(tmp_path_factory, gaze):
    path = tmp_path_factory.mktemp("gaze") / "gaze.json"
    write_recorded_gaze(path, gaze)
    assert read_recorded_gaze(path) == gaze


def test_a_list_of_fixations_in_seconds_is_enough(tmp_path):
    gaze = read_recorded_gaze(written(tmp_path, [{"x_px": 1, "y_px": 2, "duration_s": 0.31}]))
    assert gaze.scanpath[0].duration_s == pytest.approx(0.31)
    assert (gaze.instance_uid, gaze.reader, gaze.geometry) == ("", "", None)
    assert gaze.quality.fault == "the quality of the recording is not known"


def test_csv_says_the_same_as_json(tmp_path):
    path = tmp_path / "gaze.csv"
    path.write_text(
        "\ufeff# instance_uid: 1.2.3\n# reader: R07\n# error_dva: 0.6\n# valid_share: 0.97\n"
        "# viewing_distance_mm: 650\n# pixel_pitch_mm: 0.25\n# screen_px_per_image_px: 0.5\n# tracker: Tracker X\n"
        "# a remark without meaning\n"
        "onset_ms,x_px,y_px,duration_ms,px_per_dva\n0,10.5,20,300,\n400,30,40,250,61\n",
        encoding="utf-8",
    )
    assert read_recorded_gaze(path) == RecordedGaze(
        fixations=(RecordedFixation(10.5, 20, 300, 0), RecordedFixation(30, 40, 250, 400, 61)),
        instance_uid="1.2.3",
        reader="R07",
        quality=GazeQuality(0.6, 0.97),
        geometry=ViewingGeometry(650, 0.25, 0.5),
        provenance=GazeProvenance(tracker="Tracker X"),
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no fixation"),
        ("[]", "holds no fixation"),
        ("{}", "holds no fixation"),
        ("[" * 100_000, "nested too deeply"),
        ('{"fixations": [', "not JSON"),
        ('[{"x_px": NaN, "y_px": 1, "duration_ms": 5}]', "x_px 'nan'"),
        ('[{"x_px": 1e999, "y_px": 1, "duration_ms": 5}]', "x_px 'inf'"),
        (f'[{{"x_px": {"9" * 400}, "y_px": 1, "duration_ms": 5}}]', "not a number from"),
        (f'[{{"x_px": {"9" * 5000}, "y_px": 1, "duration_ms": 5}}]', "not JSON"),
        ([{"x_px": True, "y_px": 1, "duration_ms": 5}], "x_px 'True'"),
        ([{"x_px": [1], "y_px": 1, "duration_ms": 5}], "x_px of another kind, which is not a number"),
        ('[{"x_px": ' + "[" * 900 + "]" * 900 + ', "y_px": 1, "duration_ms": 5}]', "x_px of another kind"),
        ('{"version": ' + "[" * 900 + "]" * 900 + "}", "version of another kind"),
        ([{"x_px": 1, "y_px": 1}], "fixation 1 has no duration_ms"),
        ([ONE, {"x_px": 1, "duration_ms": 4}], "fixation 2 has no y_px"),
        ([{**ONE, "duration_ms": 0}], "duration of 0"),
        ([{**ONE, "duration_ms": -3}], "duration_ms '-3'"),
        ([{**ONE, "duration_ms": 1e7}], "duration_ms"),
        ([{**ONE, "px_per_dva": 0}], "px_per_dva of 0"),
        ([{**ONE, "onset_ms": 100}, {**ONE, "onset_ms": 50}], "not in order"),
        ([{**ONE, "onset_ms": 100}, ONE], "not known for all"),
        ([7], "fixation 1 is not an object"),
        ([ONE] * 5_001, "more than 5000"),
        ({"fixations": {"x_px": 1}}, "holds no fixation"),
        ({"fixations": [ONE], "format": "other"}, "format 'other'"),
        ({"fixations": [ONE], "version": 2}, "version '2'"),
        ({"fixations": [ONE], "instance_uid": "../../x"}, "not a DICOM UID"),
        ({"fixations": [ONE], "reader": "a\nb"}, "reader is not one line"),
        ({"fixations": [ONE], "reader": "x" * 201}, "reader is not one line"),
        ({"fixations": [ONE], "reader": 7}, "reader is not one line"),
        ({"fixations": [ONE], "quality": 3}, "quality is not an object"),
        ({"fixations": [ONE], "quality": {"valid_share": 97}}, "valid_share '97'"),
        ({"fixations": [ONE], "geometry": {"viewing_distance_mm": -1}}, "viewing_distance_mm"),
        ({"fixations": [ONE], "started_at_utc": "yesterday"}, "not a moment"),
        ({"fixations": [ONE], "started_at_utc": "2026-01-31T09:30:00"}, "not a moment"),
        ({"fixations": [ONE], "sentences": 1}, "not a list"),
        ({"fixations": [ONE], "sentences": [{"section": "plan"}]}, "of no section"),
        (
            {"fixations": [ONE], "sentences": [{"section": "findings", "text": "x", "start_ms": 9, "end_ms": 3}]},
            "end_ms '3'",
        ),
        ("x_px,y_px\n1,2\n", "no duration_ms"),
        ("x_px,y_px,duration_ms\n1,2\n", "another number of columns"),
        ("x_px,y_px,duration_ms\n1,2,3,4\n", "another number of columns"),
        ('x_px,y_px,duration_ms\n"1,2,3\n', "neither JSON nor CSV"),
        ("just some text", "holds no fixation"),
        ("# reader: R1\n", "holds no fixation"),
    ],
)
def test_a_file_that_is_wrong_anywhere_is_refused_with_the_reason(tmp_path, content, reason):
    with pytest.raises(UnreadableInput, match="is not a file of recorded gaze") as caught:
        read_recorded_gaze(written(tmp_path, content))
    assert reason in caught.value.reason


def test_bytes_pipes_and_large_files_are_refused(tmp_path):
    binary = tmp_path / "film.dcm"
    binary.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(UnreadableInput, match="not UTF-8"):
        read_recorded_gaze(binary)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(4_000_001)
    with pytest.raises(UnreadableInput, match="larger than 4 MB"):
        read_recorded_gaze(large)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableInput, match="not a plain file"):
        read_recorded_gaze(tmp_path / "pipe")
    with pytest.raises(UnreadableInput, match="cannot be read: No such file"):
        read_recorded_gaze(tmp_path / "missing.json")


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_whatever_a_file_holds_there_is_gaze_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("gaze") / "any"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    try:
        found = read_recorded_gaze(path).fixations
    except UnreadableInput as error:
        found = error.reason
    assert found


def test_a_degree_is_that_of_the_fixation_or_that_of_the_screen():
    # 650 mm away 1 degree is 11.345 mm: 45.4 screen pixels of 0.25 mm, 90.8 image pixels at zoom 0.5
    gaze = RecordedGaze(
        (RecordedFixation(1, 1, 300), RecordedFixation(1, 1, 300, px_per_dva=61)),
        geometry=ViewingGeometry(650, 0.25, 0.5),
    )
    assert gaze.px_per_dva(0) == pytest.approx(90.76, abs=0.01)
    assert gaze.px_per_dva(1) == 61
    assert RecordedGaze((RecordedFixation(1, 1, 300),)).px_per_dva(0) is None


@pytest.mark.parametrize(
    ("quality", "fault"),
    [
        (GazeQuality(1.5, 0.8), ""),
        (GazeQuality(1.51, 0.99), "gaze error is 1.5 degrees"),
        (GazeQuality(0.4, 0.79), "only 79 % of the samples"),
        (GazeQuality(None, 0.9), "not known"),
        (GazeQuality(0.4, None), "not known"),
    ],
)
def test_quality_is_good_only_when_it_is_known_to_be(quality, fault):
    assert fault in quality.fault
    assert bool(quality.fault) == bool(fault)


def test_whether_a_model_could_be_seen_is_read_from_a_table_too_and_nothing_else_is_taken_for_it(tmp_path):
    table = written(tmp_path, "x_px,y_px,duration_ms,ai_visible\n1,2,300,true\n1,2,300,false\n1,2,300,\n")
    assert [one.ai_visible for one in read_recorded_gaze(table).fixations] == [True, False, None]
    with pytest.raises(UnreadableInput, match=r"fixation 1 has ai_visible 'maybe', which is not true or false"):
        read_recorded_gaze(written(tmp_path, [{**ONE, "ai_visible": "maybe"}]))
    with pytest.raises(UnreadableInput, match="ai_visible"):
        read_recorded_gaze(written(tmp_path, [{**ONE, "ai_visible": 1}]))
