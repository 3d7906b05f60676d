"""Recordings of a validation, in the layout of ETDQualitizer's examples, and their quality.

A file ``*_<frequency>Hz.tsv`` holds ``timestamp`` (ms), ``left_x``, ``left_y``, ``right_x``, ``right_y`` (px from the
middle of the screen), ``target_id`` (-1: between targets), ``tar_x`` and ``tar_y``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaze2report.errors import UnreadableInput
from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.quality_measures import (
    EyeQuality,
    TargetQuality,
    effective_hz,
    loss_share,
    loss_share_of_expected,
    mean_quality,
    moving_rms_s2s_dva,
    target_quality,
)
from gaze2report.gaze.screen_geometry import ScreenGeometry

VALIDATION_SCREEN = ScreenGeometry(1920, 1080, 528.0, 296.9997253417969, 650.0)
_COLUMNS = ("timestamp", "left_x", "left_y", "right_x", "right_y", "target_id", "tar_x", "tar_y")
_WINDOW_S = 0.2


@dataclass(frozen=True)
class WholeQuality:
    """One eye over the whole recording, between targets too.

    Attributes
    ----------
    moving_rms_s2s_dva : float
        Median over windows of 200 ms.
    loss_share, loss_share_of_expected : float
        Of the samples there are, and of those there should be.
    effective_hz : float
    """

    moving_rms_s2s_dva: float
    loss_share: float
    loss_share_of_expected: float
    effective_hz: float


@dataclass(frozen=True)
class ValidationResult:
    """Quality of one recording; ``left`` and ``right`` are means over targets."""

    name: str
    frequency_hz: float
    targets: tuple[TargetQuality, ...]
    left: EyeQuality
    right: EyeQuality
    whole_left: WholeQuality
    whole_right: WholeQuality


def evaluate_validations(folder: Path) -> list[ValidationResult]:
    """Quality of every recording of a folder, sorted by frequency.

    Raises
    ------
    UnreadableInput
        If there is none, or one is not of this layout.
    """
    files = [(path, found) for path in folder.glob("*.tsv") if (found := re.search(r"_(\d+)Hz\.tsv$", path.name))]
    if not files:
        raise UnreadableInput(folder, "holds no file *_<frequency>Hz.tsv")
    results = [_evaluate(path, float(found.group(1))) for path, found in sorted(files)]
    return sorted(results, key=lambda result: (result.frequency_hz, result.name))


def _evaluate(path: Path, frequency_hz: float) -> ValidationResult:
    table = _read(path)
    middle = np.array([VALIDATION_SCREEN.width_px, VALIDATION_SCREEN.height_px]) / 2
    try:
        samples = GazeSamples(table[:, 0], table[:, 1:3] + middle, table[:, 3:5] + middle)
    except ValueError as error:
        raise UnreadableInput(path, str(error)) from error
    targets = []
    for target in np.unique(table[table[:, 5] >= 0, 5]):
        at = table[:, 5] == target
        x, y = table[at][0, 6:8] + middle
        part = GazeSamples(samples.time_ms[at], samples.left_px[at], samples.right_px[at])
        targets.append(target_quality(part, (float(x), float(y)), VALIDATION_SCREEN))
    if not targets:
        raise UnreadableInput(path, "names no target")
    left, right = mean_quality([t.left for t in targets]), mean_quality([t.right for t in targets])
    whole = [_whole(samples, eye_px, frequency_hz) for eye_px in (samples.left_px, samples.right_px)]
    return ValidationResult(path.name, frequency_hz, tuple(targets), left, right, whole[0], whole[1])


def _whole(samples: GazeSamples, eye_px: np.ndarray[tuple[int, ...], np.dtype[np.float64]], hz: float) -> WholeQuality:
    direction = VALIDATION_SCREEN.px_to_dva(eye_px)
    return WholeQuality(
        moving_rms_s2s_dva(direction, int(_WINDOW_S * hz)),
        loss_share(direction),
        loss_share_of_expected(samples.time_ms, direction, hz),
        effective_hz(samples.time_ms, direction),
    )


def _read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    try:
        with path.open(encoding="utf-8") as file:
            names = file.readline().rstrip("\n").split("\t")
            columns = [names.index(name) for name in _COLUMNS]
            return np.loadtxt(file, delimiter="\t", usecols=columns, ndmin=2, dtype=np.float64)
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UnreadableInput(path, f"is not a table of {', '.join(_COLUMNS)} ({error})") from error
