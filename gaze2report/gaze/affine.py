"""Affine maps of the plane, as they lie between the pixels of a film and those of a screen."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """``x' = a x + b y + tx`` and ``y' = c x + d y + ty``, invertible.

    Raises
    ------
    ValueError
        If a number is not finite or the map cannot be undone.
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    tx: float = 0.0
    ty: float = 0.0

    def __post_init__(self) -> None:
        if not all(isfinite(value) for value in (self.a, self.b, self.c, self.d, self.tx, self.ty)):
            raise ValueError("an affine map needs finite numbers")
        if self.determinant == 0.0:
            raise ValueError("an affine map of determinant 0 cannot be undone")

    @classmethod
    def of_view(cls, scale: float, matrix: tuple[float, float, float, float], origin_px: tuple[float, float]) -> Affine:
        """Of a film that is turned by ``matrix`` (a, b, c, d) and enlarged, with its corner at ``origin_px``."""
        a, b, c, d = matrix
        return cls(a * scale, b * scale, c * scale, d * scale, *origin_px)

    @property
    def determinant(self) -> float:
        """Area of what a unit square becomes; below 0 when mirrored."""
        return self.a * self.d - self.b * self.c

    @property
    def inverse(self) -> Affine:
        """The map back."""
        determinant = self.determinant
        a, b, c, d = self.d / determinant, -self.b / determinant, -self.c / determinant, self.a / determinant
        return Affine(a, b, c, d, -(a * self.tx + b * self.ty), -(c * self.tx + d * self.ty))

    def then(self, after: Affine) -> Affine:
        """First this map, then ``after`` on its outcome."""
        return Affine(
            after.a * self.a + after.b * self.c,
            after.a * self.b + after.b * self.d,
            after.c * self.a + after.d * self.c,
            after.c * self.b + after.d * self.d,
            after.a * self.tx + after.b * self.ty + after.tx,
            after.c * self.tx + after.d * self.ty + after.ty,
        )

    def apply(self, place: ArrayLike) -> FloatArray:
        """Map places, shape (..., 2)."""
        place = np.asarray(place, dtype=np.float64)
        x, y = place[..., 0], place[..., 1]
        return np.stack([self.a * x + self.b * y + self.tx, self.c * x + self.d * y + self.ty], axis=-1)


SAME = Affine()
"""Every place stays where it is."""
