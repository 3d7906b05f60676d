"""Patch features to calibrated probabilities of the CheXpert-14 observations.

Notation used for tensor shapes: B batch, N patches, D feature width, O observations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaze2report.types import CHEXPERT_OBSERVATIONS


class CalibratedLogits(nn.Module):
    """What turns raw logits into calibrated probabilities and decisions.

    Attributes
    ----------
    log_temperature : Tensor (O,)
        Logits are divided by its exponential; fitted on out-of-fold predictions.
    prior_shift : Tensor (O,)
        Added to the logits after the temperature; fitted with it.
    threshold : Tensor (O,)
        Probability above which the observation is reported; chosen on out-of-fold predictions.
    is_supported : Tensor (O,), bool
        False where the training data held too few positive films to measure anything; such a probability is never
        shown.
    """

    log_temperature: Tensor
    prior_shift: Tensor
    threshold: Tensor
    is_supported: Tensor

    def __init__(self, n_observations: int) -> None:
        super().__init__()
        self.register_buffer("log_temperature", torch.zeros(n_observations))
        self.register_buffer("prior_shift", torch.zeros(n_observations))
        self.register_buffer("threshold", torch.full((n_observations,), 0.5))
        self.register_buffer("is_supported", torch.zeros(n_observations, dtype=torch.bool))

    def calibrated(self, logits: Tensor) -> Tensor:
        """Map raw logits (B, O) to calibrated probabilities (B, O) in [0, 1]."""
        return torch.as_tensor((logits / self.log_temperature.exp() + self.prior_shift).sigmoid())

    def decisions(self, probabilities: Tensor, sharpness: float = 4.0) -> Tensor:
        """Map calibrated probabilities (B, O) to how firmly the report should assert each observation, in [0, 1].

        0.5 lies at the out-of-fold threshold, not at probability 0.5: of a rare observation a probability of 0.2 may
        already be reason to report it. Unsupported observations give 0.
        """
        odds = torch.logit(probabilities, eps=1e-4) - torch.logit(self.threshold, eps=1e-4)
        return (sharpness * odds).sigmoid() * self.is_supported


class FindingsHead(CalibratedLogits):
    """Class-specific residual attention (Zhu & Wu, ICCV 2021): mean plus attention-weighted score over the patches.

    Few parameters (O x D), so that some hundred films suffice, and a score for every patch.
    """

    def __init__(
        self, width: int, n_observations: int = len(CHEXPERT_OBSERVATIONS), attention_weight: float = 0.3
    ) -> None:
        super().__init__(n_observations)
        self.score = nn.Linear(width, n_observations)
        self.attention_weight = attention_weight

    def patch_scores(self, features: Tensor) -> Tensor:
        """Score every patch for every observation: (B, N, D) to (B, N, O)."""
        return torch.as_tensor(self.score(features))

    def forward(self, features: Tensor) -> Tensor:
        """Map patch features (B, N, D) to raw logits (B, O)."""
        scores = self.patch_scores(features)
        attended = (scores.softmax(dim=1) * scores).sum(dim=1)
        return torch.as_tensor(scores.mean(dim=1) + self.attention_weight * attended)

    def probabilities(self, features: Tensor) -> Tensor:
        """Map patch features (B, N, D) to calibrated probabilities (B, O) in [0, 1]."""
        return self.calibrated(self(features))
