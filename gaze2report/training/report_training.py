"""Training of the draft model on studies with reports; experiments and fine-tuning call `train`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from gaze2report.config import ModelConfig
from gaze2report.data.dataset import StudyDataset, StudyExample, collate
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.findings import FindingsHead
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.models.generator import Decoding
from gaze2report.models.views import mean_over_views
from gaze2report.report_text import split_report
from gaze2report.training.calibration import calibrate_head, calibration_summary
from gaze2report.training.loop import FitResult, Progress, fit, make_accelerator
from gaze2report.training.objective import LoopSettings, Moment
from gaze2report.training.report_losses import ReportLosses
from gaze2report.training.report_objective import AddedLoss, ReportObjective, draws_of, known_labels
from gaze2report.training.report_recipe import CalibrationSettings
from gaze2report.types import GazeSource, Report

_THRESHOLD_RANGE = (0.02, 0.98)


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Attributes
    ----------
    metrics : dict
        Plain values for the manifest: losses, calibration, drafts.
    """

    fit: FitResult
    metrics: dict[str, Any]


def train(
    model: Gaze2Report,
    config: ModelConfig,
    train_examples: StudyDataset,
    val_examples: StudyDataset,
    *,
    work: Path,
    losses: ReportLosses | None = None,
    settings: LoopSettings | None = None,
    calibration: CalibrationSettings | None = None,
    gaze: GazeSource = "predicted",
    added: Sequence[AddedLoss] = (),
    identity: Mapping[str, Any] | None = None,
    resume: bool = True,
    is_continued: bool = False,
    accelerator: Accelerator | None = None,
    on_progress: Progress = lambda *_: None,
    on_log: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train a model in place, from the films to the report, and calibrate its findings head.

    Parameters
    ----------
    model : Gaze2Report
        With its LoRA adapter around the language model.
    gaze : str
        Where the gaze of every film comes from, in training as in validation.
    added : sequence of AddedLoss
        Losses of a recipe beside those of report and findings.
    identity : dict, optional
        What must be equal for a stopped run in ``work`` to go on.
    is_continued : bool
        Whether the model was trained before: its findings head then keeps what it supports until it is calibrated.

    Raises
    ------
    Gaze2ReportError
        If the gaze asked for is not there, or ``work`` holds another run.
    """
    losses, settings = losses or ReportLosses(), settings or LoopSettings()
    calibration = calibration or CalibrationSettings()
    if not is_continued and losses.findings_weight:
        prepare_head(model.findings, train_examples.index)
    objective = ReportObjective(
        model,
        losses,
        gaze,
        sigma_patches=config.graph.sigma_patches,
        others=train_examples.films,
        added=added,
    )
    known: dict[str, Any] = {**(identity or {}), "losses": asdict(losses), "gaze": gaze, "model": asdict(config)}
    accelerator = accelerator or make_accelerator(settings)
    result = fit(
        objective,
        train_examples,
        val_examples,
        settings,
        work,
        identity=known,
        resume=resume,
        accelerator=accelerator,
        on_progress=on_progress,
        on_log=on_log,
    )
    model.eval()
    if not result.is_main:
        return TrainingResult(result, {})
    metrics: dict[str, Any] = {
        "steps": result.steps,
        "best_step": result.best_step,
        "validation": _at(result, result.best_step),
        "studies": {"train": len(train_examples), "validation": len(val_examples)},
    }
    if losses.findings_weight:
        logits, labels = findings_logits(model, val_examples, settings.batch_size)
        measured = calibrate_head(
            model.findings, logits, labels, min_films=calibration.min_films, min_auroc=calibration.min_auroc
        )
        metrics["calibration"] = calibration_summary(measured, model.findings)
    if calibration.n_drafts:
        metrics["drafts"] = compare_drafts(objective, config, val_examples, calibration.n_drafts)
    return TrainingResult(result, metrics)


def prepare_head(head: FindingsHead, examples: Sequence[StudyExample]) -> None:
    """Let a new findings head decide what training can teach it, each observation from its frequency on, in place.

    The frequency is where sensitivity plus specificity of a calibrated probability is greatest: about the threshold
    that calibration will choose in the end.
    """
    counts = known_labels(examples)
    present, absent = counts["present"].float(), counts["absent"].float()
    head.is_supported.copy_((present > 0) & (absent > 0))
    head.threshold.copy_((present / (present + absent).clamp(min=1)).clamp(*_THRESHOLD_RANGE))


@torch.no_grad()
def findings_logits(model: Gaze2Report, examples: StudyDataset, batch_size: int) -> tuple[Tensor, Tensor]:
    """Raw logits and labels (studies, O) of a dataset, on the CPU."""
    device = next(model.findings.parameters()).device
    logits, labels = [], []
    for start in range(0, len(examples), batch_size):
        batch = collate([examples[row] for row in range(start, min(start + batch_size, len(examples)))]).to(device)
        features = model.encoder(batch.pixels[batch.view_mask])
        logits.append(mean_over_views(model.findings(features), batch.view_mask).float().cpu())
        labels.append(batch.labels.cpu())
    return torch.cat(logits), torch.cat(labels)


@torch.no_grad()
def draft_study(objective: ReportObjective, config: ModelConfig, example: StudyExample) -> Report:
    """Write the report of one study as drafting does, under the gaze source of the training."""
    model = objective.model
    device = next(model.findings.parameters()).device
    batch = collate([example]).to(device)
    features = model.encoder(batch.pixels[0])
    logits = mean_over_views(model.findings(features), batch.view_mask)
    decisions = model.findings.decisions(model.findings.calibrated(logits))
    gaze = []
    for row, film in enumerate(example.films):
        objective.offer_features({film.image_id: features[row : row + 1]})
        path = objective.gaze_of(film, draws_of(Moment(0, 0, False), film.image_id))
        gaze.append(aggregate(path, 1.0, 1.0, model.encoder.grid_side, config.graph.sigma_patches))
    text = model.draft(features, gaze, decisions, decoding=Decoding(**asdict(config.decoding)))
    return split_report(text)


def compare_drafts(
    objective: ReportObjective, config: ModelConfig, examples: StudyDataset, n_drafts: int
) -> dict[str, Any]:
    """Draft the first studies and count the drafts that are the very report, section by section."""
    longest = replace(
        config.decoding, max_new_tokens=max(config.decoding.max_new_tokens, objective.losses.max_report_tokens)
    )
    greedy = replace(config, decoding=replace(longest, temperature=0.0))
    rows = []
    for index in range(min(n_drafts, len(examples))):
        example = examples[index]
        draft = draft_study(objective, greedy, example)
        said, wanted = _sections(draft), _sections(example.report)
        rows.append({"example": example.example_id, "is_verbatim": said == wanted})
    return {
        "studies": len(rows),
        "verbatim": sum(row["is_verbatim"] for row in rows),
        "not_verbatim": [row["example"] for row in rows if not row["is_verbatim"]],
    }


def _sections(report: Report) -> tuple[str, str]:
    return report.findings.strip(), report.impression.strip()


def _at(result: FitResult, step: int) -> dict[str, float]:
    return {name: round(value, 5) for at, split, name, value in result.curve if at == step and split == "val"}
