"""Clock and cable of a simulated tracker: when each sample was taken, by which clock, and when it arrives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capture.clocks import TimeSync

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DeliveryModel:
    """Parameters of clock and cable.

    Attributes
    ----------
    skew_ppm, wander_us, wander_period_s : float
        Device clock: constant drift, and a slow sine as temperature makes it.
    latency_frames, jitter_us : float
        From taking a sample to its arrival.
    burst : int
        Samples that come in one packet; 1 is none.
    stalls_per_min : float
        Interruptions of 50 to 500 ms after which everything comes at once.
    missing_rate, duplicate_rate, out_of_order_rate : float
        Chance per sample to be omitted, repeated, or overtaken by the next.
    missing_ticks : frozenset of int
        Samples, counted from 0 at the start, that are omitted.
    buffer_samples : int
        What is kept for the program while it does not take; beyond it, the oldest are lost with a notice.
    """

    device_offset_us: int = 10**12
    skew_ppm: float = 0.0
    wander_us: float = 0.0
    wander_period_s: float = 1200.0
    tick_jitter_us: float = 0.0
    latency_frames: float = 3.0
    jitter_us: float = 100.0
    burst: int = 1
    stalls_per_min: float = 0.0
    missing_rate: float = 0.0
    duplicate_rate: float = 0.0
    out_of_order_rate: float = 0.0
    missing_ticks: frozenset[int] = frozenset()
    buffer_samples: int = 72_000
    sync_outlier_rate: float = 0.02


class DeviceClock:
    """A clock of its own, of which the truth is known.

    Parameters
    ----------
    started_us : int
        Host time at which the device clock showed ``model.device_offset_us``.
    """

    def __init__(self, model: DeliveryModel, started_us: int) -> None:
        self._model = model
        self._started_us = started_us

    def true_system_us(self, device_us: Ints | Floats) -> Floats:
        """Host time, exactly, at which the device's clock shows a time."""
        elapsed = np.asarray(device_us - np.int64(self._model.device_offset_us), float)
        return self._started_us + elapsed * (1 - self._model.skew_ppm * 1e-6) + self._wander(elapsed)

    def device_us(self, system_us: Floats) -> Floats:
        """Time that the device's clock shows at a host time."""
        target = np.asarray(system_us, float) - self._started_us
        elapsed = target.copy()
        for _ in range(4):
            elapsed = (target - self._wander(elapsed)) / (1 - self._model.skew_ppm * 1e-6)
        return elapsed + self._model.device_offset_us

    def _wander(self, elapsed_us: Floats) -> Floats:
        if not self._model.wander_us:
            return np.zeros_like(elapsed_us)
        return self._model.wander_us * np.sin(2 * np.pi * elapsed_us / (self._model.wander_period_s * 1e6))


@dataclass(frozen=True)
class Packet:
    """Samples on their way: their number from 0, device time, host time as the tracker's library says it, arrival."""

    tick: Ints
    device_us: Ints
    system_us: Ints
    arrival_us: Ints


