"""What is minimised when the draft model is trained: settings, and the losses beside that of the report text.

Notation used for tensor shapes: B batch, P films of the batch, N patches, O observations, D feature width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gaze2report.data.dataset import StudyBatch
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.models.scanpath import FixationTargets


@dataclass(frozen=True)
class ReportLosses:
    """What is trained and how the prompt is made in training.

    Attributes
    ----------
    encoder_lr, findings_lr, graph_lr, prompt_lr, lora_lr : float
        Rates; 0 leaves the part as it is. ``prompt`` is the visual-gaze and observation tokens, and the fusion.
    findings_weight : float
        Of the binary cross-entropy over known labels, beside the cross-entropy of the report tokens.
    scanpath_weight, scanpath_lr : float
        Of the losses of the scanpath predictor on films with recorded gaze; 0 leaves the predictor as it is. A
        predictor that was trained on other features than the encoder's now is of no use: train both, or freeze both.
    scanpath_shapes_encoder : bool
        Whether these losses reach the encoder, too (as in GD-ViG). If not, an image-only twin has the same encoder.
    no_gaze_share : float
        Share of films whose gaze is left out, so that drafting without gaze is no surprise.
    head_share : float
        Share of studies whose prompt says what the findings head says; the others' says the labels, where known.
    label_noise : float
        Labels in the prompt are drawn towards 0.5 by up to this: the head gives probabilities, not labels.
    no_words_share : float
        Share of instructions that name no observation.
    when_not_recorded : str
        With gaze ``recorded``, what a film without a recording gets: ``error``, ``none`` or ``predicted``.
    gradient_checkpointing : bool
        Trade time for memory: activations are computed twice.
    """

    encoder_lr: float = 1e-4
    findings_lr: float = 1e-3
    graph_lr: float = 1e-3
    prompt_lr: float = 1e-3
    lora_lr: float = 3e-4
    findings_weight: float = 1.0
    scanpath_weight: float = 0.0
    scanpath_lr: float = 5e-4
    scanpath_shapes_encoder: bool = False
    no_gaze_share: float = 0.1
    head_share: float = 0.5
    label_noise: float = 0.2
    no_words_share: float = 0.1
    max_report_tokens: int = 120
    when_not_recorded: str = "error"
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        if self.when_not_recorded not in ("error", "none", "predicted"):
            raise ValueError(f"when_not_recorded={self.when_not_recorded!r} is not error, none or predicted")


def findings_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum of the binary cross-entropy over known labels: (B, O), (B, O) with NaN where unknown, (B,)."""
    known = ~labels.isnan()
    losses = F.binary_cross_entropy_with_logits(logits, labels.nan_to_num(), reduction="none")
    return (losses * known * weights[:, None]).sum()


def scanpath_loss(model: Gaze2Report, features: Tensor, batch: StudyBatch) -> Tensor:
    """Losses of the scanpath predictor on the films (P, N, D) with recorded gaze, times the number of these films.

    Patch, place, duration, stop and duration map, added up (`ScanpathPredictor.loss`), each a mean over the batch.
    """
    films = [film for example in batch.examples for film in example.films]
    rows = [row for row, film in enumerate(films) if film.recorded]
    if not rows:
        return features.sum() * 0.0
    paths = [films[row].recorded[: model.scanpath.max_fixations] for row in rows]
    longest = max(len(path) for path in paths)
    xy, seconds = torch.full((len(rows), longest, 2), 0.5), torch.full((len(rows), longest), 0.2)
    for row, path in enumerate(paths):
        xy[row, : len(path)] = torch.tensor([[f.x_px, f.y_px] for f in path])
        seconds[row, : len(path)] = torch.tensor([f.duration_s for f in path])
    length = torch.tensor([len(path) for path in paths])
    grid = model.encoder.grid_side
    maps = torch.stack([torch.from_numpy(aggregate(path, 1.0, 1.0, grid).duration) for path in paths])
    device = features.device
    targets = FixationTargets(xy.to(device), seconds.to(device), length.to(device))
    losses = model.scanpath.loss(features[rows].float(), targets, maps.to(device))
    return torch.stack(list(losses.values())).sum() * len(rows)
