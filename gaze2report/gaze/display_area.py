"""Screen geometry from what a tracker knows: where the corners of its display area are, and where the eyes were.

A tracker measures in its user coordinates, millimetres with the origin at its front, x to the right, y up and z
towards the user. From the three corners of the display area and a place of the eye in that frame, size, distance and
the foot of the perpendicular follow exactly, for a tilted screen too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaze2report.gaze.screen_geometry import ScreenGeometry

_LARGEST_SKEW = 0.02
"""Cosine of the angle between two edges, above which an area is no rectangle: about a degree from square."""


def geometry_of_display_area(
    top_left_mm: ArrayLike,
    top_right_mm: ArrayLike,
    bottom_left_mm: ArrayLike,
    eye_mm: ArrayLike,
    width_px: float,
    height_px: float,
) -> ScreenGeometry:
    """Screen geometry of a display area before an eye.

    Parameters
    ----------
    top_left_mm, top_right_mm, bottom_left_mm, eye_mm : array_like, shape (3,)
        In the user coordinates of the tracker. For the eye, the median over a recording of the middle of both eyes.
    width_px, height_px : float
        Device pixels of the monitor.

    Raises
    ------
    ValueError
        If the corners make no rectangle, or the eye is not before the screen.
    """
    corner, right, down, eye = (
        np.asarray(place, dtype=np.float64) for place in (top_left_mm, top_right_mm, bottom_left_mm, eye_mm)
    )
    width_mm, height_mm = float(np.linalg.norm(right - corner)), float(np.linalg.norm(down - corner))
    if not (width_mm > 0 and height_mm > 0):
        raise ValueError("the display area of the tracker has no extent")
    across, along = (right - corner) / width_mm, (down - corner) / height_mm
    if abs(float(across @ along)) > _LARGEST_SKEW:
        raise ValueError("the corners of the tracker's display area make no rectangle")
    from_middle = eye - (right + down) / 2
    distance_mm = -float(from_middle @ np.cross(across, along))
    if not distance_mm > 0:
        raise ValueError("by the tracker's coordinates the eye is not before the screen")
    return ScreenGeometry(
        width_px,
        height_px,
        width_mm,
        height_mm,
        distance_mm,
        eye_x_mm=float(from_middle @ across),
        eye_y_mm=float(from_middle @ along),
    )


def middle_of_eyes(left_mm: NDArray[np.float64], right_mm: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Median place of the middle between the eyes, shape (N, 3) each, NaN where not found; None if never both were."""
    middle = (left_mm + right_mm) / 2
    known = middle[np.isfinite(middle).all(axis=1)]
    if not len(known):
        return None
    x, y, z = np.median(known, axis=0)
    return float(x), float(y), float(z)
