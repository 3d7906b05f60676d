"""The films that the weights are made from and measured on, by group, with their cached features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gaze2report.data.sources.chest_films import ChestFilm, read_adults, read_children
from gaze2report.data.sources.nih_cxr14 import LabelledFilm, read_films
from gaze2report.data.splits import fold_of
from gaze2report.models.film_check import DISPLACED, Displacement
from gaze2report.models.film_features import FilmFeatures
from gaze2report.training.film_cache import FilmCache
from gaze2report.training.train_probe import FilmViews

N_PATIENT_FOLDS = 5
TEST_FOLD = 0
MIN_ADULT_YEARS = 18.0
MAX_CHILD_YEARS = 16.0


@dataclass(frozen=True, eq=False)
class FilmPair:
    """Films and their mirror images."""

    film: FilmFeatures
    mirrored: FilmFeatures

    def rows(self, chosen: Tensor) -> FilmPair:
        """Chosen films: a mask or indices."""
        return FilmPair(self.film.rows(chosen), self.mirrored.rows(chosen))


@dataclass(frozen=True, eq=False)
class FilmGroups:
    """Films and features.

    Attributes
    ----------
    films : list of LabelledFilm
        NIH ChestX-ray14, of all ages; ``labels`` (films, 14) are theirs.
    views : FilmViews
        Of ``films``, augmented views included.
    displaced : dict
        ``films`` turned or inverted, by `DISPLACED`.
    others, others_pair
        Adult films of further hospitals.
    children, children_pair
        Of Kermany et al.
    """

    films: list[LabelledFilm]
    views: FilmViews
    displaced: Mapping[Displacement, FilmFeatures]
    others: list[ChestFilm]
    others_pair: FilmPair
    children: list[ChestFilm]
    children_pair: FilmPair

    @property
    def labels(self) -> Tensor:
        """Observations (films, 14) as 0, 1 or NaN."""
        return torch.from_numpy(np.stack([film.labels for film in self.films]))

    @property
    def folds(self) -> Tensor:
        """Patient fold of each of ``films``."""
        return torch.tensor([fold_of(film.patient_id, N_PATIENT_FOLDS) for film in self.films])

    @property
    def ages(self) -> Tensor:
        """Ages of ``films`` in years; NaN where unknown."""
        return torch.tensor([film.age_years if film.age_years is not None else float("nan") for film in self.films])

    @property
    def other_folds(self) -> Tensor:
        """Patient fold of each of ``others``."""
        return torch.tensor([fold_of(film.patient, N_PATIENT_FOLDS) for film in self.others])

    @property
    def child_folds(self) -> Tensor:
        """Patient fold of each of ``children``."""
        return torch.tensor([fold_of(film.patient, N_PATIENT_FOLDS) for film in self.children])


def read_groups(data: Path, cache: FilmCache, n_augmentations: int) -> FilmGroups:
    """Read all groups under a folder; features that the cache lacks are computed."""
    films = read_films(data / "nih_cxr14")
    paths = [film.path for film in films]
    views = FilmViews(
        cache.of_paths("nih_cxr14", paths),
        cache.of_paths("nih_cxr14", paths, "mirrored"),
        [cache.of_paths("nih_cxr14", paths, augmentation=seed) for seed in range(1, n_augmentations + 1)],
    )
    displaced = {name: cache.of_paths("nih_cxr14", paths, name) for name in DISPLACED}
    others, children = read_adults(data), read_children(data)
    return FilmGroups(
        films,
        views,
        displaced,
        others,
        _pair(cache, "other_hospitals", [film.path for film in others]),
        children,
        _pair(cache, "kermany_paediatric", [film.path for film in children]),
    )


def _pair(cache: FilmCache, name: str, paths: list[Path]) -> FilmPair:
    return FilmPair(cache.of_paths(name, paths), cache.of_paths(name, paths, "mirrored"))
