"""Predicted opacity beside two readers' scores, and regions beside boxes that a radiologist drew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.sources.chest_films import ZONE_SOURCE, ChestFilm
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.models.lung_zones import LungZones
from gaze2report.training.evaluate_findings import patient_bootstrap
from gaze2report.training.film_groups import N_PATIENT_FOLDS, FilmGroups
from gaze2report.training.train_zones import ZonesPhase, fit_zones, lung_share, zone_scores


def zone_rows(groups: FilmGroups) -> Tensor:
    """Rows of the films with masks or scores among the films of further hospitals."""
    return torch.tensor([row for row, film in enumerate(groups.others) if film.source == ZONE_SOURCE])


def extent_table(make: Callable[[], LungZones], groups: FilmGroups, phase: ZonesPhase) -> dict[str, Any]:
    """Lung overlap, and the correlation of predicted extent (sum of six zones) with the readers', patient-grouped."""
    rows = zone_rows(groups)
    films = [groups.others[int(row)] for row in rows]
    maps, folds = groups.others_pair.film.maps[rows], groups.other_folds[rows]
    predicted, lungs = torch.zeros(len(films), 6), torch.zeros(maps.shape[:2])
    for fold in range(N_PATIENT_FOLDS):
        held_out = folds == fold
        zones = fit_zones(
            make(), [f for f, out in zip(films, held_out, strict=True) if not out], maps[~held_out], phase
        )
        predicted[held_out], lungs[held_out] = zones.zone_scores(maps[held_out]), zones.lung(maps[held_out])
    scored = [row for row, film in enumerate(films) if zone_scores(film) is not None]
    readers = np.stack([s for film in films if (s := zone_scores(film)) is not None]).sum(2)  # (films, 2)
    extent = predicted[scored].sum(1).numpy()
    patients = np.array([films[row].patient for row in scored])
    overlap = _overlap(lungs.numpy(), films)
    return {
        "films": len(scored),
        "patients": len(set(patients)),
        "with_mean_of_readers": _correlation(extent, readers.mean(1), patients),
        "with_senior": _correlation(extent, readers[:, 0], patients),
        "with_junior": _correlation(extent, readers[:, 1], patients),
        "between_readers": _correlation(readers[:, 0], readers[:, 1], patients),
        "lung_films": len(overlap),
        "lung_overlap_mean": float(np.mean(overlap)),
    }


def _overlap(lungs: NDArray[np.float32], films: Sequence[ChestFilm]) -> list[float]:
    """Intersection over union of predicted and checked lung, on the grid, for each film with a mask."""
    side, found = round(lungs.shape[1] ** 0.5), []
    for row, film in enumerate(films):
        share = lung_share(film, side)
        if share is not None:
            predicted, true = lungs[row] > 0.5, share > 0.5
            found.append(float((predicted & true).sum() / (predicted | true).sum()))
    return found


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32], patients: NDArray[np.str_]) -> dict[str, float]:
    low, high = patient_bootstrap(patients, lambda rows: float(np.corrcoef(one[rows], other[rows])[0, 1]))
    return {"r": float(np.corrcoef(one, other)[0, 1]), "low": low, "high": high}


def region_table(zones: LungZones, films: Sequence[LabelledFilm], maps: Tensor) -> dict[str, Any]:
    """Regions of boxed films beside the boxes: side, overlap of area, and the same for a region by chance.

    By chance: every film is given the region of another boxed film.
    """
    boxed = [row for row, film in enumerate(films) if film.boxes]
    regions = [zones.region(maps[row : row + 1]) for row in boxed]
    given = [(films[row], region) for row, region in zip(boxed, regions, strict=True) if region is not None]
    rng = np.random.default_rng(0)
    others = [
        _hits([film for film, _ in given], [given[int(i)][1] for i in rng.permutation(len(given))]) for _ in range(200)
    ]
    own = _hits([film for film, _ in given], [region for _, region in given])
    return {
        "boxed_films": len(boxed),
        "films_with_region": len(given),
        "centre_of_a_box_inside": own[0],
        "side_right": own[1],
        "one_sided_films": sum(_side(film) != 0 for film, _ in given),
        "mean_area": float(np.mean([(r[2] - r[0]) * (r[3] - r[1]) for _, r in given])),
        "centre_of_a_box_inside_by_chance": float(np.mean([hit[0] for hit in others])),
        "side_right_by_chance": float(np.mean([hit[1] for hit in others])),
    }


def _hits(films: Sequence[LabelledFilm], regions: Sequence[tuple[float, float, float, float]]) -> tuple[float, float]:
    inside, sides = [], []
    for film, (x0, y0, x1, y1) in zip(films, regions, strict=True):
        centres = [(x + width / 2, y + height / 2) for x, y, width, height in film.boxes]
        inside.append(any(x0 <= x <= x1 and y0 <= y <= y1 for x, y in centres))
        if _side(film):
            sides.append(((x0 + x1) / 2 > 0.5) == (_side(film) > 0))
    return float(np.mean(inside)), float(np.mean(sides)) if sides else float("nan")


def _side(film: LabelledFilm) -> int:
    """-1 or 1 where all boxes lie on one half of the film, else 0."""
    sides = {1 if x + width / 2 > 0.5 else -1 for x, _, width, _ in film.boxes}
    return sides.pop() if len(sides) == 1 else 0
