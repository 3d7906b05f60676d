"""Count what a stream of samples lost: missing, twice, or out of order.

The tracker gives no sequence number, so a loss is read from the device's clock: a step of more than one and a half
sampling periods has lost ``round(step * frequency) - 1`` samples. A sample that is there but invalid is never a loss.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

_REMEMBERED = 8192


@dataclass(frozen=True)
class StreamCounts:
    """What was counted in one segment of one device clock.

    Attributes
    ----------
    received : int
        Samples that arrived, repeated ones included.
    missing : int
        Samples the device took that never arrived.
    gaps : int
        Interruptions in which they went missing, as seen when the next sample arrived.
    longest_gap_us : int
        Longest step between two samples that were neighbours when they arrived, 0 where none was a gap.
    duplicates, out_of_order : int
        Samples with a time already seen, and samples that arrived after a later one.
    """

    received: int = 0
    missing: int = 0
    gaps: int = 0
    longest_gap_us: int = 0
    duplicates: int = 0
    out_of_order: int = 0

    def plus(self, other: StreamCounts) -> StreamCounts:
        """Add two segments."""
        mine, theirs = asdict(self), asdict(other)
        longest = max(self.longest_gap_us, other.longest_gap_us)
        return StreamCounts(**{name: mine[name] + theirs[name] for name in mine} | {"longest_gap_us": longest})


class GapCounter:
    """Counts along a stream, block by block, within one segment.

    Parameters
    ----------
    frequency_hz : float
        The frequency that the tracker states.
    """

    def __init__(self, frequency_hz: float) -> None:
        self._frequency_hz = frequency_hz
        self._first: int | None = None
        self._newest = 0
        self._seen = np.zeros(0, np.int64)
        self._received = self._missing = self._gaps = self._longest_us = self._duplicates = self._late = 0

    @property
    def counts(self) -> StreamCounts:
        """What was counted so far."""
        return StreamCounts(
            self._received, max(0, self._missing), self._gaps, self._longest_us, self._duplicates, self._late
        )

    def add(self, device_us: NDArray[np.int64]) -> None:
        """Count one block of device times in µs, in the order of their arrival."""
        if not len(device_us):
            return
        block = np.asarray(device_us, np.int64)
        self._received += len(block)
        if self._first is None:
            self._first = self._newest = int(block[0])
            self._seen = block[:1].copy()
            block = block[1:]
            if not len(block):
                return
        newest_before = np.concatenate(([self._newest], np.maximum.accumulate(np.maximum(block, self._newest))[:-1]))
        steps = block - newest_before
        jumps = steps[steps * (self._frequency_hz / 1e6) > 1.5]
        self._missing += int(self._lost(jumps).sum())
        self._gaps += len(jumps)
        if len(jumps):
            self._longest_us = max(self._longest_us, int(jumps.max()))
        seen = np.concatenate((self._seen, block))
        for index in np.flatnonzero(steps <= 0):
            self._add_late(int(block[index]), seen[: len(self._seen) + index])
        self._newest = max(self._newest, int(block.max()))
        self._seen = seen[-_REMEMBERED:]

    def _add_late(self, time_us: int, seen: NDArray[np.int64]) -> None:
        assert self._first is not None
        if (seen == time_us).any():
            self._duplicates += 1
            return
        self._late += 1
        if time_us > self._first:
            self._missing -= 1  # it was counted when the later one arrived
        else:
            self._missing += int(self._lost(np.array([self._first - time_us]))[0])
            self._first = time_us

    def _lost(self, steps_us: NDArray[np.int64]) -> NDArray[np.int64]:
        lost: NDArray[np.int64] = np.rint(steps_us * (self._frequency_hz / 1e6)).astype(np.int64) - 1
        return lost
