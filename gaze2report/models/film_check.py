"""Whether the pixels are those of an upright frontal chest film of an adult, judged on the encoder's features.

Not by the findings head's confidence: it is as sure of a photograph as of a film. The Mahalanobis distance to adult
frontal films, with a shrunk covariance (after Lee et al., NeurIPS 2018), tells what is no chest film at all; the
distance to the class "turned" or "inverted" against that to "upright", what is turned or inverted; two linear scores,
children and mirrored films.

Notation used for tensor shapes: B batch, V length of the vector, K directions kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gaze2report.models.film_features import FilmDescriptor, FilmFeatures
from gaze2report.models.findings_probe import probe_vector

N_DIRECTIONS = 64
GRID_SIDE = 3
MIRROR_GRID_SIDE = 4
Displacement = Literal["rot90", "rot180", "rot270", "flipped", "inverted"]
DISPLACED: tuple[Displacement, ...] = ("rot90", "rot180", "rot270", "flipped", "inverted")
"""Classes beside the upright film; quarter turns are counter-clockwise, ``flipped`` is upside down in a mirror."""


@dataclass(frozen=True, eq=False)
class FilmScores:
    """What the check found.

    Attributes
    ----------
    distance : Tensor (B,)
        Squared Mahalanobis distance by dimension: near 2 for films like the training films.
    displaced : Tensor (B, 5)
        How much nearer the film lies to each of `DISPLACED` than to the upright films; above 0: nearer.
    child, mirrored : Tensor (B,)
        Scores; the limits say from where on they count.
    """

    distance: Tensor
    displaced: Tensor
    child: Tensor
    mirrored: Tensor


class FilmCheck(nn.Module):
    """Statistics of adult frontal films, and of what they are to be told from.

    Attributes
    ----------
    mean, scale : Tensor (V,)
    basis : Tensor (V, K)
        Principal directions of adult frontal films after standardisation.
    variance : Tensor (K,)
        Shrunk variance along them.
    residual : Tensor ()
        Mean squared length of what the basis leaves over.
    displaced_weight, displaced_bias : Tensor (V, 5), (5,)
    child_mean, child_scale, child_weight : Tensor (probe's V,)
    mirror_scale, mirror_weight : Tensor (16 C,)
    max_distance, max_displaced, max_child, max_mirrored : Tensor ()
        Limits; chosen on films of held-out patients.
    is_fitted : Tensor (), bool
        False in an adapter version without statistics: then nothing is refused by its pixels.
    """

    mean: Tensor
    scale: Tensor
    basis: Tensor
    variance: Tensor
    residual: Tensor
    displaced_weight: Tensor
    displaced_bias: Tensor
    child_mean: Tensor
    child_scale: Tensor
    child_weight: Tensor
    mirror_scale: Tensor
    mirror_weight: Tensor
    max_distance: Tensor
    max_displaced: Tensor
    max_child: Tensor
    max_mirrored: Tensor
    is_fitted: Tensor

    def __init__(self, descriptor: FilmDescriptor, n_map_channels: int) -> None:
        super().__init__()
        self.n_trunk_channels = descriptor.n_trunk_channels
        width = descriptor.n_trunk_channels + n_map_channels * GRID_SIDE**2
        whole = descriptor.n_channels + n_map_channels * GRID_SIDE**2
        cells = n_map_channels * MIRROR_GRID_SIDE**2
        shapes: dict[str, tuple[int, ...]] = {
            "mean": (width,), "scale": (width,), "basis": (width, N_DIRECTIONS), "variance": (N_DIRECTIONS,),
            "residual": (), "displaced_weight": (width, len(DISPLACED)), "displaced_bias": (len(DISPLACED),),
            "child_mean": (whole,), "child_scale": (whole,), "child_weight": (whole,),
            "mirror_scale": (cells,), "mirror_weight": (cells,),
            "max_distance": (), "max_displaced": (), "max_child": (), "max_mirrored": (),
        }  # fmt: skip
        for name, shape in shapes.items():
            self.register_buffer(name, torch.ones(shape))
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.bool))

    def forward(self, film: FilmFeatures, mirrored: FilmFeatures) -> FilmScores:
        """Score films, given with their mirror images."""
        whole = probe_vector(film)
        return FilmScores(
            distance=self.distance(film),
            displaced=self._standardised(film) @ self.displaced_weight + self.displaced_bias,
            child=(whole - self.child_mean) / self.child_scale @ self.child_weight,
            mirrored=mirror_vector(film, mirrored) / self.mirror_scale @ self.mirror_weight,
        )

    def distance(self, film: FilmFeatures) -> Tensor:
        """Squared Mahalanobis distance by dimension (B,): within the basis, and of what it leaves over."""
        vector = self._standardised(film)
        along = vector @ self.basis
        left_over = (vector - along @ self.basis.T).pow(2).sum(1)
        return torch.as_tensor((along.pow(2) / self.variance).mean(1) + left_over / self.residual)

    def refusals(self, scores: FilmScores) -> list[str | None]:
        """Code for each film, None where it may be drafted: ``not_chest``, ``displaced``, ``mirrored``, ``child``."""
        found: list[str | None] = []
        for row in range(len(scores.distance)):
            if scores.displaced[row].max() > self.max_displaced:
                found.append("displaced")
            elif scores.distance[row] > self.max_distance:
                found.append("not_chest")
            elif scores.child[row] > self.max_child:
                found.append("child")
            elif scores.mirrored[row] > self.max_mirrored:
                found.append("mirrored")
            else:
                found.append(None)
        return found

    def _standardised(self, film: FilmFeatures) -> Tensor:
        return (check_vector(film, self.n_trunk_channels) - self.mean) / self.scale


def check_vector(film: FilmFeatures, n_trunk_channels: int) -> Tensor:
    """Means of the trunk's stages and of the nine cells of its map, shape (B, V)."""
    return torch.cat([film.stages[:, :n_trunk_channels].float(), film.grid(GRID_SIDE)], dim=1)


def mirror_vector(film: FilmFeatures, mirrored: FilmFeatures) -> Tensor:
    """Cells of the film's map less those of its mirror image, (B, 16 C): changes its sign when the film is mirrored."""
    return film.grid(MIRROR_GRID_SIDE) - mirrored.grid(MIRROR_GRID_SIDE)
