"""Drafts of every example of a split, by the same call that drafts for the workstation; each kept as it is made.

::

    OUT/run.json            adapter, training set, split, gaze and seed: drafts of another run are never mixed in
    OUT/drafts/….json       one an example: its draft, or why there is none

A run that was stopped goes on where it was. Films are drafted one by one: several at a time would be sums in another
order, and now and then another word than the workstation writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaze2report.data.splits import Split
from gaze2report.data.training_example import TrainingExample, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.draft_json import draft_from_json, draft_to_json, refusal_to_json
from gaze2report.errors import Gaze2ReportError, Refused, StorageFailed, UnreadableInput
from gaze2report.evaluation.evaluated_case import (
    EvaluatedCase,
    NotDrafted,
    boxes_on_film,
    film_to_draft,
    reference_text,
)
from gaze2report.types import CHEXPERT_OBSERVATIONS, Draft, Fixation, GazeSource, Image

if TYPE_CHECKING:
    from gaze2report.drafting import Drafter

RUN = "run.json"
DRAFTS = "drafts"
_DIRECT: tuple[GazeSource, ...] = ("predicted", "none")

LookAt = Callable[[TrainingExample, TrainingImage, Image], tuple[Fixation, ...]]
"""An example, its film and the film's pixels to the fixations to give the model, in pixels of the film."""


@dataclass(frozen=True)
class Run:
    """What makes two drafts of a film comparable, and what an interrupted run must agree with."""

    adapter: str
    adapter_sha256: str
    base_model: str
    training_set: str
    training_set_sha256: str
    split: Split
    gaze: GazeSource
    seed: int


class DraftStore:
    """The drafts of one run in a folder.

    Parameters
    ----------
    folder : Path
        ``OUT``; made where it is missing.
    run : Run

    Raises
    ------
    Gaze2ReportError
        If the folder holds drafts of another run.
    StorageFailed
        If the disk refuses.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        self._drafts = folder / DRAFTS
        try:
            self._drafts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailed(f"cannot make the folder {self._drafts}: {error.strerror or error}") from error
        kept = _read_json(folder / RUN)
        if kept is None and (folder / RUN).exists():
            raise Gaze2ReportError(
                f"{folder / RUN} is damaged, so whose drafts these are is unknown; name another --out"
            )
        if kept is None:
            write_whole(folder / RUN, json.dumps(run.__dict__, indent=2) + "\n")
        elif kept != run.__dict__:
            differing = [name for name, value in run.__dict__.items() if kept.get(name) != value]
            raise Gaze2ReportError(
                f"{folder} holds drafts of another run (another {', '.join(differing)}); name another folder with --out"
            )

    def get(self, example_id: str) -> dict[str, Any] | None:
        """What was kept of an example; None where there is nothing, or half a file of a machine that went down."""
        content = _read_json(self._path(example_id))
        return content if content is not None and content.get("example_id") == example_id else None

    def put(self, example_id: str, content: dict[str, Any]) -> None:
        """Keep the draft or the refusal of an example; whole or not at all."""
        text = json.dumps({"example_id": example_id, **content}, ensure_ascii=False, indent=1)
        write_whole(self._path(example_id), text + "\n")

    def _path(self, example_id: str) -> Path:
        return self._drafts / f"{hashlib.sha256(example_id.encode()).hexdigest()[:24]}.json"


def draft_split(
    examples: Iterator[TrainingExample],
    training_set: TrainingSet,
    store: DraftStore,
    drafter: Callable[[], Drafter],
    read: Callable[[Path], Image],
    look: LookAt,
    gaze: GazeSource,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[TrainingExample, dict[str, Any]]]:
    """Draft each example that is not kept yet.

    Parameters
    ----------
    examples : iterator of TrainingExample
        Of one split, in order.
    drafter : callable
        Loads the model when the first draft is needed: a run that is complete needs none.
    read : callable
        Reads a film, through the intake.
    look : callable
        Fixations for every gaze source but ``predicted`` and ``none``.
    progress : callable
        Told the number of examples done.

    Yields
    ------
    tuple
        The example, and what is kept of it: ``draft`` and ``thresholds``, or ``refused``.
    """
    for number, example in enumerate(examples, start=1):
        kept = store.get(example.example_id)
        if kept is None:
            kept = _draft(example, training_set, drafter, read, look, gaze, seed)
            store.put(example.example_id, kept)
        progress(number)
        yield example, kept


def _draft(
    example: TrainingExample,
    training_set: TrainingSet,
    drafter: Callable[[], Drafter],
    read: Callable[[Path], Image],
    look: LookAt,
    gaze: GazeSource,
    seed: int,
) -> dict[str, Any]:
    image = film_to_draft(example)
    path = training_set.image_path(image) if image is not None else None
    if image is None or path is None:
        return refusal_to_json("", "no_film", "no frontal film of it is part of the set")
    try:
        begun = time.perf_counter()
        film = read(path)
        decode_s = time.perf_counter() - begun
        fixations = () if gaze in _DIRECT else look(example, image, film)
        source = gaze if gaze in _DIRECT else "recorded"
        made = drafter().draft(
            film, file=image.file or "", gaze=source, recorded=fixations, seed=seed, decode_s=decode_s
        )
    except (UnreadableInput, Refused) as error:
        return refusal_to_json(image.file or "", error.code, error.reason)
    thresholds = dict(zip(CHEXPERT_OBSERVATIONS, drafter().model.calibration.threshold.tolist(), strict=True))
    return {"draft": draft_to_json(replace(made, gaze=gaze)), "thresholds": thresholds}


def to_case(
    example: TrainingExample, kept: dict[str, Any], training_set: TrainingSet, sections: tuple[str, ...]
) -> EvaluatedCase | NotDrafted:
    """Put an example and its draft together.

    Raises
    ------
    Gaze2ReportError
        If what is kept is no draft of this release.
    """
    if kept.get("refused"):
        return NotDrafted(example.example_id, str(kept["refused"].get("reason", "")))
    try:
        draft = draft_from_json(kept["draft"])
        thresholds: dict[str, float] = kept["thresholds"]
        reported = reported_by_head(draft, thresholds)
    except (KeyError, ValueError, TypeError) as error:
        raise Gaze2ReportError(f"the kept draft of example {example.example_id} cannot be read: {error}") from error
    image = film_to_draft(example)
    return EvaluatedCase(
        case_id=example.example_id,
        patient_id=example.patient_id,
        generated="\n".join(text for name in sections if (text := getattr(draft.report, name).strip())),
        reference=reference_text(example, sections),
        labels=example.labels,
        probabilities=draft.observations,
        reported=reported,
        has_prior=False,  # the model is shown one film, never an earlier one
        film=training_set.image_path(image) if image is not None else None,
        boxes=boxes_on_film(example, image) if image is not None else (),
        scanpath=draft.scanpath,
        total_s=draft.timing_s.get("total", float("nan")),
    )


def reported_by_head(draft: Draft, thresholds: dict[str, float]) -> frozenset[str]:
    """Observations at or above their threshold; ``No Finding`` silences the others, as in the model itself."""
    firm = {name for name, p in draft.observations.items() if p is not None and p >= thresholds[name]}
    return frozenset({"No Finding"} if "No Finding" in firm else firm)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file aside and rename it.

    Raises
    ------
    StorageFailed
        If the disk refuses; nothing is half-written.
    """
    aside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        aside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        aside.chmod(0o644)
        os.replace(aside, path)
    except OSError as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        raise StorageFailed(f"cannot write {path}: {error.strerror or error}") from error


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
