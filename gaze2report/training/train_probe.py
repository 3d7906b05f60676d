"""Films with labels to the findings probe, and thresholds for what reports shall assert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.models.film_features import FilmFeatures
from gaze2report.models.findings_probe import FindingsProbe, probe_vector
from gaze2report.training.linear_fit import fit_logistic, moments


@dataclass(frozen=True)
class ProbePhase:
    """Settings of the phase."""

    ridge: float = 1.0
    n_augmentations: int = 3
    iterations: int = 50


@dataclass(frozen=True, eq=False)
class FilmViews:
    """Features of the same films: as they are, mirrored, and augmented."""

    film: FilmFeatures
    mirrored: FilmFeatures
    augmented: Sequence[FilmFeatures] = ()

    def rows(self, chosen: Tensor) -> FilmViews:
        """Views of the chosen films: a mask or indices."""
        return FilmViews(
            self.film.rows(chosen), self.mirrored.rows(chosen), [view.rows(chosen) for view in self.augmented]
        )

    def maps(self) -> Tensor:
        """Trunk maps (films, views, N, C) of the film and its augmented views; never mirrored: the heart has a side."""
        return torch.stack([self.film.maps, *(view.maps for view in self.augmented)], dim=1)


@torch.enable_grad()
def fit_probe(probe: FindingsProbe, views: FilmViews, labels: Tensor, phase: ProbePhase) -> FindingsProbe:
    """Fit a probe to labels (films, O) of 0, 1 or NaN, in place."""
    probe.mean, probe.scale = moments(probe_vector(views.film))
    seen = [views.film, views.mirrored, *views.augmented[: phase.n_augmentations]]
    vectors = torch.cat([(probe_vector(view) - probe.mean) / probe.scale for view in seen])
    probe.weight, probe.bias = fit_logistic(vectors, labels.repeat(len(seen), 1), phase.ridge, phase.iterations)
    return probe


def out_of_fold_probe(
    make: Callable[[], FindingsProbe], views: FilmViews, labels: Tensor, folds: Tensor, phase: ProbePhase
) -> Tensor:
    """Logits (films, O) of probes that were not fitted to the film's patient."""
    logits = torch.zeros_like(labels)
    for fold in sorted(set(folds.tolist())):
        probe = fit_probe(make(), views.rows(folds != fold), labels[folds != fold], phase)
        held_out = views.rows(folds == fold)
        logits[folds == fold] = probe(held_out.film, held_out.mirrored)
    return logits


def f1_threshold(probability: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the probability that maximises F1.

    Of a rare observation Youden's J chose .05, and one normal film in three was told of it.
    """
    candidates = np.unique(probability)
    cuts = (candidates[1:] + candidates[:-1]) / 2
    order = np.sort(probability[truth == 1])
    everything = np.sort(probability)
    hits = len(order) - np.searchsorted(order, cuts)
    called = len(everything) - np.searchsorted(everything, cuts)
    return float(cuts[int(np.argmax(2 * hits / (called + len(order))))])
