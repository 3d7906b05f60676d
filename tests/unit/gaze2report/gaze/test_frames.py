"""Frame conversions: known answers by hand, and round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.frames import (
    FRACTIONS,
    Frame,
    Padding,
    frame_to_frame,
    image_px_to_screen_fraction,
    image_px_to_screen_px,
    screen_fraction_to_image_px,
    screen_px_to_image_px,
)

SCREEN = (1920.0, 1080.0)
sizes = st.integers(50, 4000).map(float)
places = st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)), min_size=1, max_size=4).map(np.array)


def test_a_film_of_224_pixels_maps_to_the_image_by_one_factor_a_side():
    image = frame_to_frame(np.array([[112.0, 56.0], [0.0, 224.0]]), Frame(224, 224), Frame(2544, 3056))
    np.testing.assert_allclose(image, [[1272.0, 764.0], [0.0, 3056.0]])


def test_a_screen_fraction_is_not_a_fraction_of_the_film():
    # 1080 rows hold a film of 2000 x 2500: 864 columns are the film, 528 on either side are black.
    padding = Padding(0, 0, 528, 528)
    found = screen_fraction_to_image_px(
        np.array([[0.5, 0.5], [528 / 1920, 0.0], [0.1, 0.5]]), SCREEN, padding, (2000, 2500)
    )
    np.testing.assert_allclose(found[:2], [[1000.0, 1250.0], [0.0, 0.0]], atol=1e-9)
    assert found[2, 0] < 0  # on the black to the left


def test_padding_without_room_for_a_film_is_refused():
    with pytest.raises(ValueError, match="leaves no room"):
        screen_fraction_to_image_px(np.zeros((1, 2)), SCREEN, Padding(0, 0, 960, 960), (10, 10))


def test_a_zoomed_view_maps_by_what_was_shown():
    shown_image, shown_screen = np.array([[1000.0, 500.0, 2000.0, 1500.0]]), np.array([[100.0, 0.0, 1100.0, 1000.0]])
    screen = image_px_to_screen_px(np.array([[1500.0, 1000.0]]), shown_image, shown_screen)
    np.testing.assert_allclose(screen, [[600.0, 500.0]])


@given(places, sizes, sizes)
def test_frames_round_trip(positions, width, height):
    there = frame_to_frame(positions, FRACTIONS, Frame(width, height))
    np.testing.assert_allclose(frame_to_frame(there, Frame(width, height), FRACTIONS), positions, atol=1e-12)


@given(places, sizes, sizes, st.tuples(*[st.floats(0, 500)] * 4))
def test_padded_screens_round_trip(positions, width, height, pads):
    image = screen_fraction_to_image_px(positions, SCREEN, Padding(*pads), (width, height))
    back = image_px_to_screen_fraction(image, SCREEN, Padding(*pads), (width, height))
    np.testing.assert_allclose(back, positions, atol=1e-9)


@given(places, st.tuples(*[st.integers(0, 300)] * 2), st.tuples(*[st.integers(1, 3000)] * 2))
def test_zoomed_views_round_trip(positions, corner, size):
    n = len(positions)
    image = np.tile([*corner, corner[0] + size[0], corner[1] + size[1]], (n, 1)).astype(float)
    screen = np.tile([0.0, 0.0, 1920.0, 1080.0], (n, 1))
    there = image_px_to_screen_px(positions * size, image, screen)
    np.testing.assert_allclose(screen_px_to_image_px(there, screen, image), positions * size, atol=1e-6)
