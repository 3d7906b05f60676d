"""A duration map as a picture: clear where nobody looked, then blue, amber and white."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from gaze2report.gaze.duration_map import DurationMap

_FAINTEST_SHARE = 0.02
"""Below this share of the longest looking time nothing is drawn."""

_STOPS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_RED_GREEN_BLUE = np.array([[20, 40, 90], [40, 110, 190], [200, 120, 60], [250, 200, 90], [255, 250, 235]], dtype=float)
"""Luminance grows along the ramp, so that it can be read without seeing its colours."""


def heat_map_picture(duration_map: DurationMap) -> QImage:
    """Picture of a map, an ARGB pixel a cell, scaled so that the longest looking time is the brightest."""
    share = np.clip(duration_map.seconds / max(float(duration_map.seconds.max()), 1e-12), 0.0, 1.0)
    alpha = np.sqrt(np.clip((share - _FAINTEST_SHARE) / (1 - _FAINTEST_SHARE), 0.0, 1.0))
    colour = np.stack([np.interp(share, _STOPS, _RED_GREEN_BLUE[:, channel]) for channel in range(3)])
    red, green, blue = (colour * alpha).round().astype(np.uint32)
    pixels = ((alpha * 255).round().astype(np.uint32) << 24) | (red << 16) | (green << 8) | blue
    rows, columns = pixels.shape
    pixels = np.ascontiguousarray(pixels, dtype=np.uint32)
    picture = QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
    return picture.copy()  # Qt does not keep the array alive
