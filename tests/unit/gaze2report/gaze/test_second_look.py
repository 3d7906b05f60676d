from __future__ import annotations

from dataclasses import replace

import pytest

from gaze2report.gaze.recorded_gaze import GazeQuality, RecordedFixation, RecordedGaze
from gaze2report.gaze.second_look import second_look
from gaze2report.types import Fixation

WIDTH, HEIGHT = 2000, 1800
GOOD = GazeQuality(error_dva=0.6, valid_share=0.95)


def gaze(*places, duration_ms=300.0):
    """A reader who looked at these places, a degree being 50 px (so what is within 125 px is seen)."""
    fixations = tuple(RecordedFixation(x, y, duration_ms, px_per_dva=50) for x, y in places)
    return RecordedGaze(fixations, quality=GOOD)


def test_a_place_with_signal_that_the_reader_did_not_look_at_is_outlined():
    found = second_look([Fixation(500, 500, 0.3), Fixation(1500, 900, 0.4)], gaze((520, 520)), WIDTH, HEIGHT)
    assert found.unavailable == ""
    assert found.regions_px == ((1437.5, 837.5, 1562.5, 962.5),)


def test_a_reader_who_looked_everywhere_is_left_alone():
    found = second_look(
        [Fixation(500, 500, 0.3), Fixation(1500, 900, 0.4)], gaze((425, 400), (1500, 1024)), WIDTH, HEIGHT
    )
    assert (found.unavailable, found.regions_px) == ("", ())


def test_a_glance_is_no_look_but_two_of_them_are():
    signal = [Fixation(500, 500, 0.3)]
    assert second_look(signal, gaze((500, 500), duration_ms=60), WIDTH, HEIGHT).regions_px
    assert not second_look(signal, gaze((500, 500), (510, 500), duration_ms=60), WIDTH, HEIGHT).regions_px


def test_regions_that_meet_are_one_and_the_longest_signal_comes_first():
    signal = [Fixation(300, 300, 0.5), Fixation(1000, 1000, 0.4), Fixation(1100, 1000, 0.3), Fixation(-5, 10, 9.0)]
    found = second_look(signal, gaze((1900, 1700)), WIDTH, HEIGHT)
    assert found.regions_px == ((937.5, 937.5, 1162.5, 1062.5), (237.5, 237.5, 362.5, 362.5))


def test_three_regions_that_meet_only_through_the_last_are_one():
    signal = [Fixation(300, 300, 0.5), Fixation(500, 300, 0.5), Fixation(400, 300, 0.5)]
    assert second_look(signal, gaze((1900, 1700)), WIDTH, HEIGHT).regions_px == ((237.5, 237.5, 562.5, 362.5),)


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (None, "no recorded gaze"),
        (replace(gaze((1, 1)), quality=GazeQuality(1.6, 0.95)), "gaze error is 1.6 degrees"),
        (replace(gaze((1, 1)), quality=GazeQuality(0.5, 0.79)), "only 79 %"),
        (replace(gaze((1, 1)), quality=GazeQuality()), "quality of the recording is not known"),
        (RecordedGaze((RecordedFixation(1, 1, 300),), quality=GOOD), "viewing geometry"),
    ],
)
def test_what_cannot_be_known_is_said_not_guessed(recorded, reason):
    found = second_look([Fixation(500, 500, 0.3)], recorded, WIDTH, HEIGHT)
    assert reason in found.unavailable
    assert found.regions_px == ()


def test_without_a_signal_there_is_nothing_to_compare_with():
    assert "no other scanpath" in second_look([], gaze((1, 1)), WIDTH, HEIGHT).unavailable
