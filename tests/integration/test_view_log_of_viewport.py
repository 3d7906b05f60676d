"""The view log's map of a film equals that of the viewport which shows it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from desktop.viewer.viewport import Viewport
from gaze2report.gaze.affine import Affine
from gaze2report.gaze.view_log import ScreenPlacement, ViewRow
from gaze2report.imaging.orientation import Orientation

viewports = st.builds(
    Viewport,
    st.integers(50, 4000),
    st.integers(50, 4000),
    st.just(1.0) | st.floats(0.02, 32.0),
    st.floats(0, 5000),
    st.floats(0, 5000),
    st.builds(Orientation, st.integers(0, 3), st.booleans()),
)


@given(
    viewports,
    st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0]),
    st.tuples(st.integers(-6000, 6000), st.integers(-3000, 3000)),
    st.tuples(st.floats(-500, 6000), st.floats(-500, 6000)),
)
def test_the_view_log_maps_as_the_viewport_does(viewport, ratio, corner, place):
    screen = ScreenPlacement("tracker", *corner, 7680, 4320, ratio)
    shown = Affine.of_view(viewport.scale, viewport.orientation.matrix, viewport.origin_px)
    row = ViewRow(
        0, screen, corner[0] + 40, corner[1] + 30, viewport.width_px, viewport.height_px, "1.2", 5000, 5000, shown
    )
    x, y = viewport.image_to_device(*place)
    on_screen = row.image_to_screen.apply(place)
    np.testing.assert_allclose(on_screen, (x + 40 * ratio, y + 30 * ratio), atol=1e-6)
    np.testing.assert_allclose(row.screen_to_image.apply(on_screen), place, atol=0.01)
