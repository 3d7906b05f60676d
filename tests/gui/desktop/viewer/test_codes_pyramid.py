from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.viewer.codes_pyramid import build_pyramid, view_codes
from desktop.viewer.viewport import Viewport, fitted

RNG = np.random.default_rng(0)


def exact_area_average(codes: np.ndarray, factor: int) -> np.ndarray:
    rows, columns = codes.shape
    return codes.reshape(rows // factor, factor, columns // factor, factor).mean(axis=(1, 3))


def whole(codes: np.ndarray, scale: float, *, is_smooth: bool = True) -> np.ndarray:
    rows, columns = codes.shape
    width, height = round(columns * scale), round(rows * scale)
    view = view_codes(build_pyramid(codes), Viewport(width, height, scale, columns / 2, rows / 2), is_smooth=is_smooth)
    assert view is not None
    assert (view.left_px, view.top_px) == (0, 0)
    assert view.codes.shape == (height, width)
    return view.codes


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_a_reduced_film_is_the_area_average_even_of_noise(factor: int) -> None:
    codes = RNG.integers(0, 4096, (240, 360)).astype(np.uint16)
    error = np.abs(whole(codes, 1 / factor).astype(float) - exact_area_average(codes, factor))
    assert error.max() <= 2.0  # halved levels round once each


@pytest.mark.parametrize("factor", [5, 6, 10])
def test_a_reduced_film_is_the_area_average_where_levels_do_not_fit(factor: int) -> None:
    y, x = np.mgrid[:240, :360]
    codes = (2000 + 1500 * np.sin(x / 7) * np.cos(y / 9)).astype(np.uint16)
    error = np.abs(whole(codes, 1 / factor).astype(float) - exact_area_average(codes, factor))
    assert error.max() <= 0.02 * 3000


def test_one_to_one_shows_the_stored_codes_themselves() -> None:
    codes = RNG.integers(0, 65536, (101, 77)).astype(np.uint16)
    np.testing.assert_array_equal(whole(codes, 1.0), codes)


def test_an_enlarged_film_without_smoothing_repeats_pixels() -> None:
    codes = RNG.integers(0, 4096, (20, 30)).astype(np.uint16)
    np.testing.assert_array_equal(whole(codes, 3.0, is_smooth=False), codes.repeat(3, axis=0).repeat(3, axis=1))


def test_an_enlarged_film_never_leaves_the_range_of_its_neighbours() -> None:
    codes = RNG.integers(100, 200, (30, 30)).astype(np.uint16)
    shown = whole(codes, 4.0)
    assert codes.min() <= shown.min() <= shown.max() <= codes.max()


def test_a_constant_film_stays_constant_at_every_zoom() -> None:
    codes = np.full((333, 251), 1234, np.uint16)
    for scale in (0.05, 0.13, 0.31, 0.5, 0.77, 0.999, 1.0, 1.001, 1.7, 6.3):
        rows, columns = codes.shape
        view = view_codes(build_pyramid(codes), Viewport(200, 150, scale, columns / 2, rows / 2))
        assert view is not None
        assert set(np.unique(view.codes)) == {1234}


@given(
    rows=st.integers(1, 200), columns=st.integers(1, 200), width=st.integers(1, 150), height=st.integers(1, 150),
    scale=st.floats(0.02, 32), at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip
def test_any_view_of_any_film_stays_inside_the_viewport(
    rows: int, columns: int, width: int, height: int, scale: float, at: tuple[float, float]
) -> None:
    codes = np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns)
    view = view_codes(build_pyramid(codes), Viewport(width, height, scale, at[0] * columns, at[1] * rows))
    if view is not None:
        assert view.left_px >= 0
        assert view.top_px >= 0
        assert view.left_px + view.codes.shape[1] <= width
        assert view.top_px + view.codes.shape[0] <= height


def test_a_fitted_film_touches_two_edges_and_leaves_none() -> None:
    view = fitted(900, 700, 2000, 2500)
    assert view.image_to_device(0, 0)[1] == pytest.approx(0, abs=1)
    assert view.image_to_device(2000, 2500)[1] == pytest.approx(700, abs=1)


@given(
    factors=st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30),
    cursor=st.tuples(st.floats(0, 900), st.floats(0, 700)),
)
def test_zooming_keeps_the_image_point_under_the_cursor(factors: list[float], cursor: tuple[float, float]) -> None:
    view = fitted(900, 700, 2000, 2500)
    point = view.device_to_image(*cursor)
    for factor in factors:
        view = view.zoomed(factor, *cursor)
        assert view.device_to_image(*cursor) == pytest.approx(point, abs=1e-6)
        assert view.image_to_device(*point) == pytest.approx(cursor, abs=0.51)


def test_a_larger_viewport_moves_nothing() -> None:
    view = fitted(900, 700, 2000, 2500).zoomed(2.7, 100, 100)
    for size in ((901, 700), (900, 655), (1300, 1001)):
        assert view.resized(*size).device_to_image(0, 0) == pytest.approx(view.device_to_image(0, 0))
