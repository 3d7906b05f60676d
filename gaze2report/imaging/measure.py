"""Values of measurements: lengths, angles, ratios and the grey values of a region.

Angles and areas are those of the patient's plane, so pixels that are not square are stretched first. Without a pixel
spacing the pixels count as square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.imaging.calibration import Calibration
from gaze2report.imaging.measurements import Measurement, Point
from gaze2report.types import Image


@dataclass(frozen=True)
class RegionStatistics:
    """Grey values of a region, in units of the Modality LUT's output.

    Attributes
    ----------
    pixels : int
        How many pixels of the film have their middle inside; padding does not count.
    minimum, maximum, mean, standard_deviation : float
        Of these pixels; the standard deviation is that of the pixels themselves (divided by their number). NaN where
        there are none.
    """

    pixels: int
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float


@dataclass(frozen=True, eq=False)
class RegionHistogram:
    """How often grey values of a region occur, in units of the Modality LUT's output.

    Attributes
    ----------
    counts : ndarray of int64, shape (bins,)
        Pixels in each bin; their sum is the region's number of pixels.
    edges : ndarray of float64, shape (bins + 1,)
        Ends of the bins; the first and the last are the smallest and the largest value of the region. All zero where
        the region holds no pixel.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


def length(measurement: Measurement, calibration: Calibration) -> float:
    """Length of a line, in the calibration's unit."""
    (x0, y0), (x1, y1) = measurement.points[:2]
    return calibration.length(x1 - x0, y1 - y0)


def angle_deg(measurement: Measurement, calibration: Calibration) -> float:
    """Angle at the vertex, 0 to 180 degrees; NaN while an arm has no length."""
    end, vertex, other = measurement.points
    return _angle_between(_step(vertex, end, calibration), _step(vertex, other, calibration))


def cobb_angle_deg(measurement: Measurement, calibration: Calibration) -> float:
    """Cobb angle between two lines, 0 to 90 degrees; which way a line was drawn does not matter.

    NaN while a line has no length. A curve over 90 degrees is measured as an angle instead.
    """
    a, b, c, d = measurement.points
    angle = _angle_between(_step(a, b, calibration), _step(c, d, calibration))
    return min(angle, 180.0 - angle) if math.isfinite(angle) else angle


def cardiothoracic_ratio(measurement: Measurement) -> float:
    """Width of the heart over inner width of the thorax; needs no calibration. NaN while the thorax has no width.

    Both are distances along one axis of the image, as in Danzer (1919): the borders may lie at different heights.
    """
    along = 0 if measurement.axis == "x" else 1
    heart_a, heart_b, thorax_a, thorax_b = (point[along] for point in measurement.points)
    thorax = abs(thorax_b - thorax_a)
    return abs(heart_b - heart_a) / thorax if thorax else math.nan


def box_sides(measurement: Measurement, calibration: Calibration) -> tuple[float, float]:
    """Width and height of a region's box, in the calibration's unit."""
    (x0, y0), (x1, y1) = measurement.points
    return abs(x1 - x0) * calibration.column_spacing, abs(y1 - y0) * calibration.row_spacing


def area(measurement: Measurement, calibration: Calibration) -> float:
    """Area of an ellipse or rectangle, in the square of the calibration's unit."""
    width, height = box_sides(measurement, calibration)
    return width * height * (math.pi / 4 if measurement.kind == "ellipse" else 1.0)


def region_mask(measurement: Measurement, rows: int, columns: int) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Pixels of a region: those whose middle lies in it, edge included.

    Returns
    -------
    row_range, column_range : slice
        Part of the image that can hold any.
    mask : ndarray of bool
        Of the shape of that part, which may be empty.
    """
    (x0, y0), (x1, y1) = measurement.points
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    # pixel i has its middle at i + 0.5
    first_row, last_row = _first(top, rows), _last(bottom, rows)
    first_column, last_column = _first(left, columns), _last(right, columns)
    y = np.arange(first_row, last_row)[:, None] + 0.5
    x = np.arange(first_column, last_column)[None, :] + 0.5
    if measurement.kind == "rectangle":
        mask = np.ones((y.shape[0], x.shape[1]), dtype=np.bool_)
    else:
        half_width, half_height = max((right - left) / 2, 1e-12), max((bottom - top) / 2, 1e-12)
        across = ((x - (left + right) / 2) / half_width) ** 2
        mask = across + ((y - (top + bottom) / 2) / half_height) ** 2 <= 1.0
    return slice(first_row, last_row), slice(first_column, last_column), mask


def region_statistics(measurement: Measurement, image: Image) -> RegionStatistics:
    """Grey values inside an ellipse or rectangle; a region partly outside of the film counts what is on it."""
    values, weights = _region_values(measurement, image)
    pixels = int(weights.sum())
    if not pixels:
        return RegionStatistics(0, math.nan, math.nan, math.nan, math.nan)
    mean = float(np.average(values, weights=weights))
    variance = float(np.average((values - mean) ** 2, weights=weights))
    return RegionStatistics(pixels, float(values.min()), float(values.max()), mean, math.sqrt(variance))


def region_histogram(measurement: Measurement, image: Image, bins: int = 64) -> RegionHistogram:
    """Histogram of the grey values inside an ellipse or rectangle, in bins of one width."""
    values, weights = _region_values(measurement, image)
    if not len(values):
        return RegionHistogram(np.zeros(bins, dtype=np.int64), np.zeros(bins + 1))
    counts, edges = np.histogram(values, bins=bins, range=(float(values.min()), float(values.max())), weights=weights)
    if values.min() == values.max():  # numpy widens a range without width
        edges = np.full(bins + 1, float(values[0]))
    return RegionHistogram(counts.astype(np.int64), edges.astype(np.float64))


def _region_values(measurement: Measurement, image: Image) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The values that occur in a region and how often each does; padding is left out."""
    row_range, column_range, mask = region_mask(measurement, *image.codes.shape)
    codes = image.codes[row_range, column_range][mask]
    counts = np.bincount(codes, minlength=len(image.modality_values))
    if image.padding_codes is not None:
        first, last = sorted(image.padding_codes)
        counts[first : last + 1] = 0
    present = np.flatnonzero(counts)
    return image.modality_values[present].astype(np.float64), counts[present]


def _step(start: Point, end: Point, calibration: Calibration) -> Point:
    return (end[0] - start[0]) * calibration.column_spacing, (end[1] - start[1]) * calibration.row_spacing


def _angle_between(one: Point, other: Point) -> float:
    if not math.hypot(*one) or not math.hypot(*other):
        return math.nan
    cross = one[0] * other[1] - one[1] * other[0]
    dot = one[0] * other[0] + one[1] * other[1]
    return math.degrees(math.atan2(abs(cross), dot))


def _first(edge: float, count: int) -> int:
    """First pixel whose middle is not before an edge."""
    return min(max(math.ceil(edge - 0.5), 0), count)


def _last(edge: float, count: int) -> int:
    """One after the last pixel whose middle is not after an edge."""
    return min(max(math.floor(edge - 0.5) + 1, 0), count)
