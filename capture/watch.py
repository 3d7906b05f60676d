"""What the tracker sees now, kept in memory for a few seconds and never stored.

The head-position guide, the validation and the operator's view need gaze while nothing is recorded, or beside what is.
"""

from __future__ import annotations

import base64
import threading
import time
from collections import deque
from typing import Any

import numpy as np

from capture.recorder import TAKE_EVERY_S
from capture.samples import SAMPLE_LAYOUT, Samples, empty_samples
from capture.tracker import Tracker, TrackerError

KEPT_US = 5_000_000
_ON_ITS_WAY_S = 0.03


class RecentSamples:
    """The newest seconds of samples; filled by one thread, read by others."""

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self._lock = threading.Lock()
        self._newest: Samples | None = None

    def add(self, samples: Samples) -> None:
        """Keep a block, and forget what is older than :data:`KEPT_US`."""
        if not len(samples):
            return
        until_us = int(samples["system_us"][-1]) - KEPT_US
        with self._lock:
            self._blocks.append(samples)
            self._newest = samples[-1:]
            while int(self._blocks[0]["system_us"][-1]) < until_us:
                self._blocks.popleft()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._blocks.clear()
            self._newest = None

    def since(self, system_us: int) -> Samples:
        """Samples from a moment of the host's clock on."""
        with self._lock:
            blocks = list(self._blocks)
        everything = np.concatenate(blocks) if blocks else empty_samples()
        return everything[everything["system_us"] >= system_us]

    def take_newest(self) -> dict[str, Any] | None:
        """Give the newest sample for a live view, once."""
        with self._lock:
            newest, self._newest = self._newest, None
        if newest is None:
            return None
        row = newest[0]
        eyes = {
            eye: [float(row[f"{eye}_x"]), float(row[f"{eye}_y"])] if row[f"{eye}_gaze_valid"] else None
            for eye in ("left", "right")
        }
        return {"system_us": int(row["system_us"]), **eyes}


class Watch:
    """Takes samples from a tracker that is not recorded; ends by :meth:`stop`, which leaves the tracker stopped.

    Raises
    ------
    TrackerError
        If the tracker does not start.
    """

    def __init__(self, tracker: Tracker, recent: RecentSamples) -> None:
        self._tracker, self._recent = tracker, recent
        self._should_end = threading.Event()
        self.failure = ""
        recent.clear()
        tracker.start()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what was seen is forgotten."""
        self._should_end.set()
        self._thread.join(5.0)
        self._tracker.stop()
        time.sleep(_ON_ITS_WAY_S)
        self._tracker.take()  # else a recording would begin with what was seen before it, and count the time between
        self._recent.clear()

    def _run(self) -> None:
        try:
            while not self._should_end.wait(TAKE_EVERY_S):
                self._recent.add(self._tracker.take().samples)
        except TrackerError as error:
            self.failure = str(error)


def packed(samples: Samples) -> dict[str, Any]:
    """Write samples for a message: the bytes of their layout, in base64."""
    return {"layout": SAMPLE_LAYOUT, "data": base64.b64encode(samples.tobytes()).decode("ascii")}
