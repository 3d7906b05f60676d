"""A linear probe on the film's features beside the findings head; the two are added.

Alone, the head (.88) stood below a probe on pooled ImageNet features (.89, abnormal against normal, patient-grouped
5-fold); together they stand above it.

Notation used for tensor shapes: B batch, V length of the probe's vector, O observations.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gaze2report.models.film_features import FilmFeatures
from gaze2report.models.findings import CalibratedLogits
from gaze2report.types import CHEXPERT_OBSERVATIONS

GRID_SIDE = 3
HEAD_WEIGHT = 0.5
"""How much a logit of the findings head counts beside one of the probe."""


class FindingsProbe(CalibratedLogits):
    """Standardised features to raw logits; the film and its mirror image are averaged.

    Calibration and thresholds are those of probe and findings head together.

    Attributes
    ----------
    mean, scale : Tensor (V,)
        Of the training films.
    weight : Tensor (V, O)
    bias : Tensor (O,)
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, n_channels: int, n_map_channels: int, n_observations: int = len(CHEXPERT_OBSERVATIONS)) -> None:
        super().__init__(n_observations)
        width = n_channels + n_map_channels * GRID_SIDE**2
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("weight", torch.zeros(width, n_observations))
        self.register_buffer("bias", torch.zeros(n_observations))

    def forward(self, film: FilmFeatures, mirrored: FilmFeatures) -> Tensor:
        """Map features of films and of their mirror images to raw logits (B, O)."""
        both = (probe_vector(film) + probe_vector(mirrored)) / 2
        return torch.as_tensor((both - self.mean) / self.scale @ self.weight + self.bias)

    def together(self, probe_logits: Tensor, head_logits: Tensor) -> Tensor:
        """Raw logits (B, O) of probe and findings head together, as they are calibrated."""
        return probe_logits + HEAD_WEIGHT * head_logits


def probe_vector(film: FilmFeatures) -> Tensor:
    """All that the probe is told of a film, shape (B, V)."""
    return torch.cat([film.stages.float(), film.grid(GRID_SIDE)], dim=1)
