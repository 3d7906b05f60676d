"""Where a measurement lies on screen, and what the mouse is on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF

from desktop.viewer.image_layer import logical_point
from desktop.viewer.measurement_painter import beside
from desktop.viewer.measurement_shapes import hit, shape_of
from desktop.viewer.viewport import Viewport
from gaze2report.imaging.measurements import MEASUREMENT_KINDS, POINT_COUNTS, Measurement
from gaze2report.imaging.orientation import ALL_ORIENTATIONS

POINTS = ((20.0, 30.0), (120.0, 40.0), (60.0, 110.0), (140.0, 150.0))


def on_screen(x: float, y: float) -> QPointF:
    return QPointF(2 * x + 5, 2 * y + 7)


def shapes(*measurements: Measurement) -> list:
    return [(one, shape_of(one, on_screen)) for one in measurements]


@pytest.mark.parametrize("kind", MEASUREMENT_KINDS)
@pytest.mark.parametrize("orientation", ALL_ORIENTATIONS, ids=str)
def test_every_handle_can_be_taken_however_the_film_lies(kind, orientation) -> None:
    viewport = Viewport(800, 600, 2.5, 80.0, 80.0, orientation)
    one = Measurement(kind, POINTS[: POINT_COUNTS[kind]])
    shape = shape_of(one, lambda x, y: logical_point(viewport, 1.5, x, y))
    for number, point in enumerate(one.points):
        at = logical_point(viewport, 1.5, *point) + QPointF(3, -3)
        found = hit([(one, shape)], at)
        assert found is not None
        assert found == (one.key, number)


def test_a_line_is_taken_as_a_whole_and_empty_film_is_not() -> None:
    line = Measurement("length", ((0.0, 0.0), (100.0, 0.0)))
    box = Measurement("rectangle", ((10.0, 50.0), (90.0, 100.0)))
    ring = Measurement("ellipse", ((110.0, 50.0), (190.0, 100.0)))
    drawn = shapes(line, box, ring)
    assert hit(drawn, on_screen(50, 1)) == (line.key, None)
    assert hit(drawn, on_screen(10, 75)) == (box.key, None)
    assert hit(drawn, on_screen(150, 50)) == (ring.key, None)
    for nothing in ((50, 75), (150, 75), (110, 50.0 + 200), (50, 20)):
        assert hit(drawn, on_screen(*nothing)) is None


def test_the_selected_measurement_is_taken_before_one_that_lies_on_it() -> None:
    lower, upper = (Measurement("length", ((0.0, 0.0), (100.0, 0.0))) for _ in range(2))
    assert hit(shapes(lower, upper), on_screen(0, 0)) == (upper.key, 0)
    assert hit(shapes(lower, upper), on_screen(0, 0), lower.key) == (lower.key, 0)


def test_the_lines_of_a_ratio_stand_at_its_borders_and_run_along_its_axis() -> None:
    ratio = Measurement("ctr", ((40.0, 60.0), (70.0, 66.0), (10.0, 80.0), (110.0, 50.0)))
    shape = shape_of(ratio, QPointF)
    ticks = [line for line in shape.lines if line[0].x() == line[1].x()]
    assert sorted(line[0].x() for line in ticks) == [10.0, 40.0, 70.0, 110.0]
    across = [line for line in shape.lines if line[0].y() == line[1].y()]
    assert sorted(abs(line[0].x() - line[1].x()) for line in across) == [30.0, 100.0]


def test_labels_make_room_for_each_other_and_stay_on_the_film() -> None:
    taken = [QRectF(0, 0, 100, 20), QRectF(0, 25, 100, 20)]
    assert beside(QRectF(10, 5, 50, 18), taken, 400) == QRectF(10, 47, 50, 18)
    assert beside(QRectF(200, 5, 50, 18), taken, 400) == QRectF(200, 5, 50, 18)
    assert beside(QRectF(10, 5, 50, 18), taken, 60) == QRectF(10, 5, 50, 18)  # no room: overlapping is better than gone
