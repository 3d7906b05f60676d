from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.viewer.codes_pyramid import build_pyramid, view_codes
from desktop.viewer.image_layer import logical_point, logical_transform
from desktop.viewer.viewport import Viewport, fitted
from gaze2report.imaging.orientation import ALL_ORIENTATIONS, Orientation

COLUMNS, ROWS = 1841, 1955
RATIOS = (1.0, 1.25, 1.5, 2.0)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.floats(0.3, 3.0), st.floats(0, 900), st.floats(0, 700)),
        st.tuples(st.just("pixels"), st.just(1.0), st.floats(0, 900), st.floats(0, 700)),
        st.tuples(st.just("pan"), st.floats(-400, 400), st.floats(-400, 400)),
        st.tuples(st.just("orient"), st.sampled_from(ALL_ORIENTATIONS)),
        st.tuples(st.just("resize"), st.integers(50, 1500), st.integers(50, 1200)),
    ),
    max_size=12,
)


def after(viewport: Viewport, moves: list[tuple[Any, ...]]) -> Viewport:
    for name, *values in moves:
        match name:
            case "zoom":
                viewport = viewport.zoomed(*values)
            case "pixels":
                viewport = viewport.at_scale(*values)
            case "pan":
                viewport = viewport.panned(*values, COLUMNS, ROWS)
            case "orient":
                viewport = viewport.oriented(*values)
            case "resize":
                viewport = viewport.resized(*values)
    return viewport


@given(moves=steps, x=st.floats(-100, COLUMNS + 100), y=st.floats(-100, ROWS + 100), ratio=st.sampled_from(RATIOS))
def test_image_to_screen_and_back_is_the_same_point_after_any_zoom_pan_flip_and_turn(moves, x, y, ratio) -> None:
    viewport = after(fitted(900, 700, COLUMNS, ROWS), moves)
    assert viewport.device_to_image(*viewport.image_to_device(x, y)) == pytest.approx((x, y), abs=1e-6)
    point = logical_point(viewport, ratio, x, y)
    assert viewport.device_to_image(point.x() * ratio, point.y() * ratio) == pytest.approx((x, y), abs=1e-6)
    mapped = logical_transform(viewport, ratio).map(x, y)
    assert mapped == pytest.approx((point.x(), point.y()), abs=1e-6)


@given(moves=steps, drag=st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
def test_a_pan_moves_every_point_with_the_hand_in_every_orientation(moves, drag) -> None:
    viewport = after(fitted(900, 700, COLUMNS, ROWS), moves)
    viewport = viewport.centered_on(COLUMNS / 2, ROWS / 2, viewport.width_px / 2, viewport.height_px / 2)
    viewport = viewport.zoomed(2.0, 0, 0)  # far from the edges, where the pan would stop
    viewport = viewport.centered_on(COLUMNS / 2, ROWS / 2, viewport.width_px / 2, viewport.height_px / 2)
    if max(map(abs, drag)) / viewport.scale > ROWS / 3:
        return
    x, y = viewport.image_to_device(100, 200)
    moved = viewport.panned(*drag, COLUMNS, ROWS).image_to_device(100, 200)
    assert moved == pytest.approx((x + drag[0], y + drag[1]), abs=1.0 if viewport.scale == 1.0 else 1e-6)


@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS)
@pytest.mark.parametrize(("rows", "columns"), [(40, 31), (31, 40)])
def test_every_orientation_shows_the_codes_numpy_would(orientation: Orientation, rows: int, columns: int) -> None:
    codes = np.random.default_rng(0).integers(0, 4096, (rows, columns)).astype(np.uint16)
    expected = codes[:, ::-1] if orientation.is_mirrored else codes
    expected = np.rot90(expected, -orientation.quarter_turns)
    height, width = expected.shape
    view = view_codes(build_pyramid(codes), Viewport(width, height, 1.0, columns / 2, rows / 2, orientation))
    assert view is not None
    assert (view.left_px, view.top_px) == (0, 0)
    np.testing.assert_array_equal(view.codes, expected)


@given(
    orientation=st.sampled_from(ALL_ORIENTATIONS), scale=st.floats(0.1, 6.0), x=st.floats(0, 60), y=st.floats(0, 50),
    is_smooth=st.booleans(),
)  # fmt: skip
def test_what_lies_under_a_device_pixel_is_what_the_mapping_says(orientation, scale, x, y, is_smooth) -> None:
    columns, rows = 60, 50
    ramp = np.add.outer(np.arange(rows) * 100, np.arange(columns) * 10).astype(np.uint16)
    viewport = Viewport(120, 90, scale, x, y, orientation)
    view = view_codes(build_pyramid(ramp), viewport, is_smooth=is_smooth)
    assert view is not None
    shown_rows, shown_columns = view.codes.shape
    for row, column in ((0, 0), (shown_rows - 1, shown_columns - 1), (shown_rows // 2, shown_columns // 2)):
        at_x, at_y = viewport.device_to_image(view.left_px + column + 0.5, view.top_px + row + 0.5)
        at_x, at_y = np.clip(at_x, 0.5, columns - 0.5), np.clip(at_y, 0.5, rows - 0.5)
        expected = (at_y - 0.5) * 100 + (at_x - 0.5) * 10
        tolerance = 60.0 if scale >= 1.0 else 60.0 + 55.0 / scale  # half a pixel of the ramp, or of its average
        assert abs(float(view.codes[row, column]) - expected) <= tolerance


@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS)
def test_a_fitted_film_is_whole_in_every_orientation(orientation: Orientation) -> None:
    viewport = fitted(900, 700, COLUMNS, ROWS, orientation)
    corners = [viewport.image_to_device(x, y) for x in (0, COLUMNS) for y in (0, ROWS)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    assert min(xs) >= -1e-6
    assert max(xs) <= 900 + 1e-6
    assert (min(ys), max(ys)) == (pytest.approx(0, abs=1e-6), pytest.approx(700))
