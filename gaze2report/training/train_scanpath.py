"""Films with weakly paired scanpaths to the scanpath predictor; the encoder stays as the findings made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gaze2report.data.sources.gazesearch import SearchScanpath
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.data.weak_pairing import scanpaths_for_films
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.scanpath import FixationTargets, ScanpathPredictor


@dataclass(frozen=True)
class ScanpathPhase:
    """Settings of the phase."""

    epochs: int = 16
    batch_size: int = 32
    lr: float = 6e-4
    seed: int = 0


def to_targets(scanpaths: Sequence[SearchScanpath], grid_side: int) -> tuple[FixationTargets, Tensor]:
    """Pad scanpaths to one length and make their duration maps (B, N)."""
    longest = max(len(s.fixations) for s in scanpaths)
    xy = torch.zeros(len(scanpaths), longest, 2)
    duration_s = torch.full((len(scanpaths), longest), 0.2)
    for row, scanpath in enumerate(scanpaths):
        for column, fixation in enumerate(scanpath.fixations):
            xy[row, column] = torch.tensor([fixation.x_px, fixation.y_px])
            duration_s[row, column] = fixation.duration_s
    length = torch.tensor([len(s.fixations) for s in scanpaths])
    maps = np.stack([aggregate(s.fixations, 1.0, 1.0, grid_side).duration for s in scanpaths])
    return FixationTargets(xy, duration_s, length), torch.from_numpy(maps)


def train_scanpath(
    predictor: ScanpathPredictor,
    encoder: HybridEncoder,
    maps: Tensor,
    films: list[LabelledFilm],
    scanpaths: list[SearchScanpath],
    phase: ScanpathPhase,
    *,
    on_log: Callable[[str], None] = print,
) -> ScanpathPredictor:
    """Train a predictor on cached trunk features (films, views, N, C), a new pairing every epoch."""
    torch.manual_seed(phase.seed)
    rng = np.random.default_rng(phase.seed)
    train = [s for s in scanpaths if not s.is_held_out()]
    held_out = [s for s in scanpaths if s.is_held_out()]
    optimizer = torch.optim.AdamW(predictor.parameters(), lr=phase.lr, weight_decay=0.02)
    steps = phase.epochs * -(-len(films) // phase.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, phase.lr, total_steps=steps, pct_start=0.1)
    for epoch in range(phase.epochs):
        predictor.train()
        order = rng.permutation(len(films))
        pairs = scanpaths_for_films(films, train, rng)
        for start in range(0, len(films), phase.batch_size):
            rows = order[start : start + phase.batch_size]
            loss = sum(_losses(predictor, encoder, maps, rows, [pairs[i] for i in rows], rng).values(), torch.zeros(()))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        if epoch % 4 == 3 or epoch == phase.epochs - 1:
            on_log(f"  scanpath epoch {epoch + 1}: {held_out_losses(predictor, encoder, maps, films, held_out)}")
    return predictor.eval()


def held_out_losses(
    predictor: ScanpathPredictor,
    encoder: HybridEncoder,
    maps: Tensor,
    films: list[LabelledFilm],
    held_out: list[SearchScanpath],
) -> dict[str, float]:
    """Losses with scanpaths of images that were not trained on, paired with the films by the same rule."""
    predictor.eval()
    rng = np.random.default_rng(12345)
    rows = np.arange(min(len(films), 160))
    pairs = scanpaths_for_films([films[i] for i in rows], held_out, rng)
    with torch.no_grad():
        losses = _losses(predictor, encoder, maps[:, :1], rows, pairs, rng)
    return {name: round(float(value), 4) for name, value in losses.items()}


def _losses(
    predictor: ScanpathPredictor,
    encoder: HybridEncoder,
    maps: Tensor,
    rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    pairs: list[SearchScanpath],
    rng: np.random.Generator,
) -> dict[str, Tensor]:
    views = torch.from_numpy(rng.integers(0, maps.shape[1], len(rows)))
    with torch.no_grad():
        features = encoder.from_trunk_map(maps[torch.from_numpy(rows), views].float())
    targets, target_map = to_targets(pairs, predictor.grid_side)
    return predictor.loss(features, targets, target_map)
