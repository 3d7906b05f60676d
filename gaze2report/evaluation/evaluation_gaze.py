"""What the model is given to look at when a film of a training set is drafted under a gaze source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from gaze2report.data.training_example import TrainingExample, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.errors import Gaze2ReportError, Refused, UnreadableInput
from gaze2report.evaluation.drafted_split import LookAt
from gaze2report.evaluation.evaluated_case import film_to_draft
from gaze2report.types import Fixation, GazeSource, Image

if TYPE_CHECKING:
    from gaze2report.data.dataset import FilmExample
    from gaze2report.drafting import Drafter

CONTROLS: tuple[GazeSource, ...] = ("uniform", "centre", "medoid", "shuffled")


def looking(
    source: GazeSource,
    seed: int,
    training_set: TrainingSet,
    drafter: Callable[[], Drafter],
    read: Callable[[Path], Image],
) -> tuple[LookAt, str]:
    """Make the function that gives the fixations of a film.

    The controls are made of recorded scanpaths where the train split has any, else of predicted ones; each film draws
    by its own name, so that a run that was stopped draws the same when it goes on.

    Returns
    -------
    tuple
        The function, and a sentence on what a control was made of; empty for the other sources.
    """
    from gaze2report.gaze.gaze_sources import GazeMissing, GazeSupply

    others = _films(training_set) if source in CONTROLS else []
    like: Literal["recorded", "predicted"] = "recorded" if any(film.recorded for film in others) else "predicted"

    def predict(film: FilmExample) -> tuple[Fixation, ...]:
        path = training_set.image_path(film.image)
        if path is None:
            raise UnreadableInput(film.image_id, "the film is not part of the set")
        image = read(path)
        return to_fractions(tuple(drafter().scanpaths(image, 1, seed)[0]), image)

    supply = GazeSupply(predict, others, like=like)

    def look(example: TrainingExample, image: TrainingImage, film: Image) -> tuple[Fixation, ...]:
        rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(example.example_id.encode()).digest()[:8])])
        try:
            found = supply.fixations(source, _to_film(example, image), rng)
        except GazeMissing as error:
            if source == "recorded":
                raise Refused(error.code, "no gaze was recorded on its film") from error
            raise Gaze2ReportError(f"--gaze {source}: {error}") from error
        rows, columns = film.codes.shape
        return tuple(Fixation(f.x_px * columns, f.y_px * rows, f.duration_s) for f in found)

    said = f"The control {source} is made of {like} scanpaths of the train split." if source in CONTROLS else ""
    return look, said


def to_fractions(fixations: tuple[Fixation, ...], film: Image) -> tuple[Fixation, ...]:
    """Fixations in pixels of a film as fractions of it."""
    rows, columns = film.codes.shape
    return tuple(Fixation(f.x_px / columns, f.y_px / rows, f.duration_s) for f in fixations)


def _films(training_set: TrainingSet) -> list[FilmExample]:
    """One film of each example of the train split."""
    return [
        _to_film(example, image)
        for example in training_set.examples("train")
        if (image := film_to_draft(example)) is not None
    ]


def _to_film(example: TrainingExample, image: TrainingImage) -> FilmExample:
    from gaze2report.data.dataset import FilmExample, recorded_on

    recorded = recorded_on(example, image)
    return FilmExample(example.example_id, example.patient_id, image.image_id, image.view, False, recorded, image)
