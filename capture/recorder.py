"""From a tracker to a recording: takes what arrives every few milliseconds and stores it every 100 ms.

Runs in a thread of its own in the agent, or step by step on a virtual clock. Nothing is dropped in silence: what cannot
be stored at once waits and is tried again, what waits too long ends the recording with its count stated.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from capture.clocks import Clock
from capture.gaps import GapCounter, StreamCounts
from capture.log_rows import LogRow
from capture.samples import EYES, Samples
from capture.spool import Batch, SpoolWriter
from capture.tracker import DEGRADING, Notice, Taken, Tracker

COMMIT_EVERY_US = 100_000
TAKE_EVERY_S = 0.02
_ANCHOR_EVERY_US = 10_000_000
_UTC_STEP_US = 100_000
_CLOCK_STEP_US = 2_000_000
_MAX_WAITING_US = 30_000_000
_SILENCE_US = 1_000_000
_NEW_SEGMENT = {"connection_restored": "reconnected", "frequency_changed": "frequency changed"}


class Recorder:
    """Records one tracker into one spool.

    Parameters
    ----------
    tracker : Tracker
        Started by the caller.
    spool : SpoolWriter
    clock : Clock
    frequency_hz : float
    on_samples : callable, optional
        Is given each block that arrives, for the operator's live view; must not wait.
    """

    def __init__(
        self,
        tracker: Tracker,
        spool: SpoolWriter,
        clock: Clock,
        frequency_hz: float,
        on_samples: Callable[[Samples], None] | None = None,
    ) -> None:
        self._tracker, self._spool, self._clock = tracker, spool, clock
        self._frequency_hz = frequency_hz
        self._on_samples = on_samples
        self._rows: deque[LogRow] = deque()
        self._written_rows = {"marker": -1, "view_log": -1}
        self._batch = Batch()
        self._segment = -1
        self._counter = GapCounter(frequency_hz)
        self._before = StreamCounts()
        self._totals = dict.fromkeys(("received", "written", "dropped", "paused", "invalid_left", "invalid_right"), 0)
        self._newest_device_us: int | None = None
        self._newest_us = 0
        self._is_degraded = False
        self._is_paused = False
        self._wanted_pause = False
        self._utc_ahead_us: int | None = None
        self._anchor_us = self._committed_us = self._arrived_us = clock.now_us()
        self._is_silent = False
        self.failure = ""
        self._open_segment(clock.now_us(), "start")

    @property
    def counts(self) -> dict[str, int]:
        """What was received, stored, dropped and missed so far."""
        stream = asdict(self._before.plus(self._counter.counts))
        del stream["received"]
        return {**self._totals, **stream}

    @property
    def state(self) -> dict[str, Any]:
        """What a heartbeat says of the recording."""
        return {
            "recording_id": self._spool.recording_id,
            "is_paused": self._is_paused,
            "is_degraded": self._is_degraded,
            "counts": self.counts,
            "stored_us": self._committed_us,
            "stored_marker_seq": self._written_rows["marker"],
            "stored_view_seq": self._written_rows["view_log"],
            "failure": self.failure,
        }

    def add(self, row: LogRow) -> None:
        """Add a marker or view-log row; from any thread."""
        self._rows.append(row)

    def pause(self, is_paused: bool) -> None:
        """Stop or go on keeping samples; while paused they are counted and thrown away."""
        self._wanted_pause = is_paused

    def step(self) -> None:
        """Take what has arrived, and store it where 100 ms have gone by."""
        if self.failure:
            return
        now_us = self._clock.now_us()
        self._apply_pause(now_us)
        self._receive(self._tracker.take(), now_us)
        self._spool.beat(now_us, self._totals["received"] - self._totals["paused"], self._newest_us)
        if now_us - self._committed_us >= COMMIT_EVERY_US:
            self._commit(now_us)

    def run(self, should_end: threading.Event) -> None:
        """Step until told to end or until the recording fails."""
        while not should_end.wait(TAKE_EVERY_S) and not self.failure:
            self.step()

    def finish(self, why: str) -> None:
        """Take what is left, store it and close the file."""
        self._tracker.stop()
        if not self.failure:
            self._receive(self._tracker.take(), self._clock.now_us())
            self._commit(self._clock.now_us(), is_last=True)
        try:
            self._spool.finish("failed" if self.failure else "stopped", self.failure or why)
        except sqlite3.Error:
            self._spool.release()  # the file stays in the state "recording" and is recovered at the next start
            self.failure = self.failure or "The recording could not be closed; it is recovered at the next start."

    def _apply_pause(self, now_us: int) -> None:
        if self._wanted_pause == self._is_paused:
            return
        self._is_paused = self._wanted_pause
        self._batch.notices.append(Notice("paused" if self._is_paused else "resumed", now_us))
        if not self._is_paused:
            self._open_segment(now_us, "resumed")

    def _receive(self, taken: Taken, now_us: int) -> None:
        for notice in taken.notices:
            self._batch.notices.append(notice)
            self._is_degraded |= notice.kind in DEGRADING
            if notice.kind in _NEW_SEGMENT:
                is_before = taken.samples["system_us"] < notice.system_us
                self._keep(taken.samples[is_before])
                taken = Taken(taken.samples[~is_before], taken.syncs, (), taken.dropped)
                if notice.kind == "frequency_changed":
                    self._frequency_hz = _number(notice.text) or self._frequency_hz
                self._open_segment(notice.system_us, _NEW_SEGMENT[notice.kind])
        if len(taken.samples):
            self._arrived_us, self._is_silent = now_us, False
        elif not self._is_silent and now_us - self._arrived_us > _SILENCE_US:
            self._is_silent = True  # once for each silence
            self._batch.notices.append(Notice("no_samples", now_us, "nothing arrived for 1 s"))
        self._totals["dropped"] += taken.dropped
        if taken.dropped:
            text = f"{taken.dropped} samples found the buffer full"
            self._batch.notices.append(Notice("samples_dropped", now_us, text))
            self._is_degraded = True
        self._keep(taken.samples)
        self._batch.syncs += [(self._segment, sync) for sync in taken.syncs]

    def _keep(self, samples: Samples) -> None:
        if not len(samples):
            return
        self._totals["received"] += len(samples)
        if self._is_paused:
            self._totals["paused"] += len(samples)
            return
        if self._on_samples is not None:
            self._on_samples(samples)
        for block in self._split_at_clock_steps(samples):
            if len(block):
                self._counter.add(block["device_us"])
                self._batch.chunks.append((self._segment, block))
        for eye in EYES:
            self._totals[f"invalid_{eye}"] += int((samples[f"{eye}_gaze_valid"] == 0).sum())
        self._newest_device_us = int(samples["device_us"][-1])
        self._newest_us = int(samples["system_us"][-1])

    def _split_at_clock_steps(self, samples: Samples) -> list[Samples]:
        """Begin a segment where the device's clock stepped against the host's: it was restarted without a word."""
        if self._newest_device_us is None:
            return [samples]
        ahead = samples["device_us"] - samples["system_us"]
        before = self._newest_device_us - self._newest_us
        jumps = np.abs(np.diff(np.concatenate(([before], ahead)))) > _CLOCK_STEP_US
        if not jumps.any():
            return [samples]
        cut = int(np.flatnonzero(jumps)[0])
        if cut:
            self._counter.add(samples["device_us"][:cut])
            self._batch.chunks.append((self._segment, samples[:cut]))
        self._open_segment(int(samples["system_us"][cut]), "device clock stepped")
        self._newest_device_us, self._newest_us = int(samples["device_us"][cut]), int(samples["system_us"][cut])
        return self._split_at_clock_steps(samples[cut:])

    def _open_segment(self, now_us: int, reason: str) -> None:
        self._before = self._before.plus(self._counter.counts)
        self._counter = GapCounter(self._frequency_hz)
        self._newest_device_us = None
        self._segment += 1
        self._batch.segments.append((self._segment, now_us, self._frequency_hz, reason))

    def _commit(self, now_us: int, is_last: bool = False) -> None:
        while self._rows:
            self._batch.rows.append(self._rows.popleft())
        self._note_utc(now_us)
        batch = _joined(self._batch)
        n = sum(len(samples) for _, samples in batch.chunks)
        counts = {**self.counts, "written": self._totals["written"] + n}
        try:
            self._spool.commit(batch, counts, self._is_degraded, now_us)
        except sqlite3.OperationalError as error:
            waited_us = now_us - self._committed_us
            is_busy = "locked" in str(error) or "busy" in str(error)
            if is_last or not is_busy or waited_us > _MAX_WAITING_US:
                self.failure = f"The recording could not be stored ({error}); {n} samples are lost."
            return
        except sqlite3.Error as error:
            self.failure = f"The recording could not be stored ({error}); {n} samples are lost."
            return
        for row in batch.rows:
            self._written_rows[row.table] = max(self._written_rows[row.table], row.seq)
        self._totals["written"] += n
        self._batch = Batch()
        self._committed_us = now_us

    def _note_utc(self, now_us: int) -> None:
        ahead_us = self._clock.utc_us() - self._clock.now_us()
        stepped = self._utc_ahead_us is not None and abs(ahead_us - self._utc_ahead_us) > _UTC_STEP_US
        if self._utc_ahead_us is not None and not stepped and now_us - self._anchor_us < _ANCHOR_EVERY_US:
            return
        if stepped:
            assert self._utc_ahead_us is not None
            self._batch.notices.append(Notice("utc_stepped", now_us, f"{(ahead_us - self._utc_ahead_us) / 1e6:+.3f} s"))
        self._utc_ahead_us, self._anchor_us = ahead_us, now_us
        self._batch.anchors.append((now_us, now_us + ahead_us))


def _joined(batch: Batch) -> Batch:
    """Make one chunk of the blocks of each segment: fewer rows, and longer runs for the checksum."""
    joined: list[tuple[int, Samples]] = []
    for segment in dict.fromkeys(segment for segment, _ in batch.chunks):
        joined.append((segment, np.concatenate([block for number, block in batch.chunks if number == segment])))
    batch.chunks = joined
    return batch


def _number(text: str) -> float | None:
    """Read the new frequency out of a notice; None where it is none, and the old one stays."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 1 <= value <= 10_000 else None
