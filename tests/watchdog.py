"""How long the GUI thread was deaf: the longest time in which the event loop answered nothing, and what held it up.

A timer of the GUI thread ticks every few milliseconds; a gap between two ticks is a block. Other programs make gaps too,
so a second thread sleeps and measures by how much it is woken late: that is not the window's fault. Work of the GUI
thread itself is counted by its own processor time, to which no other program adds.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer

TICK_MS = 5
_LOOK_S = 0.005
_STACK_AFTER_S = 0.05


@dataclass(frozen=True)
class Block:
    """One time in which the loop answered nothing.

    Attributes
    ----------
    wall_ms, cpu_ms : float
        By the clock, and by the processor time of the GUI thread.
    noise_ms : float
        By how much a thread that only slept was woken late meanwhile.
    stack : str
        Where the GUI thread was; empty for short blocks.
    """

    wall_ms: float
    cpu_ms: float
    noise_ms: float
    stack: str = ""

    @property
    def ms(self) -> float:
        """What the window has to answer for."""
        return max(self.cpu_ms, self.wall_ms - self.noise_ms) - TICK_MS


@dataclass
class Watch:
    """The blocks of a stretch of time."""

    blocks: list[Block] = field(default_factory=list)

    @property
    def longest(self) -> Block:
        """The longest block."""
        return max(self.blocks, key=lambda block: block.ms)

    def text(self) -> str:
        """The longest blocks, with where they were."""
        worst = sorted(self.blocks, key=lambda block: -block.ms)[:3]
        return "\n".join(
            f"{b.ms:.0f} ms (clock {b.wall_ms:.0f}, processor {b.cpu_ms:.0f}, noise {b.noise_ms:.0f})\n{b.stack}"
            for b in worst
        )


class Watchdog(QObject):
    """Watches the thread it is made on, which must be the GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._watch = Watch()
        self._gui_thread = threading.get_ident()
        self._wall_s = self._cpu_s = 0.0
        self._late: list[tuple[float, float]] = []  # when woken, and how late
        self._stack = ""
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch while the event loop runs in the body; what the body itself does outside the loop counts as a block."""
        self._watch, self._late, self._is_over = Watch(), [], threading.Event()
        self._wall_s, self._cpu_s = time.perf_counter(), time.thread_time()
        sampler = threading.Thread(target=self._sample, name="watchdog")
        sampler.start()
        self._timer.start()
        try:
            yield self._watch
        finally:
            self._tick()
            self._timer.stop()
            self._is_over.set()
            sampler.join()

    def _tick(self) -> None:
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        noise_s = max((late for at, late in self._late if at >= self._wall_s), default=0.0)
        self._watch.blocks.append(
            Block(1000 * (wall_s - self._wall_s), 1000 * (cpu_s - self._cpu_s), 1000 * noise_s, self._stack)
        )
        self._wall_s, self._cpu_s, self._stack = time.perf_counter(), time.thread_time(), ""
        del self._late[:-1]

    def _sample(self) -> None:
        while not self._is_over.is_set():
            asleep_s = time.perf_counter()
            time.sleep(_LOOK_S)
            woken_s = time.perf_counter()
            self._late.append((woken_s, woken_s - asleep_s - _LOOK_S))
            if woken_s - self._wall_s > _STACK_AFTER_S and not self._stack:
                frame = sys._current_frames().get(self._gui_thread)
                self._stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
