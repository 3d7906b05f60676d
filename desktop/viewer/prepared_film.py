"""A film made ready for the screen away from the GUI thread: pyramid, presets and overlays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop.viewer.codes_pyramid import CodesPyramid, build_pyramid
from gaze2report.imaging.presets import Preset, presets_of
from gaze2report.imaging.windowing import count_codes
from gaze2report.types import Image, Overlay

COVERED = 255
"""Code of an overlay pixel that is set, in the pyramid of an overlay."""


@dataclass(frozen=True, eq=False)
class OverlayPlane:
    """One overlay on the image's own grid, with codes 0 and ``COVERED``."""

    pyramid: CodesPyramid
    is_region: bool


@dataclass(frozen=True, eq=False)
class PreparedFilm:
    """All that painting and windowing one image needs. Makes nothing on the GUI thread."""

    image: Image
    pyramid: CodesPyramid
    presets: tuple[Preset, ...]
    overlays: tuple[OverlayPlane, ...] = ()


def prepare_film(image: Image) -> PreparedFilm:
    """Make a film ready. Takes some 20 ms a megapixel."""
    overlays = tuple(
        OverlayPlane(build_pyramid(_placed(overlay, *image.codes.shape)), overlay.is_region)
        for overlay in image.overlays
    )
    return PreparedFilm(image, build_pyramid(image.codes), presets_of(image, count_codes(image)), overlays)


def _placed(overlay: Overlay, rows: int, columns: int) -> NDArray[np.uint16]:
    """The plane on the image's own grid; what lies outside of the image is cut off."""
    grid = np.zeros((rows, columns), np.uint16)
    top, left = max(0, overlay.top_px), max(0, overlay.left_px)
    part = overlay.mask[top - overlay.top_px :, left - overlay.left_px :][
        : max(0, rows - top), : max(0, columns - left)
    ]
    grid[top : top + part.shape[0], left : left + part.shape[1]] = part * np.uint16(COVERED)
    return grid
