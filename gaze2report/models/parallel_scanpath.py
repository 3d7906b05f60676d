"""A scanpath decoder that emits all fixations at once. Notation as in `gaze2report.models.scanpath`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.models.scanpath import FixationTargets, PredictedFixation, ScanpathPredictor


class ParallelScanpath(ScanpathPredictor):
    """A learned query for each fixation, all decoded in one pass; the number of fixations is a class.

    One pass instead of one a fixation; but what is drawn for one fixation is not known to the next. The idea of
    fixation queries is that of Gazeformer (Mondal et al. 2023).

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
        has_duration_spread: bool = True,
    ) -> None:
        super().__init__(feature_width, grid_side, width, max_fixations, has_duration_spread=has_duration_spread)
        self.fixation_queries = nn.Parameter(torch.randn(1, max_fixations, width) * 0.2)
        layer = nn.TransformerDecoderLayer(width, n_heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, depth, nn.LayerNorm(width))
        self.length = nn.Linear(width, max_fixations)

    def loss(
        self, features: Tensor, targets: FixationTargets, target_map: Tensor, *, sigma_patches: float = 0.0
    ) -> dict[str, Tensor]:
        """Patch and length cross-entropy, offset, duration, duration-map divergence; no fixation sees another's truth.

        Fixations after the last one that can be emitted are cut.
        """
        memory = self._memory(features)
        looked = targets.by_image()
        paths, steps = looked.length.shape[1], min(looked.duration_s.shape[2], self.max_fixations)
        xy, duration_s = looked.xy[:, :, :steps], looked.duration_s[:, :, :steps]
        length = looked.length.clamp(1, self.max_fixations)  # (B, V)
        hidden = self._decode(memory)  # (B, F, W)
        inside = torch.arange(steps, device=features.device) < length[..., None]  # (B, V, F)
        logits = self._scores(hidden, memory)[:, None, :steps].expand(-1, paths, -1, -1)
        seen = hidden[:, None, :steps].expand(-1, paths, -1, -1)
        at = self._at_patch(seen, memory, self._patch_of(xy))
        length_logits = self.length(hidden.mean(dim=1))[:, None].expand(-1, paths, -1)
        return {
            "patch": self._patch_loss(logits[inside], xy[inside], sigma_patches),
            **self._place_losses(at[inside], xy[inside], duration_s[inside]),
            "length": F.cross_entropy(length_logits.flatten(0, 1), length.flatten() - 1),
            "map": self._map_loss(memory, target_map),
        }

    @torch.inference_mode()
    def predict(
        self, features: Tensor, *, seed: int | None = None, temperature: float = 0.7, min_fixations: int = 3
    ) -> list[PredictedFixation]:
        """Decode one scanpath from features (1, N, D): the most likely one, or a sample when a seed is given."""
        rng = None if seed is None else torch.Generator(device="cpu").manual_seed(seed)
        return self._draw(features, 1, rng, temperature, min_fixations)[0]

    @torch.inference_mode()
    def sample(
        self, features: Tensor, n_samples: int, *, seed: int, temperature: float = 1.0, min_fixations: int = 3
    ) -> list[list[PredictedFixation]]:
        """Draw several scanpaths of one image (1, N, D) at once; the same seed gives the same ones."""
        rng = torch.Generator(device="cpu").manual_seed(seed)
        return self._draw(features, n_samples, rng, temperature, min_fixations)

    def _draw(
        self, features: Tensor, n_paths: int, rng: torch.Generator | None, temperature: float, min_fixations: int
    ) -> list[list[PredictedFixation]]:
        memory = self._memory(features)
        hidden = self._decode(memory)
        logits = self._scores(hidden, memory)[0].cpu()  # (F, N)
        length_logits = self.length(hidden.mean(dim=1))[0].cpu()
        length_logits[: max(0, min(min_fixations, self.max_fixations) - 1)] = float("-inf")
        if rng is None:
            patches = logits.argmax(dim=-1)[:, None].expand(-1, n_paths)  # (F, V)
            lengths = length_logits.argmax(dim=-1, keepdim=True).expand(n_paths) + 1
        else:
            patches = torch.multinomial((logits / temperature).softmax(-1), n_paths, replacement=True, generator=rng)
            lengths = torch.multinomial(length_logits.softmax(-1), n_paths, replacement=True, generator=rng) + 1
        patches = patches.T.contiguous()  # (V, F)
        seen, own = hidden.expand(n_paths, -1, -1), memory.expand(n_paths, -1, -1)
        at = self._at_patch(seen, own, patches.to(memory.device))
        offsets, durations_s = self.offset(at).sigmoid().cpu(), self._durations(at, rng).cpu()
        return [
            self._fixations(patches[row, :end], offsets[row, :end], durations_s[row, :end])
            for row, end in enumerate(lengths.tolist())
        ]

    def _decode(self, memory: Tensor) -> Tensor:
        """Hidden states (B, F, W) of all fixations."""
        return torch.as_tensor(self.decoder(self.fixation_queries.expand(len(memory), -1, -1), memory))
