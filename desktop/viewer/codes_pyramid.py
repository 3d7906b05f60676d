"""The stored codes at the viewport's resolution: area-averaged when reduced, bilinear or nearest when enlarged.

Averaging codes and looking grey levels up afterwards lets a window drag touch only the viewport's pixels. A pyramid of
halved levels keeps each resampling to at most five taps per axis, whatever the size of the film.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from desktop.viewer.viewport import Viewport

_SMALLEST_SIDE_PX = 64


@dataclass(frozen=True, eq=False)
class CodesPyramid:
    """Codes of an image, each level half as large as the one before (rounded up)."""

    levels: tuple[NDArray[np.uint16], ...]

    @property
    def rows(self) -> int:
        """Rows of the image."""
        return int(self.levels[0].shape[0])

    @property
    def columns(self) -> int:
        """Columns of the image."""
        return int(self.levels[0].shape[1])


@dataclass(frozen=True, eq=False)
class ViewCodes:
    """Codes of the visible part of the image; ``left_px``, ``top_px`` place it in the viewport."""

    codes: NDArray[np.uint16]
    left_px: int
    top_px: int


def build_pyramid(codes: NDArray[np.uint16]) -> CodesPyramid:
    """Halve until small. Takes about 10 ms per megapixel: not for the GUI thread."""
    levels = [np.ascontiguousarray(codes)]
    while min(levels[-1].shape) > _SMALLEST_SIDE_PX:
        levels.append(_halved(levels[-1]))
    return CodesPyramid(tuple(levels))


def _halved(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    rows, columns = codes.shape
    if rows % 2 or columns % 2:
        codes = np.pad(codes, ((0, rows % 2), (0, columns % 2)), mode="edge")
    wide = codes[0::2].astype(np.uint32)
    wide += codes[1::2]
    total = wide[:, 0::2] + wide[:, 1::2]
    return ((total + 2) >> 2).astype(np.uint16)


def view_codes(
    pyramid: CodesPyramid, viewport: Viewport, *, is_smooth: bool = True, is_moving: bool = False
) -> ViewCodes | None:
    """Resample what the viewport shows, turned and mirrored as it says; None when the image is out of sight.

    While a film ``is_moving`` it is interpolated from the averaged level next to its size, in a third of the time; a
    reduced film that stands still is the average over the area of each of its pixels.
    """
    across, down = _screen_axes(pyramid, viewport)
    if across.is_empty or down.is_empty:
        return None
    columns, rows = (down, across) if viewport.orientation.swaps_axes else (across, down)
    if viewport.scale > 1.0 and not is_smooth:
        codes = _repeated(pyramid.levels[0], rows.offsets, columns.offsets, viewport.scale)
    else:
        codes = _resampled(pyramid, rows.offsets, columns.offsets, viewport.scale, is_moving)
    if rows.is_reversed:
        codes = codes[::-1]
    if columns.is_reversed:
        codes = codes[:, ::-1]
    if viewport.orientation.swaps_axes:
        codes = codes.T
    return ViewCodes(np.ascontiguousarray(codes), across.first_px, down.first_px)


@dataclass(frozen=True, eq=False)
class _ScreenAxis:
    """Device pixels of one axis of the screen that lie on the image.

    Attributes
    ----------
    first_px : int
        The first of them.
    offsets : ndarray
        Their near edges in device pixels from the image's edge, ascending along the image.
    is_reversed : bool
        Whether the image runs against the screen along this axis.
    """

    first_px: int
    offsets: NDArray[np.float64]
    is_reversed: bool

    @property
    def is_empty(self) -> bool:
        return len(self.offsets) == 0


def _screen_axes(pyramid: CodesPyramid, viewport: Viewport) -> tuple[_ScreenAxis, _ScreenAxis]:
    a, b, c, d = viewport.orientation.matrix
    left, top = viewport.origin_px
    columns, rows = pyramid.columns * viewport.scale, pyramid.rows * viewport.scale
    across = _screen_axis(left, a + b, columns if a else rows, viewport.width_px)
    down = _screen_axis(top, c + d, rows if d else columns, viewport.height_px)
    return across, down


def _screen_axis(origin: float, sign: int, length: float, viewport_size: int) -> _ScreenAxis:
    near = origin if sign > 0 else origin - length
    # a device pixel belongs to the image when its centre does; the smallest film still has one
    first = ceil(near - 0.5)
    last = max(ceil(near + length - 0.5), first + 1)
    pixels = np.arange(max(0, first), min(viewport_size, last), dtype=np.float64)
    offsets = pixels - origin if sign > 0 else (origin - 1.0 - pixels)[::-1]
    return _ScreenAxis(max(0, first), offsets, sign < 0)


def _repeated(
    source: NDArray[np.uint16], rows: NDArray[np.float64], columns: NDArray[np.float64], scale: float
) -> NDArray[np.uint16]:
    row_index = np.clip((rows + 0.5) / scale, 0, source.shape[0] - 1).astype(np.intp)
    column_index = np.clip((columns + 0.5) / scale, 0, source.shape[1] - 1).astype(np.intp)
    return source[row_index][:, column_index]


def _resampled(
    pyramid: CodesPyramid, rows: NDArray[np.float64], columns: NDArray[np.float64], scale: float, is_moving: bool
) -> NDArray[np.uint16]:
    source = pyramid.levels[0]
    if scale == 1.0:
        top, left = int(rows[0]), int(columns[0])
        return source[top : top + len(rows), left : left + len(columns)]
    # one level finer than need be: a coarse pixel may straddle two output pixels, a fine one hardly matters
    level = max(0, int(np.floor(-np.log2(scale))) - (0 if is_moving else 1))
    level = min(level, len(pyramid.levels) - 1)
    source = pyramid.levels[level]
    taps = _area_taps if scale < 1.0 and not is_moving else _linear_taps
    level_scale = scale * 2**level
    column_taps, column_weights = taps(columns, level_scale, source.shape[1])
    first, last = int(column_taps.min()), int(column_taps.max()) + 1
    mixed = _mix(source[:, first:last], *taps(rows, level_scale, source.shape[0]), axis=0)
    mixed = _mix(mixed, column_taps - first, column_weights, axis=1)
    mixed += np.float32(0.5)
    return mixed.astype(np.uint16)


def _mix(
    source: NDArray[np.uint16] | NDArray[np.float32],
    indices: NDArray[np.intp],
    weights: NDArray[np.float32],
    *,
    axis: int,
) -> NDArray[np.float32]:
    """Weighted sum of rows (axis 0) or columns (axis 1); ``indices`` and ``weights`` have shape (taps, outputs)."""
    shape = (-1, 1) if axis == 0 else (1, -1)
    mixed = np.take(source, indices[0], axis=axis).astype(np.float32)
    mixed *= weights[0].reshape(shape)
    for index, weight in zip(indices[1:], weights[1:], strict=True):
        if weight.any():
            part = np.take(source, index, axis=axis).astype(np.float32, copy=False)
            part *= weight.reshape(shape)
            mixed += part
    return mixed


def _area_taps(outputs: NDArray[np.float64], scale: float, size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Source pixels under each output pixel, weighted by how much of them it covers."""
    starts = np.clip(outputs / scale, 0, size - 1e-6)
    ends = np.clip((outputs + 1) / scale, starts + 1e-6, size)
    first = np.floor(starts).astype(np.intp)
    count = int(np.ceil(1.0 / scale)) + 1
    indices = first[None, :] + np.arange(count)[:, None]
    covered = np.minimum(ends, indices + 1) - np.maximum(starts, indices)
    weights = np.clip(covered, 0.0, None)
    weights /= weights.sum(axis=0)
    return np.minimum(indices, size - 1), weights.astype(np.float32)


def _linear_taps(outputs: NDArray[np.float64], scale: float, size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The two source pixels whose centres lie around each output pixel's centre."""
    positions = np.clip((outputs + 0.5) / scale - 0.5, 0, size - 1)
    first = np.minimum(np.floor(positions).astype(np.intp), max(size - 2, 0))
    fraction = (positions - first).astype(np.float32)
    indices = np.stack([first, np.minimum(first + 1, size - 1)])
    return indices, np.stack([1 - fraction, fraction])
