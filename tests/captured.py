"""Consents, spools and recorders on virtual clocks, for the tests of the capture side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from capture.clocks import VirtualClock
from capture.consent import Consent
from capture.recorder import Recorder
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.spool import SpoolWriter, Start

CONSENT = Consent("consent-1", "reader-17", "2", "research on reading", "operator-3", "2026-01-05T09:00:00+01:00")
VIEW = {
    "cell": 0,
    "image_uid": "1.2.826.0.1.3680043.8.498.1",
    "frame": 0,
    "image_to_screen": [0.5, 0.0, 0.0, 0.5, 120.0, 40.0],
    "clip_screen_px": [0, 0, 1920, 1080],
    "window": [2048.0, 4096.0],
    "is_inverted": False,
    "overlays": ["predicted gaze"],
    "is_draft_visible": True,
    "screen": "screen-1",
}


class Bench:
    """A simulated tracker, recorded step by step on a virtual clock; keeps what was delivered for comparison."""

    def __init__(
        self,
        folder: Path,
        model: SimulatedModel | None = None,
        frequency_hz: float | None = None,
        tracker: Any = None,
        clock: VirtualClock | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.model = model or SimulatedModel()
        self.tracker = tracker or SimulatedBackend([self.model], self.clock).open(self.model.serial_number)
        self.tracker.start(frequency_hz)
        self.frequency_hz = self.tracker.frequency_hz()
        self.tracker_clock = self.tracker.delivery.clock if tracker is None else None
        start = Start(
            "recording-1",
            CONSENT,
            self.tracker.info,
            self.frequency_hz,
            self.tracker.display_area() if self.tracker.info.source != "mouse" else None,
            {},
            self.clock.now_us(),
            self.clock.utc_us(),
        )
        self.delivered: list[np.ndarray] = []
        self.spool = SpoolWriter(folder, start)
        self.path = self.spool.path
        self.recorder = Recorder(self.tracker, self.spool, self.clock, self.frequency_hz, self.delivered.append)

    def run(self, seconds: float, step_s: float = 0.1) -> None:
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            self.recorder.step()

    def all_delivered(self) -> np.ndarray:
        return np.concatenate(self.delivered)
