"""Predicted scanpaths against those of readers on images not trained on, beside what people and blind baselines reach.

Notation: S seeds, N images, M metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.splits import Split
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.viewed_images import ViewedImage, viewed_images
from gaze2report.errors import Gaze2ReportError, TrainingSetUnusable
from gaze2report.evaluation.scanpath_baselines import Baselines, find_baselines
from gaze2report.evaluation.scanpath_scores import SCANPATH_METRICS, mean_known, scores_against
from gaze2report.gaze.pairwise_scanmatch import WITH_DURATION, consensus_number, scanmatch_of_all
from gaze2report.imaging.intake import Intake
from gaze2report.scanpath_prediction import PredictorManifest, ScanpathModel, load_predictor, on_image

SAMPLES = 4
"""Samples of a predictor that are scored beside its one path."""

OnLog = Callable[[str], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SystemScores:
    """Scores of one system.

    Attributes
    ----------
    scores : ndarray, shape (S, N, M)
        Mean over the readers of an image; one row for a system without seeds.
    """

    name: str
    scores: Floats


@dataclass(frozen=True, eq=False)
class ScanpathEvaluation:
    """What was scored, on which images, against whom."""

    image_ids: tuple[str, ...]
    patient_ids: tuple[str, ...]
    readers: tuple[str, ...]
    systems: tuple[SystemScores, ...]
    notes: tuple[str, ...]

    def system(self, name: str) -> SystemScores:
        """The system of a name."""
        return next(system for system in self.systems if system.name == name)


@dataclass(frozen=True)
class _Target:
    """An image and whom its predictions are measured against."""

    image: ViewedImage
    measured: list[int]


def evaluate_scanpaths(
    data: Path,
    predictors: Sequence[Path],
    *,
    split: Split = "test",
    readers: str = "held-out",
    seed: int = 0,
    on_log: OnLog = print,
) -> ScanpathEvaluation:
    """Score predictors on a split of a training set.

    Parameters
    ----------
    data : Path
        Training-set folder.
    predictors : sequence of Path
        Predictor folders; those of one recipe and decoder count as seeds of one system.
    readers : str
        ``held-out``: only those that no predictor was trained on, where the predictors name some; ``all``.
    seed : int
        For the baselines and samples.

    Raises
    ------
    Gaze2ReportError
        If a predictor was trained on an image or patient of the split, or was trained with other readers held out
        than another.
    TrainingSetUnusable
        If the split has no scanpath.
    """
    training_set = TrainingSet.open(data)
    loaded = [load_predictor(path) for path in predictors]
    held_out = _held_out([manifest for _, manifest in loaded], readers)
    images = list(viewed_images(training_set, split))
    _refuse_seen([manifest for _, manifest in loaded], images, split)
    targets = [_target(image, held_out) for image in images]
    targets = [target for target in targets if target.measured]
    if not targets:
        raise TrainingSetUnusable(f"{data}: the split {split!r} has no scanpath to measure against")
    training = [image.of_readers(held_out, keep=False) for image in viewed_images(training_set, "train")]
    rng = np.random.default_rng(seed)
    baselines = find_baselines([image for image in training if image.paths], rng)
    found: dict[tuple[str, int], list[Floats]] = {}
    with Intake() as intake:
        for number, target in enumerate(targets):
            for key, row in _score_image(target, baselines, loaded, intake, rng, seed).items():
                found.setdefault(key, []).append(row)
            if number % 10 == 9:
                on_log(f"  {number + 1} of {len(targets)} images")
    systems = _by_system(found, len(targets))
    named = {target.image.paths[i].reader for target in targets for i in target.measured}
    return ScanpathEvaluation(
        tuple(t.image.image_id for t in targets),
        tuple(t.image.patient_id for t in targets),
        tuple(sorted(named)),
        systems,
        _notes(training_set, targets, held_out, loaded),
    )


def _score_image(
    target: _Target,
    baselines: Baselines,
    loaded: Sequence[tuple[ScanpathModel, PredictorManifest]],
    intake: Intake,
    rng: np.random.Generator,
    seed: int,
) -> dict[tuple[str, int], Floats]:
    """Mean scores (M,) of every system on one image."""
    image = target.image
    size = image.width_px, image.height_px
    seen = [path.on_image(*size) for path in image.paths]
    measured = [seen[i] for i in target.measured]
    rows: dict[tuple[str, int], Floats] = {}
    of_readers = scores_against(seen, measured, *size)
    for column, i in enumerate(target.measured):
        of_readers[i, column] = np.nan  # nobody is compared with themselves
    rows["human", 0] = mean_known(of_readers, (0, 1))
    others = [path for i, path in enumerate(seen) if i not in target.measured]
    if len(others) > 1:
        typical = others[consensus_number(scanmatch_of_all(others, others, *size, WITH_DURATION))]
        rows["consensus of readers", 0] = mean_known(scores_against([typical], measured, *size), (0, 1))
    for name, paths in baselines.paths(*size, rng).items():
        rows[name, 0] = mean_known(scores_against(paths, measured, *size), (0, 1))
    for model, manifest in loaded:
        if image.file is None:
            raise TrainingSetUnusable(f"image {image.image_id} is not part of the set, so nothing can be predicted")
        features = model.features(model.read(image.file, intake))
        predicted = model.one_path(features, *size, seed=seed)
        drawn = [on_image(path, *size) for path in model.samples(features, SAMPLES, seed + 1)]
        scored = scores_against([predicted, *drawn], measured, *size)
        name = _system_name(manifest, model)
        rows[name, manifest.seed] = mean_known(scored[:1], (0, 1))
        rows[f"{name}, samples", manifest.seed] = mean_known(scored[1:], (0, 1))
    return rows


def _system_name(manifest: PredictorManifest, model: ScanpathModel) -> str:
    return f"{manifest.recipe} {model.config.scanpath.decoder}"


def _by_system(found: dict[tuple[str, int], list[Floats]], n_images: int) -> tuple[SystemScores, ...]:
    names = dict.fromkeys(name for name, _ in found)
    systems = []
    for name in names:
        seeds = [np.stack(rows) for (other, _), rows in found.items() if other == name and len(rows) == n_images]
        if seeds:
            systems.append(SystemScores(name, np.stack(seeds)))
    return tuple(systems)


def _held_out(manifests: Sequence[PredictorManifest], readers: str) -> frozenset[str]:
    kept_back = {frozenset(manifest.held_out_readers) for manifest in manifests}
    if len(kept_back) > 1:
        raise Gaze2ReportError("the predictors were trained with different readers held out and do not compare")
    return next(iter(kept_back)) if kept_back and readers == "held-out" else frozenset()


def _refuse_seen(manifests: Sequence[PredictorManifest], images: Sequence[ViewedImage], split: str) -> None:
    for manifest in manifests:
        seen = [image.patient_id for image in images if manifest.has_seen(image.patient_id)]
        if seen:
            raise Gaze2ReportError(
                f"{manifest.name} was trained or chosen on {len(seen)} of the {len(images)} images of the split "
                f"{split!r}; a score on them would say nothing"
            )


def _target(image: ViewedImage, held_out: frozenset[str]) -> _Target:
    measured = [i for i, path in enumerate(image.paths) if not held_out or path.reader in held_out]
    return _Target(image, measured)


def _notes(
    training_set: TrainingSet,
    targets: Sequence[_Target],
    held_out: frozenset[str],
    loaded: Sequence[tuple[ScanpathModel, PredictorManifest]],
) -> tuple[str, ...]:
    short = sum(len(t.image.paths[i].xy) < 3 for t in targets for i in t.measured)
    notes = [
        f"{len(targets)} images of {training_set.manifest.description.name}, "
        f"{sum(len(t.measured) for t in targets)} scanpaths to measure against, of "
        + ("readers that no predictor was trained on" if held_out else "all readers of the images"),
    ]
    if short:
        notes.append(f"{short} of these have fewer than three fixations: MultiMatch is not defined for them.")
    if any(manifest.training_set.get("sha256") != training_set.manifest.sha256 for _, manifest in loaded):
        notes.append("A predictor was trained on another set than this one.")
    return tuple(notes)


def metric_of(system: SystemScores, metric: str) -> Floats:
    """Scores (S, N) of a system by one metric."""
    return np.asarray(system.scores[..., SCANPATH_METRICS.index(metric)])
