"""The grey levels of one film for the viewport of the moment: codes resampled once, looked up per window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from desktop.viewer.codes_pyramid import CodesPyramid, ViewCodes, view_codes
from desktop.viewer.viewport import Viewport


class FilmPicture:
    """Codes at the viewport's resolution, kept until the viewport changes; a window drag only looks them up anew.

    Attributes
    ----------
    is_smooth : bool
        Bilinear when enlarged; otherwise pixels are repeated.
    """

    def __init__(self, pyramid: CodesPyramid) -> None:
        self.pyramid = pyramid
        self.is_smooth = True
        self._table: NDArray[np.uint32] | None = None
        self._codes: ViewCodes | None = None
        self._codes_of: tuple[Viewport, bool, bool] | None = None

    def set_table(self, table: NDArray[np.uint32]) -> None:
        """Colour (0xAARRGGBB, premultiplied) of each code from now on."""
        self._table = table

    def take_table(self, other: FilmPicture) -> None:
        """Show the colours another picture shows."""
        self._table = other._table

    def paint(
        self, painter: QPainter, viewport: Viewport, ratio: float, *, has_alpha: bool = False, is_moving: bool = False
    ) -> None:
        """Draw what the viewport shows, one picture pixel on one device pixel."""
        wanted = (viewport, self.is_smooth, is_moving)
        # what was made exactly is as good while moving
        if self._codes_of not in (wanted, (viewport, self.is_smooth, False)):
            self._codes = view_codes(self.pyramid, viewport, is_smooth=self.is_smooth, is_moving=is_moving)
            self._codes_of = wanted
        if self._codes is None or self._table is None:
            return
        pixels = np.take(self._table, self._codes.codes)
        rows, columns = pixels.shape
        form = QImage.Format.Format_ARGB32_Premultiplied if has_alpha else QImage.Format.Format_RGB32
        picture = QImage(pixels.data, columns, rows, columns * 4, form)
        place = (self._codes.left_px / ratio, self._codes.top_px / ratio, columns / ratio, rows / ratio)
        painter.drawImage(QRectF(*place), picture)
