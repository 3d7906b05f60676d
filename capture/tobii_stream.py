"""What a tracker library's threads may touch: buffers made beforehand, filled by callbacks that never raise or wait.

The library calls back from threads of its own, under a lock of its own, and turns an exception of a callback into
another one that nobody sees. So a callback copies into a buffer and nothing else, and what goes wrong in it is counted
and kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from capture.clocks import Clock, TimeSync
from capture.samples import SAMPLE_DTYPE, Samples, empty_samples
from capture.tracker import Notice

RING_SAMPLES = 90_000
"""75 s at 1200 Hz."""
_HOLD_FOR_OPENNESS_US = 100_000
_MAX_WAITING = 20_000
_NAN = float("nan")


class SampleRing:
    """A ring for one writing and one reading thread; what finds it full is counted, never silently dropped."""

    def __init__(self, capacity: int = RING_SAMPLES) -> None:
        self._ring = np.zeros(capacity, SAMPLE_DTYPE)
        self._capacity = capacity
        self._written = self._read = 0
        self._dropped = self._told = 0

    def put(self, row: tuple[Any, ...]) -> None:
        """Copy one sample in."""
        if self._written - self._read >= self._capacity:
            self._dropped += 1
            return
        self._ring[self._written % self._capacity] = row
        self._written += 1  # last: until then the reader does not look at the row

    def take(self) -> tuple[Samples, int]:
        """Copy out what is there; with the number dropped since the last time."""
        written, dropped = self._written, self._dropped
        begin, end = self._read % self._capacity, written % self._capacity
        if written == self._read:
            block = self._ring[:0].copy()
        elif begin < end:
            block = self._ring[begin:end].copy()
        else:
            block = np.concatenate((self._ring[begin:], self._ring[:end]))
        self._read = written
        told, self._told = self._told, dropped
        return block, dropped - told


class StreamSink:
    """The callbacks of one tracker, and what they have collected.

    Parameters
    ----------
    clock : Clock
    ahead_us : int
        How far the library's system clock is ahead of the host's; 0 where they are the same.
    joins_openness : bool
        Wait up to 100 ms for the eye openness of a sample, which comes in a stream of its own.
    """

    def __init__(self, clock: Clock, ahead_us: int, joins_openness: bool, capacity: int = RING_SAMPLES) -> None:
        self._clock, self._ahead_us, self._joins_openness = clock, ahead_us, joins_openness
        self._ring = SampleRing(capacity)
        self._openness: deque[tuple[int, float, int, float, int]] = deque(maxlen=_MAX_WAITING)
        self._syncs: deque[TimeSync] = deque(maxlen=_MAX_WAITING)
        self._notices: deque[Notice] = deque(maxlen=_MAX_WAITING)
        self._held = empty_samples()
        self._known = np.zeros((0, 5))
        self.errors = 0
        self.first_error = ""

    def on_gaze(self, data: Mapping[str, Any]) -> None:
        """Take a gaze sample as the library gives it."""
        try:
            left, right = _eye(data, "left"), _eye(data, "right")
            times = (data["device_time_stamp"], data["system_time_stamp"] - self._ahead_us, self._clock.now_us())
            self._ring.put((*times, *left, *right))
        except BaseException as error:  # noqa: BLE001 - a library's thread: nothing may leave it, health() tells it
            self._fail(error)

    def on_openness(self, data: Mapping[str, Any]) -> None:
        """Take the eye openness of a sample."""
        try:
            left = (data["left_eye_openness_value"], int(data["left_eye_validity"]))
            right = (data["right_eye_openness_value"], int(data["right_eye_validity"]))
            self._openness.append((data["device_time_stamp"], *left, *right))
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def on_sync(self, data: Mapping[str, Any]) -> None:
        """Take a time exchange."""
        try:
            asked, answered = data["system_request_time_stamp"], data["system_response_time_stamp"]
            device = data["device_time_stamp"]
            self._syncs.append(TimeSync(int(asked) - self._ahead_us, int(device), int(answered) - self._ahead_us))
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def on_notice(self, kind: str, text_field: str, data: Mapping[str, Any]) -> None:
        """Take something the tracker says about itself."""
        try:
            text = str(data.get(text_field, "")) if text_field else ""
            self._notices.append(Notice(kind, int(data["system_time_stamp"]) - self._ahead_us, text[:500]))
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def add(self, notice: Notice) -> None:
        """Add a notice of our own."""
        self._notices.append(notice)

    def take(self, is_ended: bool = False) -> tuple[Samples, tuple[TimeSync, ...], tuple[Notice, ...], int]:
        """Give what was collected: samples, exchanges, notices, and the samples dropped."""
        samples, dropped = self._ring.take()
        if self._joins_openness:
            samples = self._with_openness(np.concatenate((self._held, samples)), is_ended)
        return samples, _drain(self._syncs), _drain(self._notices), dropped

    def _with_openness(self, samples: Samples, is_ended: bool) -> Samples:
        arrived = np.array(_drain(self._openness), float).reshape(-1, 5)  # µs up to 2^53 are exact in a float
        known = np.concatenate((self._known, arrived))
        known = known[np.argsort(known[:, 0], kind="stable")]
        newest = known[-1, 0] if len(known) else -1.0
        is_late = samples["received_us"] < self._clock.now_us() - _HOLD_FOR_OPENNESS_US
        is_ready = (samples["device_us"] <= newest) | is_late | is_ended
        n = len(samples) if is_ready.all() else int(np.argmin(is_ready))
        ready, self._held = samples[:n], samples[n:].copy()
        if len(known) and n:
            at = np.minimum(np.searchsorted(known[:, 0], ready["device_us"]), len(known) - 1)
            found = known[at, 0] == ready["device_us"]
            for column, eye in ((1, "left"), (3, "right")):
                ready[f"{eye}_openness_mm"][found] = known[at[found], column]
                ready[f"{eye}_openness_valid"][found] = known[at[found], column + 1]
            known = known[known[:, 0] > ready["device_us"].max()]
        self._known = known[-_MAX_WAITING:]
        return ready

    def _fail(self, error: BaseException) -> None:
        self.errors += 1
        self.first_error = self.first_error or f"{type(error).__name__}: {error}"


def _eye(data: Mapping[str, Any], eye: str) -> tuple[Any, ...]:
    x, y = data[f"{eye}_gaze_point_on_display_area"]
    return (
        x,
        y,
        data[f"{eye}_gaze_point_in_user_coordinate_system"],
        data[f"{eye}_gaze_origin_in_user_coordinate_system"],
        data[f"{eye}_pupil_diameter"],
        _NAN,
        data[f"{eye}_gaze_point_validity"],
        data[f"{eye}_gaze_origin_validity"],
        data[f"{eye}_pupil_validity"],
        0,
    )


def _drain(queue: deque[Any]) -> tuple[Any, ...]:
    return tuple(queue.popleft() for _ in range(len(queue)))
