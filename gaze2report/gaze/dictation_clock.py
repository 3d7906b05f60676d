"""When a frame of a dictation was heard, on the clock of the gaze.

A sound card has a clock of its own, off by up to 100 parts per million; blocks may be lost on the way. Each block says
when its first frame was heard; a robust line through them, one for each stretch without a loss, gives the time of
every word (:mod:`gaze2report.gaze.clock_map`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from gaze2report.errors import UnreadableInput
from gaze2report.gaze.clock_map import ClockMap, TimeSync, fit_clock
from gaze2report.gaze.gaze_samples import FloatArray

SOUND_SUFFIX, CLOCK_SUFFIX = ".wav", ".dictation.jsonl"
MOST_LOST_SHARE = 0.001
"""Share of frames lost from which on a dictation is flagged."""

_LOSS_US = 20_000.0


@dataclass(frozen=True)
class HeardBlock:
    """The first frame of a block in the file, and host time when it was heard, in microseconds.

    ``is_after_pause``: the reader had paused the recording before it, so what is not in the file is not lost.
    """

    frame: int
    host_us: int
    is_after_pause: bool = False


@dataclass(frozen=True)
class DictationClock:
    """Map from frames of the file to host time.

    Attributes
    ----------
    skew_ppm : float
        Of the first stretch: by how much the host's clock runs faster than the sound card's.
    lost_share : float
        Of the time between first and last block, how much is not in the file, 0 to 1.
    n_stretches : int
        Without a loss.
    """

    clock: ClockMap
    rate_hz: float
    starts_us: tuple[float, ...]
    skew_ppm: float
    lost_share: float
    n_stretches: int

    @property
    def is_flagged(self) -> bool:
        """Whether so much is lost that it must be said."""
        return self.lost_share >= MOST_LOST_SHARE

    def to_host_us(self, frame: ArrayLike) -> FloatArray:
        """Host time of frames of the file, in microseconds."""
        sound_us = np.atleast_1d(np.asarray(frame, dtype=np.float64)) / self.rate_hz * 1e6
        which = np.clip(np.searchsorted(self.starts_us, sound_us, side="right") - 1, 0, len(self.starts_us) - 1)
        found = np.empty(len(sound_us))
        for number, epoch in enumerate(self.clock.epochs):
            here = which == number
            found[here] = epoch.to_system_us(np.rint(sound_us[here]).astype(np.int64)) + epoch.origin_system_us
        return found


def speaks_of_dictation(purpose: str) -> bool:
    """Whether a consent's purpose covers dictation: a voice is another thing than gaze and is named."""
    return "dictation" in purpose.lower()


def read_blocks(path: Path) -> list[HeardBlock]:
    """Read the clock rows of a dictation; a last row that was cut off is left out.

    Raises
    ------
    UnreadableInput
        If a row before the last is no row.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            found.append(HeardBlock(int(row["frame"]), int(row["host_us"]), bool(row.get("after_pause", False))))
        except (ValueError, KeyError, TypeError) as error:
            if number < len(lines):
                raise UnreadableInput(path, f"line {number} is no row of a dictation's clock") from error
    return found


def fit_dictation(blocks: Sequence[HeardBlock], rate_hz: float) -> DictationClock:
    """Fit the map.

    Raises
    ------
    ClockNotMapped
        If there is no block.
    """
    exchanges = [TimeSync(one.host_us, round(one.frame / rate_hz * 1e6), one.host_us) for one in blocks]
    clock = fit_clock(exchanges)
    sound_us = np.array([one.device_us for one in exchanges], dtype=np.float64)
    host_us = np.array([one.request_us for one in exchanges], dtype=np.float64)
    behind = np.diff(host_us) - np.diff(sound_us)
    paused = np.array([one.is_after_pause for one in blocks[1:]], dtype=bool)
    lost_us = float(behind[(behind > _LOSS_US) & ~paused].sum())
    span_us = float(host_us[-1] - host_us[0])
    first = [epoch.first_system_us for epoch in clock.epochs]
    starts = tuple(float(sound_us[int(np.searchsorted(host_us, at_us))]) for at_us in first)
    share = lost_us / span_us if span_us > 0 else 0.0
    return DictationClock(clock, rate_hz, starts, clock.epochs[0].skew_ppm, share, len(clock.epochs))
