"""Pixels, millimetres and degrees of visual angle on a flat screen before one eye.

Three frames: device pixels with the origin at the top left corner of the screen, x to the right and y down;
millimetres in the plane of the screen from its middle, in the same directions; and the direction of gaze as Fick
angles, azimuth (right positive) and elevation (down positive, as y), both 0 at the foot of the perpendicular from the
eye. All conversions are exact, no small-angle approximation (Holmqvist & Andersson 2017, section 2.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ScreenGeometry:
    """A screen, how large it is and where the eye is before it.

    Attributes
    ----------
    width_px, height_px : float
        Device pixels, above 0.
    width_mm, height_mm : float
        Of the lit area, above 0. A tracker's display area is to be preferred over what the screen says of itself.
    viewing_distance_mm : float
        From the eye to the plane of the screen, above 0.
    eye_x_mm, eye_y_mm : float
        Foot of the perpendicular from the eye to the screen, from the middle of the screen, right and down.

    Raises
    ------
    ValueError
        If a size or the distance is not above 0 and finite.
    """

    width_px: float
    height_px: float
    width_mm: float
    height_mm: float
    viewing_distance_mm: float
    eye_x_mm: float = 0.0
    eye_y_mm: float = 0.0

    def __post_init__(self) -> None:
        sizes = (self.width_px, self.height_px, self.width_mm, self.height_mm, self.viewing_distance_mm)
        if not all(isfinite(size) and size > 0 for size in sizes):
            raise ValueError(f"a screen needs sizes and a distance above 0, not {sizes}")
        if not (isfinite(self.eye_x_mm) and isfinite(self.eye_y_mm)):
            raise ValueError("the place of the eye must be finite")

    @property
    def mm_per_px(self) -> tuple[float, float]:
        """Pitch of the pixels, across and down."""
        return self.width_mm / self.width_px, self.height_mm / self.height_px

    def fraction_to_px(self, fraction: ArrayLike) -> FloatArray:
        """Fractions of the screen, shape (..., 2), as a tracker's display area gives them, to device pixels."""
        return np.asarray(np.asarray(fraction, dtype=np.float64) * (self.width_px, self.height_px))

    def px_to_fraction(self, place_px: ArrayLike) -> FloatArray:
        """Inverse of ``fraction_to_px``."""
        return np.asarray(np.asarray(place_px, dtype=np.float64) / (self.width_px, self.height_px))

    def px_to_mm(self, place_px: ArrayLike) -> FloatArray:
        """Device pixels, shape (..., 2), to millimetres from the middle of the screen."""
        middle = np.array([self.width_px, self.height_px]) / 2
        return np.asarray((np.asarray(place_px, dtype=np.float64) - middle) * self.mm_per_px)

    def mm_to_px(self, place_mm: ArrayLike) -> FloatArray:
        """Inverse of ``px_to_mm``."""
        middle = np.array([self.width_px, self.height_px]) / 2
        return np.asarray(np.asarray(place_mm, dtype=np.float64) / self.mm_per_px + middle)

    def mm_to_dva(self, place_mm: ArrayLike) -> FloatArray:
        """Millimetres from the middle of the screen, shape (..., 2), to azimuth and elevation in degrees."""
        place = np.asarray(place_mm, dtype=np.float64) - (self.eye_x_mm, self.eye_y_mm)
        x, y = place[..., 0], place[..., 1]
        azimuth = np.arctan2(x, self.viewing_distance_mm)
        elevation = np.arctan2(y, np.hypot(x, self.viewing_distance_mm))
        return np.asarray(np.degrees(np.stack([azimuth, elevation], axis=-1)))

    def dva_to_mm(self, direction_dva: ArrayLike) -> FloatArray:
        """Inverse of ``mm_to_dva``, for directions that meet the screen (within 90 degrees)."""
        direction = np.radians(np.asarray(direction_dva, dtype=np.float64))
        azimuth, elevation = direction[..., 0], direction[..., 1]
        x = self.viewing_distance_mm * np.tan(azimuth)
        y = self.viewing_distance_mm * np.tan(elevation) / np.cos(azimuth)
        return np.stack([x + self.eye_x_mm, y + self.eye_y_mm], axis=-1)

    def px_to_dva(self, place_px: ArrayLike) -> FloatArray:
        """Device pixels, shape (..., 2), to azimuth and elevation in degrees."""
        return self.mm_to_dva(self.px_to_mm(place_px))

    def dva_to_px(self, direction_dva: ArrayLike) -> FloatArray:
        """Inverse of ``px_to_dva``."""
        return self.mm_to_px(self.dva_to_mm(direction_dva))

    def direction(self, place_px: ArrayLike) -> FloatArray:
        """Unit vectors from the eye to places on the screen: (..., 2) to (..., 3), right, down and away."""
        place = self.px_to_mm(place_px) - (self.eye_x_mm, self.eye_y_mm)
        away = np.full((*place.shape[:-1], 1), self.viewing_distance_mm)
        ray = np.concatenate([place, away], axis=-1)
        return np.asarray(ray / np.linalg.norm(ray, axis=-1, keepdims=True))

    def angle_dva(self, one_px: ArrayLike, other_px: ArrayLike) -> FloatArray:
        """Angle at the eye between places on the screen, shape (..., 2) each, in degrees; NaN where a place is."""
        return angle_between_dva(self.direction(one_px), self.direction(other_px))

    def px_per_dva(self, place_px: ArrayLike) -> FloatArray:
        """Device pixels per degree around places, shape (..., 2): across and down, by the local derivative."""
        place = self.px_to_mm(place_px) - (self.eye_x_mm, self.eye_y_mm)
        squared = np.sum(place**2, axis=-1, keepdims=True) + self.viewing_distance_mm**2
        # Turning the eye by a small angle moves the place along x by r^2 / sqrt(r^2 - x^2), likewise along y.
        mm_per_radian = squared / np.sqrt(squared - place**2)
        return np.asarray(np.radians(1.0) * mm_per_radian / self.mm_per_px)


def angle_between_dva(one: FloatArray, other: FloatArray) -> FloatArray:
    """Angle between unit vectors, shape (..., 3), in degrees; exact for small angles too, unlike the arc cosine."""
    across = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, np.sum(one * other, axis=-1))))


def direction_of_dva(direction_dva: ArrayLike) -> FloatArray:
    """Azimuth and elevation in degrees, shape (..., 2), to unit vectors (..., 3), right, down and away."""
    direction = np.radians(np.asarray(direction_dva, dtype=np.float64))
    azimuth, elevation = direction[..., 0], direction[..., 1]
    level = np.cos(elevation)
    return np.stack([level * np.sin(azimuth), np.sin(elevation), level * np.cos(azimuth)], axis=-1)
