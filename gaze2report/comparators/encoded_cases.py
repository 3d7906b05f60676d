"""A training set as cases for comparators: every film once through the shared encoder, kept for the next run.

Notation used for tensor shapes: S studies, N patches, D feature width, F fixations.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaze2report.comparators.comparator import EncodedFilm, ReportCase
from gaze2report.comparators.comparison_recipe import ComparisonRecipe
from gaze2report.data.dataset import StudyDataset, StudyExample
from gaze2report.data.splits import SPLITS, Split
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing
from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.clinical_labels import POSITIVE, label_report
from gaze2report.gaze.gaze_sources import GazeSupply
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.imaging.intake import Intake
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.types import Fixation, Report

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EncodedSplits:
    """The cases of the three splits; validation only says when to stop, test is only written for."""

    train: list[ReportCase]
    val: list[ReportCase]
    test: list[ReportCase]

    def __post_init__(self) -> None:
        for split in SPLITS:
            if not getattr(self, split):
                raise Gaze2ReportError(f"the set has no study with a film and a report in its {split} split")


@dataclass(frozen=True)
class SeenFilms:
    """What the frozen parts say of the films of one split: features (S, N, D) and predicted scanpaths."""

    features: Tensor
    scanpaths: list[tuple[Fixation, ...]]


def text_of(report: Report) -> str:
    """Findings and impression as one text, as it is labelled and scored."""
    return "\n".join(part for part in (report.findings.strip(), report.impression.strip()) if part)


def encode_splits(
    training_set: TrainingSet,
    model: Gaze2Report,
    adapter_sha256: str,
    recipe: ComparisonRecipe,
    work: Path,
    on_log: Callable[[str], None],
) -> EncodedSplits:
    """Read the studies of a set that have a film and a report, and encode their films.

    Parameters
    ----------
    model : Gaze2Report
        Its encoder and scanpath predictor are used.
    work : Path
        Folder that keeps what was encoded.

    Raises
    ------
    Gaze2ReportError
        If a split has no study with a film and a report, or the gaze that the recipe names is not in the set.
    """
    limits = {"train": recipe.max_training, "val": recipe.max_validation, "test": recipe.max_test}
    preprocessing = Preprocessing(side_px=int(model.encoder.image_side_px))
    found: dict[Split, tuple[StudyDataset, SeenFilms]] = {}
    with Intake() as intake:
        for split in SPLITS:
            dataset = StudyDataset(
                training_set,
                split,
                preprocessing,
                report_kind=recipe.report_kind,
                limit=limits[split] or None,
                intake=intake,
                cache_mb=16.0,
            )
            left_out = "".join(f"; {number} left out: {why}" for why, number in dataset.left_out.items())
            on_log(f"{split}: {len(dataset)} studies{left_out}")
            key = f"{training_set.manifest.sha256} {adapter_sha256} {preprocessing.sha256()} {split} {len(dataset)}"
            kept = work / f"films-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"
            found[split] = (dataset, _seen(dataset, model, kept, on_log))
    return EncodedSplits(**_with_gaze(found, model, recipe))


def _seen(dataset: StudyDataset, model: Gaze2Report, kept: Path, on_log: Callable[[str], None]) -> SeenFilms:
    if kept.is_file():
        return _load(kept)
    features, scanpaths = [], []
    for number in range(len(dataset)):
        film = dataset[number].films[0]
        if film.pixels is None:
            raise Gaze2ReportError(f"film {film.image_id} has no pixels")
        with torch.inference_mode():
            one = model.encoder(film.pixels[None])
            # A sample, as in training of the embedded weights: the likeliest fixations, one by one, fall on one patch.
            path = model.scanpath.predict(one, seed=number)
        features.append(one[0].half())
        scanpaths.append(tuple(Fixation(f.x, f.y, f.duration_s) for f in path))
        if (number + 1) % 50 == 0:
            on_log(f"  {number + 1}/{len(dataset)} films encoded")
    if not features:
        return SeenFilms(torch.zeros(0), [])
    seen = SeenFilms(torch.stack(features), scanpaths)
    _save(kept, seen)
    return seen


def _save(path: Path, seen: SeenFilms) -> None:
    longest = max(len(scanpath) for scanpath in seen.scanpaths)
    padded = torch.full((len(seen.scanpaths), longest, 3), float("nan"), dtype=torch.float64)
    for row, scanpath in enumerate(seen.scanpaths):
        for column, f in enumerate(scanpath):
            padded[row, column] = torch.tensor([f.x_px, f.y_px, f.duration_s])
    aside = path.with_suffix(f".{os.getpid()}")
    save_file({"features": seen.features, "scanpaths": padded}, aside)
    os.replace(aside, path)


def _load(path: Path) -> SeenFilms:
    state = load_file(path)
    rows = [[f for f in row if f[2] == f[2]] for row in state["scanpaths"].tolist()]
    return SeenFilms(state["features"], [tuple(Fixation(*f) for f in row) for row in rows])


def _with_gaze(
    found: dict[Split, tuple[StudyDataset, SeenFilms]], model: Gaze2Report, recipe: ComparisonRecipe
) -> dict[Split, list[ReportCase]]:
    predicted = {
        study.example_id: path
        for dataset, seen in found.values()
        for study, path in zip(dataset.index, seen.scanpaths, strict=True)
    }
    films = [study.films[0] for study in found["train"][0].index]
    supply = GazeSupply(lambda film: predicted[film.example_id], films)
    rng = np.random.default_rng(0)
    return {
        split: [_case(study, seen.features[row], supply, model, recipe, rng) for row, study in enumerate(dataset.index)]
        for split, (dataset, seen) in found.items()
    }


def _case(
    study: StudyExample,
    features: Tensor,
    supply: GazeSupply,
    model: Gaze2Report,
    recipe: ComparisonRecipe,
    rng: np.random.Generator,
) -> ReportCase:
    fixations = supply.fixations(recipe.gaze, study.films[0], rng)
    gaze = aggregate(fixations, 1, 1, model.encoder.grid_side, recipe.parts.graph.sigma_patches)
    labels = label_report(text_of(study.report))
    observations = frozenset(name for name, label in labels.items() if label == POSITIVE)
    return ReportCase(study.example_id, study.patient_id, EncodedFilm(features, gaze), study.report, observations)


def training_texts(cases: Sequence[ReportCase]) -> list[str]:
    """Texts that were learnt from, to tell seen references from unseen ones."""
    return [text_of(case.report) for case in cases]
