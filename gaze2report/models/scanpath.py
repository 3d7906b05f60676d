"""Patch features to a scanpath: where a radiologist would look, in which order, for how long.

The predictor sees the image alone. MedGaze, which the method's paper uses, is given the report text; at drafting time
that text is what is to be written, so no text enters here and `forward` has no argument through which it could.

Notation used for tensor shapes: B batch, N patches (R x R grid), F fixations, D feature width, W decoder width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MIN_DURATION_S = 0.06
MAX_DURATION_S = 3.0


@dataclass(frozen=True, eq=False)
class FixationTargets:
    """Scanpaths to learn from, padded to F.

    Attributes
    ----------
    xy : Tensor (B, F, 2)
        Fractions of image width and height, in [0, 1).
    duration_s : Tensor (B, F)
    length : Tensor (B,), int64
    """

    xy: Tensor
    duration_s: Tensor
    length: Tensor


@dataclass(frozen=True)
class PredictedFixation:
    """One fixation in fractions of the image, with its duration in seconds."""

    x: float
    y: float
    duration_s: float


class ScanpathPredictor(nn.Module):
    """Autoregressive decoder over the patches: next patch, place within it, duration, stop.

    Each step attends to the patch features and to the fixations so far; the next patch is chosen by a pointer over
    the patches, with a learned bias by how often a patch was visited (inhibition of return is learned, not imposed).
    A dense duration map comes from the same features.

    Parameters
    ----------
    feature_width : int
        D.
    grid_side : int
        R.
    width, depth, n_heads : int
        W, decoder layers, attention heads.
    max_fixations : int
        Longest scanpath that is emitted.
    """

    def __init__(
        self,
        feature_width: int,
        grid_side: int,
        width: int = 128,
        depth: int = 2,
        n_heads: int = 4,
        max_fixations: int = 12,
    ) -> None:
        super().__init__()
        self.grid_side, self.max_fixations = grid_side, max_fixations
        self.memory = nn.Linear(feature_width, width)
        self.patch_position = nn.Parameter(torch.randn(grid_side**2, width) * 0.02)
        self.start = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.step_position = nn.Parameter(torch.randn(1, max_fixations + 1, width) * 0.02)
        self.embed_duration = nn.Linear(1, width)
        layer = nn.TransformerDecoderLayer(width, n_heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, depth, nn.LayerNorm(width))
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.revisit_bias = nn.Parameter(torch.zeros(2))  # per earlier visit, and for the patch fixated last
        self.offset = nn.Linear(2 * width, 2)
        self.duration = nn.Linear(2 * width, 1)
        self.stop = nn.Linear(width, 1)
        self.dense_duration = nn.Linear(width, 1)

    def duration_map(self, features: Tensor) -> Tensor:
        """Share of looking time each patch will get: (B, N, D) to (B, N), sums to 1."""
        return torch.as_tensor(self.dense_duration(self._memory(features)).squeeze(-1).softmax(dim=-1))

    def loss(self, features: Tensor, targets: FixationTargets, target_map: Tensor) -> dict[str, Tensor]:
        """Teacher-forced losses: patch and stop cross-entropy, offset and log-duration L1, duration-map divergence.

        Parameters
        ----------
        features : Tensor (B, N, D)
        targets : FixationTargets
        target_map : Tensor (B, N)
            Duration maps that sum to 1.
        """
        memory = self._memory(features)
        steps = targets.duration_s.shape[1]
        patch = self._patch_of(targets.xy)  # (B, F)
        hidden = self._decode(memory, patch, targets.duration_s)  # (B, F + 1, W)
        visits = F.one_hot(patch, self.grid_side**2).float()
        before = torch.cat([torch.zeros_like(visits[:, :1]), visits.cumsum(1)[:, :-1]], dim=1)
        last = torch.cat([torch.zeros_like(visits[:, :1]), visits[:, :-1]], dim=1)
        logits = self._pointer(hidden[:, :-1], memory, before, last)  # (B, F, N)
        inside = torch.arange(steps, device=features.device) < targets.length[:, None]  # (B, F)
        at = self._at_patch(hidden[:, :-1], memory, patch)
        offset = targets.xy * self.grid_side - (targets.xy * self.grid_side).floor()
        ends = torch.arange(steps + 1, device=features.device) == targets.length[:, None]
        asked = torch.arange(steps + 1, device=features.device) <= targets.length[:, None]
        stop = F.binary_cross_entropy_with_logits(self.stop(hidden).squeeze(-1), ends.float(), reduction="none")
        log_duration = targets.duration_s.clamp(MIN_DURATION_S, MAX_DURATION_S).log()
        predicted_map = self.dense_duration(memory).squeeze(-1).log_softmax(dim=-1)
        return {
            "patch": F.cross_entropy(logits[inside], patch[inside], label_smoothing=0.05),
            "offset": (self.offset(at).sigmoid() - offset).abs()[inside].mean(),
            "duration": (self.duration(at).squeeze(-1) - log_duration).abs()[inside].mean(),
            "stop": stop[asked].mean(),
            "map": F.kl_div(predicted_map, target_map, reduction="batchmean"),
        }

    @torch.inference_mode()
    def predict(
        self, features: Tensor, *, seed: int | None = None, temperature: float = 0.7, min_fixations: int = 3
    ) -> list[PredictedFixation]:
        """Decode one scanpath from features (1, N, D): the most likely one, or a sample when a seed is given."""
        rng = None if seed is None else torch.Generator(device="cpu").manual_seed(seed)
        memory = self._memory(features)
        patches: list[int] = []
        fixations: list[PredictedFixation] = []
        visits = torch.zeros(1, 1, self.grid_side**2)
        last = torch.zeros_like(visits)
        for step in range(self.max_fixations):
            patch_tensor = torch.tensor([patches], dtype=torch.long)
            durations = torch.tensor([[f.duration_s for f in fixations]])
            hidden = self._decode(memory, patch_tensor, durations)[:, -1:]  # (1, 1, W)
            stops = float(self.stop(hidden).sigmoid())
            if step >= min_fixations and (stops > 0.5 if rng is None else float(torch.rand(1, generator=rng)) < stops):
                break
            logits = self._pointer(hidden, memory, visits, last)[0, 0]
            chosen = int(logits.argmax())
            if rng is not None:
                chosen = int(torch.multinomial((logits / temperature).softmax(-1).cpu(), 1, generator=rng))
            at = self._at_patch(hidden, memory, torch.tensor([[chosen]]))
            dx, dy = self.offset(at).sigmoid()[0, 0].tolist()
            seconds = float(self.duration(at).exp().clamp(MIN_DURATION_S, MAX_DURATION_S))
            row, column = divmod(chosen, self.grid_side)
            fixations.append(PredictedFixation((column + dx) / self.grid_side, (row + dy) / self.grid_side, seconds))
            patches.append(chosen)
            last = F.one_hot(torch.tensor([[chosen]]), self.grid_side**2).float()
            visits = visits + last
        return fixations

    def _memory(self, features: Tensor) -> Tensor:
        return torch.as_tensor(self.memory(features) + self.patch_position)

    def _patch_of(self, xy: Tensor) -> Tensor:
        cell = (xy * self.grid_side).floor().long().clamp(0, self.grid_side - 1)
        return cell[..., 1] * self.grid_side + cell[..., 0]

    def _decode(self, memory: Tensor, patch: Tensor, duration_s: Tensor) -> Tensor:
        """Hidden states (B, F + 1, W) before each fixation and after the last."""
        batch, steps = patch.shape
        tokens = self.start.expand(batch, -1, -1)
        if steps:
            rows = torch.arange(batch, device=patch.device)[:, None]
            log_duration = duration_s.clamp(MIN_DURATION_S, MAX_DURATION_S).log().unsqueeze(-1)
            looked = memory[rows, patch] + self.patch_position[patch] + self.embed_duration(log_duration)
            tokens = torch.cat([tokens, looked], dim=1)
        tokens = tokens + self.step_position[:, : tokens.shape[1]]
        causal = torch.full((steps + 1, steps + 1), float("-inf"), device=patch.device).triu(1)
        return torch.as_tensor(self.decoder(tokens, memory, tgt_mask=causal, tgt_is_causal=True))

    def _pointer(self, hidden: Tensor, memory: Tensor, visits: Tensor, last: Tensor) -> Tensor:
        scores = self.query(hidden) @ self.key(memory).transpose(1, 2) / memory.shape[-1] ** 0.5
        return torch.as_tensor(scores + self.revisit_bias[0] * visits + self.revisit_bias[1] * last)

    def _at_patch(self, hidden: Tensor, memory: Tensor, patch: Tensor) -> Tensor:
        rows = torch.arange(len(memory), device=memory.device)[:, None]
        return torch.cat([hidden, memory[rows, patch]], dim=-1)
