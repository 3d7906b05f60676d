"""A findings head for a comparison: trained on the same frozen features and the same training cases as all else.

Notation used for tensor shapes: B batch, N patches, D feature width, O observations.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.comparators.comparator import ReportCase
from gaze2report.evaluation.label_scores import f1_of_counts, label_counts
from gaze2report.models.findings import FindingsHead
from gaze2report.training.train_findings import masked_bce
from gaze2report.types import CHEXPERT_OBSERVATIONS


@dataclass(frozen=True)
class FindingsTraining:
    """Settings; an observation with fewer positive training cases than ``min_positive_cases`` is never reported."""

    epochs: int = 40
    batch_size: int = 32
    lr: float = 3e-3
    weight_decay: float = 0.05
    min_positive_cases: int = 5


def train_findings_head(
    head: FindingsHead,
    training: Sequence[ReportCase],
    validation: Sequence[ReportCase],
    settings: FindingsTraining,
    seed: int,
) -> None:
    """Train a head in place; weights of the best validation loss, thresholds of the best validation F1."""
    rng = np.random.default_rng(seed)
    features, labels = _arrays(training)
    seen, truth = _arrays(validation)
    taught = labels.sum(0) >= settings.min_positive_cases
    weight = labels.sum(0).clamp(min=1).rsqrt() * taught
    weight = weight / weight[taught].mean() if bool(taught.any()) else weight
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    best, best_state = float("inf"), copy.deepcopy(head.state_dict())
    for _ in range(settings.epochs):
        head.train()
        order = rng.permutation(len(features))
        for start in range(0, len(order), settings.batch_size):
            rows = torch.from_numpy(order[start : start + settings.batch_size])
            loss = masked_bce(head(features[rows]), labels[rows], weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        head.eval()
        with torch.no_grad():
            found = float(masked_bce(head(seen), truth, weight))
        if found < best:
            best, best_state = found, copy.deepcopy(head.state_dict())
    head.load_state_dict(best_state)
    head.is_supported.copy_(taught)
    with torch.no_grad():
        probabilities = head.probabilities(seen).numpy()
    for column in np.flatnonzero(taught.numpy()):
        head.threshold[column] = f1_threshold(probabilities[:, column], truth[:, column].numpy() == 1)


def f1_threshold(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Return the probability from which on to report an observation so that F1 is largest; 0.5 without positives."""
    if not truth.any():
        return 0.5
    candidates = np.unique(probability)
    cuts = np.concatenate([candidates[:1] / 2, (candidates[1:] + candidates[:-1]) / 2])
    scores = [float(f1_of_counts(label_counts(probability >= cut, truth).sum(axis=0))) for cut in cuts]
    return float(cuts[int(np.argmax(scores))])


def _arrays(cases: Sequence[ReportCase]) -> tuple[Tensor, Tensor]:
    """Features (cases, N, D) and labels (cases, O) of 0 and 1."""
    labels = [[float(name in case.observations) for name in CHEXPERT_OBSERVATIONS] for case in cases]
    return torch.stack([case.film.features.float() for case in cases]), torch.tensor(labels)