class Delivery:
    """Takes samples at the device's own rate and delivers them by the rules of the model."""

    def __init__(self, model: DeliveryModel, frequency_hz: float, started_us: int, seed: int = 0) -> None:
        self.model = model
        self.clock = DeviceClock(model, started_us)
        self.frequency_hz = frequency_hz
        self.missing = 0  # really omitted so far; those at the very end cannot be noticed by anybody
        self._rng = np.random.default_rng([seed, 7])
        self._started_us = started_us
        self._next_tick = 0
        self._arrived_us = 0
        self._stall: tuple[float, float] = (np.inf, np.inf)
        self._next_sync_us = float(started_us)
        self._n_syncs = 0
        if model.stalls_per_min:
            self._plan_stall(float(started_us))

    def seconds(self, tick: Ints) -> Floats:
        """Time of a sample since the start by the device's clock."""
        return np.asarray(tick / self.frequency_hz, float)

    def until(self, now_us: int) -> Packet:
        """Take every sample up to a host time; each will arrive at its own."""
        elapsed = float(self.clock.device_us(np.array([float(now_us)]))[0]) - self.model.device_offset_us
        last = int(np.floor(elapsed * self.frequency_hz / 1e6))
        tick = np.arange(self._next_tick, last + 1, dtype=np.int64)
        self._next_tick = max(self._next_tick, last + 1)
        exact = tick * (1e6 / self.frequency_hz)
        if self.model.tick_jitter_us:
            exact = exact + self._rng.normal(0, self.model.tick_jitter_us, len(tick))
        device_us = np.rint(exact).astype(np.int64) + self.model.device_offset_us
        true_us = self.clock.true_system_us(device_us)
        by_library = true_us + 60 * np.sin(true_us / 7e6)  # its own mapping is good to about 100 µs
        packet = Packet(tick, device_us, np.rint(by_library).astype(np.int64), self._arrivals(tick, true_us))
        return self._lose_and_repeat(packet)

    def syncs(self, now_us: int) -> tuple[TimeSync, ...]:
        """Give the time exchanges that have ended: close together at first, then every 10 s."""
        found = []
        while self._next_sync_us + 10_000 < now_us:
            slow = self._rng.random() < self.model.sync_outlier_rate
            trip_us = 5000.0 if slow else float(self._rng.uniform(100, 800))
            there = trip_us * float(self._rng.uniform(0.2, 0.8))
            asked = self._next_sync_us
            device = float(self.clock.device_us(np.array([asked + there]))[0])
            found.append(TimeSync(round(asked), round(device), round(asked + trip_us)))
            self._n_syncs += 1
            self._next_sync_us += 500_000.0 if self._n_syncs < 10 else 10_000_000.0
        return tuple(found)

    def _arrivals(self, tick: Ints, true_us: Floats) -> Ints:
        arrival = true_us + self.model.latency_frames * 1e6 / self.frequency_hz
        arrival += np.abs(self._rng.normal(0, self.model.jitter_us, len(tick)))
        if self.model.burst > 1 and len(tick):
            last_of_packet = (tick // self.model.burst + 1) * self.model.burst - 1
            arrival += (last_of_packet - tick) * (1e6 / self.frequency_hz)
        while len(arrival) and arrival[-1] > self._stall[0]:
            stalled = (arrival >= self._stall[0]) & (arrival < self._stall[1])
            arrival[stalled] = self._stall[1]
            self._plan_stall(self._stall[1])
        arrival = np.maximum(np.maximum.accumulate(arrival), self._arrived_us) if len(arrival) else arrival
        if len(arrival):
            self._arrived_us = int(arrival[-1])
        return np.rint(arrival).astype(np.int64)

    def _plan_stall(self, after_us: float) -> None:
        begin = after_us + float(self._rng.exponential(60e6 / self.model.stalls_per_min))
        self._stall = (begin, begin + float(self._rng.uniform(50e3, 500e3)))

    def _lose_and_repeat(self, packet: Packet) -> Packet:
        model, n = self.model, len(packet.tick)
        if not n or not (model.missing_rate or model.missing_ticks or model.duplicate_rate or model.out_of_order_rate):
            return packet
        omitted = self._rng.random(n) < model.missing_rate
        if model.missing_ticks:
            omitted |= np.isin(packet.tick, np.fromiter(model.missing_ticks, np.int64))
        self.missing += int(omitted.sum())
        order = np.flatnonzero(~omitted)
        repeats = 1 + (self._rng.random(len(order)) < model.duplicate_rate)
        order = np.repeat(order, repeats)
        for at in np.flatnonzero(self._rng.random(max(0, len(order) - 1)) < model.out_of_order_rate):
            order[at], order[at + 1] = order[at + 1], order[at]
        arrival = np.sort(packet.arrival_us[order])
        return Packet(packet.tick[order], packet.device_us[order], packet.system_us[order], arrival)
