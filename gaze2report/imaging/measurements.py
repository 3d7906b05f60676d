"""Measurements on a film: what was drawn, in image pixels, and nothing derived from it.

Values are functions of a drawing, a calibration and the pixels, see :mod:`gaze2report.imaging.measure`; so a better
calibration, or none, changes what is shown and never what was drawn.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from gaze2report.imaging.calibration import LineCalibration

MeasurementKind = Literal["length", "angle", "cobb", "ellipse", "rectangle", "arrow", "text", "ctr"]
Axis = Literal["x", "y"]
Point = tuple[float, float]

MEASUREMENT_KINDS: tuple[MeasurementKind, ...] = get_args(MeasurementKind)
POINT_COUNTS: dict[MeasurementKind, int] = {
    "length": 2,
    "angle": 3,
    "cobb": 4,
    "ellipse": 2,
    "rectangle": 2,
    "arrow": 2,
    "text": 1,
    "ctr": 4,
}
MAX_TEXT_LENGTH = 500


@dataclass(frozen=True)
class Measurement:
    """One drawing on a film.

    Attributes
    ----------
    kind : str
        What it is.
    points : tuple of (float, float)
        Its handles as x, y in image pixels, (0, 0) at the outer corner of the first pixel; they may lie outside of the
        film. ``length``: both ends. ``angle``: an end, the vertex, the other end. ``cobb``: both ends of one line, both
        of the other. ``ellipse``, ``rectangle``: two opposite corners of the box, whose sides run along rows and
        columns. ``arrow``: its tip, its tail. ``text``: where the text begins. ``ctr``: both borders of the heart, then
        both inner borders of the thorax, of which only the coordinate along ``axis`` counts.
    text : str
        The reader's words: the text itself, or a label.
    is_proposed : bool
        True while the lines are the program's and no reader has confirmed them. Only for ``ctr``.
    axis : {"x", "y"}
        Only for ``ctr``: the image axis that runs from one side of the patient to the other; "y" on a film that is
        stored lying on its side.
    key : str
        Names it for as long as it lives; 32 hexadecimal digits.
    """

    kind: MeasurementKind
    points: tuple[Point, ...]
    text: str = ""
    is_proposed: bool = False
    axis: Axis = "x"
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.kind not in MEASUREMENT_KINDS:
            raise ValueError(f"a measurement of kind {self.kind!r} is not known")
        if len(self.points) != POINT_COUNTS[self.kind]:
            raise ValueError(f"a {self.kind} has {POINT_COUNTS[self.kind]} points, not {len(self.points)}")
        if not all(len(point) == 2 and all(math.isfinite(number) for number in point) for point in self.points):
            raise ValueError("the points of a measurement are pairs of finite numbers")
        if len(self.text) > MAX_TEXT_LENGTH:
            raise ValueError(f"the text of a measurement has at most {MAX_TEXT_LENGTH} characters")
        if self.axis not in ("x", "y"):
            raise ValueError(f"an axis {self.axis!r} is not known")
        if self.is_proposed and self.kind != "ctr":
            raise ValueError("only the cardiothoracic ratio is ever proposed")

    def moved(self, dx_px: float, dy_px: float) -> Measurement:
        """The whole drawing moved; lines that the program proposed count as confirmed once a reader moves them."""
        points = tuple((x + dx_px, y + dy_px) for x, y in self.points)
        return replace(self, points=points, is_proposed=False)

    def with_point(self, index: int, point: Point) -> Measurement:
        """The drawing with one handle elsewhere.

        Raises
        ------
        IndexError
            If it has no such handle.
        """
        if not 0 <= index < len(self.points):
            raise IndexError(f"a {self.kind} has no handle {index}")
        points = (*self.points[:index], point, *self.points[index + 1 :])
        return replace(self, points=points, is_proposed=False)

    def confirmed(self) -> Measurement:
        """The drawing as the reader's own."""
        return replace(self, is_proposed=False)


def measurement_to_json(measurement: Measurement) -> dict[str, Any]:
    """A drawing as JSON values; coordinates keep every digit."""
    return {
        "key": measurement.key,
        "kind": measurement.kind,
        "points_px": [[x, y] for x, y in measurement.points],
        "text": measurement.text,
        "is_proposed": measurement.is_proposed,
        "axis": measurement.axis,
    }


def measurement_from_json(content: dict[str, Any]) -> Measurement:
    """A drawing from JSON values.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they are not those of a drawing.
    """
    return Measurement(
        kind=content["kind"],
        points=tuple((float(x), float(y)) for x, y in content["points_px"]),
        text=str(content["text"]),
        is_proposed=bool(content["is_proposed"]),
        axis=content["axis"],
        key=str(content["key"]),
    )


@dataclass(frozen=True)
class FilmMarks:
    """All that readers have drawn on one film: measurements in the order they were made, and the calibration line."""

    measurements: tuple[Measurement, ...] = ()
    line: LineCalibration | None = None
