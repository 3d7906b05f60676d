"""Where the gaze of a film comes from: the model, a reader, nobody, or one of the controls of an experiment.

Positions are fractions of the film, carried in `Fixation` as everywhere where the size of the film does not matter.
A claim that gaze helps stands only beside the controls: ``uniform`` and ``centre`` keep how many fixations there are
and how long each lasts and change where they are; ``medoid`` is one typical scanpath for every film; ``shuffled`` is a
real scanpath of another patient's film.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import Gaze2ReportError
from gaze2report.types import Fixation, GazeSource

GAZE_SOURCES: tuple[GazeSource, ...] = get_args(GazeSource)
CENTRE_SD = 0.12
"""Standard deviation of the centre control, as a share of each side."""
USUAL_DURATIONS_S = (0.3,) * 8
"""How often and how long the controls look where no scanpath tells."""
MAX_MEDOID_PATHS = 1000
_MOMENTS = 32

Scanpath = tuple[Fixation, ...]
Predictor = Callable[[Any], Sequence[Fixation]]
"""Predicts the scanpath of a film that is a `GazeExample`, from its image alone."""


class GazeMissing(Gaze2ReportError):
    """The gaze that was asked for is not there."""

    code = "gaze_missing"


class GazeExample(Protocol):
    """A film whose gaze may be asked for.

    Attributes
    ----------
    patient_id : str
    image_id : str
    recorded : tuple of Fixation
        A reader's scanpath in fractions of the film; empty where none was recorded.
    """

    @property
    def patient_id(self) -> str:  # noqa: D102 - described above
        ...

    @property
    def image_id(self) -> str:  # noqa: D102
        ...

    @property
    def recorded(self) -> Scanpath:  # noqa: D102
        ...


def fixations_of(
    source: GazeSource,
    example: GazeExample,
    predictor: Predictor | None,
    rng: np.random.Generator,
    others: Sequence[GazeExample] = (),
    *,
    like: Literal["recorded", "predicted"] = "recorded",
) -> Scanpath:
    """Fixations of one film under a source; see `GazeSupply`, which is faster for many films."""
    return GazeSupply(predictor, others, like=like).fixations(source, example, rng)


@dataclass
class GazeSupply:
    """Gives the fixations of films under any source.

    Parameters
    ----------
    predictor : callable, optional
        For ``predicted``.
    others : sequence of GazeExample
        Films of the training split: ``medoid`` is chosen over them, ``shuffled`` drawn from them.
    like : str
        Whether ``medoid``, ``shuffled``, ``uniform`` and ``centre`` are made of recorded or of predicted scanpaths; a
        control must be of the kind that it is compared with.
    """

    predictor: Predictor | None = None
    others: Sequence[GazeExample] = ()
    like: Literal["recorded", "predicted"] = "recorded"

    def __post_init__(self) -> None:
        self._medoid: Scanpath | None = None
        self._drawable: list[GazeExample] | None = None

    def fixations(self, source: GazeSource, example: GazeExample, rng: np.random.Generator) -> Scanpath:
        """Fixations of one film under a source, as fractions of the film.

        Raises
        ------
        GazeMissing
            With what is missing: a recording, a predictor, or films of other patients.
        """
        if source == "none":
            return ()
        if source in ("predicted", "recorded"):
            return self._path(example, source)
        if source == "medoid":
            return self._medoid_path(rng)
        if source == "shuffled":
            return self._of_another(example, rng)
        if source in ("uniform", "centre"):
            return self._placed_anew(source, example, rng)
        raise GazeMissing(f"gaze source {source!r} is not known; it is one of {', '.join(GAZE_SOURCES)}")

    def _path(self, example: GazeExample, kind: str) -> Scanpath:
        if kind == "recorded":
            if not example.recorded:
                raise GazeMissing(f"no gaze was recorded on film {example.image_id}")
            return example.recorded
        if self.predictor is None:
            raise GazeMissing("predicted gaze needs a scanpath predictor, and none was given")
        return tuple(self.predictor(example))

    def _candidates(self) -> list[GazeExample]:
        if self._drawable is None:
            self._drawable = [one for one in self.others if self.like == "predicted" or one.recorded]
        return self._drawable

    def _medoid_path(self, rng: np.random.Generator) -> Scanpath:
        if self._medoid is None:
            films = self._candidates()
            if not films:
                raise GazeMissing(f"the medoid needs {self.like} scanpaths of the training split, and there are none")
            if len(films) > MAX_MEDOID_PATHS:
                # A fixed draw: the medoid is one scanpath for the whole experiment, whatever film is asked first.
                chosen = np.random.default_rng(0).choice(len(films), MAX_MEDOID_PATHS, replace=False)
                films = [films[index] for index in np.sort(chosen)]
            paths = [path for film in films if (path := self._path(film, self.like))]
            self._medoid = paths[medoid_index(paths)]
        return self._medoid

    def _of_another(self, example: GazeExample, rng: np.random.Generator) -> Scanpath:
        films = [one for one in self._candidates() if one.patient_id != example.patient_id]
        if not films:
            raise GazeMissing(
                f"shuffled gaze needs {self.like} scanpaths of a patient other than {example.patient_id}, "
                "and there are none"
            )
        return self._path(films[int(rng.integers(len(films)))], self.like)

    def _placed_anew(self, source: str, example: GazeExample, rng: np.random.Generator) -> Scanpath:
        durations_s = self._durations_s(example, rng)
        if source == "uniform":
            places = rng.random((len(durations_s), 2))
        else:
            places = np.clip(rng.normal(0.5, CENTRE_SD, (len(durations_s), 2)), 0.0, np.nextafter(1.0, 0.0))
        return tuple(Fixation(float(x), float(y), seconds) for (x, y), seconds in zip(places, durations_s, strict=True))

    def _durations_s(self, example: GazeExample, rng: np.random.Generator) -> tuple[float, ...]:
        if self.like == "predicted" and self.predictor is not None:
            return tuple(f.duration_s for f in self.predictor(example))
        if example.recorded:
            return tuple(f.duration_s for f in example.recorded)
        recorded = [one for one in self.others if one.recorded]
        if recorded:
            return tuple(f.duration_s for f in recorded[int(rng.integers(len(recorded)))].recorded)
        return USUAL_DURATIONS_S


def medoid_index(paths: Sequence[Scanpath]) -> int:
    """Which of the scanpaths is nearest to all others.

    The distance of two is the mean distance of where they are at the same share of their looking time, so that order
    and durations count and their numbers of fixations may differ.
    """
    places = np.stack([_places_in_time(path) for path in paths])  # (paths, moments, 2)
    totals = [float(np.linalg.norm(places - one, axis=-1).mean(axis=-1).sum()) for one in places]
    return int(np.argmin(totals))


def _places_in_time(path: Scanpath) -> NDArray[np.float64]:
    """Where a scanpath is at equal shares of its time, shape (moments, 2)."""
    ends = np.cumsum([max(f.duration_s, 1e-6) for f in path])
    moments = (np.arange(_MOMENTS) + 0.5) / _MOMENTS * ends[-1]
    index = np.searchsorted(ends, moments)
    return np.asarray(np.array([[f.x_px, f.y_px] for f in path])[index])
