"""What stands around and over a film: letters, badge, ruler, shutter, overlays, magnifier, presets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from shown_films import HEADER, make_image, move_event, pixels, show

from desktop.viewer.film_marks import NOT_STATED, ruler_of
from desktop.viewer.image_layer import ImageLayer
from desktop.viewer.magnifier import FACTOR, SIDE_PX
from desktop.viewer.viewport import Viewport
from gaze2report.imaging import windowing
from gaze2report.imaging.calibration import Calibration, calibration_of
from gaze2report.imaging.orientation import ALL_ORIENTATIONS, Orientation, edge_letters
from gaze2report.types import Overlay, Shutter

PA = replace(HEADER, patient_orientation=("L", "F"))
EMPTY = Calibration(None, None, "none", "px", "")


def badge_texts(view) -> list[str]:
    return [text for text, _ in view.warning_lines()]


@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS)
def test_letters_and_badge_follow_every_orientation(qtbot, orientation: Orientation) -> None:
    view = show(qtbot, make_image(header=PA))
    stored = pixels(view)
    view.orient(orientation)
    assert view.letters == edge_letters(("L", "F"), orientation)
    assert NOT_STATED not in badge_texts(view)
    if orientation.badge:
        assert orientation.badge in badge_texts(view)
        assert (pixels(view)[-40:, :150] != stored[-40:, :150]).any()  # the badge is painted, not only known
    view.reset()
    np.testing.assert_array_equal(pixels(view), stored)


def test_a_mirrored_letter_is_painted_at_the_other_edge(qtbot) -> None:
    black = make_image(codes=np.zeros((300, 200), np.uint16), header=PA)
    view = show(qtbot, black)
    middle = slice(view.height() // 2, view.height() // 2 + 30)
    left, right = pixels(view)[middle, :40].copy(), pixels(view)[middle, -40:].copy()
    view.flip_horizontally()
    flipped_left, flipped_right = pixels(view)[middle, :40], pixels(view)[middle, -40:]
    assert left.any()
    assert right.any()
    # R and L have changed places; their ink differs by more than the smoothing of another position does
    inks = [np.count_nonzero(part) for part in (left, right, flipped_left, flipped_right)]
    assert abs(inks[2] - inks[1]) < abs(inks[2] - inks[0])
    assert abs(inks[3] - inks[0]) < abs(inks[3] - inks[1])


def test_a_file_that_does_not_state_its_orientation_gets_no_letters_and_says_so(qtbot) -> None:
    view = show(qtbot, make_image())
    assert view.letters is None
    assert NOT_STATED in badge_texts(view)


@pytest.mark.parametrize(
    ("scale", "ratio", "spacing", "length"),
    [(0.5, 1.0, None, 200), (1.0, 1.0, None, 100), (0.5, 1.0, 0.2, 50), (0.5, 2.0, 0.2, 100), (8.0, 1.0, 0.2, 2)],
)
def test_the_ruler_is_the_longest_round_length_that_fits(scale, ratio, spacing, length) -> None:
    metric = Calibration(spacing, spacing, "detector", "mm @detector", "") if spacing else EMPTY
    ruler = ruler_of(Viewport(1600, 1200, scale, 0, 0), ratio, metric)
    assert ruler.length == length
    assert ruler.text == f"{length} {metric.unit_suffix}"
    assert ruler.length_logical_px == pytest.approx(length / (spacing or 1.0) * scale / ratio)
    assert 170 / 2.5 < ruler.length_logical_px <= 170 + 1e-6


def test_the_ruler_of_a_film_with_oblong_pixels_measures_along_the_screen() -> None:
    oblong = calibration_of(replace(HEADER, imager_pixel_spacing_mm=(0.4, 0.2)))
    upright = ruler_of(Viewport(800, 600, 1.0, 0, 0), 1.0, oblong)
    turned = ruler_of(Viewport(800, 600, 1.0, 0, 0, Orientation(1)), 1.0, oblong)
    assert upright.length_logical_px / upright.length == pytest.approx(1 / 0.2)
    assert turned.length_logical_px / turned.length == pytest.approx(1 / 0.4)


def grey_at(view, x_px: float, y_px: float) -> int:
    x, y = view.viewport.image_to_device(x_px, y_px)
    return int(pixels(view)[int(y), int(x)] & 0xFF)


@pytest.mark.parametrize("orientation", [Orientation(), Orientation(1, True)])
@pytest.mark.parametrize(
    "shutter",
    [
        Shutter(rectangle_px=(40, 60, 160, 240)),
        Shutter(circle_px=(100, 150, 70)),
        Shutter(polygon_px=((40, 80), (160, 80), (100, 260))),
        Shutter(rectangle_px=(40, 60, 160, 240), circle_px=(100, 150, 70), grey=0.5),
    ],
)
def test_a_shutter_covers_what_is_outside_of_it_and_can_be_opened(qtbot, shutter, orientation) -> None:
    bright = make_image(codes=np.full((300, 200), 4000, np.uint16), shutter=shutter)
    view = show(qtbot, bright)
    view.orient(orientation)
    covered = round(shutter.grey * 255)
    assert grey_at(view, 100, 150) == 255
    for outside in ((10, 60), (190, 280), (100, 20)):
        assert grey_at(view, *outside) == covered
    assert "Shutter on" in badge_texts(view)
    view.shutter.is_visible = False
    view.update()
    assert grey_at(view, 10, 60) == 255
    assert "Shutter off" in badge_texts(view)


def test_overlays_lie_on_their_pixels_in_every_orientation_and_go_away(qtbot) -> None:
    mask = np.zeros((60, 50), bool)
    mask[:, 10] = True  # a line one pixel wide must survive being reduced
    overlays = (Overlay(mask, 100, -3), Overlay(mask, 590, 395, is_region=True))
    dark = make_image(codes=np.zeros((600, 400), np.uint16), overlays=overlays)
    view = show(qtbot, dark)
    view.zoom(0.5)
    for orientation in (Orientation(), Orientation(3), Orientation(2, True)):
        view.orient(orientation)
        x, y = view.viewport.image_to_device(7.5, 130.5)
        near = pixels(view)[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
        assert ((near >> 8 & 0xFF) > 100).any()
    view.overlays.is_visible = False
    assert not (pixels(view)[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]).any()
    assert "Overlays off" in badge_texts(view)


def hover(view, x: int, y: int) -> None:
    event = move_event(view, Qt.MouseButton.NoButton, QPoint(x, y), Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view, event)


def test_the_magnifier_follows_the_pointer_and_stays_when_frozen(qtbot) -> None:
    view = show(qtbot, make_image())
    plain = pixels(view)
    view.magnifier.step(view.image_position(QPoint(200, 200).toPointF()))
    hover(view, 250, 240)
    lens = view.magnifier.lens_viewport(view.viewport, 1.0)
    assert lens.scale == pytest.approx(view.viewport.scale * FACTOR)
    assert (lens.center_x_px, lens.center_y_px) == pytest.approx(view.image_position(QPoint(250, 240).toPointF()))
    view.magnifier.step(None)
    hover(view, 100, 100)
    assert view.magnifier.lens_viewport(view.viewport, 1.0) == lens
    inside = (slice(240 - SIDE_PX // 2, 240 + SIDE_PX // 2), slice(250 - SIDE_PX // 2, 250 + SIDE_PX // 2))
    shown = pixels(view)
    assert (shown[inside] != plain[inside]).mean() > 0.5
    shown[inside] = plain[inside]
    np.testing.assert_array_equal(shown, plain)  # and nothing outside of the lens
    view.magnifier.step(None)
    np.testing.assert_array_equal(pixels(view), plain)


def test_the_lens_shows_the_grey_of_the_pipeline_under_its_middle(qtbot) -> None:
    codes = np.repeat(np.repeat(np.arange(12).reshape(4, 3) * 300, 75, axis=0), 67, axis=1).astype(np.uint16)
    image = make_image(codes=codes)
    view = show(qtbot, image)
    view.flip_horizontally()
    view.magnifier.step((100.0, 112.0))
    expected = int(windowing.to_display(image)[112, 100])
    assert grey_at(view, 100, 112) == expected


class Dot(ImageLayer):
    """A layer with one square, to see it in the lens."""

    def paint(self, painter, viewport, ratio) -> None:
        x, y = viewport.image_to_device(100, 150)
        painter.fillRect(int(x / ratio) - 4, int(y / ratio) - 4, 8, 8, QColor("#ff0000"))


def test_what_is_drawn_on_the_film_is_drawn_in_the_lens_too(qtbot) -> None:
    view = show(qtbot, make_image())
    view.add_layer(Dot())
    once = np.count_nonzero(pixels(view) == 0xFF0000)
    view.magnifier.step((110.0, 160.0))
    x, y = (round(v) for v in view.viewport.image_to_device(110, 160))
    lens = pixels(view)[y - SIDE_PX // 2 : y + SIDE_PX // 2, x - SIDE_PX // 2 : x + SIDE_PX // 2]
    assert np.count_nonzero(lens == 0xFF0000) == once
