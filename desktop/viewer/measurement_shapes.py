"""The shape of a measurement on screen, and what of it lies under the mouse. Plain geometry in logical pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QPointF

from gaze2report.imaging.measurements import Measurement

ToScreen = Callable[[float, float], QPointF]
HANDLE_REACH_PX = 9.0
LINE_REACH_PX = 6.0
_ELLIPSE_STEPS = 64
_ARROW_HEAD_PX = 14.0
_BORDER_TICK = 0.09
"""Half length of the tick at a border of heart or thorax, as a part of the thorax's width."""


@dataclass(frozen=True)
class Shape:
    """What to draw, in logical pixels.

    Attributes
    ----------
    lines : tuple of tuple of QPointF
        Open polylines.
    leaders : tuple of tuple of QPointF
        Thin helping lines.
    handles : tuple of QPointF
        One for each point of the measurement.
    label_at : QPointF
        Where its values are written: their left end, at the height of its middle.
    """

    lines: tuple[tuple[QPointF, ...], ...]
    leaders: tuple[tuple[QPointF, ...], ...]
    handles: tuple[QPointF, ...]
    label_at: QPointF


class Hit(NamedTuple):
    """What the mouse is on: a handle by its number, or the drawing as a whole when None."""

    key: str
    handle: int | None


def shape_of(measurement: Measurement, to_screen: ToScreen) -> Shape:
    """Shape of a measurement under a mapping from image to screen."""
    handles = tuple(to_screen(*point) for point in measurement.points)
    lines: tuple[tuple[QPointF, ...], ...]
    leaders: tuple[tuple[QPointF, ...], ...] = ()
    match measurement.kind:
        case "length":
            lines = (handles,)
        case "angle":
            lines = (handles,)
        case "cobb":
            lines = (handles[:2], handles[2:])
            leaders = ((_middle(*handles[:2]), _middle(*handles[2:])),)
        case "rectangle":
            lines = (_rectangle(measurement, to_screen),)
        case "ellipse":
            lines = (_ellipse(measurement, to_screen),)
        case "arrow":
            lines = (handles, _arrow_head(*handles))
        case "ctr":
            lines, leaders = _ratio_lines(measurement, to_screen)
        case "text":
            lines = ()
    return Shape(lines, leaders, handles, _label_at(measurement, handles))


def hit(shapes: list[tuple[Measurement, Shape]], at: QPointF, selected_key: str = "") -> Hit | None:
    """What lies under the mouse: handles before lines, the selected drawing first, then the newest."""
    ordered = sorted(reversed(shapes), key=lambda pair: pair[0].key != selected_key)
    for measurement, shape in ordered:
        distances = [_distance(at, handle) for handle in shape.handles]
        nearest = min(range(len(distances)), key=distances.__getitem__)
        if distances[nearest] <= HANDLE_REACH_PX:
            return Hit(measurement.key, nearest)
    for measurement, shape in ordered:
        for line in shape.lines:
            if any(_to_segment(at, a, b) <= LINE_REACH_PX for a, b in itertools.pairwise(line)):
                return Hit(measurement.key, None)
    return None


def _rectangle(measurement: Measurement, to_screen: ToScreen) -> tuple[QPointF, ...]:
    (x0, y0), (x1, y1) = measurement.points
    return tuple(to_screen(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)))


def _ellipse(measurement: Measurement, to_screen: ToScreen) -> tuple[QPointF, ...]:
    (x0, y0), (x1, y1) = measurement.points
    turns = [2 * math.pi * step / _ELLIPSE_STEPS for step in range(_ELLIPSE_STEPS + 1)]
    middle_x, middle_y, half_x, half_y = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2
    return tuple(to_screen(middle_x + half_x * math.cos(t), middle_y + half_y * math.sin(t)) for t in turns)


def _ratio_lines(
    measurement: Measurement, to_screen: ToScreen
) -> tuple[tuple[tuple[QPointF, ...], ...], tuple[tuple[QPointF, ...], ...]]:
    """A tick at each border, a line across heart and thorax at the height of its first border, and leaders to it."""
    is_across_x = measurement.axis == "x"

    def place(along: float, across: float) -> QPointF:
        return to_screen(along, across) if is_across_x else to_screen(across, along)

    borders = [point if is_across_x else (point[1], point[0]) for point in measurement.points]
    tick = _BORDER_TICK * abs(borders[3][0] - borders[2][0])
    lines: list[tuple[QPointF, ...]] = []
    leaders: list[tuple[QPointF, ...]] = []
    for first, second in (borders[:2], borders[2:]):
        lines += [(place(along, across - tick), place(along, across + tick)) for along, across in (first, second)]
        lines.append((place(*first), place(second[0], first[1])))
        leaders.append((place(second[0], first[1]), place(*second)))
    return tuple(lines), tuple(leaders)


def _arrow_head(tip: QPointF, tail: QPointF) -> tuple[QPointF, ...]:
    back = math.atan2(tail.y() - tip.y(), tail.x() - tip.x())
    size = min(_ARROW_HEAD_PX, _distance(tip, tail))
    ends = [tip + QPointF(math.cos(back + turn) * size, math.sin(back + turn) * size) for turn in (-0.4, 0.4)]
    return ends[0], tip, ends[1]


def _label_at(measurement: Measurement, handles: tuple[QPointF, ...]) -> QPointF:
    if measurement.kind == "text":
        return handles[0] + QPointF(10, 0)
    if measurement.kind == "angle":
        return handles[1] + QPointF(14, 0)
    if measurement.kind == "arrow":
        return handles[1] + QPointF(8, 0)
    if measurement.kind == "cobb":
        return _middle(_middle(*handles[:2]), _middle(*handles[2:])) + QPointF(10, 0)
    right = max(handles, key=lambda point: point.x())
    return right + QPointF(12, 0)


def _middle(one: QPointF, other: QPointF) -> QPointF:
    return (one + other) / 2


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def _to_segment(at: QPointF, start: QPointF, end: QPointF) -> float:
    step = end - start
    squared = step.x() ** 2 + step.y() ** 2
    if not squared:
        return _distance(at, start)
    along = ((at.x() - start.x()) * step.x() + (at.y() - start.y()) * step.y()) / squared
    return _distance(at, start + step * min(max(along, 0.0), 1.0))
