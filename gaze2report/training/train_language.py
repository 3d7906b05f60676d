"""First phase of report training: reports with the observations named in words and as soft tokens, without films.

The language model learns here to write short radiology reports that say what it is told, from reports composed of real
sentences (`gaze2report.data.sentence_pool`): only a few hundred real ones state a finding. Soft tokens that start from
noise were measured not to steer it (validation loss 1.691 with the right labels, 1.698 with another report's); words
do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.models.generator import Generator
from gaze2report.models.prompt import ObservationTokens
from gaze2report.types import CHEXPERT_OBSERVATIONS

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class LanguagePhase:
    """Settings of the phase; see ``recipes/embedded.yaml`` for why each value is what it is."""

    epochs: int = 2
    n_reports: int = 1200
    batch_size: int = 16
    lora_lr: float = 5e-4
    prompt_lr: float = 3e-3
    label_noise: float = 0.3
    normal_share: float = 0.4
    no_words_share: float = 0.1
    dropped_word_share: float = 0.05
    max_report_tokens: int = 96
    precision: Precision = "float32"
    seed: int = 0


def autocast(precision: Precision) -> AbstractContextManager[object]:
    """Compute in this precision; the weights and what is summed stay float32.

    bfloat16 halves the time on processors that know it (AVX512-BF16, AMX) and costs time on others.
    """
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")


def soften(labels: Tensor, noise: float, rng: np.random.Generator) -> Tensor:
    """Move labels (B, O) of 0 or 1 towards each other by a uniform amount of at most ``noise``.

    A findings head gives probabilities, not labels: the language model must have met values in between.
    """
    shift = torch.from_numpy(rng.uniform(0.0, noise, size=tuple(labels.shape)).astype(np.float32))
    return (labels - shift.to(labels.device)).abs()


def batches(
    reports: list[LabelledReport], generator: Generator, batch_size: int, max_tokens: int, rng: np.random.Generator
) -> list[tuple[list[list[int]], list[LabelledReport]]]:
    """Group reports of similar length into batches, in random order: less padding, nearly a third less time."""
    rows = [(generator.report_ids(r.findings, r.impression, max_tokens), r) for r in reports]
    rows.sort(key=lambda row: len(row[0]) + int(rng.integers(0, 8)))
    groups = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    rng.shuffle(groups)  # type: ignore[arg-type]
    return [([ids for ids, _ in group], [report for _, report in group]) for group in groups]


def labels_of(reports: list[LabelledReport]) -> Tensor:
    """Stack the labels of reports, shape (B, 14)."""
    return torch.from_numpy(np.stack([report.labels for report in reports]))


def named_observations(
    report: LabelledReport, no_words_share: float, dropped_word_share: float, rng: np.random.Generator
) -> list[str] | None:
    """Observations to name in the instruction of a training example, in the order of CheXpert.

    Now and then one is left out, or the whole line, so that the soft tokens have something to add.
    """
    if rng.random() < no_words_share:
        return None
    named = [name for name in CHEXPERT_OBSERVATIONS if name in report.observations]
    return [name for name in named if rng.random() >= dropped_word_share]


def compose_reports(
    pool: SentencePool,
    sets_of_observations: Sequence[frozenset[str]],
    n_reports: int,
    normal_share: float,
    rng: np.random.Generator,
) -> list[LabelledReport]:
    """Compose reports of which ``normal_share`` are normal.

    Of the others one half asserts one of the given sets, the other any one to three observations: rare ones must be
    met often enough, and together with others than their usual companions.
    """
    abnormal = [wanted for wanted in sets_of_observations if (wanted & pool.known) - {"No Finding"}]
    names = sorted(pool.known - {"No Finding"})
    reports = []
    for number in range(n_reports):
        if not names or rng.random() < normal_share:
            wanted = frozenset({"No Finding"})
        elif abnormal and rng.random() < 0.5:
            wanted = abnormal[int(rng.integers(len(abnormal)))]
        else:
            size = int(rng.integers(1, min(3, len(names)) + 1))
            wanted = frozenset(str(name) for name in rng.choice(names, size, replace=False))
        reports.append(pool.compose(f"composed-{number}", wanted, rng))
    return reports


@torch.no_grad()
def shuffled_label_gap(
    generator: Generator, tokens: ObservationTokens, reports: list[LabelledReport], rng: np.random.Generator
) -> tuple[float, float]:
    """Mean report loss with the right labels and with labels of another report."""
    order: NDArray[np.int64] = rng.permutation(len(reports))
    right: list[Tensor] = []
    wrong: list[Tensor] = []
    for start in range(0, len(reports), 16):
        rows = reports[start : start + 16]
        ids = [generator.report_ids(r.findings, r.impression, 96) for r in rows]
        other = [reports[int(order[start + i])] for i in range(len(rows))]
        for losses, labelled in ((right, rows), (wrong, other)):
            words = [named_observations(report, 0.0, 0.0, rng) for report in labelled]
            losses.append(generator.loss(tokens(labels_of(labelled)), ids, words, reduction="none"))
    return float(torch.cat(right).mean()), float(torch.cat(wrong).mean())


def train_language(
    generator: Generator,
    tokens: ObservationTokens,
    pool: SentencePool,
    val: list[LabelledReport],
    sets_of_observations: Sequence[frozenset[str]],
    phase: LanguagePhase,
    *,
    on_log: Callable[[str], None] = print,
) -> None:
    """Train the LoRA adapter of a generator and its observation tokens on composed reports, in place."""
    torch.manual_seed(phase.seed)
    rng = np.random.default_rng(phase.seed)
    lora = [p for p in generator.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": lora, "lr": phase.lora_lr}, {"params": tokens.parameters(), "lr": phase.prompt_lr}],
        weight_decay=0.0,
    )
    steps = phase.epochs * -(-phase.n_reports // phase.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [phase.lora_lr, phase.prompt_lr], total_steps=steps, pct_start=0.1
    )
    on_log(f"language phase: {phase.n_reports} composed reports an epoch, {len(val)} validation reports, {steps} steps")
    done, started = 0, time.monotonic()
    for epoch in range(phase.epochs):
        generator.train()
        epoch_reports = compose_reports(pool, sets_of_observations, phase.n_reports, phase.normal_share, rng)
        for ids, rows in batches(epoch_reports, generator, phase.batch_size, phase.max_report_tokens, rng):
            words = [named_observations(r, phase.no_words_share, phase.dropped_word_share, rng) for r in rows]
            with autocast(phase.precision):
                loss = generator.loss(tokens(soften(labels_of(rows), phase.label_noise, rng)), ids, words)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([*lora, *tokens.parameters()], 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            if done % 10 == 0:
                on_log(f"  step {done}/{steps} loss {loss.item():.3f} {(time.monotonic() - started) / done:.2f} s/step")
        generator.eval()
        right, wrong = shuffled_label_gap(generator, tokens, val[:96], np.random.default_rng(1))
        on_log(f"  epoch {epoch + 1}: validation loss {right:.4f}, with another report's labels {wrong:.4f}")
