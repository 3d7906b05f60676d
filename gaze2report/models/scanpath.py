"""Patch features to a scanpath: where a radiologist would look, in which order, for how long.

The predictor sees the image alone. MedGaze, which the method's paper uses, is given the report text; at drafting time
that text is what is to be written, so no text enters here and no decoder has an argument through which it could. The
two decoders behind this interface are `AutoregressiveScanpath` and `ParallelScanpath`.

Notation used for tensor shapes: B batch, V scanpaths of one image, N patches (R x R grid), F fixations, D feature
width, W decoder width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_DURATION_S = 0.06
MAX_DURATION_S = 3.0


@dataclass(frozen=True, eq=False)
class FixationTargets:
    """Scanpaths to learn from, padded to F; with a dimension V, several of each image.

    Attributes
    ----------
    xy : Tensor (B, F, 2) or (B, V, F, 2)
        Fractions of image width and height, in [0, 1).
    duration_s : Tensor (B, F) or (B, V, F)
    length : Tensor (B,) or (B, V), int64
    """

    xy: Tensor
    duration_s: Tensor
    length: Tensor

    def by_image(self) -> FixationTargets:
        """Give these targets with a dimension V."""
        if self.xy.ndim == 4:
            return self
        return FixationTargets(self.xy[:, None], self.duration_s[:, None], self.length[:, None])


@dataclass(frozen=True)
class PredictedFixation:
    """One fixation in fractions of the image, with its duration in seconds."""

    x: float
    y: float
    duration_s: float


class ScanpathPredictor(nn.Module, ABC):
    """What every scanpath decoder is: the patches, a pointer over them, a place within one, and a dense duration map.

    Parameters
    ----------
    feature_width : int
        D.
    grid_side : int
        R.
    width : int
        W.
    max_fixations : int
        Longest scanpath that is emitted.
    has_duration_spread : bool
        Whether durations are drawn from a log-normal distribution whose spread is learned, or always its median.
    """

    def __init__(
        self, feature_width: int, grid_side: int, width: int, max_fixations: int, *, has_duration_spread: bool
    ) -> None:
        super().__init__()
        self.grid_side, self.max_fixations = grid_side, max_fixations
        self.memory = nn.Linear(feature_width, width)
        self.patch_position = nn.Parameter(torch.randn(grid_side**2, width) * 0.02)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.offset = nn.Linear(2 * width, 2)
        self.duration = nn.Linear(2 * width, 2 if has_duration_spread else 1)
        self.dense_duration = nn.Linear(width, 1)

    @abstractmethod
    def loss(
        self, features: Tensor, targets: FixationTargets, target_map: Tensor, *, sigma_patches: float = 0.0
    ) -> dict[str, Tensor]:
        """Losses by name, to be added up.

        Parameters
        ----------
        features : Tensor (B, N, D)
        targets : FixationTargets
        target_map : Tensor (B, N)
            Duration maps that sum to 1.
        sigma_patches : float
            Patches around the one fixated count as right, too, by a Gaussian of this standard deviation; 0: none does.
        """

    @abstractmethod
    def predict(
        self, features: Tensor, *, seed: int | None = None, temperature: float = 0.7, min_fixations: int = 3
    ) -> list[PredictedFixation]:
        """Decode one scanpath from features (1, N, D): the most likely one, or a sample when a seed is given."""

    @abstractmethod
    def sample(
        self, features: Tensor, n_samples: int, *, seed: int, temperature: float = 1.0, min_fixations: int = 3
    ) -> list[list[PredictedFixation]]:
        """Draw several scanpaths of one image (1, N, D) at once; the same seed gives the same ones."""

    def duration_map(self, features: Tensor) -> Tensor:
        """Share of looking time each patch will get: (B, N, D) to (B, N), sums to 1."""
        return torch.as_tensor(self.dense_duration(self._memory(features)).squeeze(-1).softmax(dim=-1))

    def _memory(self, features: Tensor) -> Tensor:
        return torch.as_tensor(self.memory(features) + self.patch_position)

    def _patch_of(self, xy: Tensor) -> Tensor:
        cell = (xy * self.grid_side).floor().long().clamp(0, self.grid_side - 1)
        return cell[..., 1] * self.grid_side + cell[..., 0]

    def _scores(self, hidden: Tensor, memory: Tensor) -> Tensor:
        """Pointer (B, F, N) of hidden states (B, F, W) over the memory (B, N, W)."""
        return torch.as_tensor(self.query(hidden) @ self.key(memory).transpose(1, 2) / memory.shape[-1] ** 0.5)

    def _at_patch(self, hidden: Tensor, memory: Tensor, patch: Tensor) -> Tensor:
        """Hidden states beside the memory of the patches they look at: (B, ..., W) and (B, ...) to (B, ..., 2 W)."""
        rows = torch.arange(len(memory), device=memory.device).view(-1, *[1] * (patch.ndim - 1))
        return torch.cat([hidden, memory[rows, patch]], dim=-1)

    def _patch_loss(self, logits: Tensor, xy: Tensor, sigma_patches: float) -> Tensor:
        """Cross-entropy of pointers (M, N) with the fixated places (M, 2), exact or soft over the neighbours."""
        if sigma_patches <= 0:
            return F.cross_entropy(logits, self._patch_of(xy), label_smoothing=0.05)
        centres = (torch.arange(self.grid_side, device=xy.device) + 0.5) / self.grid_side
        sigma = sigma_patches / self.grid_side
        across, down = ((-0.5 * ((centres - xy[:, [i]]) / sigma) ** 2).softmax(dim=-1) for i in (0, 1))
        soft = (down[:, :, None] * across[:, None, :]).flatten(1)
        return -(soft * logits.log_softmax(dim=-1)).sum(dim=-1).mean()

    def _place_losses(self, at: Tensor, xy: Tensor, duration_s: Tensor) -> dict[str, Tensor]:
        """Losses of place within the patch and of duration, for M fixations: (M, 2 W), (M, 2) and (M,)."""
        within = xy * self.grid_side - (xy * self.grid_side).floor()
        log_duration = duration_s.clamp(MIN_DURATION_S, MAX_DURATION_S).log()
        predicted = self.duration(at)
        if predicted.shape[-1] == 2:
            log_spread = predicted[:, 1].clamp(-3.0, 1.0)
            duration = (log_spread + 0.5 * ((predicted[:, 0] - log_duration) / log_spread.exp()) ** 2).mean()
        else:
            duration = (predicted.squeeze(-1) - log_duration).abs().mean()
        return {"offset": (self.offset(at).sigmoid() - within).abs().mean(), "duration": duration}

    def _map_loss(self, memory: Tensor, target_map: Tensor) -> Tensor:
        predicted = self.dense_duration(memory).squeeze(-1).log_softmax(dim=-1)
        return F.kl_div(predicted, target_map, reduction="batchmean")

    def _durations(self, at: Tensor, rng: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """Seconds (...) at hidden states (..., 2 W): the median, or a draw where the spread was learned."""
        predicted = self.duration(at)
        log_duration = predicted[..., 0]
        if rng is not None and predicted.shape[-1] == 2:
            noise = torch.randn(log_duration.shape, generator=rng).to(log_duration.device)
            log_duration = log_duration + temperature * predicted[..., 1].clamp(-3.0, 1.0).exp() * noise
        return torch.as_tensor(log_duration.exp().clamp(MIN_DURATION_S, MAX_DURATION_S))

    def _fixations(self, patches: Tensor, offsets: Tensor, durations_s: Tensor) -> list[PredictedFixation]:
        """Patches (F,), places within them (F, 2) and durations (F,) as fixations."""
        fixations = []
        for patch, (dx, dy), seconds in zip(patches.tolist(), offsets.tolist(), durations_s.tolist(), strict=True):
            row, column = divmod(patch, self.grid_side)
            fixations.append(PredictedFixation((column + dx) / self.grid_side, (row + dy) / self.grid_side, seconds))
        return fixations
