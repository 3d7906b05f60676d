"""OSIE (Xu et al. 2014): everyday pictures with the fixations of 15 viewers each; no radiology.

``fixations.json``: a list of ``{"image", "w", "h", "subjects": [{"x", "y", "t"}, ...]}``; positions are fractions of
the picture shown at 800 x 600, t milliseconds, in order. Of use for image-conditioned scanpaths, and for how far people
agree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside
from gaze2report.data.splits import drawn_split
from gaze2report.data.training_example import RecordedScanpath, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import SplitLeaks, UnreadableInput
from gaze2report.gaze.frames import FRACTIONS

FILE = "fixations.json"
MS_PER_S = 1000.0


class OsieSource:
    """A folder with ``fixations.json`` and the pictures it names."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        if options.split == "published":
            raise SplitLeaks("this set has no published split; leave --split away")
        self._folder = folder
        self._options = options
        self._left_out: list[Dropped] = []
        self._rows: dict[str, dict[str, Any]] = {}
        for row in _read(folder / FILE):
            name = PurePosixPath(row["image"]).stem
            if name in self._rows:
                self._left_out.append(Dropped(row["image"], "picture", "one of the same name came before"))
            else:
                self._rows[name] = row

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return SetDescription(
            name="osie",
            kind="osie",
            source="OSIE eye-tracking set (NUS)",
            citation="Xu et al., Predicting human gaze beyond pixels, Journal of Vision 2014",
            licence="MIT",
            may_be_shared=True,
            split_unit="image",
            split_rule="drawn by picture, 8 to 1 to 1 by hash; the field's own test pictures are not part of this form",
            notes=("Everyday pictures, no radiographs, and no patients.",),
        )

    def identity(self) -> str:
        """Hash of the file and what was chosen."""
        return f"osie {file_sha256(self._folder / FILE)} {self._options}"

    def records(self) -> list[str]:
        """Names of the pictures."""
        return sorted(self._rows)

    def left_out(self) -> list[Dropped]:
        """Second rows of one picture."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one picture with all its viewers."""
        row = self._rows[record]
        path = inside(self._folder, row["image"])
        if path is None:
            work.drop("example", "the picture's name leads out of the source", detail=row["image"])
            return
        scanpaths = []
        for number, viewer in enumerate(row["subjects"], start=1):
            kept = [(x, y, t) for x, y, t in viewer if 0 <= x <= 1 and 0 <= y <= 1 and t > 0 and math.isfinite(t)]
            work.drop("fixation", "it lies outside the picture or has no duration", len(viewer) - len(kept))
            if not kept:
                work.drop("scanpath", "no fixation is left", detail=f"viewer {number}")
                continue
            x, y, times_ms = zip(*kept, strict=True)
            durations_s = tuple(time_ms / MS_PER_S for time_ms in times_ms)
            name = f"viewer-{number:02}"
            scanpaths.append(RecordedScanpath(name, record, FRACTIONS, x, y, durations_s, reader=name))
        yield TrainingExample(
            example_id=record,
            patient_id=f"picture-{record}",
            split=drawn_split(record),
            images=(work.image(record, path),),
            scanpaths=tuple(scanpaths),
        )


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return [_to_row(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as OSIE fixations: {error}") from error


def _to_row(row: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(row["image"], str):
        raise TypeError("image must be text")
    viewers = [
        [(float(x), float(y), float(t)) for x, y, t in zip(viewer["x"], viewer["y"], viewer["t"], strict=True)]
        for viewer in row["subjects"]
    ]
    return {"image": row["image"], "subjects": viewers}
