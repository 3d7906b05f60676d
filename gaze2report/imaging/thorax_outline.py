"""Lines of a cardiothoracic ratio, proposed from an outline of the lungs that thresholds and shapes give.

No training, no weights. A frontal film is reduced to 256 columns; dark tissue on either side of the spine is taken
for lung where it lies where lungs lie. The thorax is as wide as both lungs together; the heart lies between them, above
the diaphragm. Where the outline does not look like two lungs nothing is proposed.

Measured on 198 frontal films, many of very ill patients, with lungs outlined by hand (Cohen et al. 2020), on that half
of the patients by which no constant was chosen: lines are proposed on 59 % of the films. There the thoracic width is
off by 3.0 % in the median on PA films and 5.3 % on AP films (nine in ten within 7 % and 10 %), mostly too narrow; Dice
is 0.86 and 0.83, where the hand's outline holds the lung behind the heart and this one does not. The borders of the
heart were not measured: there is no reference. ``tests/benchmarks/test_lung_outline.py`` measures again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gaze2report.imaging import windowing
from gaze2report.imaging.measurements import Point
from gaze2report.types import Image

_COLUMNS = 256
"""Columns of the reduced film; all distances below are in its pixels."""

_AIR = 0.12
"""Of the range of grey values; darker at the border of the film is air beside the body."""

_CORE_PX, _CLOSING_PX, _GROWTH_PX = 6, 8, 2
_EXPECTED_X, _SPREAD_X = 0.20, 0.14
"""Middle of a lung beside the spine and its spread, parts of the width."""

_LOWER_DOME_PX = 2
_EXPECTED_Y, _SPREAD_Y = 0.48, 0.22
_REACH = 2.15
"""No farther from that middle than this many spreads: shoulders and neck are dark too."""

_NARROWEST = 2.0
"""A film is no narrower or lower than this."""

_LEAST_CONTRAST = 0.2

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CtrProposal:
    """Points of a ``ctr`` measurement in image pixels, or the reason why there are none."""

    points: tuple[Point, ...] | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class LungOutline:
    """Two lungs on the reduced film.

    Attributes
    ----------
    left, right : ndarray of bool, shape (rows, 256)
        The lung on the left and on the right of the picture.
    spine_column : int
        Between them.
    contrast : float
        How much brighter the spine is than the lungs, as a part of all pixels of the body in order of brightness.
    """

    left: Mask
    right: Mask
    spine_column: int
    contrast: float


def propose_ctr(image: Image) -> CtrProposal:
    """Propose the lines of a cardiothoracic ratio on a frontal film that is stored upright.

    Takes about half a second whatever the size of the film; for a background lane.
    """
    outline = lung_outline(image)
    if outline is None:
        return CtrProposal(None, "two lungs could not be told from their surroundings.")
    reason = _doubt(outline)
    if reason:
        return CtrProposal(None, reason)
    rows, columns = image.codes.shape
    borders = heart_and_thorax(outline)
    if borders is None:
        return CtrProposal(None, "the borders of the heart could not be found.")
    scale_x, scale_y = columns / _COLUMNS, rows / outline.left.shape[0]
    points = tuple((x * scale_x, y * scale_y) for x, y in borders)
    ratio = (borders[1][0] - borders[0][0]) / (borders[3][0] - borders[2][0])
    if not 0.3 <= ratio <= 0.8:
        return CtrProposal(None, "the borders of the heart could not be found.")
    return CtrProposal(points)


def lung_outline(image: Image) -> LungOutline | None:
    """Outline of both lungs on the film reduced to 256 columns; None where there is nothing like it."""
    rows, columns = image.codes.shape
    if not 1 / _NARROWEST <= rows / columns <= _NARROWEST:
        return None
    grey = _reduced(image)
    body = _body(grey)
    if body.mean() < 0.2:
        return None
    rank, darkness = _tissue(grey, body)
    inner = body & _frame(grey.shape, 0.04, 0.03)
    if inner.sum() < 100:
        return None
    ndimage = _ndimage()
    dark = ndimage.binary_opening((darkness < _otsu(darkness[inner]) + 0.03) & inner, iterations=2)
    spine_column = _spine(darkness)
    lungs = [_lung(dark, spine_column, side) for side in (-1, 1)]
    if lungs[0] is None or lungs[1] is None:
        return None
    left, right = lungs[0], lungs[1]
    contrast = float(np.median(rank[:, spine_column][left.any(axis=1)]) - np.median(rank[left | right]))
    return LungOutline(left, right, spine_column, contrast)


def heart_and_thorax(outline: LungOutline) -> tuple[Point, ...] | None:
    """Both borders of the heart and both inner borders of the thorax, as x, y on the reduced film."""
    left, right = outline.left, outline.right
    common = np.flatnonzero(left.any(axis=1) & right.any(axis=1))
    if len(common) < 20:
        return None
    outer_left = _smooth(_first_true(left[common]))
    outer_right = _smooth(left.shape[1] - _first_true(right[common][:, ::-1]))
    lower = int(0.45 * len(common))  # the thorax is widest below; above it only shoulders are
    widest = lower + int(np.argmax((outer_right - outer_left)[lower:]))
    thorax_y = float(common[widest]) + 0.5
    thorax = [(float(outer_left[widest]), thorax_y), (float(outer_right[widest]), thorax_y)]
    heart = _heart(outline)
    return None if heart is None else (*heart, *thorax)


def _heart(outline: LungOutline) -> tuple[Point, Point] | None:
    """Farthest border of the heart on either side, between the hila and the domes of the diaphragm."""
    found: list[Point] = []
    dome = _dome(outline.left)
    for lung, is_left in ((outline.left, True), (outline.right, False)):
        mask = lung if is_left else lung[:, ::-1]
        rows = np.flatnonzero(mask.any(axis=1))
        first = rows[0] + int(0.55 * len(rows))  # below the hila
        # over the heart's own lung the diaphragm cannot be told from the heart, and stands a little lower
        last = min(dome - 3 if is_left else dome + _LOWER_DOME_PX, int(rows[-1]) - 3)
        if last - first < 5:
            return None
        medial = _smooth(mask.shape[1] - _first_true(mask[first:last][:, ::-1]).astype(np.float64))
        at = int(np.argmin(medial))
        x = float(medial[at]) if is_left else mask.shape[1] - float(medial[at])
        found.append((x, float(first + at) + 0.5))
    return found[0], found[1]


def _dome(mask: Mask) -> int:
    """Row of the dome of the diaphragm under a lung whose medial side is on the right."""
    columns = np.flatnonzero(mask.any(axis=0))
    inner = columns[len(columns) // 3 : max(len(columns) * 5 // 6, len(columns) // 3 + 1)]
    bottoms = mask.shape[0] - _first_true(mask[::-1, inner].T)
    return int(np.percentile(bottoms, 20))


def _doubt(outline: LungOutline) -> str:
    """Why an outline is not that of two lungs; empty when it may be."""
    if outline.contrast < _LEAST_CONTRAST:
        return "the lungs do not stand out from what lies between them."
    height, width = outline.left.shape
    areas = [float(mask.sum()) / (height * width) for mask in (outline.left, outline.right)]
    if min(areas) < 0.04 or max(areas) > 0.30:
        return "the lungs found are too small or too large."
    if max(areas) > 2.2 * min(areas):
        return "the two lungs found differ too much."
    tops = [int(np.flatnonzero(mask.any(axis=1))[0]) for mask in (outline.left, outline.right)]
    if abs(tops[0] - tops[1]) > 0.12 * height:
        return "the two lungs found do not begin at the same height."
    return _doubt_of_borders(outline)


def _doubt_of_borders(outline: LungOutline) -> str:
    """Why the lower and outer borders are not those of lungs; empty when they may be."""
    height, width = outline.left.shape
    both = outline.left | outline.right
    rows = np.flatnonzero(outline.left.any(axis=1) & outline.right.any(axis=1))
    if len(rows) < 20 or rows[-1] > 0.94 * height:
        return "the lower border of the lungs was not found."
    widths = width - _first_true(both[rows][:, ::-1]) - _first_true(both[rows])
    middle = int(0.45 * len(rows))
    if widths[:middle].max() > 1.05 * widths[middle:].max():
        return "the lungs could not be told from the shoulders."
    return ""


# -- pixels ----------------------------------------------------------------------------------------------------------


def _ndimage() -> Any:
    from scipy import ndimage  # late: the workstation opens without it

    return ndimage


def _reduced(image: Image) -> NDArray[np.float64]:
    """Film under its automatic window, as 256 columns of area means."""
    table = windowing.display_table(image, windowing.automatic_window(image)).astype(np.uint8)
    shown = PIL.Image.fromarray(np.take(table, image.codes))
    rows = max(round(shown.height * _COLUMNS / shown.width), 1)
    return np.asarray(shown.convert("F").resize((_COLUMNS, rows), PIL.Image.Resampling.BOX), dtype=np.float64)


def _body(grey: NDArray[np.float64]) -> Mask:
    """What is not air beside the body."""
    ndimage = _ndimage()
    low, high = np.percentile(grey, [2, 98])
    labels, _ = ndimage.label((grey - low) / (high - low + 1e-9) < _AIR)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    air: Mask = ndimage.binary_opening(np.isin(labels, rim[rim > 0]), iterations=2)
    return ~air


def _tissue(grey: NDArray[np.float64], body: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rank of the grey value in the body, smoothed; and mixed with its difference from wide surroundings."""
    ndimage = _ndimage()
    ordered = np.sort(grey[body])
    rank = np.searchsorted(ordered, grey) / len(ordered)
    rank[~body] = 1.0
    smooth = ndimage.gaussian_filter(rank, 2.0)
    sigma = grey.shape[1] / 5
    weight = ndimage.gaussian_filter(body.astype(np.float64), sigma)
    around = ndimage.gaussian_filter(np.where(body, smooth, 0.0), sigma) / np.maximum(weight, 1e-3)
    return smooth, 0.5 * smooth + 0.9 * (smooth - around)


