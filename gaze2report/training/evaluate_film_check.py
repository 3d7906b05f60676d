"""What the film check refuses, by class, on patients and pictures it was not fitted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaze2report.data.sources.chest_films import CHILD_SOURCE
from gaze2report.errors import Gaze2ReportError
from gaze2report.imaging.read import read_image
from gaze2report.imaging.windowing import to_display
from gaze2report.models.film_check import DISPLACED, FilmCheck
from gaze2report.training.film_cache import FilmCache, joined
from gaze2report.training.film_groups import MAX_CHILD_YEARS, MIN_ADULT_YEARS, N_PATIENT_FOLDS, FilmGroups, FilmPair
from gaze2report.training.train_film_check import (
    AdultScores,
    CheckFilms,
    FilmCheckPhase,
    fit_film_check,
    set_limits,
)

N_MADE = 200
_MADE_SIDE_PX = 512


@dataclass(frozen=True, eq=False)
class StrangePictures:
    """Pictures that are no chest films, by kind; nothing is ever fitted on them."""

    by_kind: dict[str, FilmPair]


def check_films(groups: FilmGroups, left_out: int | None, without_source: str = "") -> CheckFilms:
    """Films to fit a check on: all patient folds but ``left_out``, and no film of ``without_source``."""
    in_nih = torch.ones(len(groups.films), dtype=torch.bool) if left_out is None else groups.folds != left_out
    in_others = groups.other_folds != (-1 if left_out is None else left_out)
    unseen = {film.patient for film in groups.others if film.source == without_source}
    in_others &= torch.tensor([film.patient not in unseen for film in groups.others])
    in_children = groups.child_folds != (-1 if left_out is None else left_out)
    if without_source == CHILD_SOURCE:
        in_children &= False
    is_adult, is_minor = groups.ages >= MIN_ADULT_YEARS, groups.ages < MIN_ADULT_YEARS
    views = groups.views
    return CheckFilms(
        adults=joined([views.film.rows(in_nih & is_adult), groups.others_pair.film.rows(in_others)]),
        adults_mirrored=joined([views.mirrored.rows(in_nih & is_adult), groups.others_pair.mirrored.rows(in_others)]),
        displaced={name: features.rows(in_nih & is_adult) for name, features in groups.displaced.items()},
        children=joined([views.film.rows(in_nih & is_minor), groups.children_pair.film.rows(in_children)]),
    )


def fitted(make: Callable[[], FilmCheck], films: CheckFilms, phase: FilmCheckPhase) -> FilmCheck:
    """A fresh check fitted on films, without limits."""
    with torch.enable_grad():
        return fit_film_check(make(), films, phase)


def adult_scores(
    make: Callable[[], FilmCheck], groups: FilmGroups, phase: FilmCheckPhase
) -> tuple[list[FilmCheck], list[AdultScores]]:
    """A check for every fold left out, and the scores of that fold's adult films."""
    checks, scores = [], []
    for fold in range(N_PATIENT_FOLDS):
        check = fitted(make, check_films(groups, fold), phase)
        adults = (groups.folds == fold) & (groups.ages >= MIN_ADULT_YEARS)
        nih = FilmPair(groups.views.film, groups.views.mirrored).rows(adults)
        others = groups.others_pair.rows(groups.other_folds == fold)
        checks.append(check)
        scores.append(AdultScores(check(nih.film, nih.mirrored), check(others.film, others.mirrored)))
    return checks, scores


def refusal_table(
    make: Callable[[], FilmCheck], groups: FilmGroups, strange: StrangePictures, phase: FilmCheckPhase
) -> list[dict[str, Any]]:
    """Refused films by class; limits of a fold come from the adult films of the other folds."""
    checks, scores = adult_scores(make, groups, phase)
    codes: dict[str, list[str | None]] = {}
    for fold, check in enumerate(checks):
        set_limits(check, [s for other, s in enumerate(scores) if other != fold], phase)
        for name, pair in held_out_classes(groups, fold).items():
            codes.setdefault(name, []).extend(check.refusals(check(pair.film, pair.mirrored)))
        if fold == 0:
            for name, pair in strange.by_kind.items():
                codes[name] = check.refusals(check(pair.film, pair.mirrored))
    for source in sorted({film.source for film in groups.others}):
        pair = groups.others_pair.rows(torch.tensor([film.source == source for film in groups.others]))
        codes[f"adults, {source}, none of its patients known"] = _unseen(make, groups, source, pair, scores, phase)
    codes["1 to 5 years, kermany_paediatric, source unknown"] = _unseen(
        make, groups, CHILD_SOURCE, groups.children_pair, scores, phase
    )
    rows = [_row(name, found) for name, found in codes.items()]
    return [*rows, {"class": "lateral film alone", "films": 0, "refused": None, "reasons": {}}]


