"""Gaze on SIIM-ACR pneumothorax films (Saab et al. 2021), by image: one reading each, with the lesion masks; no films.

``gaze.json``: a list of ``{"image_id", "x", "y", "t", "pneumothorax", "mask_rle"}``; x to the right and y down as
fractions of the film, t a dwell weight and no time, masks run-length coded down the columns of 1024 x 1024 pixels. (The
release had x and y exchanged; this form has them right.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside
from gaze2report.data.splits import drawn_split
from gaze2report.data.training_example import UNKNOWN_LABELS, RecordedScanpath, Region, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import SplitLeaks, UnreadableInput
from gaze2report.gaze.frames import FRACTIONS, Frame

FILE = "gaze.json"
MASK_FRAME = Frame(1024.0, 1024.0)
_SUFFIXES = (".dcm", ".png", ".jpg")


class SiimGazeSource:
    """A folder with ``gaze.json``; films may be had from ``--image-root``, named by their image id."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        if options.split == "published":
            raise SplitLeaks("this set has no published split; leave --split away")
        self._path = folder / FILE
        self._options = options
        self._left_out: list[Dropped] = []
        self._rows: dict[str, dict[str, Any]] = {}
        for row in _read(self._path):
            if row["image_id"] in self._rows:
                self._left_out.append(Dropped(row["image_id"], "recording", "one of the same film came before"))
            else:
                self._rows[row["image_id"]] = row

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return SetDescription(
            name="siim-gaze",
            kind="siim-gaze",
            source="Gaze on SIIM-ACR pneumothorax films (HazyResearch)",
            citation="Saab et al., Observational Supervision for Medical Image Classification Using Gaze Data, 2021",
            licence="Apache-2.0",
            may_be_shared=True,
            split_unit="image",
            split_rule="drawn by film, 8 to 1 to 1 by hash; there is no published split",
            notes=(
                "Durations are weights without a unit: they order fixations, and are never seconds.",
                "The source does not tell patients: a patient's two films may be parted.",
            ),
        )

    def identity(self) -> str:
        """Hash of the file and what was chosen."""
        return f"siim-gaze {file_sha256(self._path)} {self._options}"

    def records(self) -> list[str]:
        """Names of the films."""
        return sorted(self._rows)

    def left_out(self) -> list[Dropped]:
        """Second recordings of one film."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one recording."""
        row = self._rows[record]
        found = row["fixations"]
        kept = [(x, y, t) for x, y, t in found if 0 <= x <= 1 and 0 <= y <= 1 and t > 0 and math.isfinite(t)]
        work.drop("fixation", "it lies outside the film or has no weight", len(found) - len(kept))
        scanpaths: tuple[RecordedScanpath, ...] = ()
        if kept:
            x, y, weights = zip(*kept, strict=True)
            scanpaths = (
                RecordedScanpath("gaze", record, FRACTIONS, x, y, weights, "dwell_weight", task="Pneumothorax"),
            )
        else:
            work.drop("scanpath", "no fixation is left")
        yield TrainingExample(
            example_id=record,
            patient_id=f"film-{record}",
            split=drawn_split(record),
            images=(work.image(record, self._film(record)),),
            scanpaths=scanpaths,
            regions=tuple(
                Region(record, "Pneumothorax", "mask_rle", MASK_FRAME, mask_rle=" ".join(rle.split()))
                for rle in row["mask_rle"]
            ),
            labels={**UNKNOWN_LABELS, "Pneumothorax": float(row["pneumothorax"])},
        )

    def _film(self, image_id: str) -> Path | None:
        root = self._options.image_root
        if root is None:
            return None
        paths = [path for suffix in _SUFFIXES if (path := inside(root, image_id + suffix)) is not None]
        return next((path for path in paths if path.is_file()), paths[0] if paths else None)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return [_to_row(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as SIIM gaze: {error}") from error


def _to_row(row: dict[str, Any]) -> dict[str, Any]:
    name, masks = row["image_id"], row["mask_rle"]
    if not isinstance(name, str) or not isinstance(row["pneumothorax"], bool):
        raise TypeError("image_id must be text and pneumothorax true or false")
    if not isinstance(masks, list) or not all(isinstance(mask, str) for mask in masks):
        raise TypeError(f"{name}: mask_rle must be a list of texts")
    fixations = [(float(x), float(y), float(t)) for x, y, t in zip(row["x"], row["y"], row["t"], strict=True)]
    return {"image_id": name, "fixations": fixations, "pneumothorax": row["pneumothorax"], "mask_rle": masks}
