"""Where the lungs lie, and how opaque each of six zones is: the image evidence for a sentence's region.

Two linear scores on every patch of the trunk map, taught by hand-checked lung masks and by the zones that two readers
scored from 0 to 3 (Brixia score, Borghesi & Maroldi 2020).

Notation used for tensor shapes: B batch, N patches (row-major grid of R rows and R columns), C channels.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

ZONES = ("A", "B", "C", "D", "E", "F")
"""Upper, middle and lower third of the lung on the film's left (the patient's right), then of the other."""

_PLACE_TERMS = 7
_IS_LUNG = 0.3
MIN_OPACITY = 1.0
"""Zone score (0 to 3) from which on a zone counts as evidence."""
SHARE_OF_WORST = 0.6
"""Zones nearly as opaque as the worst belong to the region, too."""

BoxFraction = tuple[float, float, float, float]


class LungZones(nn.Module):
    """Patch scores of lung and opacity.

    Attributes
    ----------
    lung_mean, lung_scale, lung_weight : Tensor (2 C + 7,)
    lung_bias : Tensor ()
    opacity_mean, opacity_scale, opacity_weight : Tensor (C,)
    opacity_bias : Tensor ()
    is_fitted : Tensor (), bool
    """

    lung_mean: Tensor
    lung_scale: Tensor
    lung_weight: Tensor
    lung_bias: Tensor
    opacity_mean: Tensor
    opacity_scale: Tensor
    opacity_weight: Tensor
    opacity_bias: Tensor
    is_fitted: Tensor

    def __init__(self, n_map_channels: int) -> None:
        super().__init__()
        for part, width in (("lung", 2 * n_map_channels + _PLACE_TERMS), ("opacity", n_map_channels)):
            for name in ("mean", "weight"):
                self.register_buffer(f"{part}_{name}", torch.zeros(width))
            self.register_buffer(f"{part}_scale", torch.ones(width))
            self.register_buffer(f"{part}_bias", torch.zeros(()))
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.bool))

    def lung(self, maps: Tensor) -> Tensor:
        """Probability of lung at every patch, shape (B, N)."""
        vector = (lung_vector(maps) - self.lung_mean) / self.lung_scale
        return torch.as_tensor((vector @ self.lung_weight + self.lung_bias).sigmoid())

    def opacity(self, maps: Tensor) -> Tensor:
        """Opacity of every patch on the readers' scale of 0 to 3, shape (B, N)."""
        vector = (maps.float() - self.opacity_mean) / self.opacity_scale
        return torch.as_tensor(vector @ self.opacity_weight + self.opacity_bias)

    def zone_scores(self, maps: Tensor) -> Tensor:
        """Predicted score of each zone, shape (B, 6); 0 where no lung was found."""
        weights = zone_weights(self.lung(maps))
        mass = weights.sum(2).clamp(min=1e-6)
        return (weights * self.opacity(maps)[:, None]).sum(2) / mass * (weights.sum(2) > 0)

    def region(self, maps: Tensor) -> BoxFraction | None:
        """Box (x0, y0, x1, y1) around the most opaque zones of one film (1, N, C), in fractions of the film.

        None where no zone reaches `MIN_OPACITY`: then the image gives no evidence of a place. Of two lungs the one
        with the worst zone counts; one box around both would say nothing.
        """
        scores = self.zone_scores(maps)[0]
        worst = int(scores.argmax())
        if not self.is_fitted or scores[worst] < MIN_OPACITY:
            return None
        lung_of_worst = range(3 * (worst // 3), 3 * (worst // 3) + 3)
        chosen = [zone for zone in lung_of_worst if scores[zone] >= SHARE_OF_WORST * scores[worst]]
        weights = zone_weights(self.lung(maps))[0, chosen].amax(0)
        side = round(len(weights) ** 0.5)
        rows, columns = np.nonzero(weights.reshape(side, side).cpu().numpy() > _IS_LUNG)
        if not len(rows):
            return None
        return (
            float(columns.min() / side),
            float(rows.min() / side),
            float((columns.max() + 1) / side),
            float((rows.max() + 1) / side),
        )


def lung_vector(maps: Tensor) -> Tensor:
    """Features of a patch, the mean of its 3 x 3 neighbours, and where it lies: (B, N, C) to (B, N, 2 C + 7)."""
    side = round(maps.shape[1] ** 0.5)
    image = maps.float().transpose(1, 2).reshape(len(maps), -1, side, side)
    around = F.avg_pool2d(image, 3, 1, 1, count_include_pad=False).flatten(2).transpose(1, 2)
    return torch.cat([maps.float(), around, _place(side).expand(len(maps), -1, -1)], dim=2)


def _place(side: int) -> Tensor:
    centres = (torch.arange(side) + 0.5) / side
    y, x = (part.flatten() for part in torch.meshgrid(centres, centres, indexing="ij"))
    aside = (x - 0.5).abs()
    return torch.stack([x, y, x * x, y * y, x * y, aside, aside * y], dim=1)


def zone_weights(lung: Tensor) -> Tensor:
    """How much of each patch belongs to each zone, (B, N) to (B, 6, N).

    The two lungs are parted at the column of their common centre of mass, each into thirds of its height.
    """
    side = round(lung.shape[1] ** 0.5)
    rows = lung.detach().cpu().reshape(-1, side, side).numpy()
    return torch.stack([torch.from_numpy(_zones(row)) for row in rows]).to(lung.device)


def _zones(lung: NDArray[np.float32]) -> NDArray[np.float32]:
    side = len(lung)
    weights = np.zeros((len(ZONES), side, side), dtype=np.float32)
    held = np.where(lung > _IS_LUNG, lung, 0.0)
    if held.sum() > 0:
        middle = (held.sum(0) * np.arange(side)).sum() / held.sum()
        is_left_of_film = np.arange(side) <= middle
        for lung_number, columns in enumerate((is_left_of_film, ~is_left_of_film)):
            one = held * columns
            rows = np.flatnonzero(one.sum(1) > _IS_LUNG)
            if len(rows):
                edges = np.linspace(rows[0], rows[-1] + 1, 4)
                for third in range(3):
                    covered = np.clip(
                        np.minimum(np.arange(side) + 1, edges[third + 1]) - np.maximum(np.arange(side), edges[third]),
                        0.0,
                        1.0,
                    )
                    weights[3 * lung_number + third] = one * covered[:, None]
    return weights.reshape(len(ZONES), -1)
