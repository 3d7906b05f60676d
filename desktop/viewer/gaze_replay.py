"""Replay of scanpaths: which fixation lasts at which moment, and a clock that a timer moves."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from gaze2report.types import Fixation

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_FRAME_MS = 33


@dataclass(frozen=True)
class Timeline:
    """When each fixation of a scanpath begins and how long it lasts, in ms from the start of the replay."""

    onsets_ms: tuple[float, ...]
    durations_ms: tuple[float, ...]

    @classmethod
    def of(cls, fixations: Sequence[Fixation], onsets_ms: Sequence[float | None] = ()) -> Timeline:
        """Timeline of a scanpath; where onsets are not known, each fixation begins when the one before ends."""
        durations_ms = tuple(fixation.duration_s * 1000.0 for fixation in fixations)
        known = tuple(onset for onset in onsets_ms if onset is not None)
        if len(known) == len(durations_ms):
            return cls(known, durations_ms)
        onsets, end_ms = [], 0.0
        for duration_ms in durations_ms:
            onsets.append(end_ms)
            end_ms += duration_ms
        return cls(tuple(onsets), durations_ms)

    @property
    def length_ms(self) -> float:
        """End of the last fixation to end."""
        return max((on + lasts for on, lasts in zip(self.onsets_ms, self.durations_ms, strict=True)), default=0.0)

    def begun(self, at_ms: float) -> int:
        """How many fixations have begun."""
        return bisect_right(self.onsets_ms, at_ms)

    def current(self, at_ms: float) -> int | None:
        """The fixation that lasts at this moment; None between two."""
        index = self.begun(at_ms) - 1
        return index if index >= 0 and at_ms < self.onsets_ms[index] + self.durations_ms[index] else None


class Replay(QObject):
    """A clock over timelines.

    Parameters
    ----------
    now_ms : callable
        A clock that never goes back.

    Signals
    -------
    moved
        The position changed.
    state_changed
        Playing, speed or length changed.
    """

    moved = Signal()
    state_changed = Signal()

    def __init__(
        self, parent: QObject | None = None, now_ms: Callable[[], float] = lambda: time.monotonic() * 1000.0
    ) -> None:
        super().__init__(parent)
        self._now_ms = now_ms
        self._last_ms = 0.0
        self._timelines: tuple[Timeline, ...] = ()
        self._speed = 1.0
        self.position_ms = 0.0
        self._timer = QTimer(self, interval=_FRAME_MS)
        self._timer.timeout.connect(self._advance)

    def set_timelines(self, timelines: Sequence[Timeline]) -> None:
        """Play these together from now on; stops, at the beginning."""
        if tuple(timelines) == self._timelines:
            return
        self._timelines = tuple(timelines)
        self._timer.stop()
        self.position_ms = 0.0
        self.state_changed.emit()
        self.moved.emit()

    @property
    def length_ms(self) -> float:
        """Length of the longest timeline."""
        return max((timeline.length_ms for timeline in self._timelines), default=0.0)

    @property
    def is_playing(self) -> bool:
        """Whether the clock runs."""
        return self._timer.isActive()

    @property
    def speed(self) -> float:
        """Replayed seconds per second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._catch_up()
        self._speed = speed
        self.state_changed.emit()

    def play(self) -> None:
        """Go on from where it stands; from the beginning when it stands at the end."""
        if self.is_playing or not self.length_ms:
            return
        if self.position_ms >= self.length_ms:
            self._move_to(0.0)
        self._last_ms = self._now_ms()
        self._timer.start()
        self.state_changed.emit()

    def pause(self) -> None:
        """Stand still."""
        if self.is_playing:
            self._catch_up()
            self._timer.stop()
            self.state_changed.emit()

    def toggle(self) -> None:
        """Play or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def seek(self, position_ms: float) -> None:
        """Go to a moment, playing or not."""
        self._last_ms = self._now_ms()
        self._move_to(position_ms)

    def step(self, direction: int) -> None:
        """Pause at the beginning of the next (1) or previous (-1) fixation."""
        self.pause()
        onsets = sorted({onset for timeline in self._timelines for onset in timeline.onsets_ms})
        later = [onset for onset in onsets if onset > self.position_ms + 1e-6]
        earlier = [onset for onset in onsets if onset < self.position_ms - 1e-6]
        if direction > 0 and later:
            self._move_to(later[0])
        elif direction < 0 and earlier:
            self._move_to(earlier[-1])

    def _advance(self) -> None:
        self._catch_up()
        if self.position_ms >= self.length_ms:
            self._timer.stop()
            self.state_changed.emit()

    def _catch_up(self) -> None:
        """Move by the time that has really passed: a late timer loses nothing."""
        if self.is_playing:
            now_ms = self._now_ms()
            passed_ms, self._last_ms = now_ms - self._last_ms, now_ms
            self._move_to(self.position_ms + passed_ms * self._speed)

    def _move_to(self, position_ms: float) -> None:
        position_ms = min(max(position_ms, 0.0), self.length_ms)
        if position_ms != self.position_ms:
            self.position_ms = position_ms
            self.moved.emit()
