"""Hand-checked lung masks and two readers' zone scores to the lung zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor

from gaze2report.data.sources.chest_films import ChestFilm
from gaze2report.models.lung_zones import ZONES, LungZones, lung_vector, zone_weights
from gaze2report.training.linear_fit import fit_logistic, moments

READERS = ("brixia_senior", "brixia_junior")


@dataclass(frozen=True)
class ZonesPhase:
    """Settings of the phase."""

    lung_ridge: float = 1e-3
    opacity_ridge: float = 100.0


def lung_share(film: ChestFilm, grid_side: int) -> NDArray[np.float32] | None:
    """Share of lung in every patch of a film, shape (N,); None without a mask."""
    if not film.row.get("mask"):
        return None
    with PillowImage.open(film.path.parent.parent / Path(film.row["mask"])) as mask:
        shrunk = mask.convert("L").point(lambda grey: 255 if grey > 127 else 0)
        shares = shrunk.resize((grid_side, grid_side), PillowImage.Resampling.BOX)
        return np.asarray(shares, dtype=np.float32).ravel() / 255.0


def zone_scores(film: ChestFilm) -> NDArray[np.float32] | None:
    """Scores (2, 6) of both readers, 0 to 3 a zone; None where the film was not scored."""
    if any(reader not in film.row for reader in READERS):
        return None
    return np.array([[film.row[reader][zone] for zone in ZONES] for reader in READERS], dtype=np.float32)


def fit_zones(zones: LungZones, films: Sequence[ChestFilm], maps: Tensor, phase: ZonesPhase) -> LungZones:
    """Fit lung and opacity scores on films (films, N, C) that have masks or scores, in place."""
    side = round(maps.shape[1] ** 0.5)
    shares = [lung_share(film, side) for film in films]
    masked = [row for row, share in enumerate(shares) if share is not None]
    vectors = lung_vector(maps[masked]).flatten(0, 1)
    zones.lung_mean, zones.lung_scale = moments(vectors)
    targets = torch.from_numpy(np.stack([s for s in shares if s is not None])).reshape(-1, 1)
    weight, bias = fit_logistic((vectors - zones.lung_mean) / zones.lung_scale, targets, phase.lung_ridge, 40)
    zones.lung_weight, zones.lung_bias = weight[:, 0], bias[0]

    scores = [zone_scores(film) for film in films]
    scored = [row for row, score in enumerate(scores) if score is not None]
    weights = zone_weights(zones.lung(maps[scored]))  # (films, 6, N)
    means = weights @ maps[scored].float() / weights.sum(2, keepdim=True).clamp(min=1e-6)
    is_found = (weights.sum(2) > 0).flatten()
    x = means.flatten(0, 1)[is_found]
    y = torch.from_numpy(np.stack([s.mean(0) for s in scores if s is not None])).flatten()[is_found]
    zones.opacity_mean, zones.opacity_scale = moments(x)
    x = (x - zones.opacity_mean) / zones.opacity_scale
    gram = x.T @ x + phase.opacity_ridge * torch.eye(x.shape[1])
    zones.opacity_weight = torch.linalg.solve(gram, x.T @ (y - y.mean()))
    zones.opacity_bias = y.mean()
    zones.is_fitted = torch.tensor(True)
    return zones
