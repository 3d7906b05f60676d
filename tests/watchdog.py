"""How long the GUI thread was deaf: the longest time in which the event loop answered nothing, and what held it up.

A timer of the GUI thread ticks every few milliseconds; a gap between two ticks is a block. Other programs make gaps
too: what the kernel kept threads of this process waiting for a processor (schedstat, Linux) is not the window's fault,
nor is what a second thread that only sleeps is woken late by. Work of the GUI thread itself is counted by its own
processor time, to which no other program adds. So on a busy machine a block may be missed, but none is invented.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
        What other programs took meanwhile.
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
        self._gui_thread, self._native_id = threading.get_ident(), threading.get_native_id()
        self._wall_s = self._cpu_s = self._waited_s = 0.0
        self._late: list[tuple[float, float]] = []  # when woken, and how late
        self._stack = ""
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch while the event loop runs in the body; what the body itself does outside the loop counts as a block."""
        self._watch, self._late, self._is_over = Watch(), [], threading.Event()
        self._begin()
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
        wall_s, cpu_s = time.perf_counter() - self._wall_s, time.thread_time() - self._cpu_s
        late_s = max((late for at, late in self._late if at >= self._wall_s), default=0.0)
        noise_s = min(max(late_s, kept_waiting_s() - self._waited_s), wall_s)
        self._watch.blocks.append(Block(1000 * wall_s, 1000 * cpu_s, 1000 * noise_s, self._stack))
        self._begin()

    def _begin(self) -> None:
        del self._late[:-1]
        self._stack, self._waited_s = "", kept_waiting_s()
        self._wall_s, self._cpu_s = time.perf_counter(), time.thread_time()

    def _sample(self) -> None:
        while not self._is_over.is_set():
            asleep_s = time.perf_counter()
            time.sleep(_LOOK_S)
            woken_s = time.perf_counter()
            self._late.append((woken_s, woken_s - asleep_s - _LOOK_S))
            if woken_s - self._wall_s > _STACK_AFTER_S and not self._stack:
                frame = sys._current_frames().get(self._gui_thread)
                self._stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
                self._stack += f"  system call {system_call_of(self._native_id)}\n"


def kept_waiting_s() -> float:
    """For how long threads of this process could have run and had no processor, in all so far; 0 where nobody says."""
    total_ns = 0
    for task in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total_ns += int(task.read_text().split()[1])
        except (OSError, IndexError):  # the thread has just ended
            continue
    return total_ns / 1e9


def system_call_of(native_id: int) -> str:
    """Number of the system call a thread stands in; "running" or "unknown"."""
    try:
        return Path(f"/proc/self/task/{native_id}/syscall").read_text().split()[0]
    except OSError:
        return "unknown"
