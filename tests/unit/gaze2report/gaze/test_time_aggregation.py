from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.types import Fixation

fixations = st.builds(
    Fixation,
    x_px=st.floats(-50, 450),
    y_px=st.floats(-50, 350),
    duration_s=st.floats(0.05, 2.0),
)


@given(st.lists(fixations, max_size=12))
def test_durations_are_shares_of_the_looking_time(path: list[Fixation]) -> None:
    gaze = aggregate(path, 400, 300, grid_side=7)
    n_inside = sum(0 <= f.x_px < 400 and 0 <= f.y_px < 300 for f in path)
    assert gaze.duration.sum() == pytest.approx(1.0 if n_inside else 0.0, abs=1e-5)
    assert gaze.visit_count.sum() == n_inside == len(gaze.visited)
    assert (gaze.duration >= 0).all()


def test_one_fixation_lights_the_patch_it_lies_on() -> None:
    gaze = aggregate([Fixation(350, 20, 0.4)], 400, 300, grid_side=4, sigma_patches=0.5)
    assert gaze.visited.tolist() == [3]  # x in the last of four columns, y in the first row
    assert int(np.argmax(gaze.duration)) == 3


def test_first_visits_fall_in_order_and_revisits_count() -> None:
    path = [Fixation(5, 5, 0.2), Fixation(15, 5, 0.2), Fixation(5, 5, 0.2)]
    gaze = aggregate(path, 20, 20, grid_side=2)
    assert gaze.first_visit[0] > gaze.first_visit[1] > 0
    assert gaze.visit_count[0] == 2


def test_longer_fixations_weigh_more() -> None:
    gaze = aggregate([Fixation(10, 10, 0.9), Fixation(90, 90, 0.1)], 100, 100, grid_side=10, sigma_patches=0.3)
    assert gaze.duration[11] == pytest.approx(9 * gaze.duration[99], rel=0.25)
