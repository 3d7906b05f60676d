"""One case of an evaluation: what was generated, what the reference is, and what the set and the head say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.training_example import TrainingExample, TrainingImage
from gaze2report.gaze.frames import Frame, frame_to_frame
from gaze2report.overlay import NamedBox
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

SECTION_CHOICES: dict[str, tuple[str, ...]] = {
    "both": ("findings", "impression"),
    "findings": ("findings",),
    "impression": ("impression",),
}


@dataclass(frozen=True)
class EvaluatedCase:
    """A case.

    Attributes
    ----------
    generated : str
        Text of the system.
    reference : str or None
        The radiologist's text; None where the set has none.
    labels : dict
        CheXpert-14 name to 1, 0 or None (unknown), as the data set says.
    probabilities : dict or None
        Of the findings head; None in it where it gives none, None as a whole where texts come from elsewhere.
    reported : frozenset of str
        Observations that the head decides to report.
    has_prior : bool or None
        Whether the generator was given an earlier study.
    film : Path or None
        The film, for pictures.
    boxes, scanpath
        Marks of the set, and what the draft looked at; in pixels of the film.
    total_s : float
        Seconds that the draft took; NaN where unknown.
    """

    case_id: str
    patient_id: str
    generated: str
    reference: str | None = None
    labels: dict[str, float | None] = field(default_factory=dict)
    probabilities: dict[str, float | None] | None = None
    reported: frozenset[str] = frozenset()
    has_prior: bool | None = None
    film: Path | None = None
    boxes: tuple[NamedBox, ...] = ()
    scanpath: tuple[Fixation, ...] = ()
    total_s: float = float("nan")


@dataclass(frozen=True)
class NotDrafted:
    """An example that got no draft, and why."""

    case_id: str
    reason: str


def film_to_draft(example: TrainingExample) -> TrainingImage | None:
    """The first film of an example that is part of the set and not called a lateral view; None where there is none."""
    from gaze2report.data.dataset import is_lateral  # loads torch, which evaluating texts does not need

    for image in example.images:
        if image.file is not None and not is_lateral(image.view):
            return image
    return None


def reference_text(example: TrainingExample, sections: Sequence[str]) -> str | None:
    """Text that a radiologist wrote, or else dictated, of an example; None where there is none.

    Of a written report the sections asked for, and where it has no headings its last paragraph; of a dictation the
    transcript.
    """
    for kind, wanted in (("written", sections), ("written", ("last_paragraph",)), ("dictated", ("transcript",))):
        for report in example.reports:
            parts = [text for name in wanted if (text := report.sections.get(name, "").strip())]
            if report.kind == kind and parts:
                return "\n".join(parts)
    return None


def boxes_on_film(example: TrainingExample, image: TrainingImage) -> tuple[NamedBox, ...]:
    """Boxes and ellipses that the set marks on a film, in its pixels; none where its size is unknown."""
    if image.width_px is None or image.height_px is None:
        return ()
    film = Frame(image.width_px, image.height_px)
    boxes = []
    for region in example.regions:
        if region.corners is not None and region.image_id == image.image_id:
            (x0, y0), (x1, y1) = frame_to_frame(np.reshape(region.corners, (2, 2)), region.frame, film).tolist()
            boxes.append((region.name, (x0, y0, x1, y1)))
    return tuple(boxes)


def set_label_matrix(cases: Sequence[EvaluatedCase]) -> NDArray[np.float64]:
    """Labels of the data set, shape (N, 14): 1, 0, or NaN where it says nothing."""
    return _matrix([case.labels for case in cases])


def probability_matrix(cases: Sequence[EvaluatedCase]) -> NDArray[np.float64]:
    """Probabilities of the findings head, shape (N, 14); NaN where it gives none."""
    return _matrix([case.probabilities or {} for case in cases])


def decision_matrix(cases: Sequence[EvaluatedCase]) -> NDArray[np.float64]:
    """What the head decides to report, shape (N, 14): 1 or 0."""
    return np.array([[float(name in case.reported) for name in CHEXPERT_OBSERVATIONS] for case in cases]).reshape(
        len(cases), len(CHEXPERT_OBSERVATIONS)
    )


def _matrix(rows: Sequence[dict[str, float | None]]) -> NDArray[np.float64]:
    found = np.full((len(rows), len(CHEXPERT_OBSERVATIONS)), np.nan)
    for number, row in enumerate(rows):
        for column, name in enumerate(CHEXPERT_OBSERVATIONS):
            value = row.get(name)
            if value is not None:
                found[number, column] = value
    return found
