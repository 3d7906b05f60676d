"""Second phase of report training: films with composed reports to graph, prompt and LoRA.

The encoder, the findings head and the scanpath predictor stay as they are. A film is given a report composed of real
sentences that assert its labels, or, for a share of the steps, what the findings head said of the film when it had not
been trained on it: what the report says and what the prompt says always agree, so the language model keeps trusting it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.gaze2report import Gaze2Report, reported_observations, to_patch_gaze
from gaze2report.training.train_language import Precision, autocast, labels_of, named_observations, soften


@dataclass(frozen=True)
class ReportPhase:
    """Settings of the phase."""

    steps: int = 120
    batch_size: int = 16
    lora_lr: float = 5e-4
    prompt_lr: float = 2e-3
    label_noise: float = 0.3
    head_share: float = 0.3
    no_gaze_share: float = 0.15
    no_words_share: float = 0.15
    dropped_word_share: float = 0.1
    normal_share: float = 0.4
    max_report_tokens: int = 96
    precision: Precision = "float32"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class FilmBank:
    """What the frozen parts say of each film, computed once.

    Attributes
    ----------
    films : list of LabelledFilm
    maps : Tensor (films, views, N, C)
        Trunk features.
    gaze : list of PatchGaze
        Of a sampled scanpath: the most likely fixations, one by one, all fall on one patch.
    decisions : Tensor (films, O)
        From predictions on films not trained on.
    """

    films: list[LabelledFilm]
    maps: Tensor
    gaze: list[PatchGaze]
    decisions: Tensor

    def observed(self, row: int, *, from_head: bool) -> frozenset[str]:
        """Observations of one film: its labels, or what the findings head decides; never empty."""
        found = set(reported_observations(self.decisions[row]) if from_head else self.films[row].observations)
        return frozenset(found or {"No Finding"})


@torch.no_grad()
def make_bank(model: Gaze2Report, films: list[LabelledFilm], maps: Tensor, logits: Tensor) -> FilmBank:
    """Predict scanpaths of films and turn raw logits (films, O) into decisions."""
    sigma = 1.0
    gaze = []
    for row in range(len(films)):
        features = _features(model, maps[row : row + 1, 0])
        gaze.append(to_patch_gaze(model.scanpath.predict(features, seed=row), model.encoder.grid_side, sigma))
    calibration = model.calibration
    return FilmBank(films, maps, gaze, calibration.decisions(calibration.calibrated(logits)))


def train_report(
    model: Gaze2Report,
    bank: FilmBank,
    pool: SentencePool,
    phase: ReportPhase,
    *,
    on_log: Callable[[str], None] = print,
) -> Gaze2Report:
    """Train graph, prompt, observation tokens and LoRA on films with reports composed anew each time."""
    torch.manual_seed(phase.seed)
    rng = np.random.default_rng(phase.seed)
    lora = [p for p in model.generator.parameters() if p.requires_grad]
    prompt = [*model.gaze_graph.parameters(), *model.prompt.parameters(), *model.observation_tokens.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": lora, "lr": phase.lora_lr}, {"params": prompt, "lr": phase.prompt_lr}], weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [phase.lora_lr, phase.prompt_lr], total_steps=phase.steps, pct_start=0.1
    )
    on_log(f"report phase: {len(bank.films)} films, {phase.steps} steps")
    model.generator.train()
    model.gaze_graph.train()
    started = time.monotonic()
    for done in range(1, phase.steps + 1):
        with autocast(phase.precision):
            loss = _step_loss(model, bank, pool, phase, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*lora, *prompt], 1.0)
        optimizer.step()
        schedule.step()
        if done % 10 == 0:
            seconds = (time.monotonic() - started) / done
            on_log(f"  step {done}/{phase.steps} loss {loss.item():.3f} {seconds:.2f} s/step")
    return model.eval()


def draw_films(bank: FilmBank, n_films: int, normal_share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw rows of the bank, ``normal_share`` of them normal on average."""
    is_normal = np.array(["No Finding" in film.observations for film in bank.films])
    groups = [rows for rows in (np.flatnonzero(is_normal), np.flatnonzero(~is_normal))]
    return np.array([rng.choice(groups[int(rng.random() >= normal_share)]) for _ in range(n_films)])


def _step_loss(
    model: Gaze2Report, bank: FilmBank, pool: SentencePool, phase: ReportPhase, rng: np.random.Generator
) -> Tensor:
    films = draw_films(bank, phase.batch_size, phase.normal_share, rng)
    views = rng.integers(0, bank.maps.shape[1], len(films))
    with torch.no_grad():
        features = _features(model, bank.maps[torch.from_numpy(films), torch.from_numpy(views)])
    grid = model.encoder.grid_side
    gaze = [aggregate((), 1, 1, grid) if rng.random() < phase.no_gaze_share else bank.gaze[film] for film in films]
    from_head = rng.random(len(films)) < phase.head_share
    reports = [
        pool.compose(bank.films[film].path.name, bank.observed(film, from_head=head), rng)
        for film, head in zip(films, from_head, strict=True)
    ]
    observations = soften(labels_of(reports), phase.label_noise, rng)
    rows = torch.from_numpy(from_head)
    observations[rows] = bank.decisions[torch.from_numpy(films)][rows]
    words = [named_observations(r, phase.no_words_share, phase.dropped_word_share, rng) for r in reports]
    ids = [model.generator.report_ids(r.findings, r.impression, phase.max_report_tokens) for r in reports]
    return model.generator.loss(model.prompt_tokens(features, gaze, observations), ids, words)


@torch.no_grad()
def shuffled_image_gap(
    model: Gaze2Report, bank: FilmBank, reports: Sequence[LabelledReport], films: Sequence[int], seed: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss of each report with its film, and with another's; arrays (reports,).

    Everything that comes from the film is exchanged: features, gaze and the findings head's decisions. If the two
    are equal, the language model ignores the image and nothing has been learnt.

    Parameters
    ----------
    films : sequence of int
        The bank's row for each report.
    """
    right = np.array(films)
    losses = []
    for choice in (right, np.random.default_rng(seed).permutation(right)):
        rows = []
        for start in range(0, len(reports), 16):
            chosen = choice[start : start + 16]
            features = _features(model, bank.maps[torch.from_numpy(chosen), 0])
            tokens = model.prompt_tokens(
                features, [bank.gaze[i] for i in chosen], bank.decisions[torch.from_numpy(chosen)]
            )
            ids = [model.generator.report_ids(r.findings, r.impression, 96) for r in reports[start : start + 16]]
            words = [reported_observations(bank.decisions[film]) for film in chosen]
            rows.append(model.generator.loss(tokens, ids, words, reduction="none"))
        losses.append(torch.cat(rows).double().numpy())
    return losses[0], losses[1]


def _features(model: Gaze2Report, trunk_map: Tensor) -> Tensor:
    """Patch features from cached trunk features (B, N, C)."""
    from_trunk_map = model.encoder.from_trunk_map
    return torch.as_tensor(from_trunk_map(trunk_map.float()))  # type: ignore[operator]
