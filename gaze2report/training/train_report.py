"""Second phase of report training: films with weakly paired reports to graph, prompt and LoRA.

The encoder, the findings head and the scanpath predictor stay as they are. Observation tokens are given the report's
own labels most of the time, so that the language model keeps trusting them, and now and then what the findings head
said of the film when it had not been trained on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.report_corpus import LabelledReport, balanced_epoch
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.data.weak_pairing import films_for_reports
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.gaze2report import Gaze2Report, reported_observations, to_patch_gaze
from gaze2report.training.train_language import batches, labels_of, soften
from gaze2report.types import CHEXPERT_OBSERVATIONS


@dataclass(frozen=True)
class ReportPhase:
    """Settings of the phase."""

    epochs: int = 1
    batch_size: int = 8
    lora_lr: float = 5e-4
    prompt_lr: float = 2e-3
    label_noise: float = 0.3
    head_share: float = 0.1
    no_gaze_share: float = 0.15
    no_words_share: float = 0.15
    dropped_word_share: float = 0.1
    normal_share: float = 0.3
    max_report_tokens: int = 96
    max_steps: int = 0
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


@torch.no_grad()
def make_bank(model: Gaze2Report, films: list[LabelledFilm], maps: Tensor, logits: Tensor) -> FilmBank:
    """Predict scanpaths of films and turn raw logits (films, O) into decisions."""
    sigma = 1.0
    gaze = []
    for row in range(len(films)):
        features = _features(model, maps[row : row + 1, 0])
        gaze.append(to_patch_gaze(model.scanpath.predict(features, seed=row), model.encoder.grid_side, sigma))
    head = model.findings
    probabilities = (logits / head.log_temperature.exp() + head.prior_shift).sigmoid()
    return FilmBank(films, maps, gaze, head.decisions(probabilities))


def known_observations(model: Gaze2Report, names: Sequence[str]) -> frozenset[str]:
    """Observations with measured support, on which films and reports are matched."""
    supported = model.findings.is_supported.tolist()
    return frozenset(name for name, is_supported in zip(names, supported, strict=True) if is_supported)


def train_report(
    model: Gaze2Report,
    bank: FilmBank,
    reports: list[LabelledReport],
    known: frozenset[str],
    phase: ReportPhase,
    *,
    on_log: Callable[[str], None] = print,
) -> Gaze2Report:
    """Train graph, prompt, observation tokens and LoRA on weak pairs drawn anew every epoch."""
    torch.manual_seed(phase.seed)
    rng = np.random.default_rng(phase.seed)
    lora = [p for p in model.generator.parameters() if p.requires_grad]
    prompt = [*model.gaze_graph.parameters(), *model.prompt.parameters(), *model.observation_tokens.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": lora, "lr": phase.lora_lr}, {"params": prompt, "lr": phase.prompt_lr}], weight_decay=0.0
    )
    per_epoch = -(-len(balanced_epoch(reports, np.random.default_rng(0), phase.normal_share)) // phase.batch_size)
    steps = min(phase.epochs * per_epoch, phase.max_steps or phase.epochs * per_epoch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [phase.lora_lr, phase.prompt_lr], total_steps=steps, pct_start=0.1
    )
    on_log(f"report phase: {len(reports)} reports, {len(bank.films)} films, {steps} steps")
    words = [name.lower() for name in CHEXPERT_OBSERVATIONS]
    model.observation_tokens.start_from_words(
        model.generator.word_embeddings(words), model.generator.word_embeddings([f"no {word}" for word in words])
    )
    model.generator.train()
    model.gaze_graph.train()
    done, started = 0, time.monotonic()
    while done < steps:
        epoch = balanced_epoch(reports, rng, phase.normal_share)
        for ids, rows in batches(epoch, model.generator, phase.batch_size, phase.max_report_tokens, rng):
            loss = _step_loss(model, bank, ids, rows, known, phase, rng)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([*lora, *prompt], 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            if done % 10 == 0:
                on_log(f"  step {done}/{steps} loss {loss.item():.3f} {(time.monotonic() - started) / done:.2f} s/step")
            if done == steps:
                break
    return model.eval()


def _step_loss(
    model: Gaze2Report,
    bank: FilmBank,
    ids: list[list[int]],
    rows: list[LabelledReport],
    known: frozenset[str],
    phase: ReportPhase,
    rng: np.random.Generator,
) -> Tensor:
    films = np.array(films_for_reports(rows, bank.films, known, rng))
    views = rng.integers(0, bank.maps.shape[1], len(films))
    with torch.no_grad():
        features = _features(model, bank.maps[torch.from_numpy(films), torch.from_numpy(views)])
    grid = model.encoder.grid_side
    gaze = [aggregate((), 1, 1, grid) if rng.random() < phase.no_gaze_share else bank.gaze[film] for film in films]
    observations = soften(labels_of(rows), phase.label_noise, rng)
    words = [named_observations(row, phase, rng) for row in rows]
    from_head = torch.from_numpy(rng.random(len(films)) < phase.head_share)
    observations[from_head] = bank.decisions[torch.from_numpy(films)][from_head]
    return model.generator.loss(model.prompt_tokens(features, gaze, observations), ids, words)


def named_observations(report: LabelledReport, phase: ReportPhase, rng: np.random.Generator) -> list[str] | None:
    """Observations to name in the instruction of a training example.

    Now and then one is left out, or the whole line, so that the soft tokens have something to add.
    """
    if rng.random() < phase.no_words_share:
        return None
    return [name for name in sorted(report.observations) if rng.random() >= phase.dropped_word_share]


@torch.no_grad()
def shuffled_image_gap(
    model: Gaze2Report,
    bank: FilmBank,
    reports: list[LabelledReport],
    known: frozenset[str],
    seed: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss of each report with a film that shows the same, and with another film of the bank; arrays (reports,).

    Everything that comes from the film is exchanged: features, gaze and the findings head's decisions. If the two
    are equal, the language model ignores the image and nothing has been learnt.
    """
    rng = np.random.default_rng(seed)
    films = np.array(films_for_reports(reports, bank.films, known, rng))
    losses = []
    for choice in (films, rng.permutation(films)):
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
