"""One connected tracker and at most one recording: what the agent does, without its socket.

Commands come one at a time; the recording runs in its own thread, whatever becomes of whoever asked for it.
"""

from __future__ import annotations

import platform
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from capture.backends import find_all
from capture.clocks import Clock
from capture.consent import Consent, NoConsent
from capture.log_rows import BadRow, LogRow
from capture.mouse import MouseTracker
from capture.protocol import AGENT_VERSION
from capture.recorder import Recorder
from capture.simulated import SimulatedTracker
from capture.spool import SpoolError, SpoolWriter, Start
from capture.tracker import Backend, Tracker, TrackerError
from capture.watch import RecentSamples, Watch, packed

_RECORDING_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,63}")
_RECORDER_LIMIT_S = 10.0


class Refused(Exception):
    """A request that is not done; ``code`` for the program, the text for the user."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Session:
    """What an agent holds.

    Parameters
    ----------
    backends : dict of str to Backend
    folder : Path
        Where recordings are written.
    clock : Clock
    on_ended : callable
        Is told the id of a recording that ended unasked, and why; from the recording's thread.
    """

    def __init__(
        self, backends: dict[str, Backend], folder: Path, clock: Clock, on_ended: Callable[[str, str], None]
    ) -> None:
        self._backends, self._folder, self._clock, self._on_ended = backends, folder, clock, on_ended
        self._commands = threading.RLock()
        self._tracker: Tracker | None = None
        self._recorder: Recorder | None = None
        self._thread: threading.Thread | None = None
        self._should_end = threading.Event()
        self._why = ""
        self._recent = RecentSamples()
        self._watch: Watch | None = None

    def listed(self) -> dict[str, Any]:
        """List the trackers of every backend."""
        with self._commands:
            found, failed = find_all(self._backends)
        return {"trackers": [asdict(info) for info in found], "failed": failed}

    def connect(self, backend: str, serial_number: str) -> dict[str, Any]:
        """Open a tracker; the one before is closed."""
        with self._commands:
            self._refuse_while_recording("connect another tracker")
            if backend not in self._backends:
                raise Refused("not_found", f"This agent has no backend {backend}.")
            self._end_watch()
            if self._tracker is not None:
                self._tracker.close()
                self._tracker = None
            self._tracker = self._backends[backend].open(serial_number)
            return {"tracker": asdict(self._tracker.info)}

    def check(self) -> dict[str, Any]:
        """Say what is set in the connected tracker."""
        with self._commands:
            tracker = self._connected()
            return {
                "tracker": asdict(tracker.info),
                "frequency_hz": tracker.frequency_hz(),
                "display_area": self._area(tracker),
                "health": asdict(tracker.health()),
            }

    def start(self, recording_id: str, consent: object, frequency_hz: float) -> dict[str, Any]:
        """Begin to record; the consent is kept before anything else is."""
        with self._commands:
            self._refuse_while_recording("start another recording")
            if not _RECORDING_ID.fullmatch(recording_id):
                raise Refused("bad_value", "A recording id has 3 to 64 letters, digits, '-' or '_'.")
            try:
                agreed = Consent.from_body(consent)
                agreed.check_at(self._clock.utc_us())
            except NoConsent as error:
                raise Refused("no_consent", str(error)) from error
            tracker = self._connected()
            area = None
            if tracker.info.source != "mouse":
                area = tracker.display_area()
            self._end_watch()
            tracker.take()  # what was seen before the consent is nobody's
            tracker.start(frequency_hz or None)
            try:
                actual_hz = tracker.frequency_hz()
                versions = {
                    "agent": AGENT_VERSION,
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                    "clock": "monotonic",
                }
                now_us, utc_us = self._clock.now_us(), self._clock.utc_us()
                spool = SpoolWriter(
                    self._folder,
                    Start(recording_id, agreed, tracker.info, actual_hz, area, versions, now_us, utc_us),
                )
            except (SpoolError, TrackerError, sqlite3.Error) as error:
                tracker.stop()
                if isinstance(error, TrackerError):
                    raise
                raise Refused("not_stored", str(error)) from error
            self._begin(Recorder(tracker, spool, self._clock, actual_hz, self._recent.add))
            return {"recording_id": recording_id, "frequency_hz": actual_hz, "started_us": now_us}

    def stop(self, why: str = "stopped by the reader") -> dict[str, Any]:
        """End the recording; the last samples are stored before this returns."""
        with self._commands:
            recorder, thread = self._recorder, self._thread
            if recorder is None or thread is None:
                raise Refused("invalid_operation", "Nothing is being recorded.")
            self._why = why
            self._should_end.set()
            thread.join(_RECORDER_LIMIT_S)
            if thread.is_alive():
                raise Refused("stuck", "The recording does not end; the capture agent must be restarted.")
            return recorder.state

    def state_of(self, recording_id: str) -> dict[str, Any]:
        """Say how a recording under way stands, for a client that comes back to it."""
        recorder = self._recorder
        if recorder is None or recorder.state["recording_id"] != recording_id:
            raise Refused("not_found", f"Recording {recording_id} is not under way.")
        return recorder.state

    def add(self, parse: Callable[[Mapping[str, Any]], LogRow], body: Mapping[str, Any]) -> None:
        """Add a marker or view-log row."""
        recorder = self._recording()
        try:
            recorder.add(parse(body))
        except BadRow as error:
            raise Refused("bad_value", str(error)) from error

    def pause(self, is_paused: bool) -> None:
        """Stop or go on keeping samples."""
        self._recording().pause(is_paused)

    def calibrate(self, step: str, x: float, y: float) -> dict[str, Any]:
        """Do one step of a calibration."""
        with self._commands:
            tracker = self._connected()
            if step == "enter":
                self._refuse_while_recording("calibrate")
                tracker.enter_calibration()
            elif step == "collect":
                return {"has_data": tracker.collect(x, y)}
            elif step == "discard":
                tracker.discard(x, y)
            elif step == "compute":
                outcome = tracker.compute_calibration()
                return {**asdict(outcome), "used": {eye: outcome.eye_used(eye) for eye in ("left", "right")}}
            elif step == "leave":
                tracker.leave_calibration()
            else:
                raise Refused("bad_value", f"{step!r} is no step of a calibration.")
            return {}

    def abandon_calibration(self) -> None:
        """Leave calibration mode when whoever led it is gone: a tracker must not stay in it."""
        with self._commands:
            if self._tracker is not None and self._recorder is None:
                self._tracker.leave_calibration()

    def point(self, kind: str, x: float, y: float) -> None:
        """Tell a simulated eye what it is shown ("look"), or the mouse tracker where the mouse is ("pointer")."""
        tracker = self._connected()
        if kind == "look" and isinstance(tracker, SimulatedTracker):
            tracker.look_at(x, y)
        elif kind == "pointer" and isinstance(tracker, MouseTracker):
            tracker.point_at(x, y)
        else:
            raise Refused("not_supported", "Only a simulated eye or the mouse can be told where it looks.")

    def health(self) -> dict[str, Any]:
        """Say how tracker and recording are; waits for nothing."""
        tracker, recorder = self._tracker, self._recorder
        return {
            "tracker": asdict(tracker.info) if tracker else None,
            "tracker_health": asdict(tracker.health()) if tracker else None,
            "recording": recorder.state if recorder else None,
        }

    def newest_gaze(self) -> dict[str, Any] | None:
        """Take the newest sample for the live view, once."""
        return self._recent.take_newest()

    def watch(self, is_on: bool) -> None:
        """Let samples come without a recording, in memory only; a recording under way is watched anyway."""
        with self._commands:
            if not is_on:
                self._end_watch()
            elif self._recorder is None and self._watch is None:
                self._watch = Watch(self._connected(), self._recent)

    def recent(self, since_us: int) -> dict[str, Any]:
        """Give the samples of the last seconds from a moment of the host's clock on."""
        if self._watch is not None and self._watch.failure:
            raise Refused("tracker_failed", self._watch.failure)
        return packed(self._recent.since(since_us))

    def close(self, why: str) -> None:
        """End the recording, if any, and let the tracker go."""
        with self._commands:
            if self._recorder is not None:
                self.stop(why)
            self._end_watch()
            if self._tracker is not None:
                self._tracker.close()
                self._tracker = None

    @property
    def is_recording(self) -> bool:
        """Whether a recording is under way."""
        return self._recorder is not None

    def _begin(self, recorder: Recorder) -> None:
        self._should_end = threading.Event()
        self._why = ""
        self._recorder = recorder
        self._thread = threading.Thread(target=self._run, args=(recorder,), name="recorder", daemon=True)
        self._thread.start()

    def _run(self, recorder: Recorder) -> None:
        try:
            recorder.run(self._should_end)
        except (TrackerError, sqlite3.Error, OSError, ValueError) as error:
            recorder.failure = f"The recording ended: {error}"
        finally:
            recorder.finish(self._why or "ended")
            self._recorder = None
            self._recent.clear()
        if recorder.failure:
            self._on_ended(recorder.state["recording_id"], recorder.failure)

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def _connected(self) -> Tracker:
        if self._tracker is None:
            raise Refused("invalid_operation", "No tracker is connected.")
        return self._tracker

    def _recording(self) -> Recorder:
        recorder = self._recorder
        if recorder is None:
            raise Refused("invalid_operation", "Nothing is being recorded.")
        return recorder

    def _refuse_while_recording(self, what: str) -> None:
        if self._recorder is not None:
            raise Refused("invalid_operation", f"A recording is under way; stop it to {what}.")

    @staticmethod
    def _area(tracker: Tracker) -> dict[str, Any] | None:
        if tracker.info.source == "mouse":
            return None
        area = tracker.display_area()
        return {**asdict(area), "width_mm": area.width_mm, "height_mm": area.height_mm}
