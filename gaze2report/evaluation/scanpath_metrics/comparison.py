"""Two scanpaths compared for a reader: the similarity in numbers, beside chance, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from gaze2report.evaluation.scanpath_metrics.multimatch import MultiMatch, multimatch
from gaze2report.evaluation.scanpath_metrics.scanmatch import scanmatch
from gaze2report.types import Fixation

_CHANCE_SCANPATHS = 40
_MOST_FIXATIONS = 1000
_LONGEST_S = 300.0
_WORDS = ((0.1, "no more alike than by chance"), (0.3, "a little alike"), (0.6, "partly alike"), (1.01, "much alike"))


@dataclass(frozen=True)
class ScanpathComparison:
    """Similarity of two scanpaths.

    Attributes
    ----------
    scanmatch : float
        With duration; NaN when a scanpath is empty.
    scanmatch_without_duration : float
    chance_scanmatch : float
        Mean ScanMatch of the first with scanpaths of the second's durations at random places.
    multimatch : MultiMatch
    """

    scanmatch: float
    scanmatch_without_duration: float
    chance_scanmatch: float
    multimatch: MultiMatch

    @property
    def words(self) -> str:
        """How alike: by how far ScanMatch lies from chance towards 1."""
        if isnan(self.scanmatch) or isnan(self.chance_scanmatch):
            return (
                f"not compared: a scanpath is empty, or longer than {_MOST_FIXATIONS} fixations or {_LONGEST_S:.0f} s"
            )
        share = (self.scanmatch - self.chance_scanmatch) / max(1.0 - self.chance_scanmatch, 1e-9)
        return next(words for limit, words in _WORDS if share < limit)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers, a line each."""
        match = self.multimatch
        lines = [
            f"ScanMatch {_shown(self.scanmatch)} (without duration {_shown(self.scanmatch_without_duration)}, "
            f"chance {_shown(self.chance_scanmatch)})"
        ]
        if isnan(match.vector):
            lines.append("MultiMatch not defined (it needs 3 fixations each)")
        else:
            lines.append(
                f"MultiMatch shape {match.vector:.2f}, direction {match.direction:.2f}, length {match.length:.2f}, "
                f"position {match.position:.2f}, duration {match.duration:.2f}"
            )
        return tuple(lines)


def compare_scanpaths(
    first: Sequence[Fixation], second: Sequence[Fixation], width_px: float, height_px: float
) -> ScanpathComparison:
    """Compare two scanpaths on one image; the same input gives the same numbers.

    Parameters
    ----------
    first, second : sequence of Fixation
        Image pixels and seconds.
    width_px, height_px : float
        Size of the image.
    """
    if any(len(path) > _MOST_FIXATIONS or sum(f.duration_s for f in path) > _LONGEST_S for path in (first, second)):
        unknown = float("nan")
        return ScanpathComparison(unknown, unknown, unknown, MultiMatch(*[unknown] * 5))
    rng = np.random.default_rng(0)
    by_chance = []
    for _ in range(_CHANCE_SCANPATHS):
        places = rng.random((len(second), 2)) * (width_px, height_px)
        random_path = [Fixation(x, y, f.duration_s) for (x, y), f in zip(places.tolist(), second, strict=True)]
        by_chance.append(scanmatch(first, random_path, width_px, height_px))
    return ScanpathComparison(
        scanmatch=scanmatch(first, second, width_px, height_px),
        scanmatch_without_duration=scanmatch(first, second, width_px, height_px, temporal_bin_ms=None),
        chance_scanmatch=float(np.mean(by_chance)),
        multimatch=multimatch(first, second, width_px, height_px),
    )


def _shown(value: float) -> str:
    return "not defined" if isnan(value) else f"{value:.2f}"
