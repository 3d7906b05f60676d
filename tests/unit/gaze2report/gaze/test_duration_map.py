from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.duration_map import Spread, duration_map, spread_of_prediction, spread_of_recording
from gaze2report.gaze.recorded_gaze import RecordedFixation, RecordedGaze, ViewingGeometry
from gaze2report.types import Fixation

fixations = st.builds(
    Fixation,
    x_px=st.integers(-200, 1200).map(float),
    y_px=st.integers(-200, 900).map(float),
    duration_s=st.integers(50, 2000).map(lambda ms: ms / 1000),
)


@given(st.lists(fixations, max_size=10), st.integers(1, 400))
def test_the_map_holds_the_looking_time_on_the_film_and_no_more(path, sigma_px):
    made = duration_map(path, Spread((float(sigma_px),) * len(path), ""), 1000, 700)
    inside_s = sum(f.duration_s for f in path if 0 <= f.x_px < 1000 and 0 <= f.y_px < 700)
    assert made.seconds.sum() == pytest.approx(inside_s, rel=1e-4)
    assert (made.seconds >= 0).all()
    assert made.is_empty == (inside_s == 0)
    assert made.seconds.shape == (179, 256)


def test_a_fixation_is_a_gaussian_of_the_given_sigma():
    made = duration_map([Fixation(512, 256, 0.5)], Spread((40.0,), ""), 1024, 512)
    y, x = (np.mgrid[: made.seconds.shape[0], : made.seconds.shape[1]] + 0.5) * 4
    expected = np.exp(-((x - 512) ** 2 + (y - 256) ** 2) / (2 * 40.0**2))
    assert made.seconds == pytest.approx(0.5 * expected / expected.sum(), abs=1e-7)


def test_longer_fixations_weigh_by_their_duration():
    path = [Fixation(100, 100, 0.2), Fixation(900, 100, 0.8)]
    made = duration_map(path, Spread((20.0, 20.0), ""), 1000, 200)
    left, right = made.seconds[:, :128].max(), made.seconds[:, 128:].max()
    assert right / left == pytest.approx(4, rel=0.02)


def test_sigma_is_one_degree_where_the_geometry_is_known_and_says_so():
    one = RecordedFixation(10, 10, 300)
    known = spread_of_recording(RecordedGaze((one,), geometry=ViewingGeometry(650, 0.25, 0.5)), 2000, 1500)
    assert known.sigma_px == pytest.approx((90.76,), abs=0.01)
    assert known.text == "sigma 1 visual degree (91 px)"
    zoomed = RecordedGaze((RecordedFixation(1, 1, 300, px_per_dva=40), RecordedFixation(1, 1, 300, px_per_dva=90)))
    assert spread_of_recording(zoomed, 2000, 1500) == Spread((40, 90), "sigma 1 visual degree (40 to 90 px)")


def test_without_geometry_sigma_is_a_share_of_the_film_and_says_so():
    for spread in (
        spread_of_prediction([Fixation(1, 1, 0.3)], 2000, 1500),
        spread_of_recording(RecordedGaze((RecordedFixation(10, 10, 300),)), 2000, 1500),
    ):
        assert spread == Spread((60.0,), "sigma 3 % of the film (60 px): no viewing geometry")
    half = (RecordedFixation(1, 1, 300, px_per_dva=40), RecordedFixation(1, 1, 300))
    assert "no viewing geometry" in spread_of_recording(RecordedGaze(half), 2000, 1500).text


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="spread above 0"):
        duration_map([Fixation(1, 1, 0.3)], Spread((), ""), 10, 10)
    with pytest.raises(ValueError, match="spread above 0"):
        duration_map([Fixation(1, 1, 0.3)], Spread((0.0,), ""), 10, 10)
    with pytest.raises(ValueError, match="no extent"):
        duration_map([], Spread((), ""), 0, 10)
