"""A scanpath decoder that chooses one fixation after the other. Notation as in `gaze2report.models.scanpath`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.models.scanpath import (
    MAX_DURATION_S,
    MIN_DURATION_S,
    FixationTargets,
    PredictedFixation,
    ScanpathPredictor,
)


class AutoregressiveScanpath(ScanpathPredictor):
    """Next patch, place within it, duration and stop, from the patches and the fixations so far.

    The next patch is chosen by a pointer over the patches, with a learned bias by how often a patch was visited
    (inhibition of return is learned, not imposed).

    Parameters
    ----------
    feature_width, grid_side, width, max_fixations, has_duration_spread
        As in `ScanpathPredictor`.
    depth, n_heads : int
        Decoder layers, attention heads.
    """

    def __init__(
        self,
        feature_width: int,
        grid_side: int,
        width: int = 128,
        depth: int = 2,
        n_heads: int = 4,
        max_fixations: int = 12,
        *,
        has_duration_spread: bool = False,
    ) -> None:
        super().__init__(feature_width, grid_side, width, max_fixations, has_duration_spread=has_duration_spread)
        self.start = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.step_position = nn.Parameter(torch.randn(1, max_fixations + 1, width) * 0.02)
        self.embed_duration = nn.Linear(1, width)
        layer = nn.TransformerDecoderLayer(width, n_heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, depth, nn.LayerNorm(width))
        self.revisit_bias = nn.Parameter(torch.zeros(2))  # per earlier visit, and for the patch fixated last
        self.stop = nn.Linear(width, 1)

    def loss(
        self, features: Tensor, targets: FixationTargets, target_map: Tensor, *, sigma_patches: float = 0.0
    ) -> dict[str, Tensor]:
        """Teacher-forced losses: patch and stop cross-entropy, offset, duration, duration-map divergence."""
        memory = self._memory(features)
        looked = targets.by_image()
        steps = looked.duration_s.shape[2]
        patch = self._patch_of(looked.xy)  # (B, V, F)
        hidden = self._decode(memory, patch, looked.duration_s)  # (B, V, F + 1, W)
        visits = F.one_hot(patch, self.grid_side**2).float()
        before = torch.cat([torch.zeros_like(visits[:, :, :1]), visits.cumsum(2)[:, :, :-1]], dim=2)
        last = torch.cat([torch.zeros_like(visits[:, :, :1]), visits[:, :, :-1]], dim=2)
        logits = self._pointer(hidden[:, :, :-1], memory, before, last)  # (B, V, F, N)
        inside = torch.arange(steps, device=features.device) < looked.length[..., None]  # (B, V, F)
        at = self._at_patch(hidden[:, :, :-1], memory, patch)
        ends = torch.arange(steps + 1, device=features.device) == looked.length[..., None]
        asked = torch.arange(steps + 1, device=features.device) <= looked.length[..., None]
        stop = F.binary_cross_entropy_with_logits(self.stop(hidden).squeeze(-1), ends.float(), reduction="none")
        return {
            "patch": self._patch_loss(logits[inside], looked.xy[inside], sigma_patches),
            **self._place_losses(at[inside], looked.xy[inside], looked.duration_s[inside]),
            "stop": stop[asked].mean(),
            "map": self._map_loss(memory, target_map),
        }

    @torch.inference_mode()
    def predict(
        self, features: Tensor, *, seed: int | None = None, temperature: float = 0.7, min_fixations: int = 3
    ) -> list[PredictedFixation]:
        """Decode one scanpath from features (1, N, D): the most likely one, or a sample when a seed is given."""
        rng = None if seed is None else torch.Generator(device="cpu").manual_seed(seed)
        return self._decode_paths(features, 1, rng, temperature, min_fixations)[0]

    @torch.inference_mode()
    def sample(
        self, features: Tensor, n_samples: int, *, seed: int, temperature: float = 1.0, min_fixations: int = 3
    ) -> list[list[PredictedFixation]]:
        """Draw several scanpaths of one image (1, N, D) at once; the same seed gives the same ones."""
        rng = torch.Generator(device="cpu").manual_seed(seed)
        return self._decode_paths(features, n_samples, rng, temperature, min_fixations)

    def _decode_paths(
        self, features: Tensor, n_paths: int, rng: torch.Generator | None, temperature: float, min_fixations: int
    ) -> list[list[PredictedFixation]]:
        """Decode paths of one image side by side; one that has stopped is decoded on and cut."""
        memory = self._memory(features)
        patches = torch.zeros(1, n_paths, 0, dtype=torch.long, device=features.device)
        durations_s = torch.zeros(1, n_paths, 0, device=features.device)
        offsets = torch.zeros(n_paths, 0, 2, device=features.device)
        visits = torch.zeros(1, n_paths, 1, self.grid_side**2, device=features.device)
        last = torch.zeros_like(visits)
        length = torch.full((n_paths,), self.max_fixations)
        for step in range(self.max_fixations):
            hidden = self._decode(memory, patches, durations_s)[:, :, -1:]  # (1, V, 1, W)
            if step >= min_fixations:
                stops = self.stop(hidden).sigmoid().view(-1).cpu()
                is_last = stops > 0.5 if rng is None else torch.rand(n_paths, generator=rng) < stops
                length = torch.where(is_last & (length > step), step, length)
                if int(length.max()) <= step:
                    break
            logits = self._pointer(hidden, memory, visits, last)[0, :, 0]
            if rng is None:
                chosen = logits.argmax(dim=-1)
            else:
                shares = (logits / temperature).softmax(-1).cpu()
                chosen = torch.multinomial(shares, 1, generator=rng)[:, 0].to(features.device)
            at = self._at_patch(hidden, memory, chosen.view(1, -1, 1))
            offsets = torch.cat([offsets, self.offset(at).sigmoid()[0]], dim=1)
            durations_s = torch.cat([durations_s, self._durations(at, rng)], dim=2)
            patches = torch.cat([patches, chosen.view(1, -1, 1)], dim=2)
            last = F.one_hot(chosen, self.grid_side**2).float().view_as(last)
            visits = visits + last
        return [
            self._fixations(patches[0, row, :end].cpu(), offsets[row, :end].cpu(), durations_s[0, row, :end].cpu())
            for row, end in enumerate(length.tolist())
        ]

    def _decode(self, memory: Tensor, patch: Tensor, duration_s: Tensor) -> Tensor:
        """Hidden states (B, V, F + 1, W) before each fixation and after the last, of scanpaths (B, V, F).

        The paths of an image stand in one sequence and do not see each other, so that its patches are projected once.
        """
        batch, paths, steps = patch.shape
        tokens = self.start[:, None].expand(batch, paths, -1, -1)
        if steps:
            rows = torch.arange(batch, device=patch.device)[:, None, None]
            log_duration = duration_s.clamp(MIN_DURATION_S, MAX_DURATION_S).log().unsqueeze(-1)
            looked = memory[rows, patch] + self.patch_position[patch] + self.embed_duration(log_duration)
            tokens = torch.cat([tokens, looked], dim=2)
        tokens = (tokens + self.step_position[:, None, : tokens.shape[2]]).flatten(1, 2)
        causal = torch.full((steps + 1, steps + 1), float("-inf"), device=patch.device).triu(1)
        if paths > 1:
            # The Kronecker product puts one block a path on the diagonal; the zeros between them become -inf, too.
            causal = torch.kron(torch.eye(paths, device=causal.device), causal.exp()).log()
        hidden = self.decoder(tokens, memory, tgt_mask=causal, tgt_is_causal=paths == 1)
        return torch.as_tensor(hidden.view(batch, paths, steps + 1, -1))

    def _pointer(self, hidden: Tensor, memory: Tensor, visits: Tensor, last: Tensor) -> Tensor:
        scores = self._scores(hidden.flatten(1, 2), memory).view_as(visits)
        return torch.as_tensor(scores + self.revisit_bias[0] * visits + self.revisit_bias[1] * last)
