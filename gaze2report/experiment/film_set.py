"""The films of an experiment in memory: small, with labels and recorded gaze, split by patient.

Notation used for tensor shapes: N films, O observations, S film side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.dataset import StudyDataset
from gaze2report.data.splits import drawn_split
from gaze2report.data.synthetic.case import SyntheticCase
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing, display_to_input
from gaze2report.errors import Gaze2ReportError
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

FEWEST_HELD_OUT = 10


@dataclass(frozen=True)
class FilmRow:
    """One film as `gaze_sources` asks for it; positions of ``recorded`` are fractions of the film."""

    image_id: str
    patient_id: str
    split: str
    recorded: tuple[Fixation, ...]


@dataclass(frozen=True, eq=False)
class FilmSet:
    """Films to train on and to hold out.

    Attributes
    ----------
    name : str
        What it is, for the page.
    sha256 : str
        Of the training set; results of another set are not gone on with.
    rows : tuple of FilmRow
    pixels : Tensor (N, 1, S, S)
        In [0, 1].
    labels : Tensor (N, O)
        1, 0, or NaN where unknown.
    observations : tuple of str
        The O that are scored.
    is_held_out : ndarray of bool, shape (N,)
    left_out : dict
        Why an observation is not scored, and films without gaze or label.
    """

    name: str
    sha256: str
    rows: tuple[FilmRow, ...]
    pixels: Tensor
    labels: Tensor
    observations: tuple[str, ...]
    is_held_out: NDArray[np.bool_]
    left_out: dict[str, str]

    @property
    def train(self) -> NDArray[np.int64]:
        """Numbers of the films to train on."""
        return np.flatnonzero(~self.is_held_out)

    @property
    def held_out(self) -> NDArray[np.int64]:
        """Numbers of the films that are scored."""
        return np.flatnonzero(self.is_held_out)

    @property
    def held_out_patients(self) -> list[str]:
        """Patient of each held-out film."""
        return [self.rows[number].patient_id for number in self.held_out]

    @property
    def is_present(self) -> NDArray[np.bool_]:
        """Which observations are present on the held-out films, shape (held out, O)."""
        return np.asarray((self.labels[self.held_out] == 1).numpy())

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which observations are known on the held-out films, shape (held out, O)."""
        return np.asarray(~self.labels[self.held_out].isnan().numpy())


def read_film_set(
    training_set: TrainingSet, side_px: int, held_out: Sequence[str], min_positive: int, *, needs_gaze: bool
) -> FilmSet:
    """Read the first film of every labelled study.

    Raises
    ------
    Gaze2ReportError
        If there is nothing to train on, to score, or to look at.
    """
    rows: list[FilmRow] = []
    pixels: list[Tensor] = []
    labels: list[Tensor] = []
    n_without = 0
    dataset = StudyDataset(training_set, None, Preprocessing(side_px=side_px), needs_report=False)
    split_of = {example.example_id: example.split for example in training_set.examples()}
    try:
        for number, study in enumerate(dataset.index):
            film = study.films[0]
            if bool(study.labels.isnan().all()) or (needs_gaze and not film.recorded):
                n_without += 1
                continue
            rows.append(FilmRow(film.image_id, study.patient_id, split_of[study.example_id], film.recorded))
            prepared = dataset[number].films[0].pixels
            assert prepared is not None
            pixels.append(prepared)
            labels.append(study.labels)
    finally:
        dataset.close()
    if not rows:
        raise Gaze2ReportError(f"{training_set.folder} holds no labelled film" + (" with gaze" if needs_gaze else ""))
    left_out = {"films without labels or gaze": str(n_without)} if n_without else {}
    manifest = training_set.manifest
    return _choose(
        FilmSet(
            manifest.description.source or manifest.description.name,
            manifest.sha256,
            tuple(rows),
            torch.stack(pixels),
            torch.stack(labels),
            CHEXPERT_OBSERVATIONS,
            np.array([row.split in held_out for row in rows]),
            left_out,
        ),
        min_positive,
    )


def film_set_of_cases(
    cases: Sequence[SyntheticCase], patients: Sequence[str], held_out: Sequence[str], min_positive: int, sha256: str
) -> FilmSet:
    """Put made cases into a set without writing them, films prepared as those that are read."""
    rows = tuple(
        FilmRow(f"film-{number}", patient, drawn_split(patient), case.fixations)
        for number, (case, patient) in enumerate(zip(cases, patients, strict=True))
    )
    prepared = [display_to_input(case.film, Preprocessing(side_px=len(case.film))) for case in cases]
    labels = [[float(name in case.observations) for name in CHEXPERT_OBSERVATIONS] for case in cases]
    held = np.array([row.split in held_out for row in rows])
    made = FilmSet(
        "made radiographs",
        sha256,
        rows,
        torch.from_numpy(np.stack(prepared)),
        torch.tensor(labels),
        CHEXPERT_OBSERVATIONS,
        held,
        {},
    )
    return _choose(made, min_positive)


def _choose(films: FilmSet, min_positive: int) -> FilmSet:
    """Keep the observations that can be learnt and scored; ``No Finding`` is what is left when none is present."""
    kept, left_out = [], dict(films.left_out)
    for column, name in enumerate(films.observations):
        present = (films.labels[:, column] == 1).numpy()
        n_train, n_held_out = int(present[~films.is_held_out].sum()), int(present[films.is_held_out].sum())
        if name == "No Finding":
            continue
        if n_train >= min_positive and n_held_out >= 2:
            kept.append(column)
        elif n_train + n_held_out:
            left_out[name] = f"{n_train} films to train on and {n_held_out} held out have it"
    n_held_out = int(films.is_held_out.sum())
    if not kept or n_held_out < FEWEST_HELD_OUT:
        raise Gaze2ReportError(
            f"{films.name}: {len(kept)} observations and {n_held_out} held-out films are too few for an experiment; "
            f"one observation with {min_positive} films to train on and {FEWEST_HELD_OUT} held-out films are the least"
        )
    return FilmSet(
        films.name,
        films.sha256,
        films.rows,
        films.pixels,
        films.labels[:, kept],
        tuple(films.observations[column] for column in kept),
        films.is_held_out,
        left_out,
    )
