"""A training set to scanpath predictors, one a seed: resumable, stopped early, logged.

The trunk is frozen and its maps are computed once; the transformer blocks over it and the decoder are trained. All
chance of an epoch comes from the seed and the epoch's number, so that a run that was killed ends as one that was not.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from gaze2report import __version__
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.viewed_images import SplitImages, train_and_val
from gaze2report.errors import StorageFailed
from gaze2report.gaze.pairwise_scanmatch import WITH_DURATION, scanmatch_of_all
from gaze2report.scanpath_prediction import (
    MANIFEST,
    PredictorManifest,
    ScanpathModel,
    patient_hash,
    save_predictor,
)
from gaze2report.training.scanpath_batches import ScanpathBank, ScanpathBatch
from gaze2report.training.scanpath_recipe import ScanpathRecipe, ScanpathTraining
from gaze2report.training.trunk_cache import new_model, trunk_maps_of

LOG = "training.csv"
_CHECKPOINT = "checkpoint.safetensors"
OnLog = Callable[[str], None]


@dataclass
class _Progress:
    """Where a run is: what is written into its checkpoint beside the tensors."""

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    rows: list[dict[str, float]] = field(default_factory=list)


def train_predictors(recipe: ScanpathRecipe, data: Path, out: Path, work: Path, on_log: OnLog = print) -> list[Path]:
    """Train a predictor for each seed of a recipe; what is done already is not done again.

    Parameters
    ----------
    recipe : ScanpathRecipe
    data : Path
        Training-set folder.
    out : Path
        Gets a folder ``seed-N`` each.
    work : Path
        Trunk maps and checkpoints, which may be deleted afterwards.

    Raises
    ------
    TrainingSetUnusable
        If the set has nothing to learn from.
    """
    training_set = TrainingSet.open(data)
    images = train_and_val(training_set, recipe.held_out_readers)
    on_log(f"{recipe.name}: {len(images.train)} images to train and {len(images.val)} to choose on, {images.val_rule}")
    done = [out / f"seed-{seed}" for seed in recipe.seeds]
    if all((folder / MANIFEST).is_file() for folder in done):
        on_log("all seeds are trained already")
        return done
    banks = _banks(recipe, images, work, on_log)
    for seed, folder in zip(recipe.seeds, done, strict=True):
        if (folder / MANIFEST).is_file():
            on_log(f"seed {seed} is trained already")
            continue
        model, progress = _train(recipe, banks, seed, work / f"{recipe.model.scanpath.decoder}-seed-{seed}", on_log)
        scanmatch = _choose_temperature(model, banks[1], recipe.training.temperatures)
        temperature = model.config.choice.temperature
        on_log(
            f"seed {seed}: best epoch {progress.best_epoch}, validation ScanMatch {scanmatch:.4f} at temperature "
            f"{temperature}"
        )
        manifest = _manifest(recipe, seed, training_set, images, progress, scanmatch)
        save_predictor(folder, model, manifest, {LOG: _csv(progress.rows)})
    return done


def validation_scanmatch(model: ScanpathModel, bank: ScanpathBank) -> float:
    """Mean ScanMatch with duration of the one path of each image with every reader's."""
    model.eval()
    scores = []
    with torch.inference_mode():
        for row, image in enumerate(bank.images):
            features = model.encoder.from_trunk_map(bank.trunk_map(row))
            size = image.width_px, image.height_px
            predicted = model.one_path(features, *size)
            seen = [path.on_image(*size) for path in image.paths]
            scores.append(float(np.nanmean(scanmatch_of_all([predicted], seen, *size, WITH_DURATION))))
    return float(np.mean(scores))


def _choose_temperature(model: ScanpathModel, bank: ScanpathBank, temperatures: Sequence[float]) -> float:
    """Keep the temperature of the best validation ScanMatch, and give that."""
    found: dict[float, float] = {}
    for temperature in temperatures or (model.config.choice.temperature,):
        model.config = replace(model.config, choice=replace(model.config.choice, temperature=temperature))
        found[temperature] = validation_scanmatch(model, bank)
    best = max(found, key=found.__getitem__)
    model.config = replace(model.config, choice=replace(model.config.choice, temperature=best))
    return found[best]


def _banks(recipe: ScanpathRecipe, images: SplitImages, work: Path, on_log: OnLog) -> tuple[ScanpathBank, ScanpathBank]:
    model = ScanpathModel(recipe.model)
    sizes = model.encoder.grid_side, recipe.model.scanpath.max_fixations
    train, val = (
        trunk_maps_of(part, recipe.model, work, mirrored=mirrored, imagenet=recipe.training.imagenet, on_log=on_log)
        for part, mirrored in ((images.train, recipe.training.mirror), (images.val, False))
    )
    return ScanpathBank(images.train, train, *sizes), ScanpathBank(images.val, val, *sizes)


