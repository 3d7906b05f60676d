"""Geometry from a tracker's corners and eyes: the angles on the screen are those in space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.display_area import geometry_of_display_area, middle_of_eyes

UPRIGHT = ((-264.0, 320.0, 10.0), (264.0, 320.0, 10.0), (-264.0, 23.0, 10.0))
"""A screen of 528 x 297 mm whose lower edge is 23 mm above the tracker."""


def test_an_eye_straight_before_the_middle():
    found = geometry_of_display_area(*UPRIGHT, (0.0, 171.5, 660.0), 1920, 1080)
    assert (found.width_mm, found.height_mm) == (528.0, 297.0)
    assert (found.viewing_distance_mm, found.eye_x_mm, found.eye_y_mm) == pytest.approx((650.0, 0.0, 0.0))


def test_an_eye_to_the_right_and_above_has_its_foot_there():
    found = geometry_of_display_area(*UPRIGHT, (30.0, 191.5, 660.0), 1920, 1080)
    assert (found.eye_x_mm, found.eye_y_mm) == pytest.approx((30.0, -20.0))


@given(
    st.floats(-0.6, 0.6),
    st.floats(-0.4, 0.4),
    st.tuples(st.floats(-150, 150), st.floats(0, 400), st.floats(500, 900)),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=2),
)
def test_angles_on_a_tilted_screen_are_those_in_space(tilt, turn, eye, fractions):
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    corners = [about_y @ about_x @ corner for corner in np.array(UPRIGHT)]
    screen = geometry_of_display_area(*corners, eye, 1920, 1080)
    in_space = [corners[0] + x * (corners[1] - corners[0]) + y * (corners[2] - corners[0]) for x, y in fractions]
    one, other = (place - np.array(eye) for place in in_space)
    expected = np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other))
    places = screen.fraction_to_px(fractions)
    assert float(screen.angle_dva(places[0], places[1])) == pytest.approx(expected, abs=1e-9)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="not before the screen"):
        geometry_of_display_area(*UPRIGHT, (0.0, 171.5, -650.0), 1920, 1080)
    with pytest.raises(ValueError, match="no rectangle"):
        geometry_of_display_area(UPRIGHT[0], UPRIGHT[1], (-200.0, 23.0, 10.0), (0, 0, 650), 1920, 1080)
    with pytest.raises(ValueError, match="no extent"):
        geometry_of_display_area(UPRIGHT[0], UPRIGHT[0], UPRIGHT[2], (0, 0, 650), 1920, 1080)


def test_the_middle_of_the_eyes_is_a_median_of_what_was_found():
    left, right = np.tile([-32.0, 100.0, 650.0], (5, 1)), np.tile([32.0, 100.0, 650.0], (5, 1))
    right[0], left[1] = (500.0, 500.0, 100.0), np.nan
    assert middle_of_eyes(left, right) == (0.0, 100.0, 650.0)
    assert middle_of_eyes(left[1:2], right[1:2]) is None
