"""A made frontal chest radiograph: attenuation of each tissue added up, then exposed.

What is drawn: soft tissue, lungs with their vessels, heart, mediastinum, spine, ribs, clavicles, diaphragm and stomach
bubble, texture and quantum noise. It has the look and the geometry of a radiograph and none of its physics.

Notation used for array shapes: S film side in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gaze2report.data.synthetic.anatomy import SIDES, Chest, Map, bump, diaphragm_y, soft, wall_u
from gaze2report.data.synthetic.lesions import Lesion, Shadows, add_lesion

_N_RIBS = 10


def render_film(chest: Chest, lesions: Sequence[Lesion], random: np.random.Generator) -> NDArray[np.uint8]:
    """Expose a chest with its lesions, grey levels (S, S), bright where much is absorbed.

    Parameters
    ----------
    chest : Chest
        Of the anatomy that the lesions were drawn for.
    lesions : sequence of Lesion
        Reported ones and look-alikes; the film tells them apart by nothing but what they are.
    random : numpy.random.Generator
        Source of vessels, texture and noise.
    """
    shadows = Shadows(
        air=_air(chest), vessels=_vessels(chest, random), bones=_ribs(chest), added=np.zeros_like(chest.x)
    )
    for lesion in lesions:
        add_lesion(shadows, chest, lesion, random)
    attenuation = (
        _soft_tissue(chest)
        - shadows.air
        + shadows.vessels * np.clip(chest.lungs * 1.2 + 0.15, 0, 1)
        + shadows.bones
        + _midline_bones(chest)
        + shadows.added
    )
    return _expose(attenuation, chest, random)


def _soft_tissue(chest: Chest) -> Map:
    a = chest.anatomy
    u = np.abs(chest.x - a.midline)
    shoulder = 1.0 / (1.0 + np.exp(-(chest.y - 0.10) / 0.028))
    half = 0.115 + 0.40 * shoulder - 0.05 * np.clip(chest.y - 0.3, 0, 1)
    body = soft(half - u, 0.012)
    thick = 0.62 + 0.16 * np.sqrt(np.clip(1.0 - (u / (half + 0.02)) ** 2, 0, 1))
    abdomen = sum(soft(chest.y - diaphragm_y(a, s, chest.u(s)), 0.01) * soft(chest.u(s), 0.02) for s in SIDES)
    bubble = bump(((chest.x - a.midline - 0.15) / 0.055) ** 2 + ((chest.y - a.base_y - 0.12) / 0.035) ** 2)
    return np.asarray(body * (a.thickness * thick + 0.07 * abdomen - 0.13 * bubble))


def _heart(chest: Chest) -> Map:
    a = chest.anatomy
    width = 2 * a.half_width * a.heart_ratio
    # The right border stands a third of the way out, the apex two thirds, low on the left.
    to_left, to_right = 0.66 * width, 0.34 * width
    dx, dy = chest.x - a.midline, chest.y - (a.base_y - 0.085)
    high = 0.150 + 0.10 * (dy < 0) * np.clip(1 - np.abs(dx) / (0.7 * to_left), 0, 1)
    left = 1.0 - (np.abs(dx) / to_left) ** 2.2 - (np.abs(dy - 0.35 * dx) / high) ** 2.0
    right = 1.0 - (dx / to_right) ** 2 - (dy / (high + 0.01)) ** 2
    return np.asarray(soft(np.where(dx > 0, left, right), 0.05))


def _mediastinum(chest: Chest) -> Map:
    a = chest.anatomy
    dx = chest.x - a.midline
    half = 0.050 + 0.035 * np.clip((chest.y - a.apex_y - 0.12) / 0.4, 0, 1)
    band = soft(half - np.abs(dx), 0.007)
    knob = soft(1 - ((dx - 0.036) / 0.040) ** 2 - ((chest.y - a.apex_y - 0.18) / 0.055) ** 2, 0.12)
    return np.asarray(np.maximum(band, knob))


def _air(chest: Chest) -> Map:
    a = chest.anatomy
    fall = np.clip((chest.y - a.apex_y) / (a.base_y - a.apex_y), 0, 1)
    air = chest.lungs * (0.43 - 0.06 * fall)
    trachea = soft(0.017 - np.abs(chest.x - a.midline), 0.005) * soft(a.apex_y + 0.23 - chest.y, 0.02)
    return np.asarray(air * (1 - 0.80 * _heart(chest)) * (1 - 0.88 * _mediastinum(chest)) + 0.07 * trachea)


def _ribs(chest: Chest) -> Map:
    a = chest.anatomy
    wall = wall_u(a, chest.y) + 0.012
    total = np.zeros_like(chest.x)
    for side in SIDES:
        u = chest.u(side)
        out = np.clip(u / a.half_width, 0, 1.15)
        cage = soft(wall - u, 0.005) * soft(u - 0.03, 0.01)
        for number in range(_N_RIBS):
            root = a.apex_y - 0.055 + number * a.rib_spacing
            steep = a.rib_slope * (0.55 + 0.06 * number)
            behind = root - 0.03 * np.sin(np.pi * np.clip(out, 0, 1)) + steep * out**2.2
            front = root + 0.20 - 0.14 * out + 0.55 * steep * (1 - out) ** 2
            total += 0.078 * _rib_profile(chest.y - behind, 0.0140) * cage
            if number < _N_RIBS - 3:
                total += 0.036 * _rib_profile(chest.y - front, 0.0145) * cage * soft(out - 0.42, 0.05)
        clavicle = a.apex_y + 0.055 - 0.10 * np.clip(u - 0.03, 0, 1) + 0.03 * np.sin(7 * u)
        total += 0.105 * _rib_profile(chest.y - clavicle, 0.014) * soft(u - 0.03, 0.006) * soft(0.40 - u, 0.03)
        scapula = soft(u - wall - 0.02 + 0.25 * np.abs(chest.y - 0.30), 0.02) * soft(0.46 - u, 0.02)
        total += 0.05 * scapula * soft(0.50 - chest.y, 0.03) * soft(chest.y - 0.12, 0.02)
        # The wall itself is seen edge on.
        total += 0.06 * bump(((u - wall) / 0.012) ** 2) * soft(chest.y - a.apex_y - 0.02, 0.01)
    return total


def _rib_profile(distance: Map, half_px: float) -> Map:
    """A tube: denser at its two edges than between them."""
    across = np.abs(distance) / half_px
    return np.asarray(soft(1.0 - across, 0.13) * (0.72 + 0.38 * np.clip(across, 0, 1) ** 2))


def _midline_bones(chest: Chest) -> Map:
    a = chest.anatomy
    dx = np.abs(chest.x - a.midline)
    column = soft(0.040 - dx, 0.005)
    discs = 0.5 + 0.5 * np.cos(2 * np.pi * (chest.y - a.apex_y) / (0.80 * a.rib_spacing))
    processes = bump((dx / 0.007) ** 2) * discs
    return np.asarray(column * (0.06 + 0.025 * discs) + 0.03 * processes)


def _vessels(chest: Chest, random: np.random.Generator) -> Map:
    """Branches from the hila outward, thinner and fainter as they go."""
    a = chest.anatomy
    total = np.zeros_like(chest.x)
    for side in SIDES:
        hilum_x = a.midline + side * 0.075
        hilum_y = a.apex_y + 0.27 - 0.02 * (side > 0)
        total += 0.075 * bump(((chest.x - hilum_x) / 0.026) ** 2 + ((chest.y - hilum_y) / 0.045) ** 2)
        stack = [
            (hilum_x, hilum_y, angle + 0.12 * float(random.normal()), 0.0085, 0.062)
            for angle in np.deg2rad([-62, -38, -8, 22, 45, 68, 84])
        ]
        while stack:
            x, y, angle, radius, length = stack.pop()
            end_x, end_y = x + side * length * np.cos(angle), y + length * np.sin(angle)
            _draw_branch(total, chest, (x, y, end_x, end_y), radius)
            if radius > 0.0027:
                for turn in random.normal(0.0, 0.34, 2) + np.array([-0.22, 0.22]):
                    scale = float(random.uniform(0.62, 0.82))
                    stack.append((end_x, end_y, angle + float(turn), radius * scale, length * 0.93))
    return total


def _draw_branch(total: Map, chest: Chest, ends: tuple[float, float, float, float], radius: float) -> None:
    """Add a branch; only the pixels near it are computed, there are hundreds of them."""
    x0, y0, x1, y1 = ends
    side_px, margin = len(total), 4 * radius + 0.02
    rows = slice(max(0, int((min(y0, y1) - margin) * side_px)), max(0, int((max(y0, y1) + margin) * side_px) + 1))
    columns = slice(max(0, int((min(x0, x1) - margin) * side_px)), max(0, int((max(x0, x1) + margin) * side_px) + 1))
    x, y = chest.x[rows, columns], chest.y[rows, columns]
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    square = (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2
    total[rows, columns] += 5.6 * radius * bump(square / radius**2)


def _expose(attenuation: Map, chest: Chest, random: np.random.Generator) -> NDArray[np.uint8]:
    side_px = len(attenuation)
    a = chest.anatomy
    texture = gaussian_filter(random.normal(size=attenuation.shape), 0.011 * side_px)
    texture *= 0.010 / max(float(texture.std()), 1e-9)
    slow = gaussian_filter(random.normal(size=attenuation.shape), 0.16 * side_px)
    slow *= 0.014 / max(float(slow.std()), 1e-9)
    seen = attenuation + texture * chest.lungs + slow * (attenuation > 0.2)
    # Fewer quanta pass where more is absorbed, and those are noisier.
    seen = seen + random.normal(size=attenuation.shape) * (0.006 + 0.008 * np.clip(seen, 0, 1))
    grey = np.clip(a.exposure * (seen - 0.02) / 0.98, 0.0, 1.0) ** (1.12 * a.gamma)
    return np.asarray(np.round(255 * grey), dtype=np.uint8)
