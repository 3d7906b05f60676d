"""Losses by which recorded gaze teaches the encoder, in training only: at drafting time no gaze is needed for them.

Both need an encoder that is trained, and recorded gaze; their own weights are no part of the adapter version.

Notation used for tensor shapes: B batch, P films of the batch, N patches, D feature width, T sentences, W width of the
common space, H language-model width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.data.dataset import FilmExample, StudyBatch
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.training.report_objective import Computed
from gaze2report.types import Fixation


def scaled_to_one(maps: Tensor) -> Tensor:
    """Stretch each map (..., N) so that its lowest value is 0 and its highest 1; a flat map is 0."""
    low, high = maps.amin(-1, keepdim=True), maps.amax(-1, keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-8)


def gaze_map_error(predicted: Tensor, durations: Tensor) -> Tensor:
    """GD-ViG's loss of each film (P,): mean squared error of a gaze map in [0, 1] and the readers' map, scaled to it.

    Parameters
    ----------
    predicted, durations : Tensor (P, N)
    """
    return (predicted - scaled_to_one(durations)).square().mean(-1)


def strongest(durations: Tensor, share: float) -> Tensor:
    """Keep the ``share`` of patches that were looked at longest, as a distribution: (T, N) to (T, N), sums to 1."""
    kept = max(1, round(share * durations.shape[-1]))
    lowest = durations.topk(kept, dim=-1).values[..., -1:]
    peaks = durations * (durations >= lowest)
    return peaks / peaks.sum(-1, keepdim=True).clamp(min=1e-12)


def jensen_shannon(first: Tensor, second: Tensor) -> Tensor:
    """Jensen-Shannon divergence of distributions (T, N) in nats, (T,): 0 for equal ones, ln 2 for disjoint ones."""
    middle = 0.5 * (first + second)
    return 0.5 * (_relative_entropy(first, middle) + _relative_entropy(second, middle))


def _relative_entropy(first: Tensor, second: Tensor) -> Tensor:
    return torch.where(first > 0, first * (first.clamp(min=1e-12) / second.clamp(min=1e-12)).log(), 0.0).sum(-1)


class GazeMapLoss(nn.Module):
    """GD-ViG's gaze loss (Wu et al., MICCAI 2024): a map of gaze from the film alone, learnt beside the task.

    GD-ViG's total is ``L_gaze + lambda_c L_task``; here the report's weight is 1, so ``weight`` is 1 / lambda_c. Its
    map also directs its graph; ours is directed by the fixations of the gaze source, so this loss reaches the report
    through the encoder alone.

    Parameters
    ----------
    width, grid_side : int
        D and R of the encoder.
    weight, lr : float
        Of the loss, and of its own layer.
    """

    name = "gaze_map"

    def __init__(self, width: int, grid_side: int, weight: float, lr: float) -> None:
        super().__init__()
        self.weight, self.lr, self.grid_side = weight, lr, grid_side
        self.generator = nn.Linear(width, 1)

    def count(self, batch: StudyBatch) -> float:
        """Films with recorded gaze."""
        return float(sum(bool(film.recorded) for film in films_of(batch)))

    def forward(self, model: Gaze2Report, computed: Computed) -> Tensor:
        """Sum over the films with recorded gaze."""
        films = films_of(computed.batch)
        rows = [row for row, film in enumerate(films) if film.recorded]
        if not rows:
            return nothing(self.generator)
        maps = duration_maps([films[row].recorded for row in rows], self.grid_side).to(computed.features)
        predicted = self.generator(computed.features[rows]).squeeze(-1).sigmoid()
        return gaze_map_error(predicted, maps).sum()


class SentenceGazeLoss(nn.Module):
    """A sentence should be most similar to the patches that were looked at for it, after CoGaze.

    Two terms, both of the cosine between a sentence and patches in a common space: the Jensen-Shannon divergence of the
    sentence's similarity over the patches from its gaze map, of which the strongest quarter counts; and a contrast
    between the sentences of a batch, each with the patches of its own gaze.

    Parameters
    ----------
    width, language_width, grid_side : int
        D, H and R.
    weight, lr : float
        Of the loss, and of its own layers.
    contrast_weight : float
        Of the second term beside the first.
    shared_width : int
        W.
    temperature : float
        Cosines are divided by it.
    kept_share : float
        Share of the patches that count as looked at.
    """

    name = "sentence_gaze"

    def __init__(
        self,
        width: int,
        language_width: int,
        grid_side: int,
        weight: float,
        lr: float,
        *,
        contrast_weight: float = 0.5,
        shared_width: int = 64,
        temperature: float = 0.1,
        kept_share: float = 0.25,
    ) -> None:
        super().__init__()
        self.weight, self.lr, self.grid_side = weight, lr, grid_side
        self.contrast_weight, self.temperature, self.kept_share = contrast_weight, temperature, kept_share
        self.of_patch, self.of_sentence = nn.Linear(width, shared_width), nn.Linear(language_width, shared_width)

    def count(self, batch: StudyBatch) -> float:
        """Sentences with gaze."""
        return float(sum(len(film.sentences) for film in films_of(batch)))

    def forward(self, model: Gaze2Report, computed: Computed) -> Tensor:
        """Sum over the sentences with gaze."""
        told = [(row, one) for row, film in enumerate(films_of(computed.batch)) for one in film.sentences]
        if not told:
            return nothing(self)
        gaze = strongest(
            duration_maps([one.fixations for _, one in told], self.grid_side).to(computed.features), self.kept_share
        )
        embedded = model.generator.word_embeddings([one.text for _, one in told]).to(computed.features)
        patches = F.normalize(self.of_patch(computed.features[[row for row, _ in told]]), dim=-1)  # (T, N, W)
        sentences = F.normalize(self.of_sentence(embedded), dim=-1)  # (T, W)
        return self.aligned(patches, sentences, gaze).sum()

    def aligned(self, patches: Tensor, sentences: Tensor, gaze: Tensor) -> Tensor:
        """Loss of each sentence (T,) from unit patches (T, N, W), unit sentences (T, W) and gaze maps (T, N)."""
        similar = torch.einsum("tnw,tw->tn", patches, sentences) / self.temperature
        divergence = jensen_shannon(similar.softmax(-1), gaze)
        looked_at = F.normalize((gaze[..., None] * patches).sum(1), dim=-1)  # (T, W)
        every = sentences @ looked_at.T / self.temperature  # (T, T)
        own = torch.arange(len(every), device=every.device)
        contrast = 0.5 * (
            F.cross_entropy(every, own, reduction="none") + F.cross_entropy(every.T, own, reduction="none")
        )
        return divergence + self.contrast_weight * contrast


def films_of(batch: StudyBatch) -> list[FilmExample]:
    """Films of a batch in the order of their features (P, N, D)."""
    return [film for example in batch.examples for film in example.films]


def duration_maps(scanpaths: Sequence[Sequence[Fixation]], grid_side: int) -> Tensor:
    """Share of looking time over the patches of each scanpath in fractions of the film, (paths, N)."""
    return torch.stack([torch.from_numpy(aggregate(path, 1, 1, grid_side).duration) for path in scanpaths])


def nothing(module: nn.Module) -> Tensor:
    """Zero that hangs on a module's weights, so that every process has a gradient for them."""
    return torch.stack([(parameter * 0.0).sum() for parameter in module.parameters()]).sum()
