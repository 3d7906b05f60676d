from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from shown_films import HEADER, drag, make_image, pixels, show

from desktop.viewer.annotations import BANNER_HEIGHT_PX
from desktop.viewer.image_view import ImageView
from gaze2report.imaging import windowing
from gaze2report.types import VoiLut, VoiWindow


def shown_grey(view: ImageView) -> np.ndarray:
    """Grey levels of the film's place on screen at 1:1."""
    assert view.viewport is not None
    assert view.image is not None
    left, top = view.viewport.origin_px
    rows, columns = view.image.codes.shape
    part = pixels(view)[top : top + rows, left : left + columns]
    assert (part >> 16 == part & 0xFF).all()
    return part & 0xFF


def at_one_to_one(view: ImageView) -> None:
    """1:1 with the top of the film below the banner."""
    view.zoom_to_pixels()
    view.pan(0, 0.25 + BANNER_HEIGHT_PX / 2)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="header_window"),
        pytest.param({"windows": ()}, id="automatic"),
        pytest.param({"is_inverted": True}, id="monochrome1"),
        pytest.param({"windows": (VoiWindow(1000, 900, "SIGMOID"),)}, id="sigmoid"),
        pytest.param({"padding_codes": (0, 100)}, id="padding"),
        pytest.param(
            {"voi_luts": (VoiLut(-1024.0, np.linspace(0, 1023, 4096).astype(np.uint16), 10, "x"),)}, id="voi_lut"
        ),
    ],
)
def test_every_pixel_on_screen_has_the_grey_of_the_pipeline(qtbot, fields: dict) -> None:
    image = make_image(**fields)
    view = show(qtbot, image)
    at_one_to_one(view)
    np.testing.assert_array_equal(shown_grey(view), windowing.to_display(image))
    view.invert()
    np.testing.assert_array_equal(shown_grey(view), windowing.to_display(image, invert=True))


def test_a_drag_shows_the_window_it_names(qtbot) -> None:
    image = make_image()
    view = show(qtbot, image)
    at_one_to_one(view)
    drag(view, Qt.MouseButton.LeftButton, QPoint(100, 200), QPoint(160, 170))
    assert view.window_tool is not None
    dragged = view.window_tool.voi
    assert isinstance(dragged, VoiWindow)
    assert dragged.width > 2000
    assert dragged.center < 1000  # up is brighter
    np.testing.assert_array_equal(shown_grey(view), windowing.to_display(image, dragged))


def test_dragging_up_brightens_a_monochrome1_film_too(qtbot) -> None:
    view = show(qtbot, make_image(is_inverted=True))
    before = pixels(view).mean()
    drag(view, Qt.MouseButton.LeftButton, QPoint(100, 200), QPoint(100, 150))
    assert pixels(view).mean() > before


def test_a_drag_from_a_voi_lut_starts_from_a_window_like_it(qtbot) -> None:
    lut = VoiLut(-1024.0, np.linspace(0, 1023, 4096).astype(np.uint16), 10, "soft")
    image = make_image(voi_luts=(lut,))
    view = show(qtbot, image)
    assert view.window_tool is not None
    assert "LUT soft" in view.window_tool.text()
    before = windowing.to_display(image).astype(int)
    drag(view, Qt.MouseButton.RightButton, QPoint(100, 200), QPoint(104, 201))
    assert "LUT off" in view.window_tool.text()
    after = windowing.to_display(image, view.window_tool.voi).astype(int)
    assert np.abs(before - after).mean() < 8


@pytest.mark.parametrize(
    ("button", "modifiers"),
    [
        pytest.param(Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier, id="middle"),
        pytest.param(Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, id="ctrl_left"),
    ],
)
def test_a_pan_moves_the_film_with_the_hand(qtbot, button, modifiers) -> None:
    view = show(qtbot, make_image())
    view.zoom(4.0)
    before = view.image_position(QPointF(100, 100))
    drag(view, button, QPoint(100, 100), QPoint(130, 80), modifiers)
    assert view.image_position(QPointF(130, 80)) == pytest.approx(before, abs=1e-6)


