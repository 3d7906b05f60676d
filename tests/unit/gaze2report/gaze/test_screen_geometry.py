"""Pixels, millimetres and degrees: known answers, the reference package's values, round trips."""

from __future__ import annotations

from math import atan, degrees, radians, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.recorded_gaze import ViewingGeometry
from gaze2report.gaze.screen_geometry import ScreenGeometry, angle_between_dva, direction_of_dva

SCREEN = ScreenGeometry(1920, 1080, 528.0, 297.0, 650.0)
MIDDLE = np.array([960.0, 540.0])

screens = st.builds(
    ScreenGeometry,
    st.floats(640, 8000),
    st.floats(480, 8000),
    st.floats(200, 1000),
    st.floats(150, 1000),
    st.floats(300, 1200),
    st.floats(-200, 200),
    st.floats(-200, 200),
)
places = st.lists(st.tuples(st.floats(-4000, 12000), st.floats(-4000, 12000)), min_size=1, max_size=5).map(np.array)


def test_the_middle_of_the_screen_is_straight_ahead_and_an_edge_is_by_the_arc_tangent():
    np.testing.assert_allclose(SCREEN.px_to_dva(MIDDLE), [0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(SCREEN.px_to_dva([1920.0, 540.0]), [degrees(atan(264 / 650)), 0.0])
    np.testing.assert_allclose(SCREEN.px_to_mm([0.0, 0.0]), [-264.0, -148.5])


def test_angles_equal_those_of_etdqualitizer():
    # ETDQualitizer 1.2.0, ScreenConfiguration(528, 297, 1920, 1080, 650), whose origin is the middle of the screen:
    # pix_to_deg(480, -270), deg_to_pix(5, -3), mm_to_deg(100, 50).
    np.testing.assert_allclose(SCREEN.px_to_dva(np.add(MIDDLE, (480, -270))), [11.479345875965551, -6.387425798162902])
    np.testing.assert_allclose(SCREEN.dva_to_px([5.0, -3.0]) - MIDDLE, [206.7913865158204, -124.34610733033279])
    np.testing.assert_allclose(SCREEN.mm_to_dva([100.0, 50.0]), [8.74616226255521, 4.347753151335397])


def test_an_eye_beside_the_middle_looks_straight_at_its_own_foot():
    beside = ScreenGeometry(1920, 1080, 528.0, 297.0, 650.0, eye_x_mm=55.0, eye_y_mm=-27.5)
    np.testing.assert_allclose(beside.px_to_dva(np.add(MIDDLE, (200, -100))), [0.0, 0.0], atol=1e-12)


def test_the_angle_of_a_degree_around_the_middle_is_a_degree():
    half_px = 650 * tan(radians(0.5)) / (528 / 1920)
    assert SCREEN.angle_dva(MIDDLE - (half_px, 0), np.add(MIDDLE, (half_px, 0))) == pytest.approx(1.0, abs=1e-12)


def test_tiny_angles_are_not_lost_in_rounding():
    assert SCREEN.angle_dva(MIDDLE, np.add(MIDDLE, (1e-6, 0))) == pytest.approx(
        degrees(1e-6 * 528 / 1920 / 650), rel=1e-6
    )


def test_pixels_per_degree_in_the_middle_agree_with_those_of_a_recording():
    geometry = ViewingGeometry(650.0, 528 / 1920)
    np.testing.assert_allclose(SCREEN.px_per_dva(MIDDLE), geometry.px_per_dva, rtol=1e-4)


def test_the_vectors_of_angles_are_those_of_places():
    place = np.array([[100.0, 900.0], [1800.0, 40.0]])
    np.testing.assert_allclose(direction_of_dva(SCREEN.px_to_dva(place)), SCREEN.direction(place), atol=1e-14)


@given(screens, places)
def test_pixels_come_back_from_degrees_and_fractions(screen, place):
    np.testing.assert_allclose(screen.dva_to_px(screen.px_to_dva(place)), place, atol=1e-5)
    np.testing.assert_allclose(screen.fraction_to_px(screen.px_to_fraction(place)), place, atol=1e-9)


@given(screens, st.floats(0, 1), st.floats(0, 1))
def test_pixels_per_degree_are_the_slope_of_the_angle(screen, x, y):
    place = screen.fraction_to_px([x, y])
    step = 1e-3
    for axis in (0, 1):
        move = np.eye(2)[axis] * step
        slope = float(angle_between_dva(screen.direction(place - move), screen.direction(place + move))) / (2 * step)
        assert screen.px_per_dva(place)[axis] == pytest.approx(1 / slope, rel=1e-4)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_screen_without_extent_or_distance_is_refused(wrong):
    with pytest.raises(ValueError, match="above 0"):
        ScreenGeometry(1920, 1080, 528.0, 297.0, wrong)
