"""Adult frontal films, the same films turned and inverted, and children's films to the film check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gaze2report.models.film_check import (
    DISPLACED,
    N_DIRECTIONS,
    Displacement,
    FilmCheck,
    FilmScores,
    check_vector,
    mirror_vector,
)
from gaze2report.models.film_features import FilmFeatures
from gaze2report.models.findings_probe import probe_vector
from gaze2report.training.linear_fit import fit_logistic, moments


@dataclass(frozen=True)
class FilmCheckPhase:
    """Settings of the phase.

    Attributes
    ----------
    shrinkage : float
        Of variances towards their mean.
    false_refusals_child, false_refusals_mirrored : float
        Share of held-out adult films that each limit lets be refused.
    distance_room : float
        The limit of the distance is the 99.5th percentile of held-out adult films times this: room for films of
        hospitals that were not seen.
    """

    shrinkage: float = 0.1
    child_ridge: float = 0.3
    mirror_ridge: float = 0.1
    false_refusals_child: float = 0.012
    false_refusals_mirrored: float = 0.004
    distance_room: float = 1.5


@dataclass(frozen=True, eq=False)
class CheckFilms:
    """Films to fit the check on.

    Attributes
    ----------
    adults, adults_mirrored : FilmFeatures
        Upright frontal films of adults, of all sources, and their mirror images.
    displaced : dict
        Films turned or inverted, by `DISPLACED`.
    children : FilmFeatures
    """

    adults: FilmFeatures
    adults_mirrored: FilmFeatures
    displaced: Mapping[Displacement, FilmFeatures]
    children: FilmFeatures


def fit_film_check(check: FilmCheck, films: CheckFilms, phase: FilmCheckPhase) -> FilmCheck:
    """Fit everything but the limits, in place."""
    upright = check_vector(films.adults, check.n_trunk_channels)
    check.mean, check.scale = moments(upright)
    upright = (upright - check.mean) / check.scale
    check.basis = _principal(upright, N_DIRECTIONS)
    along = upright @ check.basis
    variance = along.var(0)
    check.variance = (1 - phase.shrinkage) * variance + phase.shrinkage * variance.mean()
    check.residual = (upright - along @ check.basis.T).pow(2).sum(1).mean()
    _fit_displaced(check, upright, films.displaced, phase)
    _fit_child(check, films, phase)
    _fit_mirrored(check, films, phase)
    check.is_fitted = torch.tensor(True)
    return check


@dataclass(frozen=True, eq=False)
class AdultScores:
    """Scores of adult films that a check was not fitted on, by where the films come from."""

    nih: FilmScores
    other_hospitals: FilmScores


def set_limits(check: FilmCheck, adults: Sequence[AdultScores], phase: FilmCheckPhase) -> None:
    """Choose the limits on held-out adult films, in place: each holds for the source that it is hardest for."""

    def highest(score: str, share: float) -> Tensor:
        sources = ("nih", "other_hospitals")
        parts = [torch.cat([getattr(getattr(a, source), score) for a in adults]) for source in sources]
        return torch.stack([torch.quantile(part, share) for part in parts]).max()

    check.max_distance = phase.distance_room * highest("distance", 0.995)
    check.max_displaced = torch.zeros(())
    check.max_child = highest("child", 1 - phase.false_refusals_child)
    check.max_mirrored = highest("mirrored", 1 - phase.false_refusals_mirrored)


def _principal(vectors: Tensor, n_directions: int) -> Tensor:
    """Principal directions (V, K) of centred vectors."""
    directions: Tensor = torch.linalg.svd(vectors, full_matrices=False)[2]
    return directions[:n_directions].T.contiguous()


def _fit_displaced(
    check: FilmCheck, upright: Tensor, displaced: Mapping[Displacement, FilmFeatures], phase: FilmCheckPhase
) -> None:
    """Class-conditional Mahalanobis distances with one shrunk covariance: their difference is linear."""
    groups = [upright] + [
        (check_vector(displaced[name], check.n_trunk_channels) - check.mean) / check.scale for name in DISPLACED
    ]
    basis = _principal(torch.cat(groups), 2 * N_DIRECTIONS)
    centres = torch.stack([(group @ basis).mean(0) for group in groups])
    within = torch.cat([group @ basis - centre for group, centre in zip(groups, centres, strict=True)])
    covariance = within.T @ within / len(within)
    shrunk = phase.shrinkage * covariance.diagonal().mean() * torch.eye(len(covariance))
    precision = torch.linalg.inv((1 - phase.shrinkage) * covariance + shrunk)
    quadratic = ((centres @ precision) * centres).sum(1)
    # distance to "upright" less distance to the class, divided by the number of directions
    weight = 2 * basis @ precision @ (centres[1:] - centres[0]).T / len(covariance)
    check.displaced_weight = weight
    check.displaced_bias = (quadratic[0] - quadratic[1:]) / len(covariance)


def _fit_child(check: FilmCheck, films: CheckFilms, phase: FilmCheckPhase) -> None:
    adults, children = probe_vector(films.adults), probe_vector(films.children)
    check.child_mean, check.child_scale = moments(adults)
    vectors = (torch.cat([adults, children]) - check.child_mean) / check.child_scale
    labels = torch.cat([torch.zeros(len(adults), 1), torch.ones(len(children), 1)])
    check.child_weight = fit_logistic(vectors, labels, phase.child_ridge)[0][:, 0]


def _fit_mirrored(check: FilmCheck, films: CheckFilms, phase: FilmCheckPhase) -> None:
    difference = mirror_vector(films.adults, films.adults_mirrored)
    check.mirror_scale = difference.std(0).clamp(min=1e-3)
    scaled = difference / check.mirror_scale
    labels = torch.cat([torch.zeros(len(scaled), 1), torch.ones(len(scaled), 1)])
    check.mirror_weight = fit_logistic(torch.cat([scaled, -scaled]), labels, phase.mirror_ridge)[0][:, 0]
