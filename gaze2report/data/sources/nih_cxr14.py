"""NIH ChestX-ray14 films (Wang et al. 2017) with an ``index.json``: labels mined from reports, so noisy.

Row: ``{"image", "labels", "patient_id", "view", "age", "quality_flag", ...}``; the picture lies beside the index.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from gaze2report.errors import UnreadableInput
from gaze2report.types import CHEXPERT_OBSERVATIONS

LABEL_TO_OBSERVATIONS: dict[str, tuple[str, ...]] = {
    "No Finding": ("No Finding",),
    "Atelectasis": ("Atelectasis", "Lung Opacity"),
    "Cardiomegaly": ("Cardiomegaly",),
    "Consolidation": ("Consolidation", "Lung Opacity"),
    "Edema": ("Edema", "Lung Opacity"),
    "Effusion": ("Pleural Effusion",),
    "Infiltration": ("Lung Opacity",),
    "Mass": ("Lung Lesion", "Lung Opacity"),
    "Nodule": ("Lung Lesion", "Lung Opacity"),
    "Pleural_Thickening": ("Pleural Other",),
    "Pneumonia": ("Pneumonia", "Lung Opacity"),
    "Pneumothorax": ("Pneumothorax",),
}
"""NIH label to CheXpert-14 observations; Lung Opacity is the parent of the airspace findings (Irvin et al. 2019)."""

UNKNOWN_OBSERVATIONS = ("Enlarged Cardiomediastinum", "Fracture", "Support Devices")
"""Observations that no NIH label speaks of: neither present nor absent."""


@dataclass(frozen=True)
class LabelledFilm:
    """One film: where it lies, whose it is, and its labels (14,) as 0, 1 or NaN for unknown.

    ``boxes`` are lesions a radiologist drew: x, y, width, height in fractions of the film.
    """

    path: Path
    patient_id: str
    view: str
    labels: NDArray[np.float32]
    sex: str = ""
    age_years: float | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def observations(self) -> frozenset[str]:
        """Names of the positive observations."""
        return frozenset(name for name, value in zip(CHEXPERT_OBSERVATIONS, self.labels, strict=True) if value == 1)


def read_films(folder: Path, on_left_out: Callable[[str], object] = lambda image: None) -> list[LabelledFilm]:
    """Read the index; films flagged as of bad quality (upside down) are left out, and told by their names.

    Raises
    ------
    UnreadableInput
        If the index is missing or of another form.
    """
    try:
        rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        films = []
        for row in rows:
            if row.get("quality_flag"):
                on_left_out(str(row["image"]))
            else:
                films.append(_film(folder, row))
        return films
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableInput(folder, f"cannot be read as an NIH ChestX-ray14 folder: {error}") from error


def _film(folder: Path, row: dict[str, Any]) -> LabelledFilm:
    return LabelledFilm(
        folder / row["image"],
        str(row["patient_id"]),
        str(row["view"]),
        to_observations(row["labels"]),
        sex=str(row.get("sex", "")),
        age_years=float(row["age"]) if row.get("age") is not None else None,
        boxes=tuple(tuple(box["xywh_norm"]) for box in row.get("boxes", ()) if "xywh_norm" in box),
    )


def to_observations(labels: list[str]) -> NDArray[np.float32]:
    """Map NIH labels to CheXpert-14 values, shape (14,): 1 present, 0 absent, NaN unknown."""
    present = {name for label in labels for name in LABEL_TO_OBSERVATIONS.get(label, ())}
    values = np.array([name in present for name in CHEXPERT_OBSERVATIONS], dtype=np.float32)
    for name in UNKNOWN_OBSERVATIONS:
        values[CHEXPERT_OBSERVATIONS.index(name)] = np.nan
    return values


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a film's picture as grey values, shape (rows, columns)."""
    with PillowImage.open(path) as picture:
        return np.asarray(picture.convert("L"))