def _frame(shape: tuple[int, ...], margin_x: float, margin_y: float) -> Mask:
    inside = np.zeros(shape, dtype=np.bool_)
    y, x = int(margin_y * shape[0]), int(margin_x * shape[1])
    inside[y + 1 : shape[0] - y, x + 1 : shape[1] - x] = True
    return inside


def _otsu(values: NDArray[np.float64]) -> float:
    """Threshold that parts values best in two (Otsu 1979)."""
    counts, edges = np.histogram(values, 128)
    centers = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * centers)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / below[-1] - sums) ** 2 / (below * (below[-1] - below))
    return float(centers[np.nanargmax(between[:-1])])


def _spine(darkness: NDArray[np.float64]) -> int:
    """Brightest column in the middle third."""
    height, width = darkness.shape
    profile = _ndimage().gaussian_filter1d(darkness[int(0.2 * height) : int(0.7 * height)].mean(axis=0), width * 0.02)
    first, last = int(0.35 * width), int(0.65 * width)
    return first + int(np.argmax(profile[first:last]))


def _lung(dark: Mask, spine_column: int, side: int) -> Mask | None:
    """The dark region on one side of the spine that lies most where a lung lies, with its broken-off parts."""
    ndimage = _ndimage()
    height, width = dark.shape
    y, x = np.mgrid[:height, :width].astype(np.float64)
    from_x = (x - (spine_column + side * _EXPECTED_X * width)) / (_SPREAD_X * width)
    from_y = (y - _EXPECTED_Y * height) / (_SPREAD_Y * height)
    prior = np.exp(-0.5 * (from_x**2 + from_y**2))
    # round towards the shoulder, square towards the costophrenic angle
    reach = np.where(from_y > 0, np.maximum(np.abs(from_x), from_y), np.hypot(from_x, from_y))
    half = dark & ((x - spine_column) * side > 0) & (reach < _REACH)
    labels, count = ndimage.label(ndimage.binary_opening(half, _disk(_CORE_PX)))
    if not count:
        return None
    numbers = np.arange(1, count + 1)
    scores = ndimage.sum(prior**2, labels, numbers)
    means = ndimage.mean(prior, labels, numbers)
    is_kept = (scores == scores.max()) | ((scores > 0.15 * scores.max()) & (means > 0.45))
    lung = ndimage.binary_dilation(np.isin(labels, numbers[is_kept]), _disk(_CORE_PX)) & half
    room = 2 * _CLOSING_PX
    lung = ndimage.binary_closing(np.pad(lung, room), _disk(_CLOSING_PX))[room:-room, room:-room]
    grown: Mask = ndimage.binary_dilation(ndimage.binary_fill_holes(lung), _disk(_GROWTH_PX))
    return grown


def _disk(radius: int) -> Mask:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside: Mask = x * x + y * y <= radius * radius + 1
    return inside


def _first_true(mask: Mask) -> NDArray[np.intp]:
    """First column of each row that is True."""
    first: NDArray[np.intp] = np.argmax(mask, axis=1)
    return first


def _smooth(line: NDArray[Any]) -> NDArray[np.float64]:
    """Median over seven rows, so that a single bump is no border."""
    smoothed: NDArray[np.float64] = _ndimage().median_filter(line.astype(np.float64), 7, mode="nearest")
    return smoothed
