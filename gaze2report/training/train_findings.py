"""Films with labels to the encoder and the findings head, by patient, with out-of-fold calibration.

Thresholds and calibration come from predictions on films that the predicting model was not trained on: taken from
training predictions, which are near 0 and 1, they would leave most new films without any observation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.data.splits import fold_of
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.findings import CalibratedLogits, FindingsHead

MakeModels = Callable[[], tuple[HybridEncoder, FindingsHead]]


@dataclass(frozen=True)
class FindingsPhase:
    """Settings of the phase."""

    epochs: int = 12
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = 0.05
    n_views: int = 6
    n_folds: int = 4
    min_positive_films: int = 60
    min_auroc: float = 0.6
    seed: int = 0


def masked_bce(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Binary cross-entropy over known labels (not NaN), each observation weighted by ``weight``."""
    known = ~labels.isnan()
    loss = F.binary_cross_entropy_with_logits(logits, labels.nan_to_num(), reduction="none") * weight
    return loss[known].mean()


def fit(
    make_models: MakeModels, maps: Tensor, labels: Tensor, taught: Tensor, phase: FindingsPhase, seed: int
) -> tuple[HybridEncoder, FindingsHead]:
    """Train the transformer blocks and the head on cached trunk features (films, views, N, C).

    Only the observations that ``taught`` (O,) marks count. It is decided on all films once: decided in each fold
    anew, an observation near the limit would be left untrained there and its thresholds taken from noise.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, head = make_models()
    trained = nn.ModuleList([encoder.project, encoder.blocks, encoder.norm, head])
    parameters = [*trained.parameters(), encoder.position]
    optimizer = torch.optim.AdamW(parameters, lr=phase.lr, weight_decay=phase.weight_decay)
    n_films = len(maps)
    steps = phase.epochs * -(-n_films // phase.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, phase.lr, total_steps=steps, pct_start=0.15)
    weight = (labels == 1).sum(0).clamp(min=1).float().rsqrt() * taught
    weight = weight / weight[taught].mean()
    encoder.train()
    encoder.trunk.eval()
    head.train()
    for _ in range(phase.epochs):
        order = rng.permutation(n_films)
        for start in range(0, n_films, phase.batch_size):
            rows = torch.from_numpy(order[start : start + phase.batch_size])
            views = torch.from_numpy(rng.integers(0, maps.shape[1], len(rows)))
            logits = head(encoder.from_trunk_map(maps[rows, views].float()))
            loss = masked_bce(logits, labels[rows] * 0.94 + 0.03, weight)  # smoothed: the labels are mined from text
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
    return encoder.eval(), head.eval()


def often_enough(labels: Tensor, phase: FindingsPhase) -> Tensor:
    """Observations (O,) with enough positive films to be taught and measured."""
    return (labels == 1).sum(0) >= phase.min_positive_films


@torch.inference_mode()
def predict(encoder: HybridEncoder, head: FindingsHead, maps: Tensor) -> Tensor:
    """Raw logits (films, 14) of the unaugmented view."""
    return torch.cat([head(encoder.from_trunk_map(maps[i : i + 32, 0].float())) for i in range(0, len(maps), 32)])


def out_of_fold(
    make_models: MakeModels,
    maps: Tensor,
    films: list[LabelledFilm],
    phase: FindingsPhase,
    on_log: Callable[[str], None],
) -> Tensor:
    """Logits (films, 14) of models that were not trained on the film's patient."""
    labels = torch.from_numpy(np.stack([film.labels for film in films]))
    folds = torch.tensor([fold_of("oof" + film.patient_id, phase.n_folds) for film in films])
    taught = often_enough(labels, phase)
    logits = torch.zeros(len(films), labels.shape[1])
    for fold in range(phase.n_folds):
        encoder, head = fit(make_models, maps[folds != fold], labels[folds != fold], taught, phase, phase.seed + fold)
        logits[folds == fold] = predict(encoder, head, maps[folds == fold])
        on_log(f"  fold {fold + 1}/{phase.n_folds}")
    return logits


def calibrate(
    calibration: CalibratedLogits,
    logits: Tensor,
    labels: Tensor,
    phase: FindingsPhase,
    choose: Callable[[NDArray[np.float32], NDArray[np.float32]], float] | None = None,
) -> None:
    """Fit temperature and shift (Platt 1999) and choose thresholds on out-of-fold logits, in place.

    The threshold of an observation is the one that maximises Youden's J (sensitivity + specificity - 1), or what
    ``choose`` says. An observation is supported when it was taught and its out-of-fold AUROC reaches ``min_auroc``.
    """
    taught = often_enough(labels, phase)
    for column in range(logits.shape[1]):
        known = ~labels[:, column].isnan()
        truth, raw = labels[known, column], logits[known, column]
        is_measured = bool(taught[column]) and auroc(raw.numpy(), truth.numpy()) >= phase.min_auroc
        calibration.is_supported[column] = is_measured
        if is_measured:
            fit_platt(calibration, column, raw, truth)
            scale, shift = calibration.log_temperature[column].exp(), calibration.prior_shift[column]
            probability = (raw / scale + shift).sigmoid()
            calibration.threshold[column] = (choose or youden_threshold)(probability.numpy(), truth.numpy())


def fit_platt(calibration: CalibratedLogits, column: int, raw: Tensor, truth: Tensor) -> None:
    """Fit temperature and shift of one observation to raw logits (B,) and labels (B,), in place."""
    log_temperature, shift = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature, shift], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(raw / log_temperature.exp() + shift, truth)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call, arg-type]
    calibration.log_temperature[column] = log_temperature.item()
    calibration.prior_shift[column] = shift.item()


def youden_threshold(probability: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the probability that maximises sensitivity + specificity - 1."""
    candidates = np.unique(probability)
    cuts = (candidates[1:] + candidates[:-1]) / 2
    positive, negative = probability[truth == 1], probability[truth == 0]
    youden = [(positive >= cut).mean() + (negative < cut).mean() for cut in cuts]
    return float(cuts[int(np.argmax(youden))])


def auroc(score: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Area under the ROC curve by ranks (ties count half); NaN without both classes."""
    positive, negative = score[truth == 1], score[truth == 0]
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / 2 / len(negative))
