"""Clocks: the host's monotonic one, in which everything is kept, and the tracker's, mapped to it.

The tracker's clock drifts by tens of ppm and wanders with temperature. Each time exchange (Cristian 1989) says what
the device's clock showed between two readings of the host's; a local linear fit through the exchanges with short round
trips gives the mapping and its residual. The wall clock (UTC) takes no part: it is noted beside and may be set at will.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

_KNOT_STEP_S = 15.0
_WINDOW_S = 60.0
_MIN_EXCHANGES = 4


@dataclass(frozen=True)
class TimeSync:
    """One exchange: host asks, device reads its clock, host has the answer; all in µs of the clock named."""

    request_us: int
    device_us: int
    response_us: int


class Clock(Protocol):
    """The host's clocks."""

    def now_us(self) -> int:
        """Read the monotonic clock in µs."""

    def utc_us(self) -> int:
        """Read the wall clock in µs since 1970."""


class HostClock:
    """The clocks of this machine: ``time.perf_counter``, comparable between processes, and UTC.

    On Linux it is CLOCK_MONOTONIC, as the tracker library's own is; on Windows ``time.monotonic`` would step by 16 ms.
    """

    def now_us(self) -> int:
        """Read the monotonic clock in µs."""
        return time.perf_counter_ns() // 1000

    def utc_us(self) -> int:
        """Read the wall clock in µs since 1970."""
        return time.time_ns() // 1000


class VirtualClock:
    """A clock that moves only when it is told to: an hour of recording in seconds, and the same each time."""

    def __init__(self, start_us: int = 1_000_000_000, utc_us: int = 1_800_000_000_000_000) -> None:
        self._now_us = start_us
        self._utc_ahead_us = utc_us - start_us

    def now_us(self) -> int:
        """Read the virtual time in µs."""
        return self._now_us

    def utc_us(self) -> int:
        """Read the virtual wall clock in µs since 1970."""
        return self._now_us + self._utc_ahead_us

    def advance(self, seconds: float) -> None:
        """Move both clocks on."""
        self._now_us += round(seconds * 1e6)

    def set_utc(self, by_seconds: float) -> None:
        """Step the wall clock alone, as a time server or a user does."""
        self._utc_ahead_us += round(by_seconds * 1e6)


class NoMapping(ValueError):
    """Too few time exchanges for a mapping; the text says how many there were."""


@dataclass(frozen=True)
class ClockFit:
    """Mapping of device time to host time within one segment.

    Attributes
    ----------
    device0_us, offset0_us : int
        Origin: host time is about device time plus ``offset0_us``.
    knots_s, offsets_us : ndarray, shape (n,)
        Further offset in µs at device time ``device0_us + knots_s``; straight in between and beyond.
    residual_median_us, residual_p95_us : float
        Distance of the exchanges used from the mapping; a bound on its error is half the round trip.
    round_trip_median_us : float
    n_used, n_rejected : int
        Exchanges used, and those left out for their long round trip.
    """

    device0_us: int
    offset0_us: int
    knots_s: NDArray[np.float64]
    offsets_us: NDArray[np.float64]
    residual_median_us: float
    residual_p95_us: float
    round_trip_median_us: float
    n_used: int
    n_rejected: int

    def to_system_us(self, device_us: ArrayLike) -> NDArray[np.float64]:
        """Map device times in µs to µs of the host's monotonic clock."""
        device = np.asarray(device_us, np.int64)
        at_s = (device - self.device0_us) / 1e6
        return (device - self.device0_us) + self._offset(at_s) + float(self.device0_us + self.offset0_us)

    def _offset(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        inside: NDArray[np.float64] = np.interp(at_s, self.knots_s, self.offsets_us)
        for end, neighbour in ((0, 1), (-1, -2)):
            run_s = self.knots_s[end] - self.knots_s[neighbour]
            slope = (self.offsets_us[end] - self.offsets_us[neighbour]) / run_s
            beyond = at_s < self.knots_s[0] if end == 0 else at_s > self.knots_s[-1]
            inside = np.where(beyond, self.offsets_us[end] + slope * (at_s - self.knots_s[end]), inside)
        return inside


def fit_clock(exchanges: list[TimeSync] | tuple[TimeSync, ...]) -> ClockFit:
    """Fit the mapping of one segment from its time exchanges.

    Raises
    ------
    NoMapping
        With fewer than four exchanges of a usable round trip.
    """
    rows = np.array([(e.request_us, e.device_us, e.response_us) for e in exchanges], np.int64).reshape(-1, 3)
    rows = rows[rows[:, 2] >= rows[:, 0]]
    if len(rows) < _MIN_EXCHANGES:
        raise NoMapping(f"{len(rows)} time exchanges are too few to map the tracker's clock; it takes {_MIN_EXCHANGES}")
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    round_trip_us = (rows[:, 2] - rows[:, 0]).astype(float)
    used = round_trip_us <= 2.5 * np.median(round_trip_us)
    kept, trip = rows[used], np.maximum(round_trip_us[used], 50.0)
    device0 = int(kept[0, 1])
    offset0 = int(kept[0, 0]) - device0
    at_s = (kept[:, 1] - device0) / 1e6
    offset_us = ((kept[:, 0] - kept[:, 1] - offset0) + (kept[:, 2] - kept[:, 1] - offset0)) / 2.0
    last_s = max(float(at_s[-1]), 1.0)
    knots = np.linspace(0.0, last_s, max(2, int(np.ceil(last_s / _KNOT_STEP_S)) + 1))
    fitted = np.array([_local_line(knot, at_s, offset_us, trip) for knot in knots])
    residual = np.abs(offset_us - np.interp(at_s, knots, fitted))
    return ClockFit(
        device0,
        offset0,
        knots,
        fitted,
        float(np.median(residual)),
        float(np.percentile(residual, 95)),
        float(np.median(round_trip_us)),
        int(used.sum()),
        int((~used).sum()),
    )


def _local_line(
    knot_s: float, at_s: NDArray[np.float64], offset_us: NDArray[np.float64], trip_us: NDArray[np.float64]
) -> float:
    """Weighted straight line around one knot: near exchanges and short round trips weigh more."""
    distance = np.abs(at_s - knot_s)
    reach = max(_WINDOW_S, float(np.partition(distance, _MIN_EXCHANGES - 1)[_MIN_EXCHANGES - 1]) * 1.5)
    near = (1 - np.minimum(distance / reach, 1.0) ** 3) ** 3
    weight = near / trip_us**2
    total = weight.sum()
    mean_t = (weight * at_s).sum() / total
    mean_o = (weight * offset_us).sum() / total
    spread = (weight * (at_s - mean_t) ** 2).sum()
    slope = (weight * (at_s - mean_t) * (offset_us - mean_o)).sum() / spread if spread > 0 else 0.0
    return float(mean_o + slope * (knot_s - mean_t))
