"""Gaze drawn over a film: where, in which shape, what a click takes, and what a replay shows."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from shown_films import drag, make_image, pixels, show

from desktop import theme
from desktop.heat_map import heat_map_picture
from desktop.viewer.gaze_layer import GazeLayer, GazeRegion
from desktop.viewer.image_layer import logical_point
from desktop.viewer.scanpath_overlay import PREDICTED, RECORDED, ShownScanpath, radius_px
from gaze2report.gaze.duration_map import Spread, duration_map
from gaze2report.types import Fixation

BLACK = np.zeros((300, 200), np.uint16)
PATH = (Fixation(40, 60, 0.5), Fixation(150, 220, 0.5))


@pytest.fixture
def view(qtbot):
    """A black film, so that every other pixel is the layer's."""
    made = show(qtbot, make_image(codes=BLACK))
    made.layer = GazeLayer()
    made.layer.size_px = (200, 300)
    made.add_layer(made.layer)
    return made


def near(view, x_px: float, y_px: float, reach: int = 14) -> np.ndarray:
    """Pixels around an image point, as brightness."""
    at = logical_point(view.viewport, 1.0, x_px, y_px).toPoint()
    picture = pixels(view)[at.y() - reach : at.y() + reach + 1, at.x() - reach : at.x() + reach + 1]
    return (picture >> 16) + (picture >> 8 & 255) + (picture & 255)


def colour_count(view, colour: str) -> int:
    return int((pixels(view) == int(colour[1:], 16)).sum())


def test_fixations_lie_where_they_were_however_the_film_lies(view):
    view.layer.scanpaths = (ShownScanpath(PATH),)
    for change in (lambda: None, view.flip_horizontally, lambda: view.turn(1), lambda: view.zoom(0.8)):
        change()
        for fixation in PATH:
            assert near(view, fixation.x_px, fixation.y_px).max() > 300
        assert near(view, 190, 20).max() == 0


def test_a_longer_fixation_is_larger_by_area():
    assert radius_px(0.8) == pytest.approx(2 * radius_px(0.2))
    assert radius_px(0.01) == 8
    assert radius_px(60) == 44


def test_scanpaths_differ_in_colour_and_in_shape(view):
    rims = {}
    for style in (PREDICTED, *RECORDED):
        view.layer.scanpaths = (ShownScanpath((Fixation(100, 150, 1.0),), style),)
        assert colour_count(view, style.colour) > 5
        rims[style.shape] = near(view, 100, 150, 40) > 200
    shapes = list(rims.values())
    for index, one in enumerate(shapes):
        for other in shapes[index + 1 :]:
            assert (one != other).sum() > 100
    assert len({style.colour for style in (PREDICTED, *RECORDED)}) == len({s.mark for s in (PREDICTED, *RECORDED)}) == 3


def test_colours_are_readable_on_black():
    for colour in (theme.GAZE, theme.RECORDED_GAZE, theme.OTHER_GAZE, theme.SECOND_LOOK):
        assert theme.contrast_ratio(colour, "#000000") > 4.5
        assert theme.contrast_ratio(colour, theme.PANEL) > 4.5


def test_a_replay_shows_what_has_begun_and_strengthens_what_lasts(view):
    view.layer.scanpaths = (ShownScanpath(PATH, shown=1, current=0),)
    lasting = near(view, 40, 60).sum()
    assert near(view, 150, 220).max() == 0
    view.layer.scanpaths = (ShownScanpath(PATH, shown=2, current=1),)
    assert near(view, 40, 60).sum() < lasting
    assert near(view, 150, 220).sum() > 0


def test_lit_fixations_stand_out(view):
    view.layer.scanpaths = (ShownScanpath(PATH),)
    plain = near(view, 40, 60).sum()
    view.layer.scanpaths = (ShownScanpath(PATH, lit=frozenset([0])),)
    assert near(view, 40, 60).sum() > plain * 1.3


def test_a_click_on_a_number_chooses_the_fixation_and_leaves_the_window_alone(view):
    clicked = []
    view.layer.on_fixation = lambda *which: clicked.append(which)
    view.layer.scanpaths = (ShownScanpath(PATH), ShownScanpath((Fixation(100, 20, 0.3),), RECORDED[0]))
    before = view.window_tool.voi
    for x_px, y_px in ((150, 220), (100, 20)):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=logical_point(view.viewport, 1.0, x_px, y_px).toPoint())
    assert clicked == [(0, 1), (1, 0)]
    at = logical_point(view.viewport, 1.0, 40, 60).toPoint()
    drag(view, Qt.MouseButton.LeftButton, at, at + QPoint(60, 10))
    assert view.window_tool.voi == before
    aside = logical_point(view.viewport, 1.0, 60, 150).toPoint()
    drag(view, Qt.MouseButton.LeftButton, aside, aside + QPoint(60, 10))
    assert view.window_tool.voi != before
    assert len(clicked) == 3


def test_what_a_replay_does_not_show_cannot_be_clicked(view):
    clicked = []
    view.layer.on_fixation = lambda *which: clicked.append(which)
    view.layer.scanpaths = (ShownScanpath(PATH, shown=1),)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=logical_point(view.viewport, 1.0, 150, 220).toPoint())
    assert clicked == []


def test_the_heat_map_lies_on_the_film_with_its_opacity(view):
    made = duration_map([Fixation(40, 60, 0.5)], Spread((12.0,), ""), 200, 300)
    view.layer.heat_map = heat_map_picture(made)
    view.layer.opacity = 1.0
    for change in (lambda: None, view.flip_vertically, lambda: view.turn(1)):
        change()
        assert near(view, 40, 60, 2).min() > 600
        assert near(view, 150, 220).max() == 0
    view.layer.opacity = 0.3
    assert 120 < near(view, 40, 60, 2).min() < 300


def test_brightness_of_the_heat_map_grows_with_looking_time(qapp):
    seconds = np.linspace(0.0, 0.5, 64, dtype=np.float32)[None, :]
    made = duration_map([Fixation(1, 1, 0.5)], Spread((5.0,), ""), 10, 10)
    picture = heat_map_picture(type(made)(seconds, made.spread))
    luminance = [
        (0.2126 * c.red() + 0.7152 * c.green() + 0.0722 * c.blue()) * c.alphaF()
        for c in (picture.pixelColor(x, 0) for x in range(64))
    ]
    assert picture.pixelColor(0, 0).alpha() == 0
    assert (np.diff(luminance[2:]) > -0.6).all()
    assert luminance[-1] > 240


def test_regions_are_outlined_solid_when_linked_and_dashed_for_a_second_look(view):
    view.layer.regions = (GazeRegion((20, 40, 180, 140), "linked"),)
    solid = colour_count(view, theme.GAZE)
    view.layer.regions = (GazeRegion((20, 40, 180, 140), "second look"),)
    dashed = colour_count(view, theme.SECOND_LOOK)
    assert solid > 300
    assert 60 < dashed < solid * 0.85
