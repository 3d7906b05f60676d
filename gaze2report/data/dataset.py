"""A training-set folder as a torch dataset: films as model input, gaze, report, labels, one study an item.

Notation used for tensor shapes: B batch, V views, S image side, O observations.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from gaze2report.data.sentence_gaze import SentenceGaze, sentence_gaze
from gaze2report.data.splits import Split
from gaze2report.data.training_example import RecordedScanpath, ReportKind, TrainingExample, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing, display_to_input
from gaze2report.errors import Gaze2ReportError, TrainingSetUnusable
from gaze2report.imaging.intake import Intake
from gaze2report.imaging.windowing import to_display
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation, Report

LATERAL_VIEWS = frozenset({"LATERAL", "LL", "RL", "LAT", "SWIMMERS", "XTABLE LATERAL"})
WEIGHT = "weight"
"""Key of an example, beyond the form's own, that says how much it counts in training; 1 where it is missing."""


@dataclass(frozen=True, eq=False)
class FilmExample:
    """One film of a study; gives `gaze_sources` what it asks for.

    Attributes
    ----------
    recorded : tuple of Fixation
        A reader's scanpath in fractions of the film; empty where none was recorded.
    image : TrainingImage
    pixels : Tensor (1, S, S), optional
        Model input in [0, 1]; None in an index, which holds no pixels.
    sentences : tuple of SentenceGaze
        Dictated sentences with their fixations, for losses of training; drafting never asks for them.
    """

    example_id: str
    patient_id: str
    image_id: str
    view: str
    is_lateral: bool
    recorded: tuple[Fixation, ...]
    image: TrainingImage
    pixels: Tensor | None = None
    sentences: tuple[SentenceGaze, ...] = ()


@dataclass(frozen=True, eq=False)
class StudyExample:
    """One item of the dataset.

    Attributes
    ----------
    films : tuple of FilmExample
        Frontal films first; at least one.
    report : Report
        Findings and impression; empty where the set has none.
    labels : Tensor (O,)
        1 present, 0 absent, NaN unknown.
    weight : float
        Above 0.
    """

    example_id: str
    patient_id: str
    study_id: str
    films: tuple[FilmExample, ...]
    report: Report
    labels: Tensor
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class StudyBatch:
    """Several studies.

    Attributes
    ----------
    pixels : Tensor (B, V, 1, S, S)
        Zero where a study has no such view.
    view_mask : Tensor (B, V), bool
        Which views a study has; the first always.
    labels : Tensor (B, O)
        NaN where unknown.
    weights : Tensor (B,)
    examples : tuple of StudyExample
    """

    pixels: Tensor
    view_mask: Tensor
    labels: Tensor
    weights: Tensor
    examples: tuple[StudyExample, ...]

    def __len__(self) -> int:
        """B."""
        return len(self.examples)

    def to(self, device: torch.device | str) -> StudyBatch:
        """The batch on another device."""
        moved = {name: getattr(self, name).to(device) for name in ("pixels", "view_mask", "labels", "weights")}
        return replace(self, **moved)


def collate(examples: Sequence[StudyExample]) -> StudyBatch:
    """Put studies into one batch; those with fewer views are padded."""
    most = max(len(example.films) for example in examples)
    first = examples[0].films[0].pixels
    if first is None:
        raise ValueError("an example of an index has no pixels and cannot be put into a batch")
    pixels = first.new_zeros(len(examples), most, *first.shape)
    view_mask = torch.zeros(len(examples), most, dtype=torch.bool)
    for row, example in enumerate(examples):
        for view, film in enumerate(example.films):
            if film.pixels is not None:
                pixels[row, view] = film.pixels
            view_mask[row, view] = True
    return StudyBatch(
        pixels,
        view_mask,
        torch.stack([example.labels for example in examples]),
        torch.tensor([example.weight for example in examples]),
        tuple(examples),
    )