def held_out_classes(groups: FilmGroups, fold: int) -> dict[str, FilmPair]:
    """Films of one fold by class."""
    here, ages = groups.folds == fold, groups.ages
    views = FilmPair(groups.views.film, groups.views.mirrored)
    adult = here & (ages >= MIN_ADULT_YEARS)
    classes = {"adults, nih_cxr14": views.rows(adult)}
    for source in sorted({film.source for film in groups.others}):
        of_source = torch.tensor([film.source == source for film in groups.others])
        classes[f"adults, {source}"] = groups.others_pair.rows((groups.other_folds == fold) & of_source)
    for low, high in ((0, 12), (12, MAX_CHILD_YEARS), (MAX_CHILD_YEARS, MIN_ADULT_YEARS)):
        classes[f"{low:.0f} to {high - 1:.0f} years, nih_cxr14"] = views.rows(here & (ages >= low) & (ages < high))
    classes["1 to 5 years, kermany_paediatric"] = groups.children_pair.rows(groups.child_folds == fold)
    for name in DISPLACED:
        features = groups.displaced[name].rows(adult)
        classes[f"{name}, nih_cxr14 adults"] = FilmPair(features, features)
    classes["mirrored, nih_cxr14 adults"] = FilmPair(groups.views.mirrored.rows(adult), groups.views.film.rows(adult))
    return classes


def _unseen(
    make: Callable[[], FilmCheck],
    groups: FilmGroups,
    source: str,
    pair: FilmPair,
    scores: list[AdultScores],
    phase: FilmCheckPhase,
) -> list[str | None]:
    """Codes of films of a source when nothing of it was fitted on."""
    check = fitted(make, check_films(groups, None, source), phase)
    set_limits(check, scores, phase)
    return check.refusals(check(pair.film, pair.mirrored))


def _row(name: str, codes: list[str | None]) -> dict[str, Any]:
    refused = [code for code in codes if code is not None]
    share = len(refused) / len(codes) if codes else None
    return {"class": name, "films": len(codes), "refused": share, "reasons": dict(Counter(refused).most_common())}


def strange_pictures(cache: FilmCache, data: Path, dicom_folders: list[Path]) -> StrangePictures:
    """Photographs of OSIE, made pictures, and the images that are no chest film in folders of DICOM files."""
    photographs = sorted((data / "osie" / "stimuli").glob("*"))
    pairs = {
        "photograph, OSIE": FilmPair(
            cache.of_paths("osie", photographs), cache.of_paths("osie", photographs, "mirrored")
        )
    }
    for kind, picture in _MADE.items():
        pairs[kind] = _pair(cache, kind.replace(" ", "_"), [picture(np.random.default_rng(i)) for i in range(N_MADE)])
    for modality, displays in _foreign_images(dicom_folders).items():
        pairs[f"{modality} image, pydicom"] = _pair(cache, f"pydicom_{modality}", displays)
    return StrangePictures(pairs)


def _pair(cache: FilmCache, name: str, displays: list[NDArray[np.uint8]]) -> FilmPair:
    identities = [f"{name} {row}" for row in range(len(displays))]
    film = cache.of_displays(name, identities, lambda row: displays[row])
    return FilmPair(film, cache.of_displays(f"{name}-mirrored", identities, lambda row: displays[row], "mirrored"))


def _noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (_MADE_SIDE_PX, _MADE_SIDE_PX), dtype=np.uint8)


def _soft_noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    coarse = rng.random((int(rng.integers(3, 24)),) * 2)
    grown = np.kron(coarse, np.ones((64, 64)))[:_MADE_SIDE_PX, :_MADE_SIDE_PX]
    return (255 * np.pad(grown, [(0, _MADE_SIDE_PX - n) for n in grown.shape], mode="edge")).astype(np.uint8)


def _nearly_blank(rng: np.random.Generator) -> NDArray[np.uint8]:
    slope = rng.uniform(0, 40) * np.linspace(0, 1, _MADE_SIDE_PX)
    level = rng.uniform(0, 200) + slope[:, None] + rng.normal(0, rng.uniform(0.5, 4), (_MADE_SIDE_PX, _MADE_SIDE_PX))
    return np.clip(level, 0, 255).astype(np.uint8)


_MADE: dict[str, Callable[[np.random.Generator], NDArray[np.uint8]]] = {
    "noise": _noise,
    "blocks of grey": _soft_noise,
    "blank, with detector noise": _nearly_blank,
}


def _foreign_images(folders: list[Path]) -> dict[str, list[NDArray[np.uint8]]]:
    """Display images by modality of the DICOM files in folders, each picture once; chest films are left out."""
    found: dict[str, list[NDArray[np.uint8]]] = {}
    seen: set[str] = set()
    for path in sorted(path for folder in folders for path in folder.glob("*.dcm")):
        try:
            image = read_image(path)
        except Gaze2ReportError:
            continue
        is_new = image.pixel_sha256 not in seen and min(image.codes.shape) >= 64
        if is_new and "CHEST" not in image.header.body_part.upper():
            seen.add(image.pixel_sha256)
            found.setdefault(image.header.modality or "unnamed", []).append(to_display(image))
    return found
