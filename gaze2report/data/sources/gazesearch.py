"""GazeSearch scanpaths (WACV 2025): radiologists looking for one finding on a chest film; no films.

Records ``{"name", "task", "X", "Y", "T", ...}`` in a 224 x 224 space (aspect not kept), durations in seconds, up to six
fixations. The published split shares images between train and test, so it is drawn anew here, by image.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from gaze2report.errors import UnreadableInput
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

SIDE_PX = 224.0
_OBSERVATION_OF_TASK = {name.lower(): name for name in CHEXPERT_OBSERVATIONS}


@dataclass(frozen=True)
class SearchScanpath:
    """One reader's search for one finding; positions are fractions of the image, in [0, 1)."""

    image_name: str
    observation: str
    fixations: tuple[Fixation, ...]

    def is_held_out(self, n_folds: int = 5) -> bool:
        """Whether the image belongs to the held-out fold, by a hash of its name."""
        return int.from_bytes(hashlib.sha256(self.image_name.encode()).digest()[:8], "big") % n_folds == 0


def read_scanpaths(path: Path) -> list[SearchScanpath]:
    """Read all scanpaths; fixations outside the image or without duration are dropped, then empty scanpaths.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = []
        for row in rows:
            fixations = tuple(
                Fixation(x / SIDE_PX, y / SIDE_PX, float(t))
                for x, y, t in zip(row["X"], row["Y"], row["T"], strict=True)
                if 0 <= x < SIDE_PX and 0 <= y < SIDE_PX and t > 0
            )
            if fixations:
                found.append(SearchScanpath(row["name"], _OBSERVATION_OF_TASK[row["task"]], fixations))
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(path, f"cannot be read as GazeSearch scanpaths: {error}") from error
