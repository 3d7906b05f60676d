"""Missing gaze: invalid and absent samples counted exactly and never confused, gaps named by what they are."""

from __future__ import annotations

import made_gaze
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.data_gaps import absent_between, find_gaps, missing_in
from gaze2report.gaze.gaze_samples import GazeSamples


def looking(n_samples: int, frequency_hz: float, place=(960.0, 540.0)):
    return np.arange(n_samples) * 1000.0 / frequency_hz, np.tile(np.array(place), (n_samples, 1))


@given(
    st.sampled_from([60.0, 120.0, 250.0, 600.0, 1200.0]),
    st.sets(st.integers(1, 398), max_size=120),
    st.sets(st.integers(1, 398), max_size=120),
    st.integers(0, 1000),
)
def test_what_was_left_out_and_what_was_invalid_is_counted_exactly(frequency_hz, absent, invalid, seed):
    time_ms, place = looking(400, frequency_hz)
    # Stamps of the tracker's own clock shake by a microsecond.
    time_ms = time_ms + np.random.default_rng(seed).normal(0, 0.001, 400).clip(-0.01, 0.01)
    invalid = invalid - absent
    place[sorted(invalid)] = np.nan
    stays = np.array([index not in absent for index in range(400)])
    samples = GazeSamples.of_one_eye(time_ms[stays], place[stays])
    gaps = find_gaps(samples, frequency_hz, made_gaze.SCREEN)
    assert absent_between(samples.time_ms, frequency_hz).sum() == len(absent)
    assert sum(gap.n_absent for gap in gaps) == len(absent)
    assert sum(gap.n_invalid for gap in gaps) == len(invalid)
    found = missing_in(samples, frequency_hz, -0.5, 400 * 1000 / frequency_hz - 0.5)
    assert (found.n_expected, found.n_invalid, found.n_absent) == (400, len(invalid), len(absent))
    assert found.n_valid == 400 - len(absent) - len(invalid)
    assert found.share == pytest.approx((len(absent) + len(invalid)) / 400)


@pytest.mark.parametrize(
    ("lost_ms", "before", "kind"),
    [
        (150, (960.0, 540.0), "blink"),
        (30, (960.0, 540.0), "track_loss"),
        (900, (960.0, 540.0), "track_loss"),
        (150, (2100.0, 540.0), "look_away"),
    ],
)
def test_a_gap_is_named_by_its_length_and_by_where_the_gaze_was(lost_ms, before, kind):
    time_ms, place = looking(400, 200.0)
    place[:100] = before
    place[100 : 100 + lost_ms // 5] = np.nan
    (gap,) = find_gaps(GazeSamples.of_one_eye(time_ms, place), 200.0, made_gaze.SCREEN)
    assert gap.kind == kind
    assert (gap.start_ms, gap.duration_ms, gap.n_absent) == (495.0, lost_ms + 5.0, 0)


def test_samples_that_never_came_are_no_blink():
    time_ms, place = looking(400, 200.0)
    stays = (time_ms < 500) | (time_ms >= 650)
    (gap,) = find_gaps(GazeSamples.of_one_eye(time_ms[stays], place[stays]), 200.0, made_gaze.SCREEN)
    assert (gap.kind, gap.n_invalid, gap.n_absent) == ("samples_lost", 0, 30)


def test_one_eye_is_enough_to_see_and_silence_at_the_ends_is_missing():
    time_ms, left = looking(100, 100.0)
    right = left.copy()
    left[20:40], right[60:80] = np.nan, np.nan
    samples = GazeSamples(time_ms, left, right)
    assert find_gaps(samples, 100.0, made_gaze.SCREEN) == ()
    assert missing_in(samples, 100.0, 0.0, 1000.0).share == 0.0
    assert missing_in(samples, 100.0, 0.0, 1000.0, eye="left").share == pytest.approx(0.2)
    late = missing_in(samples, 100.0, -1000.0, 3000.0)
    assert late.share == pytest.approx(0.75)
    assert late.longest_gap_s == pytest.approx(2.01)
    nothing = missing_in(samples, 100.0, 5000.0, 6000.0)
    assert (nothing.share, nothing.longest_gap_s, nothing.n_absent) == (1.0, 1.0, 100)
    with pytest.raises(ValueError, match="holds no sample"):
        missing_in(samples, 100.0, 1.0, 1.0)