def test_the_wheel_zooms_to_the_cursor(qtbot) -> None:
    view = show(qtbot, make_image())
    cursor = QPointF(333, 111)
    before = view.image_position(cursor)
    assert view.viewport is not None
    scale = view.viewport.scale
    for _ in range(3):
        event = QWheelEvent(
            cursor, view.mapToGlobal(cursor), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, event)
    assert view.viewport.scale == pytest.approx(scale * 1.2**3)
    assert view.image_position(cursor) == pytest.approx(before, abs=1e-6)


def test_one_to_one_is_exact_from_every_zoom(qtbot) -> None:
    view = show(qtbot, make_image())
    for factor in (0.3, 1.7, 1.2**5, 0.77, 3.1):
        view.zoom(factor)
        view.zoom_to_pixels()
        assert view.viewport is not None
        assert view.viewport.scale == 1.0


def test_a_fitted_film_stays_fitted_when_the_window_grows(qtbot) -> None:
    view = show(qtbot, make_image())
    view.resize(800, 826)
    qtbot.waitUntil(lambda: view.height() == 826)
    assert view.viewport is not None
    assert view.viewport.scale == pytest.approx((826 - BANNER_HEIGHT_PX) / 300)


def test_the_banner_is_painted_over_whatever_the_film_does(qtbot) -> None:
    view = show(qtbot, make_image(codes=np.full((300, 200), 4095, np.uint16)))
    for _ in range(3):
        strip = pixels(view)[:BANNER_HEIGHT_PX]
        assert len(np.unique(strip)) > 20  # letters
        assert (strip >> 8 & 0xFF).mean() < 90  # on a dark ground
        view.zoom(3.0)
        view.pan(40, 60)
    view.set_message("This film cannot be shown.", view.header)
    assert len(np.unique(pixels(view)[:BANNER_HEIGHT_PX])) > 20


def test_a_film_for_processing_and_a_lossy_one_say_so_even_without_corner_text(qtbot) -> None:
    from dataclasses import replace

    plain = show(qtbot, make_image(codes=np.zeros((300, 200), np.uint16)))
    bottom = pixels(plain)[-80:, :200]
    marked = replace(HEADER, presentation_intent="FOR PROCESSING", is_lossy=True)
    view = show(qtbot, make_image(codes=np.zeros((300, 200), np.uint16), header=marked))
    assert (pixels(view)[-80:, :200] != bottom).sum() > 300


@pytest.mark.parametrize("ratio", ["1", "1.25", "1.5", "2"])
def test_one_to_one_is_one_image_pixel_per_device_pixel(ratio: str, tmp_path: Path) -> None:
    """In a process of its own: Qt reads the scale of the screen once."""
    script = Path(__file__).with_name("show_one_to_one.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "shown.npy")],
        env={**__import__("os").environ, "QT_SCALE_FACTOR": ratio, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert f"ratio {float(ratio)}" in ran.stdout
    assert "equal True" in ran.stdout
    assert "turned and flipped True" in ran.stdout


def test_a_film_that_moves_is_painted_like_itself_and_exactly_once_it_stands_still(qtbot) -> None:
    y, x = np.mgrid[:600, :500]
    smooth = make_image(codes=(2000 + 1500 * np.sin(x / 40) * np.cos(y / 50)).astype(np.uint16))
    view, still = show(qtbot, smooth), show(qtbot, smooth)
    view.begin_moving()
    view.zoom(0.9)
    still.zoom(0.9)
    exact = pixels(still)
    moving = pixels(view)
    assert view.is_moving
    assert np.abs((moving & 0xFF).astype(int) - (exact & 0xFF).astype(int))[60:-60].max() <= 8
    qtbot.waitUntil(lambda: not view.is_moving)
    np.testing.assert_array_equal(pixels(view), exact)