class StudyDataset(Dataset[StudyExample]):
    """The studies of a split that have a film, and a report where one is needed.

    Films are read through the intake worker and prepared exactly as for drafting. Up to ``cache_mb`` of prepared films
    are kept, so that small sets are decoded once.

    Parameters
    ----------
    training_set : TrainingSet
    split : str, optional
        ``train``, ``val`` or ``test``; None for all.
    preprocessing : Preprocessing
    needs_report, needs_gaze : bool
        Leave out studies without a report, or without recorded gaze on any of their films.
    report_kind : str
        ``written`` or ``dictated``.
    max_views : int
        Films of a study that are used: 1 takes the first frontal one.
    limit : int, optional
        Take the first so many studies.
    intake : Intake, optional
        Shared with others; by default an own one, closed with ``close``.

    Attributes
    ----------
    left_out : dict
        Reason to the number of studies that were left out for it.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        split: Split | None,
        preprocessing: Preprocessing,
        *,
        needs_report: bool = True,
        needs_gaze: bool = False,
        report_kind: ReportKind = "written",
        max_views: int = 1,
        limit: int | None = None,
        intake: Intake | None = None,
        cache_mb: float = 512.0,
    ) -> None:
        self.training_set, self.split, self.preprocessing = training_set, split, preprocessing
        self._report_kind, self._max_views = report_kind, max_views
        self._intake, self._owns_intake = intake, intake is None
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._cache_films = max(1, int(cache_mb * 1e6 / (4 * preprocessing.side_px**2)))
        left_out: Counter[str] = Counter()
        self._studies: list[StudyExample] = []
        for example in training_set.examples(split):
            if limit is not None and len(self._studies) >= limit:
                break
            study = self._indexed(example)
            reason = _why_not(study, needs_report=needs_report, needs_gaze=needs_gaze)
            if reason:
                left_out[reason] += 1
            else:
                self._studies.append(study)
        self.left_out = dict(left_out)

    def __len__(self) -> int:
        """How many studies there are."""
        return len(self._studies)

    def __getitem__(self, index: int) -> StudyExample:
        """Read a study with the pixels of its films.

        Raises
        ------
        UnreadableInput
            If a film cannot be read.
        """
        study = self._studies[index]
        return replace(study, films=tuple(replace(film, pixels=self._pixels(film.image)) for film in study.films))

    @property
    def index(self) -> Sequence[StudyExample]:
        """The studies without the pixels of their films."""
        return self._studies

    @property
    def films(self) -> list[FilmExample]:
        """Every film without its pixels: what ``medoid`` and ``shuffled`` gaze are drawn from."""
        return [film for study in self.index for film in study.films]

    def close(self) -> None:
        """Stop the intake worker that the dataset started."""
        if self._owns_intake and self._intake is not None:
            self._intake.close()
            self._intake = None

    def __getstate__(self) -> dict[str, Any]:
        """For workers of a DataLoader: each starts its own intake.

        Labels go as one array: torch would open a file for the tensor of every study.
        """
        labels = np.array([study.labels.numpy() for study in self._studies])
        bare = [{name: value for name, value in vars(study).items() if name != "labels"} for study in self._studies]
        own: dict[str, Any] = {
            "_lock": None,
            "_intake": None,
            "_owns_intake": True,
            "_cache": OrderedDict(),
            "_studies": [],
        }
        return {**self.__dict__, **own, "bare": bare, "labels": labels}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled."""
        bare, labels = state.pop("bare"), state.pop("labels")
        self.__dict__.update({**state, "_lock": threading.Lock()})
        self._studies = [StudyExample(**one, labels=torch.from_numpy(labels[row])) for row, one in enumerate(bare)]

    def _indexed(self, example: TrainingExample) -> StudyExample:
        images = [image for image in example.images if image.file is not None]
        ordered = sorted(images, key=lambda image: is_lateral(image.view))[: self._max_views]
        return StudyExample(
            example.example_id,
            example.patient_id,
            example.study_id,
            tuple(_to_film(example, image) for image in ordered),
            report_of(example, self._report_kind),
            torch.tensor([_label(example.labels[name]) for name in CHEXPERT_OBSERVATIONS]),
            _weight(example),
        )

    def _pixels(self, image: TrainingImage) -> Tensor:
        name = str(image.file)
        with self._lock:
            known = self._cache.get(name)
            if known is None:
                known = self._cache[name] = self._prepared(image)
                if len(self._cache) > self._cache_films:
                    self._cache.popitem(last=False)
            return torch.from_numpy(known)

    def _prepared(self, image: TrainingImage) -> NDArray[np.float32]:
        path = self.training_set.image_path(image)
        if path is None:
            raise TrainingSetUnusable(f"{self.training_set.folder}: film {image.image_id} is not part of the set")
        if self._intake is None:
            self._intake = Intake()
        return display_to_input(to_display(self._intake.read(path)), self.preprocessing)


def is_lateral(view: str) -> bool:
    """Whether a view, as the source names it, is a lateral one; an unknown view counts as frontal."""
    return view.strip().upper() in LATERAL_VIEWS


def report_of(example: TrainingExample, kind: ReportKind) -> Report:
    """Findings and impression of the first report of a kind; empty where there is none.

    A dictation, and what a report without headings says in its last paragraph, count as findings.
    """
    report = example.report(kind) or Report()
    if report.findings.strip() or report.impression.strip():
        return report
    sections = next((one.sections for one in example.reports if one.kind == kind), {})
    return replace(report, findings=sections.get("transcript", "") or sections.get("last_paragraph", ""))


def recorded_on(example: TrainingExample, image: TrainingImage) -> tuple[Fixation, ...]:
    """Recorded fixations on a film, in fractions of it: those of the first free reading, else of the first search.

    Fixations beside the film are left out.
    """
    found = [one for one in example.scanpaths if one.image_id == image.image_id]
    for scanpath in sorted(found, key=lambda one: bool(one.task)):
        fixations = _to_fixations(scanpath)
        if fixations:
            return fixations
    return ()


def _to_fixations(scanpath: RecordedScanpath) -> tuple[Fixation, ...]:
    places = scanpath.to_fractions()
    inside = np.atleast_1d(((places >= 0) & (places < 1)).all(axis=1))
    return tuple(
        Fixation(float(x), float(y), float(seconds))
        for (x, y), seconds, is_inside in zip(places, scanpath.durations, inside, strict=True)
        if is_inside and seconds > 0
    )


def _to_film(example: TrainingExample, image: TrainingImage) -> FilmExample:
    return FilmExample(
        example.example_id,
        example.patient_id,
        image.image_id,
        image.view,
        is_lateral(image.view),
        recorded_on(example, image),
        image,
        sentences=sentence_gaze(example, image),
    )


def _why_not(study: StudyExample, *, needs_report: bool, needs_gaze: bool) -> str:
    if not study.films:
        return "the film is not part of the set"
    if needs_report and not (study.report.findings.strip() or study.report.impression.strip()):
        return "it has neither findings nor impression"
    if needs_gaze and not any(film.recorded for film in study.films):
        return "no gaze was recorded on its films"
    return ""


def _label(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _weight(example: TrainingExample) -> float:
    value = example.extra.get(WEIGHT, 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise Gaze2ReportError(f"example {example.example_id}: its weight {value!r} must be a number above 0")
    return float(value)
