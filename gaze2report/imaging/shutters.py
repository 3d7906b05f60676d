"""The display shutter (PS3.3 C.7.6.11): which part of a film its maker wanted covered."""

from __future__ import annotations

from itertools import pairwise

from gaze2report.imaging.tolerant import TolerantDataset
from gaze2report.types import Shutter

SHUTTER_KEYWORDS = (
    "ShutterShape",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "CenterOfCircularShutter",
    "RadiusOfCircularShutter",
    "VerticesOfThePolygonalShutter",
    "ShutterPresentationValue",
)
_WHITE = 65535.0
_IGNORED = "The display shutter {why} and was ignored."


def read_shutter(header: TolerantDataset, rows: int, columns: int) -> Shutter | None:
    """Shutter of an image of this size.

    One that cannot be understood, or would cover the whole image, is ignored with a note: too much on screen is seen,
    too little is not.
    """
    shapes = [shape.strip().upper() for shape in header.text("ShutterShape").split("\\") if shape.strip()]
    if not shapes:
        return None
    for shape in shapes:
        if shape not in ("RECTANGULAR", "CIRCULAR", "POLYGONAL"):
            header.note(_IGNORED.format(why=f"has the unknown shape {shape[:20]!r}"))
    rectangle = _rectangle(header) if "RECTANGULAR" in shapes else None
    circle = _circle(header) if "CIRCULAR" in shapes else None
    polygon = _polygon(header) if "POLYGONAL" in shapes else ()
    wanted = len({"RECTANGULAR", "CIRCULAR", "POLYGONAL"} & set(shapes))
    if (rectangle is not None) + (circle is not None) + bool(polygon) != wanted:
        header.note(_IGNORED.format(why="is not wholly stated"))
        return None
    if wanted == 0:
        return None
    left, top, right, bottom = _bounds_of(rectangle, circle, polygon)
    if min(right, columns) <= max(left, 0.0) or min(bottom, rows) <= max(top, 0.0):
        header.note(_IGNORED.format(why="covers the whole image"))
        return None
    value = header.number("ShutterPresentationValue") or 0.0
    return Shutter(rectangle, circle, polygon, grey=min(max(value / _WHITE, 0.0), 1.0))


def _rectangle(header: TolerantDataset) -> tuple[float, float, float, float] | None:
    """Edges as image coordinates; the edge pixels themselves stay visible."""
    names = (
        "ShutterLeftVerticalEdge",
        "ShutterUpperHorizontalEdge",
        "ShutterRightVerticalEdge",
        "ShutterLowerHorizontalEdge",
    )
    left, top, right, bottom = (header.number(name) for name in names)
    if left is None or top is None or right is None or bottom is None or right < left or bottom < top:
        return None
    return left - 1.0, top - 1.0, right, bottom


def _circle(header: TolerantDataset) -> tuple[float, float, float] | None:
    center, radius = header.numbers("CenterOfCircularShutter"), header.number("RadiusOfCircularShutter")
    if len(center) != 2 or radius is None or radius <= 0:
        return None
    return center[1] - 0.5, center[0] - 0.5, radius  # stated as row, column; pixel centres


def _polygon(header: TolerantDataset) -> tuple[tuple[float, float], ...]:
    numbers = header.numbers("VerticesOfThePolygonalShutter")
    if len(numbers) % 2 or len(numbers) < 6:
        return ()
    corners = tuple((column - 0.5, row - 0.5) for row, column in zip(numbers[::2], numbers[1::2], strict=True))
    area = sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairwise((*corners, corners[0])))
    return corners if area != 0 else ()


def _bounds_of(
    rectangle: tuple[float, float, float, float] | None,
    circle: tuple[float, float, float] | None,
    polygon: tuple[tuple[float, float], ...],
) -> list[float]:
    """Left, top, right and bottom of what all shapes leave open, at most."""
    boxes = [] if rectangle is None else [rectangle]
    if circle is not None:
        x, y, radius = circle
        boxes.append((x - radius, y - radius, x + radius, y + radius))
    if polygon:
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    starts = [max(box[i] for box in boxes) for i in (0, 1)]
    return starts + [min(box[i] for box in boxes) for i in (2, 3)]
