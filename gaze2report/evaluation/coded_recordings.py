"""Gaze recordings whose fixations people have marked: the layout of Hooge et al. 2018.

A folder holds ``samples/TRIAL.txt`` (columns ``time`` in ms, ``x``, ``y`` in px, separated by tabs) and
``fixations.csv`` (``trial,coder,onset_ms,offset_ms``). Lost samples are NaN, or far outside of the screen.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaze2report.errors import UnreadableInput
from gaze2report.evaluation.fixation_agreement import Span
from gaze2report.gaze.gaze_samples import FloatArray, GazeSamples
from gaze2report.gaze.screen_geometry import ScreenGeometry

CODED_SCREEN = ScreenGeometry(1920, 1080, 509.0, 286.0, 650.0)
"""Screen and distance of these recordings (a 23-inch screen of a Tobii TX300)."""


@dataclass(frozen=True, eq=False)
class CodedRecording:
    """One recording and how each coder marked it.

    Attributes
    ----------
    name : str
        Of the trial; its group is what stands before the first underscore.
    samples : GazeSamples
    coders : dict
        Name of a coder to spans of samples, in order.
    """

    name: str
    samples: GazeSamples
    coders: dict[str, tuple[Span, ...]]

    @property
    def group(self) -> str:
        """For example ``adult``."""
        return self.name.split("_")[0]


def read_coded_recordings(folder: Path) -> list[CodedRecording]:
    """Read all recordings of a folder, sorted by name.

    Raises
    ------
    UnreadableInput
        If a file is missing or not of this layout.
    """
    marks = _read_marks(folder / "fixations.csv")
    found = []
    for name in sorted(marks):
        samples = _read_samples(folder / "samples" / f"{name}.txt")
        coders = {coder: _spans(samples.time_ms, rows) for coder, rows in sorted(marks[name].items())}
        found.append(CodedRecording(name, samples, coders))
    if not found:
        raise UnreadableInput(folder, "fixations.csv names no recording")
    return found


def _read_marks(path: Path) -> dict[str, dict[str, list[tuple[float, float]]]]:
    marks: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                marks[row["trial"]][row["coder"]].append((float(row["onset_ms"]), float(row["offset_ms"])))
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableInput(path, f"is not a table of trial, coder, onset_ms, offset_ms ({error})") from error
    return marks


def _read_samples(path: Path) -> GazeSamples:
    try:
        table = np.loadtxt(path, skiprows=1, usecols=(0, 1, 2), ndmin=2, dtype=np.float64)
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UnreadableInput(path, f"is not a table of time, x and y ({error})") from error
    try:
        return GazeSamples.of_one_eye(table[:, 0], _without_lost(table[:, 1:]))
    except ValueError as error:
        raise UnreadableInput(path, str(error)) from error


def _without_lost(place_px: FloatArray) -> FloatArray:
    """Places farther than a screen outside of the screen stand for a lost sample."""
    size = np.array([CODED_SCREEN.width_px, CODED_SCREEN.height_px])
    inside = np.all((place_px > -size) & (place_px < 2 * size), axis=1)
    return np.where(np.reshape(inside, (-1, 1)), place_px, np.nan)


def _spans(time_ms: FloatArray, rows: list[tuple[float, float]]) -> tuple[Span, ...]:
    """Marks as spans; half a sample is allowed for times that were rounded."""
    slack_ms = float(np.median(np.diff(time_ms))) / 2
    spans: list[Span] = []
    for onset_ms, offset_ms in sorted(rows):
        first = int(np.searchsorted(time_ms, onset_ms - slack_ms))
        last = int(np.searchsorted(time_ms, offset_ms + slack_ms)) - 1
        first = max(first, spans[-1][1] + 1) if spans else first
        if last >= first:
            spans.append((first, last))
    return tuple(spans)
