"""The gaze of every film under every condition: controls, a predictor trained on the films, and scanpaths made worse.

Notation used for tensor shapes: N films, P patches, D feature width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.sources.gazesearch import SearchScanpath
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.gaze.gaze_sources import GazeSupply, Scanpath
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.autoregressive_scanpath import AutoregressiveScanpath
from gaze2report.training.train_scanpath import to_targets
from gaze2report.types import Fixation, GazeSource

LONGEST_PREDICTED = 16
"""Fixations that the small predictor emits; a longer recording teaches with its first ones."""


def scanpaths_under(
    source: GazeSource, films: FilmSet, seed: int, predicted: Mapping[str, Scanpath] | None = None
) -> list[Scanpath]:
    """Scanpath of every film under a source, drawn once a seed.

    Raises
    ------
    GazeMissing
        If what the source needs is not there.
    """
    others = [films.rows[number] for number in films.train]
    predictor = None if predicted is None else lambda row: predicted[row.image_id]
    supply = GazeSupply(predictor, others)
    random = np.random.default_rng([seed, 3])
    return [supply.fixations(source, row, random) for row in films.rows]


def patch_gaze(scanpaths: Sequence[Scanpath], grid_side: int, sigma_patches: float) -> list[PatchGaze]:
    """Aggregate scanpaths over patches, an own object for every film."""
    return [aggregate(path, 1.0, 1.0, grid_side, sigma_patches) for path in scanpaths]


def predicted_scanpaths(films: FilmSet, features: Tensor, recipe: ExperimentRecipe, seed: int) -> dict[str, Scanpath]:
    """Scanpath of every film from its image alone, by image id.

    The films to train on are parted by patient into two halves, each predicted by a predictor that was trained on the
    other; held-out films by the first. A predictor that had seen the recordings would give the fusion better gaze in
    training than it will ever have again.
    """
    names = sorted({films.rows[number].patient_id for number in films.train})
    half_of = {name: index % 2 for index, name in enumerate(np.random.default_rng([seed, 4]).permutation(names))}
    halves: list[list[int]] = [[], []]
    for number in films.train:
        halves[half_of[films.rows[number].patient_id]].append(int(number))
    predictors = [_train_predictor(films, features, half, recipe, seed) for half in halves]
    found: dict[str, Scanpath] = {}
    for number, row in enumerate(films.rows):
        trained_on_other = 0 if films.is_held_out[number] else 1 - half_of[row.patient_id]
        path = predictors[trained_on_other].predict(features[number : number + 1], seed=number)
        found[row.image_id] = tuple(Fixation(f.x, f.y, f.duration_s) for f in path)
    return found


def _train_predictor(
    films: FilmSet, features: Tensor, rows: list[int], recipe: ExperimentRecipe, seed: int
) -> AutoregressiveScanpath:
    torch.manual_seed(seed)
    random = np.random.default_rng([seed, 5])
    grid_side = round(features.shape[1] ** 0.5)
    predictor = AutoregressiveScanpath(features.shape[2], grid_side, 32, 1, 2, LONGEST_PREDICTED)
    optimiser = torch.optim.AdamW(predictor.parameters(), lr=recipe.predictor.lr, weight_decay=0.02)
    predictor.train()
    usable = np.array([row for row in rows if films.rows[row].recorded])
    for _ in range(recipe.predictor.epochs):
        order = random.permutation(usable)
        for start in range(0, len(order), recipe.batch_size):
            part = order[start : start + recipe.batch_size]
            searches = [SearchScanpath("", "", films.rows[row].recorded[:LONGEST_PREDICTED]) for row in part]
            targets, target_map = to_targets(searches, grid_side)
            loss = torch.stack(list(predictor.loss(features[part], targets, target_map).values())).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
            optimiser.step()
    return predictor.eval()


def degraded(films: FilmSet, share: float, seed: int) -> list[Scanpath]:
    """Recorded scanpaths in which a share of the fixations is exchanged for one of another patient's film."""
    random = np.random.default_rng([seed, 6])
    train: NDArray[np.int64] = films.train
    made = []
    for row in films.rows:
        strangers = [films.rows[int(number)] for number in random.permutation(train)[:8]]
        other = next((one for one in strangers if one.patient_id != row.patient_id and one.recorded), row)
        made.append(
            tuple(
                other.recorded[int(random.integers(len(other.recorded)))] if random.random() < share else fixation
                for fixation in row.recorded
            )
        )
    return made