def _train(
    recipe: ScanpathRecipe, banks: tuple[ScanpathBank, ScanpathBank], seed: int, work: Path, on_log: OnLog
) -> tuple[ScanpathModel, _Progress]:
    settings = recipe.training
    model = new_model(recipe.model, seed, imagenet=settings.imagenet)
    trained: dict[str, Tensor] = {name: value for name, value in model.named_parameters() if value.requires_grad}
    optimizer = torch.optim.AdamW(trained.values(), lr=settings.lr, weight_decay=settings.weight_decay)
    best = {name: value.detach().clone() for name, value in trained.items()}
    progress = _resume(work / _CHECKPOINT, trained, best, optimizer)
    steps_an_epoch = -(-len(banks[0].images) // settings.batch_images)
    while progress.epoch < settings.epochs and progress.epoch - progress.best_epoch < settings.patience_epochs:
        torch.manual_seed(_epoch_seed(seed, progress.epoch))
        rng = np.random.default_rng((seed, progress.epoch))
        model.train()
        sums: dict[str, float] = {}
        for number, batch in enumerate(banks[0].epoch(settings, rng)):
            step = progress.epoch * steps_an_epoch + number
            optimizer.param_groups[0]["lr"] = learning_rate(step, settings.epochs * steps_an_epoch, settings)
            losses = _losses(model, batch, settings)
            optimizer.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(trained.values()), 1.0)
            optimizer.step()
            sums = {name: sums.get(name, 0.0) + float(value.detach()) for name, value in losses.items()}
        progress.epoch += 1
        held = _validation_losses(model, banks[1], settings)
        row = {f"train_{name}": value / steps_an_epoch for name, value in sums.items()}
        row = {"epoch": float(progress.epoch), **row, **{f"val_{name}": value for name, value in held.items()}}
        row["val_loss"] = sum(held.values())
        progress.rows.append({name: round(value, 6) for name, value in row.items()})
        if row["val_loss"] < progress.best_loss:
            progress.best_loss, progress.best_epoch = row["val_loss"], progress.epoch
            best.update({name: value.detach().clone() for name, value in trained.items()})
        _keep(work / _CHECKPOINT, trained, best, optimizer, progress)
        on_log(f"  seed {seed} epoch {progress.epoch}: validation loss {row['val_loss']:.4f}")
    model.load_state_dict(best, strict=False)
    return model.eval(), progress


def learning_rate(step: int, steps: int, settings: ScanpathTraining) -> float:
    """Rate of a step: a straight rise, then half a cosine to a hundredth."""
    warmup = max(1, round(settings.warmup_share * steps))
    if step < warmup:
        return settings.lr * (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    return settings.lr * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * share))))


def _losses(model: ScanpathModel, batch: ScanpathBatch, settings: ScanpathTraining) -> dict[str, Tensor]:
    maps = batch.trunk_maps
    if model.training and settings.trunk_dropout > 0:
        maps = F.dropout1d(maps.transpose(1, 2), settings.trunk_dropout).transpose(1, 2)
    features = model.encoder.from_trunk_map(maps)
    return model.predictor.loss(features, batch.targets, batch.target_map, sigma_patches=settings.sigma_patches)


@torch.no_grad()
def _validation_losses(model: ScanpathModel, bank: ScanpathBank, settings: ScanpathTraining) -> dict[str, float]:
    model.eval()
    sums: dict[str, float] = {}
    for batch in bank.in_order(settings):
        for name, value in _losses(model, batch, settings).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(batch.trunk_maps) / len(bank.images)
    return sums


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])


def _keep(
    path: Path,
    trained: dict[str, Tensor],
    best: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    progress: _Progress,
) -> None:
    """Write the whole state of a run; the file is the old one or the new one, never half of it."""
    tensors = {f"now.{name}": value.detach() for name, value in trained.items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for name, value in trained.items():
        tensors |= {f"optimizer.{key}.{name}": held for key, held in optimizer.state[value].items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".aside")
        save_file(
            {name: value.contiguous() for name, value in tensors.items()},
            aside,
            metadata={"progress": json.dumps(vars(progress))},
        )
        os.replace(aside, path)
    except OSError as error:
        raise StorageFailed(f"cannot write the checkpoint {path}: {error}") from error


def _resume(
    path: Path, trained: dict[str, Tensor], best: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> _Progress:
    """Take up a run where its checkpoint left it; without one, at the beginning."""
    if not path.exists():
        return _Progress()
    with safe_open(path, framework="pt") as kept, torch.no_grad():
        names = set(kept.keys())
        progress = _Progress(**json.loads(kept.metadata()["progress"]))
        for name, value in trained.items():
            value.copy_(kept.get_tensor(f"now.{name}"))
            best[name] = kept.get_tensor(f"best.{name}")
            keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if f"optimizer.{key}.{name}" in names]
            optimizer.state[value] = {key: kept.get_tensor(f"optimizer.{key}.{name}") for key in keys}
    return progress


def _manifest(
    recipe: ScanpathRecipe,
    seed: int,
    training_set: TrainingSet,
    images: SplitImages,
    progress: _Progress,
    scanmatch: float,
) -> PredictorManifest:
    seen = {patient_hash(image.patient_id) for image in (*images.train, *images.val)}
    readers = {path.reader for image in images.train for path in image.paths}
    return PredictorManifest(
        name=f"{recipe.name}-{recipe.model.scanpath.decoder}-seed-{seed}",
        recipe=recipe.name,
        seed=seed,
        code_version=__version__,
        training_set={
            "name": training_set.manifest.description.name,
            "sha256": training_set.manifest.sha256,
            "validation": images.val_rule,
            "train_images": len(images.train),
            "val_images": len(images.val),
        },
        trained_readers=tuple(sorted(readers)),
        held_out_readers=tuple(sorted(recipe.held_out_readers)),
        seen_patients_sha256=tuple(sorted(seen)),
        metrics={
            "best_epoch": progress.best_epoch,
            "validation_loss": round(progress.best_loss, 4),
            "validation_scanmatch": round(scanmatch, 4),
        },
    )


def _csv(rows: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
