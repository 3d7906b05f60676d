"""Layers over a film: what they are told, and who has the mouse."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shown_films import drag, make_image, move_event, pixels, show

from desktop.viewer.image_layer import ImageLayer, logical_point


class Marker(ImageLayer):
    """Draws a square at an image point and takes presses near it."""

    def __init__(self, x_px: float, y_px: float) -> None:
        self.at = (x_px, y_px)
        self.told: list[str] = []

    def paint(self, painter, viewport, ratio) -> None:
        center = logical_point(viewport, ratio, *self.at)
        painter.fillRect(int(center.x()) - 3, int(center.y()) - 3, 6, 6, QColor("#ff0000"))

    def press(self, mouse) -> bool:
        is_mine = abs(mouse.x_px - self.at[0]) < 20 and abs(mouse.y_px - self.at[1]) < 20
        if is_mine:
            self.told.append("press")
        return is_mine

    def move(self, mouse) -> None:
        self.at = (mouse.x_px, mouse.y_px)
        self.told.append("move")

    def release(self, mouse) -> None:
        self.told.append("release")

    def double_click(self, mouse) -> bool:
        self.told.append("double")
        return True

    def hover(self, mouse):
        return Qt.CursorShape.SizeAllCursor if abs(mouse.x_px - self.at[0]) < 20 else None


def red(view) -> tuple[float, float] | None:
    rows, columns = np.nonzero(pixels(view) == 0xFF0000)
    return (float(columns.mean()), float(rows.mean())) if len(rows) else None


def device(view, x: float, y: float) -> QPoint:
    return logical_point(view.viewport, 1.0, x, y).toPoint()


def test_a_layer_is_drawn_where_it_lies_on_the_film_however_the_film_lies(qtbot) -> None:
    view = show(qtbot, make_image())
    view.add_layer(Marker(60, 250))
    for change in (view.flip_horizontally, lambda: view.turn(1), lambda: view.zoom(0.8), view.flip_vertically):
        change()
        x, y = view.viewport.image_to_device(60, 250)
        seen = red(view)
        assert seen is not None
        assert abs(seen[0] - x) <= 1.5
        assert abs(seen[1] - y) <= 1.5


def test_a_press_on_a_layers_thing_is_the_layers_until_the_button_goes_up(qtbot) -> None:
    view = show(qtbot, make_image())
    marker = Marker(60, 250)
    view.add_layer(marker)
    window = view.window_tool.voi
    drag(view, Qt.MouseButton.LeftButton, device(view, 60, 250), device(view, 120, 100))
    assert marker.told[0] == "press"
    assert marker.told[-1] == "release"
    assert abs(marker.at[0] - 120) < 2
    assert view.window_tool.voi is window
    drag(view, Qt.MouseButton.LeftButton, device(view, 20, 20), device(view, 90, 20))
    assert view.window_tool.voi is not window  # beside it, the film's tool has the drag


def test_the_topmost_layer_is_asked_first_and_an_invisible_one_not_at_all(qtbot) -> None:
    view = show(qtbot, make_image())
    low, high = Marker(60, 250), Marker(62, 250)
    view.add_layer(low)
    view.add_layer(high)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=device(view, 60, 250))
    assert (low.told, high.told) == ([], ["press", "release"])
    high.is_visible = False
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=device(view, 60, 250))
    assert low.told == ["press", "release"]
    view.remove_layer(low)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=device(view, 60, 250))
    assert low.told == ["press", "release"]


def test_a_pan_with_ctrl_and_other_buttons_pass_the_layers_by(qtbot) -> None:
    view = show(qtbot, make_image())
    marker = Marker(60, 250)
    view.add_layer(marker)
    at = device(view, 60, 250)
    drag(view, Qt.MouseButton.LeftButton, at, at + QPoint(30, 0), Qt.KeyboardModifier.ControlModifier)
    drag(view, Qt.MouseButton.MiddleButton, at, at + QPoint(30, 0))
    assert marker.told == []


def test_the_pointer_shows_what_a_press_would_do(qtbot) -> None:
    view = show(qtbot, make_image())
    view.add_layer(Marker(60, 250))
    none, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(view, move_event(view, none, device(view, 60, 250), plain))
    assert view.cursor().shape() == Qt.CursorShape.SizeAllCursor
    QApplication.sendEvent(view, move_event(view, none, device(view, 180, 250), plain))
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor


def test_a_double_click_goes_to_the_layers(qtbot) -> None:
    view = show(qtbot, make_image())
    marker = Marker(60, 250)
    view.add_layer(marker)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPointF(device(view, 5, 5)).toPoint())
    assert "double" in marker.told
