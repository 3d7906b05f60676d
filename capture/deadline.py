"""A limit of time for calls into a library that may never come back.

The tracker's library waits without end. A call runs in a thread of its own; where it does not end in time the tracker
is given up as stuck, because the thread cannot be: only a new process gets rid of it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from capture.tracker import TrackerError

T = TypeVar("T")


class DeadlineCaller:
    """Runs calls one after the other in one thread, each with its limit; after one that hung, no more."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.Queue[tuple[Callable[[], Any], queue.Queue[tuple[bool, Any]]] | None] = queue.Queue()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self.is_stuck = False

    def call(self, what: str, limit_s: float, function: Callable[[], T]) -> T:
        """Call and wait at most ``limit_s``.

        Raises
        ------
        TrackerError
            "stuck", if the call, or one before, did not come back in time.
        """
        if not self._turn.acquire(timeout=limit_s):
            raise self._stuck(f"waiting to {what}", limit_s)
        try:
            if self.is_stuck:
                raise TrackerError(
                    "stuck", f"{self._name} hangs in an earlier call; the capture agent must be restarted."
                )
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"{self._name} calls", daemon=True)
                self._thread.start()
            answer: queue.Queue[tuple[bool, Any]] = queue.Queue(1)
            self._calls.put((function, answer))
            try:
                succeeded, result = answer.get(timeout=limit_s)
            except queue.Empty:
                raise self._stuck(what, limit_s) from None
        finally:
            self._turn.release()
        if not succeeded:
            raise result
        value: T = result
        return value

    def close(self) -> None:
        """Let the thread end when it is idle."""
        self._calls.put(None)

    def _stuck(self, what: str, limit_s: float) -> TrackerError:
        self.is_stuck = True
        text = f"{self._name} did not answer within {limit_s:g} s ({what}); the capture agent must be restarted."
        return TrackerError("stuck", text)

    def _work(self) -> None:
        while True:
            job = self._calls.get()
            if job is None:
                return
            function, answer = job
            try:
                answer.put((True, function()))
            except BaseException as error:  # noqa: BLE001 - carried to the thread that asked, and raised there
                answer.put((False, error))
