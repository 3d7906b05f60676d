from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.data.transforms import Preprocessing, augment, colours_to_input, display_to_input


@given(st.integers(70, 300), st.integers(70, 300), st.integers(0, 9))
def test_any_film_becomes_a_square_of_values_between_0_and_1(rows: int, columns: int, seed: int) -> None:
    film = np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)
    made = display_to_input(film, Preprocessing(side_px=64))
    assert made.shape == (1, 64, 64)
    assert made.min() >= 0
    assert made.max() <= 1


def test_the_border_is_blank_so_that_it_cannot_tell_the_source() -> None:
    film = np.full((200, 200), 100, dtype=np.uint8)
    film[50:150, 50:150] = 180
    banded = film.copy()
    banded[:6] = 255
    preprocessing = Preprocessing(side_px=100)
    assert np.array_equal(display_to_input(film, preprocessing), display_to_input(banded, preprocessing))


def test_brightness_and_contrast_of_the_film_do_not_matter() -> None:
    film = np.random.default_rng(0).integers(40, 120, (160, 160)).astype(np.uint8)
    brighter = (film * 1.5 + 20).astype(np.uint8)
    first, second = (display_to_input(f, Preprocessing(side_px=64)) for f in (film, brighter))
    assert np.abs(first - second).max() < 0.05


def test_a_bright_spot_stays_where_it_is() -> None:
    film = np.zeros((300, 200), dtype=np.uint8)
    film[225:235, 45:55] = 255  # centre at y 230 of 300, x 50 of 200
    rows, columns = np.nonzero(display_to_input(film, Preprocessing(side_px=64, high_percentile=100))[0])
    assert rows.mean() / 64 == pytest.approx(230 / 300, abs=0.02)
    assert columns.mean() / 64 == pytest.approx(50 / 200, abs=0.02)


def test_the_hash_changes_with_every_setting() -> None:
    variants = [Preprocessing(), Preprocessing(side_px=256), Preprocessing(border_share=0.05), Preprocessing(version=2)]
    assert len({variant.sha256() for variant in variants}) == len(variants)


def test_augmented_films_stay_in_range_and_keep_their_sides() -> None:
    film = np.zeros((1, 64, 64), dtype=np.float32)
    film[0, 20:44, 10:25] = 1.0  # something on the left
    for seed in range(10):
        changed = augment(film, np.random.default_rng(seed))
        assert 0 <= changed.min() <= changed.max() <= 1
        assert changed[0, :, :32].sum() > changed[0, :, 32:].sum()


def test_a_picture_in_greys_has_the_input_of_a_film_in_each_of_its_colours() -> None:
    preprocessing = Preprocessing(side_px=32)
    grey = np.random.default_rng(0).integers(0, 255, (40, 50), dtype=np.uint8)
    colours = colours_to_input(np.repeat(grey[..., None], 3, axis=2), preprocessing)
    assert colours.shape == (3, 32, 32)
    for channel in colours:
        assert np.array_equal(channel, display_to_input(grey, preprocessing)[0])


def test_colours_keep_their_distance_from_each_other() -> None:
    colours = np.zeros((20, 20, 3), dtype=np.uint8)
    colours[:, :10] = (200, 100, 0)
    colours[:, 10:] = (0, 0, 0)
    made = colours_to_input(colours, Preprocessing(side_px=20, border_share=0.0, low_percentile=0, high_percentile=100))
    assert made[:, 5, 5] == pytest.approx([1.0, 0.5, 0.0])
