"""The replay: known moments, real time passed however late the timer is, and no nested loop."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.viewer.gaze_replay import SPEEDS, Replay, Timeline
from gaze2report.types import Fixation

PATH = [Fixation(1, 1, 0.3), Fixation(2, 2, 0.2), Fixation(3, 3, 0.5)]


class Clock:
    def __init__(self) -> None:
        self.ms = 1000.0

    def __call__(self) -> float:
        return self.ms


@pytest.fixture
def replay(qapp):
    clock = Clock()
    made = Replay(now_ms=clock)
    made.clock = clock
    made.set_timelines([Timeline.of(PATH)])
    yield made
    made.pause()


def after(replay: Replay, ms: float) -> float:
    """Let real time pass, then the timer come."""
    replay.clock.ms += ms
    replay._advance()
    return replay.position_ms


def test_without_onsets_each_fixation_begins_when_the_one_before_ends():
    timeline = Timeline.of(PATH)
    assert timeline.onsets_ms == (0, 300, 500)
    assert timeline.length_ms == 1000
    assert [timeline.begun(at) for at in (0, 299, 300, 999)] == [1, 1, 2, 3]
    assert [timeline.current(at) for at in (0, 299, 300, 500, 1000)] == [0, 0, 1, 2, None]


def test_known_onsets_are_kept_with_the_pauses_between():
    timeline = Timeline.of(PATH, [200.0, 900.0, 1500.0])
    assert (timeline.begun(100), timeline.current(100)) == (0, None)
    assert timeline.current(450) == 0
    assert timeline.current(600) is None
    assert timeline.length_ms == 2000
    assert Timeline.of(PATH, [200.0, None, 1500.0]) == Timeline.of(PATH)


@given(st.lists(st.integers(60, 900), min_size=1, max_size=8), st.integers(0, 5000))
def test_what_lasts_has_begun_and_has_not_ended(durations, at_ms):
    timeline = Timeline.of([Fixation(1, 1, ms / 1000) for ms in durations])
    current = timeline.current(at_ms)
    if current is not None:
        assert current == timeline.begun(at_ms) - 1
        assert timeline.onsets_ms[current] <= at_ms < timeline.onsets_ms[current] + timeline.durations_ms[current]
    else:
        assert at_ms >= timeline.length_ms - 1e-6


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_late_timer_loses_no_time_at_any_speed(replay, speed):
    replay.speed = speed
    replay.play()
    assert after(replay, 33) == pytest.approx(33 * speed)
    assert after(replay, 140) == pytest.approx(173 * speed)


def test_speed_changes_from_where_it_stands(replay):
    replay.play()
    after(replay, 100)
    replay.clock.ms += 50
    replay.speed = 4.0
    assert replay.position_ms == pytest.approx(150)
    assert after(replay, 50) == pytest.approx(350)


def test_pausing_stands_still_and_playing_goes_on(replay):
    replay.play()
    after(replay, 100)
    replay.toggle()
    assert not replay.is_playing
    replay.clock.ms += 5000
    replay.toggle()
    assert after(replay, 10) == pytest.approx(110)


def test_it_stops_at_the_end_and_begins_again_from_there(replay):
    replay.play()
    assert after(replay, 5000) == 1000
    assert not replay.is_playing
    replay.play()
    assert replay.position_ms == 0
    assert replay.is_playing


def test_steps_go_from_fixation_to_fixation_and_pause(replay):
    replay.play()
    after(replay, 320)
    seen = []
    for direction in (1, 1, -1, -1, -1):
        replay.step(direction)
        seen.append(replay.position_ms)
    assert seen == [500, 500, 300, 0, 0]
    assert not replay.is_playing


def test_scrubbing_while_it_plays_goes_on_from_there(replay):
    replay.play()
    replay.clock.ms += 70
    replay.seek(600)
    assert after(replay, 100) == pytest.approx(700)
    replay.seek(-5)
    assert replay.position_ms == 0


def test_other_scanpaths_begin_at_the_beginning_and_none_cannot_be_played(replay):
    replay.play()
    after(replay, 400)
    replay.set_timelines([])
    assert (replay.is_playing, replay.position_ms, replay.length_ms) == (False, 0, 0)
    replay.play()
    assert not replay.is_playing


def test_the_real_timer_plays_in_real_time_and_returns_at_once(qtbot):
    replay = Replay()
    replay.set_timelines([Timeline.of([Fixation(1, 1, 1.0)])])
    replay.speed = 4.0
    moments = []
    replay.moved.connect(lambda: moments.append(replay.position_ms))
    begun = time.monotonic()
    replay.play()
    assert moments == []  # nothing ran inside the call
    qtbot.waitUntil(lambda: not replay.is_playing, timeout=20_000)
    assert time.monotonic() - begun >= 0.25
    assert moments == sorted(moments)
    assert len(moments) > 1
    assert moments[-1] == 1000
