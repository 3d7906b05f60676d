"""The stored codes at the viewport's resolution: area-averaged when reduced, bilinear or nearest when enlarged.

Averaging codes and looking grey levels up afterwards lets a window drag touch only the viewport's pixels. A pyramid of
halved levels keeps each resampling to at most five taps per axis, whatever the size of the film.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def view_codes(pyramid: CodesPyramid, viewport: Viewport, *, is_smooth: bool = True) -> ViewCodes | None:
    """Resample what the viewport shows; None when the image is out of sight."""
    left, top = viewport.origin_px
    scale = viewport.scale
    first_column, last_column = _visible(left, scale, pyramid.columns, viewport.width_px)
    first_row, last_row = _visible(top, scale, pyramid.rows, viewport.height_px)
    if first_column >= last_column or first_row >= last_row:
        return None
    columns = np.arange(first_column, last_column) - left
    rows = np.arange(first_row, last_row) - top
    codes = _resampled(pyramid, rows, columns, scale, is_smooth)
    return ViewCodes(codes, first_column, first_row)


def _visible(origin: int, scale: float, size: int, viewport_size: int) -> tuple[int, int]:
    return max(0, origin), min(viewport_size, origin + max(1, round(size * scale)))


def _resampled(
    pyramid: CodesPyramid, rows: NDArray[np.intp], columns: NDArray[np.intp], scale: float, is_smooth: bool
) -> NDArray[np.uint16]:
    source = pyramid.levels[0]
    if scale == 1.0:
        return np.ascontiguousarray(source[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    if scale > 1.0 and not is_smooth:
        row_index = np.minimum((rows + 0.5) / scale, source.shape[0] - 1).astype(np.intp)
        column_index = np.minimum((columns + 0.5) / scale, source.shape[1] - 1).astype(np.intp)
        return np.ascontiguousarray(source[row_index][:, column_index])
    # one level finer than need be: a coarse pixel may straddle two output pixels, a fine one hardly matters
    level = min(max(0, int(np.floor(-np.log2(scale))) - 1), len(pyramid.levels) - 1)
    source = pyramid.levels[level]
    taps = _area_taps if scale < 1.0 else _linear_taps
    level_scale = scale * 2**level
    column_taps, column_weights = taps(columns, level_scale, source.shape[1])
    first, last = int(column_taps.min()), int(column_taps.max()) + 1
    mixed_rows = _mix(source[:, first:last], *taps(rows, level_scale, source.shape[0]))
    mixed = _mix(mixed_rows.T, column_taps - first, column_weights).T
    return np.ascontiguousarray((mixed + np.float32(0.5)).astype(np.uint16))


def _mix(
    source: NDArray[np.uint16] | NDArray[np.float32], indices: NDArray[np.intp], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Weighted sum of rows; ``indices`` and ``weights`` have shape (taps, output rows)."""
    mixed: NDArray[np.float32] = source[indices[0]] * weights[0][:, None]
    for index, weight in zip(indices[1:], weights[1:], strict=True):
        if weight.any():
            mixed += source[index] * weight[:, None]
    return mixed


def _area_taps(outputs: NDArray[np.intp], scale: float, size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
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


def _linear_taps(outputs: NDArray[np.intp], scale: float, size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The two source pixels whose centres lie around each output pixel's centre."""
    positions = np.clip((outputs + 0.5) / scale - 0.5, 0, size - 1)
    first = np.minimum(np.floor(positions).astype(np.intp), max(size - 2, 0))
    fraction = (positions - first).astype(np.float32)
    indices = np.stack([first, np.minimum(first + 1, size - 1)])
    return indices, np.stack([1 - fraction, fraction])
