"""Findings of a made radiograph: where they may lie, how they look, and the box a reader would draw.

Conspicuity runs from 0 (only an expert sees it) to 1 (nobody misses it) and scales density and, where the finding has
one, size. Boxes and positions are fractions of the film.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from gaze2report.data.synthetic.anatomy import (
    Anatomy,
    Chest,
    Map,
    bump,
    diaphragm_y,
    soft,
    to_film,
    wall_u,
)

Box = tuple[float, float, float, float]

OBSERVATIONS_OF: dict[str, frozenset[str]] = {
    "Pleural Effusion": frozenset({"Pleural Effusion"}),
    "Pneumonia": frozenset({"Pneumonia", "Lung Opacity"}),
    "Lung Opacity": frozenset({"Lung Opacity"}),
    "Pneumothorax": frozenset({"Pneumothorax"}),
    "Cardiomegaly": frozenset({"Cardiomegaly"}),
    "Edema": frozenset({"Edema"}),
    "Atelectasis": frozenset({"Atelectasis"}),
    "Lung Lesion": frozenset({"Lung Lesion"}),
    "Fracture": frozenset({"Fracture"}),
}
"""Findings that can be made, and the CheXpert observations a report of each asserts."""

FOCAL: tuple[str, ...] = ("Pneumonia", "Atelectasis", "Lung Lesion")
"""Findings that lie at one place in a lung and can stand for one another: the look-alikes."""


@dataclass(frozen=True)
class Lesion:
    """One finding on one film.

    Attributes
    ----------
    finding : str
        A key of ``OBSERVATIONS_OF``.
    side : int
        -1 on the film's left, +1 on its right, 0 on both or in the middle.
    x, y : float
        Its centre in the patient's frame.
    size : float
        Half-extent in fractions of the film.
    conspicuity : float
        0 to 1.
    is_reported : bool
        False for a look-alike: it is on the film, and the report does not speak of it.
    """

    finding: str
    side: int
    x: float
    y: float
    size: float
    conspicuity: float
    is_reported: bool = True

    def box(self, anatomy: Anatomy) -> Box:
        """Box on the film that holds it."""
        across, down = _EXTENT.get(self.finding, (1.0, 1.0))
        x, y = to_film(anatomy, self.x, self.y)
        half_x, half_y = across * self.size, down * self.size
        low_x, low_y = max(0.0, x - half_x), max(0.0, y - half_y)
        return low_x, low_y, min(1.0, x + half_x), min(1.0, y + half_y)


_EXTENT = {
    "Atelectasis": (1.3, 0.45),
    "Pleural Effusion": (1.0, 0.75),
    "Edema": (1.0, 0.75),
    "Cardiomegaly": (1.0, 0.70),
    "Pneumothorax": (1.0, 1.0),
    "Lung Lesion": (1.25, 1.25),
}


@dataclass
class Shadows:
    """What is added up for a film: air that is taken away, vessels, bones and what lesions add; each (S, S)."""

    air: Map
    vessels: Map
    bones: Map
    added: Map


def draw_lesion(finding: str, anatomy: Anatomy, conspicuity: float, side: int, random: np.random.Generator) -> Lesion:
    """Place a finding on one side of a patient's chest (in the middle where it has no side).

    Raises
    ------
    ValueError
        If no such finding can be made.
    """
    if finding not in OBSERVATIONS_OF:
        raise ValueError(f"a film with {finding!r} cannot be made; known are {', '.join(OBSERVATIONS_OF)}")
    a = anatomy
    if finding == "Cardiomegaly":
        return Lesion(finding, 0, a.midline + 0.035, a.base_y - 0.09, 0.20 + 0.03 * conspicuity, conspicuity)
    if finding == "Edema":
        return Lesion(finding, 0, a.midline, a.apex_y + 0.31, 0.24, conspicuity)
    if finding == "Pleural Effusion":
        size = 0.11 + 0.05 * conspicuity
        return Lesion(finding, side, a.midline + side * 0.72 * a.half_width, a.base_y + 0.02, size, conspicuity)
    if finding == "Pneumothorax":
        size = 0.10 + 0.03 * conspicuity
        return Lesion(finding, side, a.midline + side * 0.21, a.apex_y + 0.10, size, conspicuity)
    if finding == "Fracture":
        y = a.apex_y + 0.17 + float(random.uniform(0, 0.25))
        out = float(wall_u(a, np.array([y]))[0])
        return Lesion(finding, side, a.midline + side * 0.93 * out, y, 0.035, conspicuity)
    low, high, size = {
        "Pneumonia": (0.20, 0.92, 0.085),
        "Lung Opacity": (0.15, 0.92, 0.075),
        "Atelectasis": (0.55, 0.95, 0.075),
        "Lung Lesion": (0.12, 0.88, 0.028),
    }[finding]
    y = a.apex_y + (a.base_y - a.apex_y) * float(random.uniform(low, high))
    out = float(wall_u(a, np.array([y]))[0])
    inner = 0.10 if side < 0 or y < a.apex_y + 0.30 else min(0.17, 0.62 * out)
    u = float(random.uniform(inner + 0.25 * size, max(inner + 0.3 * size, out - 0.8 * size)))
    grown = size * (0.85 + 0.4 * conspicuity)
    return Lesion(finding, side, a.midline + side * u, y, grown, conspicuity)


def changed_anatomy(anatomy: Anatomy, lesions: tuple[Lesion, ...]) -> Anatomy:
    """Anatomy with what its findings change of it: an enlarged heart."""
    for lesion in lesions:
        if lesion.finding == "Cardiomegaly":
            anatomy = replace(anatomy, heart_ratio=0.53 + 0.11 * lesion.conspicuity)
    return anatomy


def add_lesion(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    """Add the shadow of a finding; cardiomegaly is part of the anatomy and adds none."""
    draw = _DRAWN.get(lesion.finding)
    if draw is not None:
        draw(shadows, chest, lesion, random)


def _density(lesion: Lesion, faint: float, strong: float) -> float:
    return faint + (strong - faint) * lesion.conspicuity


def _add_airspace(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    """A patch with ragged edges: a bump broken up by clumps."""
    clumps = gaussian_filter(random.normal(size=chest.x.shape), 0.020 * len(chest.x))
    clumps /= max(float(clumps.std()), 1e-9)
    spread = 0.62 * lesion.size
    patch = bump(((chest.x - lesion.x) / spread) ** 2 + ((chest.y - lesion.y) / (0.85 * spread)) ** 2)
    dense = _density(lesion, 0.10, 0.30) if lesion.finding == "Pneumonia" else _density(lesion, 0.07, 0.20)
    shadows.added += dense * patch * np.clip(1.0 + 0.42 * clumps, 0.15, 2.0) * (0.1 + 0.9 * chest.lung[lesion.side])


def _add_nodule(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    squash = float(random.uniform(0.85, 1.15))
    dx, dy = (chest.x - lesion.x) * squash, (chest.y - lesion.y) / squash
    inside = 1.0 - np.hypot(dx, dy) / (0.85 * lesion.size)
    thick = np.sqrt(np.clip(1 - (np.hypot(dx, dy) / lesion.size) ** 2, 0, 1))
    shadows.added += _density(lesion, 0.11, 0.27) * (0.4 * soft(inside, 0.12) + 0.6 * thick)


def _add_bands(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    for _ in range(3):
        tilt = lesion.side * 0.12 + 0.10 * float(random.normal())
        y0 = lesion.y + 0.45 * lesion.size * float(random.uniform(-0.8, 0.8))
        dx = chest.x - lesion.x - 0.2 * lesion.size * float(random.normal())
        line = bump(((chest.y - y0 - tilt * dx) / 0.0085) ** 2) * bump((dx / (0.62 * lesion.size)) ** 4)
        shadows.added += _density(lesion, 0.09, 0.22) * line * (0.2 + 0.8 * chest.lung[lesion.side])


def _add_effusion(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    """Fluid that climbs along the chest wall."""
    a = chest.anatomy
    u = chest.u(lesion.side)
    out = np.clip(u / a.half_width, 0, 1.1)
    lateral = float(diaphragm_y(a, lesion.side, np.array([a.half_width]))[0])
    rise = _density(lesion, 0.08, 0.26)
    level = lateral - rise * (0.42 + 0.58 * out**3)
    fluid = soft(chest.y - level, 0.014) * soft(u - 0.03, 0.01) * soft(chest.depth[lesion.side] + 0.004, 0.006)
    filled = fluid * chest.lung[lesion.side]
    shadows.added += 0.93 * filled * shadows.air
    shadows.vessels *= 1 - 0.8 * filled


def _add_pneumothorax(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    """No lung markings outside a thin pleural line that leaves the apex and the wall."""
    away = _density(lesion, 0.020, 0.075)
    depth = chest.depth[lesion.side] - away * bump(((chest.y - lesion.y) / 0.19) ** 4)
    outside = soft(-depth, 0.005) * chest.lung[lesion.side] * soft(lesion.y + 0.30 - chest.y, 0.04)
    line = bump((depth / 0.0050) ** 2) * chest.lung[lesion.side] * soft(lesion.y + 0.27 - chest.y, 0.04)
    shadows.vessels *= 1 - outside
    shadows.added += _density(lesion, 0.06, 0.13) * line - _density(lesion, 0.035, 0.075) * outside


def _add_edema(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    a = chest.anatomy
    haze = sum(
        bump(((chest.u(s) - 0.12) / 0.085) ** 2 + ((chest.y - a.apex_y - 0.33) / 0.15) ** 2) * chest.lung[s]
        for s in (-1, 1)
    )
    grain = gaussian_filter(random.normal(size=chest.x.shape), 0.010 * len(chest.x))
    grain /= max(float(grain.std()), 1e-9)
    shadows.added += _density(lesion, 0.06, 0.19) * haze * np.clip(1 + 0.25 * grain, 0.2, 2.0)
    shadows.vessels *= 1.15 + 0.55 * lesion.conspicuity


def _add_fracture(shadows: Shadows, chest: Chest, lesion: Lesion, random: np.random.Generator) -> None:
    """A gap and a step in the rib, with a little swelling beside the wall."""
    rows = max(1, round(_density(lesion, 0.008, 0.018) * len(chest.x)))
    near = bump(((chest.x - lesion.x) / 0.020) ** 4 + ((chest.y - lesion.y) / 0.030) ** 4)
    shadows.bones += near * (np.roll(shadows.bones, rows, axis=0) - shadows.bones)
    gap = bump(((chest.x - lesion.x) / 0.0045) ** 2 + ((chest.y - lesion.y) / 0.030) ** 4)
    shadows.bones *= 1 - 0.9 * gap
    shadows.added += _density(lesion, 0.02, 0.07) * bump(
        ((chest.x - lesion.x) / 0.016) ** 2 + ((chest.y - lesion.y) / 0.024) ** 2
    )


_DRAWN: dict[str, Callable[[Shadows, Chest, Lesion, np.random.Generator], None]] = {
    "Pleural Effusion": _add_effusion,
    "Pneumonia": _add_airspace,
    "Lung Opacity": _add_airspace,
    "Pneumothorax": _add_pneumothorax,
    "Edema": _add_edema,
    "Atelectasis": _add_bands,
    "Lung Lesion": _add_nodule,
    "Fracture": _add_fracture,
}
