"""The normal anatomy of a made frontal chest radiograph: a few numbers drawn for each patient, and maps made of them.

Positions are fractions of the film, x to the right and y down; the patient's right side is on the film's left. ``u`` is
the distance from the midline towards one side, ``side`` is -1 for the film's left and +1 for its right.

Notation used for array shapes: S film side in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Map: TypeAlias = NDArray[np.float64]

SIDES = (-1, 1)
_EDGE = 0.006
"""Softness of an outline, in fractions of the film."""


@dataclass(frozen=True)
class Anatomy:
    """Numbers of one patient, all in fractions of the film unless said otherwise.

    Attributes
    ----------
    midline : float
        x of the spine.
    apex_y, base_y : float
        Top of the lungs, and top of the right dome of the diaphragm.
    left_base_drop : float
        How much lower the left dome stands.
    half_width : float
        Inner half-width of the rib cage at the lung bases.
    heart_ratio : float
        Cardiothoracic ratio; above 0.5 the heart is called enlarged.
    rib_spacing, rib_slope : float
        Distance between ribs at the spine, and how far a rib falls on its way out.
    tilt : float
        Rotation of the film in radians.
    thickness : float
        Soft tissue in front of the rest, 1 for the average patient.
    exposure, gamma : float
        How grey levels follow attenuation.
    """

    midline: float
    apex_y: float
    base_y: float
    left_base_drop: float
    half_width: float
    heart_ratio: float
    rib_spacing: float
    rib_slope: float
    tilt: float
    thickness: float
    exposure: float
    gamma: float


_MEAN = Anatomy(0.5, 0.115, 0.71, 0.02, 0.385, 0.445, 0.073, 0.17, 0.0, 1.0, 1.0, 1.0)
_SPREAD = Anatomy(0.012, 0.018, 0.030, 0.012, 0.018, 0.022, 0.004, 0.025, 0.018, 0.05, 0.04, 0.06)
LARGEST_NORMAL_HEART_RATIO = 0.49


def draw_anatomy(random: np.random.Generator, variation: float = 1.0) -> Anatomy:
    """Draw a patient; ``variation`` scales the natural spread, 0 gives the average patient every time."""
    drawn = {
        f.name: getattr(_MEAN, f.name) + variation * getattr(_SPREAD, f.name) * float(np.clip(random.normal(), -2, 2))
        for f in fields(Anatomy)
    }
    drawn["heart_ratio"] = min(drawn["heart_ratio"], LARGEST_NORMAL_HEART_RATIO)
    return Anatomy(**drawn)


def next_visit(anatomy: Anatomy, random: np.random.Generator) -> Anatomy:
    """Draw the same patient at another visit: bones and heart stay, breath, position and exposure differ."""
    return replace(
        anatomy,
        midline=anatomy.midline + 0.006 * float(random.normal()),
        base_y=anatomy.base_y + 0.012 * float(random.normal()),
        tilt=anatomy.tilt + 0.008 * float(random.normal()),
        exposure=anatomy.exposure + 0.03 * float(random.normal()),
    )


@dataclass(frozen=True, eq=False)
class Chest:
    """Maps of one anatomy on a film, each (S, S).

    Attributes
    ----------
    x, y : ndarray
        Positions of the pixels in the patient's own, untilted frame.
    lung : dict of int to ndarray
        By side, 1 inside the lung, 0 outside, softened at the edge.
    depth : dict of int to ndarray
        By side, how far inside the chest wall a pixel lies; negative outside.
    """

    anatomy: Anatomy
    x: Map
    y: Map
    lung: dict[int, Map]
    depth: dict[int, Map]

    @property
    def lungs(self) -> Map:
        """Both lungs."""
        return np.maximum(self.lung[-1], self.lung[1])

    def u(self, side: int) -> Map:
        """Distance from the midline towards a side."""
        return side * (self.x - self.anatomy.midline)


def soft(inside: Map, edge: float = _EDGE) -> Map:
    """1 where ``inside`` is clearly positive, 0 where it is negative, smooth between."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(inside / edge, -30.0, 30.0))))


def bump(distance_square: Map) -> Map:
    """A Gaussian of a squared distance in units of its standard deviation."""
    return np.asarray(np.exp(-0.5 * np.minimum(distance_square, 80.0)))


def diaphragm_y(anatomy: Anatomy, side: int, u: Map) -> Map:
    """Height of the diaphragm over the distance from the midline: a dome that falls to the costophrenic angle."""
    top = anatomy.base_y + (anatomy.left_base_drop if side > 0 else 0.0)
    middle = 0.44 * anatomy.half_width
    reach = np.where(u > middle, anatomy.half_width - middle, 0.9 * anatomy.half_width)
    return np.asarray(top + 0.125 * (np.abs(u - middle) / reach) ** 2.6)


def wall_u(anatomy: Anatomy, y: Map) -> Map:
    """Distance of the inner chest wall from the midline over the height: a dome at the apex, then nearly straight."""
    height = np.clip((y - anatomy.apex_y) / (anatomy.base_y + 0.10 - anatomy.apex_y), 0.0, 1.0)
    dome = (1.0 - (1.0 - height) ** 2.3) ** 0.60
    return np.asarray(0.10 + (anatomy.half_width - 0.10) * dome)


def build_chest(anatomy: Anatomy, side_px: int) -> Chest:
    """Make the maps of an anatomy on a film of ``side_px`` pixels each way."""
    centres = (np.arange(side_px) + 0.5) / side_px
    film_x, film_y = np.meshgrid(centres, centres)
    cos, sin = np.cos(anatomy.tilt), np.sin(anatomy.tilt)
    x = 0.5 + cos * (film_x - 0.5) + sin * (film_y - 0.5)
    y = 0.5 - sin * (film_x - 0.5) + cos * (film_y - 0.5)
    lung, depth = {}, {}
    wall = wall_u(anatomy, y)
    height = np.clip((y - anatomy.apex_y) / 0.10, 0.0, 1.0)
    inner = 0.10 - 0.062 * np.sqrt(height)
    for side in SIDES:
        u = side * (x - anatomy.midline)
        depth[side] = np.minimum(wall - u, 0.8 * (y - anatomy.apex_y))
        above = diaphragm_y(anatomy, side, u) - y
        inside = np.minimum(np.minimum(depth[side], u - inner), above)
        lung[side] = soft(inside)
    return Chest(anatomy, x, y, lung, depth)


def to_film(anatomy: Anatomy, x: float, y: float) -> tuple[float, float]:
    """Where a point of the patient's frame lies on the film."""
    cos, sin = float(np.cos(anatomy.tilt)), float(np.sin(anatomy.tilt))
    return 0.5 + cos * (x - 0.5) - sin * (y - 0.5), 0.5 + sin * (x - 0.5) + cos * (y - 0.5)
