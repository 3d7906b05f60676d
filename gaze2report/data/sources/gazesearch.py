"""GazeSearch scanpaths (WACV 2025): radiologists looking for one finding on a chest film; no films.

Records ``{"name", "task", "X", "Y", "T", ...}`` in a 224 x 224 space (aspect not kept), durations in seconds, up to six
fixations. The published split shares images between train and test, so it is drawn anew here, by image; by patient
where a MIMIC-CXR metadata table tells whose film it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside, read_rows
from gaze2report.data.splits import PUBLISHED_NAMES, Split, drawn_split, fold_of, leaking, published_split
from gaze2report.data.training_example import UNKNOWN_LABELS, RecordedScanpath, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import UnreadableInput
from gaze2report.gaze.frames import Frame
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

SIDE_PX = 224.0
FILE = "scanpaths.json"
_OBSERVATION_OF_TASK = {name.lower(): name for name in CHEXPERT_OBSERVATIONS}


@dataclass(frozen=True)
class SearchScanpath:
    """One reader's search for one finding; positions are fractions of the image, in [0, 1)."""

    image_name: str
    observation: str
    fixations: tuple[Fixation, ...]

    def is_held_out(self, n_folds: int = 5) -> bool:
        """Whether the image belongs to the held-out fold, by a hash of its name."""
        return fold_of(self.image_name, n_folds) == 0


@dataclass(frozen=True)
class SearchRecord:
    """One record of the file: the fixations that can be used, in the 224 x 224 space, and how many cannot."""

    image_name: str
    observation: str
    reader: str
    published_split: str
    fixations: tuple[tuple[float, float, float], ...]
    n_outside: int
    n_without_duration: int


def read_records(path: Path) -> Iterator[SearchRecord]:
    """Read all records; a fixation outside the image or without duration is counted and left out.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    try:
        for row in json.loads(path.read_text(encoding="utf-8")):
            yield _to_record(row)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as GazeSearch scanpaths: {error}") from error


def _to_record(row: dict[str, Any]) -> SearchRecord:
    if not isinstance(row["name"], str):
        raise TypeError("name must be text")
    found = [(float(x), float(y), float(t)) for x, y, t in zip(row["X"], row["Y"], row["T"], strict=True)]
    on_image = [(x, y, t) for x, y, t in found if 0 <= x < SIDE_PX and 0 <= y < SIDE_PX]
    kept = tuple((x, y, t) for x, y, t in on_image if t > 0 and math.isfinite(t))
    return SearchRecord(
        image_name=row["name"],
        observation=_OBSERVATION_OF_TASK[row["task"]],
        reader=str(row.get("subject", "")),
        published_split=str(row.get("split", "")),
        fixations=kept,
        n_outside=len(found) - len(on_image),
        n_without_duration=len(on_image) - len(kept),
    )


def read_scanpaths(path: Path) -> list[SearchScanpath]:
    """Read all scanpaths; fixations outside the image or without duration are dropped, then empty scanpaths.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    return [
        SearchScanpath(
            record.image_name,
            record.observation,
            tuple(Fixation(x / SIDE_PX, y / SIDE_PX, t) for x, y, t in record.fixations),
        )
        for record in read_records(path)
        if record.fixations
    ]


class GazeSearchSource:
    """A folder with ``scanpaths.json``; a record of the conversion is one film with all searches on it."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        self._path = folder / FILE
        self._options = options
        self._searches: dict[str, list[SearchRecord]] = {}
        for record in read_records(self._path):
            self._searches.setdefault(record.image_name, []).append(record)
        self._patients = _read_patients(options.patients)
        self._left_out: list[Dropped] = []
        self._split, self._rule = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return SetDescription(
            name="gazesearch",
            kind="gazesearch",
            source="GazeSearch scanpaths (UARK-AICV), made from REFLACX and EGD-CXR gaze",
            citation="Pham et al., GazeSearch: Radiology Findings Search Benchmark, WACV 2025",
            licence="MIT as stated by its authors; the gaze comes from credentialed data sets",
            may_be_shared=False,
            split_unit="patient" if self._patients else "image",
            split_rule=self._rule,
            notes=(
                "One reader a film and finding: there is no ceiling of agreement between readers.",
                "Positions are in a copy of 224 x 224 pixels whose aspect was not kept.",
            )
            + (() if self._patients else ("The source does not tell patients: a patient's two films may be parted.",)),
        )

    def identity(self) -> str:
        """Hash of the file and what was chosen."""
        return f"gazesearch {file_sha256(self._path)} {self._options}"

    def records(self) -> list[str]:
        """Names of the films."""
        return sorted(self._searches)

    def left_out(self) -> list[Dropped]:
        """Films whose patient the metadata table does not tell."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert the searches on one film."""
        image_id = record.removesuffix(".jpg")
        if record not in self._split:
            return
        root = self._options.image_root
        path = inside(root, record) if root else None
        if root and path is None:
            work.drop("example", "the film's name leads out of the source")
            return
        scanpaths: list[RecordedScanpath] = []
        labels = dict(UNKNOWN_LABELS)
        for search in self._searches[record]:
            work.drop("fixation", "it lies outside the film", search.n_outside)
            work.drop("fixation", "it has no duration", search.n_without_duration)
            labels[search.observation] = 1.0
            name = f"{search.observation}-{search.reader}"
            if not search.fixations:
                work.drop("scanpath", "no fixation is left", detail=name)
            elif name in {scanpath.scanpath_id for scanpath in scanpaths}:
                work.drop("scanpath", "the same reader searched for the same finding before", detail=name)
            else:
                scanpaths.append(_to_scanpath(search, image_id, name))
        yield TrainingExample(
            example_id=image_id,
            patient_id=self._patients.get(image_id, f"film-{image_id}"),
            split=self._split[record],
            images=(work.image(image_id, path),),
            scanpaths=tuple(scanpaths),
            labels=labels,
        )

    def _choose_split(self) -> tuple[dict[str, Split], str]:
        published = [(name, row.published_split) for name, rows in self._searches.items() for row in rows]
        if self._options.split == "published":
            return published_split(published, "film"), "as published"
        twice = leaking((name, PUBLISHED_NAMES.get(part, part)) for name, part in published)
        why = (
            f"drawn anew, because the published split leaks: {len(twice)} of {len(self._searches)} films stand in more "
            "than one of its parts"
            if twice
            else "drawn anew"
        )
        if not self._patients:
            return {name: drawn_split(name) for name in self._searches}, f"{why}; by film, 8 to 1 to 1 by hash"
        split: dict[str, Split] = {}
        for name in sorted(self._searches):
            patient = self._patients.get(name.removesuffix(".jpg"))
            if patient is None:
                self._left_out.append(Dropped(name, "example", "the metadata table does not tell the patient"))
            else:
                split[name] = drawn_split(patient)
        return split, f"{why}; by patient, 8 to 1 to 1 by hash"


def _to_scanpath(search: SearchRecord, image_id: str, name: str) -> RecordedScanpath:
    x, y, durations = zip(*search.fixations, strict=True)
    return RecordedScanpath(
        scanpath_id=name,
        image_id=image_id,
        frame=Frame(SIDE_PX, SIDE_PX),
        x=x,
        y=y,
        durations=durations,
        reader=search.reader,
        task=search.observation,
    )


def _read_patients(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    return {row["dicom_id"]: row["subject_id"] for row in read_rows(path, ("dicom_id", "subject_id"))}
