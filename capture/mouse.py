"""The mouse in an eye's place, for trying things out: labelled as mouse wherever it goes, and never taken for gaze.

There are no eyes: no pupil, no origin; its clock is the host's. The program that sees the mouse tells its position; as
long as nobody has told one, samples are invalid.
"""

from __future__ import annotations

import numpy as np

from capture.clocks import Clock, HostClock
from capture.samples import empty_samples
from capture.tracker import DisplayArea, Health, NoCalibration, Taken, TrackerError, TrackerInfo

NAME = "mouse"
_FREQUENCY_HZ = 60.0
_MAX_PER_TAKE = 100_000
_INFO = TrackerInfo(
    backend=NAME,
    serial_number="MOUSE",
    model="Mouse (no eye tracker)",
    name="Mouse",
    address="mouse:",
    source="mouse",
    frequencies_hz=(_FREQUENCY_HZ,),
    capabilities=("gaze",),
)


class MouseTracker(NoCalibration):
    """Samples the last known position of the mouse 60 times a second, as both eyes."""

    info = _INFO

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._position: tuple[float, float] | None = None
        self._started_us: int | None = None
        self._end_us: int | None = None
        self._next_tick = 0

    def point_at(self, x: float, y: float) -> None:
        """Tell where the mouse is on the display area (0 to 1)."""
        self._position = (x, y)

    def frequency_hz(self) -> float:
        """Give the one frequency there is."""
        return _FREQUENCY_HZ

    def display_area(self) -> DisplayArea:
        """Refuse: where a screen stands before no tracker has no meaning."""
        raise TrackerError("not_supported", "The mouse has no display area in millimetres.")

    def start(self, frequency_hz: float | None = None) -> None:
        """Begin to sample."""
        if frequency_hz not in (None, _FREQUENCY_HZ):
            raise TrackerError("bad_value", f"The mouse is sampled at {_FREQUENCY_HZ:g} Hz only.")
        if self._started_us is None:
            self._started_us, self._end_us, self._next_tick = self._clock.now_us(), None, 0

    def take(self) -> Taken:
        """Give a sample for every period that has passed."""
        if self._started_us is None:
            return Taken()
        now_us = self._clock.now_us()
        until_us = now_us if self._end_us is None else self._end_us
        last = int((until_us - self._started_us) * _FREQUENCY_HZ / 1e6)
        ticks = np.arange(self._next_tick, min(last + 1, self._next_tick + _MAX_PER_TAKE), dtype=np.int64)
        self._next_tick += len(ticks)
        samples = empty_samples(len(ticks))
        when = self._started_us + np.rint(ticks * (1e6 / _FREQUENCY_HZ)).astype(np.int64)
        for clock in ("device_us", "system_us"):
            samples[clock] = when
        samples["received_us"] = now_us
        if self._position is not None:
            for eye in ("left", "right"):
                samples[f"{eye}_x"], samples[f"{eye}_y"] = self._position
                samples[f"{eye}_gaze_valid"] = 1
        if self._end_us is not None:
            self._started_us = None
        return Taken(samples)

    def stop(self) -> None:
        """End."""
        if self._started_us is not None and self._end_us is None:
            self._end_us = self._clock.now_us()

    def close(self) -> None:
        """Stop."""
        self.stop()

    def health(self) -> Health:
        """Say whether it samples."""
        return Health(is_streaming=self._started_us is not None and self._end_us is None)


class MouseBackend:
    """The mouse, always there."""

    name = NAME

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or HostClock()

    def find(self) -> tuple[TrackerInfo, ...]:
        """Give the mouse."""
        return (_INFO,)

    def open(self, serial_number: str) -> MouseTracker:
        """Open it."""
        if serial_number != _INFO.serial_number:
            raise TrackerError("not_found", f"There is no mouse {serial_number}.")
        return MouseTracker(self._clock)
