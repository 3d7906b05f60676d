"""Views that move together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from shown_films import HEADER, drag, make_image, show

from desktop.viewer.view_link import ViewLink
from gaze2report.types import VoiWindow


@pytest.fixture
def pair(qtbot):
    codes = np.random.default_rng(2).integers(0, 1024, (600, 500)).astype(np.uint16)
    first = show(qtbot, make_image())
    second = show(qtbot, make_image(codes=codes, modality_values=np.arange(1024.0), windows=()))
    link = ViewLink((first, second))
    yield first, second, link
    link.deleteLater()


def middle_share(view):
    rows, columns = view.image.codes.shape
    return view.viewport.center_x_px / columns, view.viewport.center_y_px / rows


def relative_zoom(view):
    return view.viewport.scale / view.fitted_viewport(view.orientation).scale


def test_zoom_and_pan_go_to_the_same_place_of_a_film_of_another_size(pair):
    first, second, _ = pair
    first.zoom(3.0, QPoint(100, 120).toPointF())
    first.pan(30, -20)
    assert relative_zoom(second) == pytest.approx(relative_zoom(first))
    assert middle_share(second) == pytest.approx(middle_share(first))
    second.zoom(0.6)
    assert relative_zoom(first) == pytest.approx(relative_zoom(second))  # either leads
    first.fit()
    assert second.is_fitted


def test_one_to_one_is_one_to_one_on_each(pair):
    first, second, _ = pair
    first.zoom_to_pixels()
    assert first.viewport.scale == second.viewport.scale == 1.0


def test_a_window_is_passed_on_relative_to_each_films_own_values(pair):
    first, second, _ = pair
    tool, other = first.window_tool, second.window_tool
    tool.voi = replace(tool.automatic, center=tool.automatic.center + tool.automatic.width / 4, explanation="")
    first.window_changed()
    assert other.voi.width == pytest.approx(other.automatic.width)
    assert other.voi.center == pytest.approx(other.automatic.center + other.automatic.width / 4)


def test_a_drag_on_one_film_changes_the_grey_levels_of_the_other(pair):
    first, second, _ = pair
    before = second.window_tool.voi
    drag(first, Qt.MouseButton.LeftButton, QPoint(100, 200), QPoint(160, 170))
    assert second.window_tool.voi != before
    assert second.window_tool.is_inverted == first.window_tool.is_inverted
    first.invert()
    assert second.window_tool.is_inverted


def test_a_film_with_the_opposite_photometric_meaning_gets_brighter_too(qtbot):
    first = show(qtbot, make_image())
    second = show(qtbot, make_image(is_inverted=True))
    link = ViewLink((first, second))
    tool, other = first.window_tool, second.window_tool
    tool.voi = replace(tool.automatic, center=tool.automatic.center - 100, explanation="")  # brighter
    first.window_changed()
    assert other.voi.center > other.automatic.center  # of an inverted film, brighter too
    link.deleteLater()


@pytest.mark.parametrize("key", ["0", "7", "8"])
def test_a_preset_made_from_the_film_is_each_films_own(pair, key):
    first, second, _ = pair
    first.window_tool.voi = first.window_tool.preset(key).voi
    first.window_changed()
    assert second.window_tool.voi is second.window_tool.preset(key).voi


def test_a_window_of_the_header_finds_the_one_of_the_same_name(qtbot):
    first = show(qtbot, make_image())
    second = show(qtbot, make_image(windows=(VoiWindow(7, 8), VoiWindow(600, 700, explanation="lung"))))
    link = ViewLink((first, second))
    first.window_tool.voi = first.window_tool.preset("2").voi
    first.window_changed()
    first.window_tool.voi = first.window_tool.preset("1").voi  # explained as "lung"
    first.window_changed()
    assert second.window_tool.voi == VoiWindow(600, 700, explanation="lung")
    link.deleteLater()


@pytest.mark.parametrize("switch", ["is_wanted", "is_forbidden"])
def test_unlinked_views_stay_where_they_are(pair, switch):
    first, second, link = pair
    setattr(link, switch, switch == "is_forbidden")
    viewport, voi = second.viewport, second.window_tool.voi
    first.zoom(2.0)
    first.invert()
    assert (second.viewport, second.window_tool.voi, second.window_tool.is_inverted) == (viewport, voi, False)


def test_a_hidden_view_is_left_alone(pair):
    first, second, _ = pair
    second.hide()
    viewport = second.viewport
    first.zoom(2.0)
    assert second.viewport == viewport


def test_turning_one_film_does_not_turn_the_other(pair):
    first, second, _ = pair
    first.turn(1)
    assert second.orientation.badge == ""
    assert HEADER.patient_orientation is None
