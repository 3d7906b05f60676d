"""A tracker's clock mapped to the system's, from the exchanges of time that both took part in.

In an exchange the host asks at one time and has the answer at another, both on the system clock; in between the
tracker read its own. The middle of the two is the estimate (Cristian 1989, "Probabilistic clock synchronization"), and
half the time between them is the bound of its error. A line through the quick exchanges gives offset and skew; slow
ones are left out; where the clock wanders, the rest is followed piecewise. When a tracker was connected anew its clock
may start from anywhere: each such epoch is mapped by itself. UTC has no part in this, so a step of it does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaze2report.errors import Gaze2ReportError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_EPOCH_STEP_US, _EPOCH_STEP_SHARE = 20_000.0, 1e-3
_MOST_ROWS_OF_SLOPE = 400
_OUTLIER_MADS = 4.0
_LEAST_PLAY_US = 100.0
_MAD_TO_SD = 1.4826
_KNOT_US, _FEWEST_OF_KNOT = 60e6, 5
_WANDER_FACTOR = 4.0


class ClockNotMapped(Gaze2ReportError):
    """A recording whose tracker clock cannot be brought to the system clock."""

    code = "clock_not_mapped"


@dataclass(frozen=True)
class TimeSync:
    """One exchange of time, in microseconds.

    Attributes
    ----------
    request_us, response_us : int
        System clock, when the host asked and when it had the answer.
    device_us : int
        Tracker clock in between.
    """

    request_us: int
    device_us: int
    response_us: int

    def __post_init__(self) -> None:
        if self.response_us < self.request_us:
            raise ValueError("an answer cannot come before it was asked for")


@dataclass(frozen=True, eq=False)
class ClockEpoch:
    """The map while a tracker's clock ran through.

    Attributes
    ----------
    origin_device_us, origin_system_us : int
        One moment on both clocks.
    skew_ppm : float
        By how much the system clock runs faster than the tracker's, parts per million.
    knots_us, knot_corrections_us : ndarray, shape (K,)
        What is added to the line, by time since the origin on the tracker's clock; K is 0 where a line does.
    first_system_us, last_system_us : int
        Of its exchanges.
    residual_p50_us, residual_p99_us : float
        Distance of the used exchanges from the map, absolute.
    longest_bound_us : float
        Half the round trip of the slowest exchange used: no estimate can be wrong by more.
    n_used, n_rejected : int
        Exchanges.
    """

    origin_device_us: int
    origin_system_us: int
    skew_ppm: float
    knots_us: FloatArray
    knot_corrections_us: FloatArray
    first_system_us: int
    last_system_us: int
    residual_p50_us: float
    residual_p99_us: float
    longest_bound_us: float
    n_used: int
    n_rejected: int

    def to_system_us(self, device_us: ArrayLike) -> FloatArray:
        """System time of tracker times, in microseconds since ``origin_system_us``, shape as given."""
        since = (np.asarray(device_us, dtype=np.int64) - self.origin_device_us).astype(np.float64)
        mapped = since * (1.0 + self.skew_ppm * 1e-6)
        if len(self.knots_us):
            mapped = mapped + np.interp(since, self.knots_us, self.knot_corrections_us)
        return np.asarray(mapped)


@dataclass(frozen=True)
class ClockMap:
    """All epochs of a recording, in order."""

    epochs: tuple[ClockEpoch, ...]

    @property
    def residual_p99_ms(self) -> float:
        """The worst of the epochs."""
        return max(epoch.residual_p99_us for epoch in self.epochs) / 1000.0

    def to_system_us(self, device_us: ArrayLike, received_us: ArrayLike | None = None) -> IntArray:
        """System times of samples, to the microsecond.

        Parameters
        ----------
        device_us : array_like of int, shape (N,)
            Tracker clock.
        received_us : array_like of int, shape (N,), optional
            When the host had each sample, system clock: tells the epochs apart.

        Raises
        ------
        ValueError
            If there are several epochs and ``received_us`` is not given.
        """
        device = np.atleast_1d(np.asarray(device_us, dtype=np.int64))
        mapped = np.stack(
            [np.rint(one.to_system_us(device)).astype(np.int64) + one.origin_system_us for one in self.epochs]
        )
        if len(self.epochs) == 1:
            return np.asarray(mapped[0])
        if received_us is None:
            raise ValueError("the clock of the tracker was set anew: times of receipt are needed to tell the epochs")
        far = np.abs(mapped - np.atleast_1d(np.asarray(received_us, dtype=np.int64)))
        return np.asarray(mapped[np.argmin(far, axis=0), np.arange(len(device))])


def fit_clock(exchanges: Sequence[TimeSync]) -> ClockMap:
    """Fit the map from tracker to system clock.

    Raises
    ------
    ClockNotMapped
        If there is no exchange.
    """
    if not exchanges:
        raise ClockNotMapped("the recording holds no exchange of time with the tracker; its clock cannot be mapped")
    ordered = sorted(exchanges, key=lambda one: one.request_us)
    return ClockMap(tuple(_fit_epoch(epoch) for epoch in _epochs(ordered)))


def _epochs(ordered: Sequence[TimeSync]) -> list[list[TimeSync]]:
    """Split where the clocks differ by more than the round trips and any sane skew can explain."""
    found = [[ordered[0]]]
    for one, other in pairwise(ordered):
        system = (other.request_us + other.response_us - one.request_us - one.response_us) / 2
        bound = (one.response_us - one.request_us + other.response_us - other.request_us) / 2
        step = abs((other.device_us - one.device_us) - system)
        if step > bound + _EPOCH_STEP_US + _EPOCH_STEP_SHARE * abs(system):
            found.append([])
        found[-1].append(other)
    return found


def _fit_epoch(exchanges: Sequence[TimeSync]) -> ClockEpoch:
    table = np.array([(e.request_us, e.device_us, e.response_us) for e in exchanges], dtype=np.int64)
    origin_device, origin_system = int(table[0, 1]), int(table[0, 0])
    device = (table[:, 1] - origin_device).astype(np.float64)
    request, response = ((table[:, k] - origin_system).astype(np.float64) for k in (0, 2))
    middle, trip = (request + response) / 2, response - request
    used = trip <= _quick_us(trip)
    slope, offset = _line(device[used], middle[used] - device[used])
    residual = middle - device - (slope * device + offset)
    used &= np.abs(residual - np.median(residual[used])) <= _upper_limit(np.abs(residual[used]))
    slope, offset = _line(device[used], middle[used] - device[used])
    residual = middle - device - (slope * device + offset)
    knots, corrections = _wander(device[used], residual[used])
    rest = residual[used] - (np.interp(device[used], knots, corrections) if len(knots) else 0.0)
    return ClockEpoch(
        origin_device,
        origin_system + round(offset),
        slope * 1e6,
        knots,
        corrections,
        int(table[0, 0]),
        int(table[-1, 2]),
        float(np.percentile(np.abs(rest), 50)),
        float(np.percentile(np.abs(rest), 99)),
        float(trip[used].max() / 2),
        int(used.sum()),
        int((~used).sum()),
    )


def _quick_us(trip: FloatArray) -> float:
    """Round trips up to here are quick: told by the quicker ones, however many slow ones there are."""
    quarter = float(np.percentile(trip, 25))
    return quarter + max(quarter, _LEAST_PLAY_US)


def _upper_limit(values: FloatArray) -> float:
    """Median and four robust standard deviations; at least a microsecond of play, the resolution of the clocks."""
    median = float(np.median(values))
    spread = float(np.median(np.abs(values - median))) * _MAD_TO_SD
    return median + max(_OUTLIER_MADS * spread, 1.0)


def _line(device: FloatArray, difference: FloatArray) -> tuple[float, float]:
    """Slope and offset by the median of the slopes of all pairs (Theil 1950, Sen 1968); slope 0 for one exchange."""
    if len(device) < 2 or device[-1] == device[0]:
        return 0.0, float(np.median(difference))
    chosen = np.unique(np.linspace(0, len(device) - 1, min(len(device), _MOST_ROWS_OF_SLOPE)).astype(np.int64))
    one, other = np.triu_indices(len(chosen), k=1)
    run = device[chosen][other] - device[chosen][one]
    rise = difference[chosen][other] - difference[chosen][one]
    # Pairs that lie close tell little of the slope and much of the noise: those over half of the time decide.
    far = run >= 0.5 * run.max()
    slope = float(np.median(rise[far] / run[far]))
    return slope, float(np.median(difference - slope * device))


def _wander(device: FloatArray, residual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Medians by minute, where they leave the line by more than their own noise; else nothing."""
    nothing = np.zeros(0)
    minute = ((device - device[0]) // _KNOT_US).astype(np.int64) if len(device) else nothing
    groups = [np.flatnonzero(minute == one) for one in np.unique(minute)]
    groups = [group for group in groups if len(group) >= _FEWEST_OF_KNOT]
    if len(groups) < 2:
        return nothing, nothing
    places = np.array([device[group].mean() for group in groups])
    medians = np.array([np.median(residual[group]) for group in groups])
    within = np.concatenate([(residual[group] - np.median(residual[group])) ** 2 for group in groups])
    noise = within.mean() / np.mean([len(group) for group in groups])
    if np.mean(medians**2) <= _WANDER_FACTOR * noise:
        return nothing, nothing
    return places, medians
