"""Recordings of a simulated reader before films of a workspace, on virtual clocks."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from captured import CONSENT, VIEW, Bench

from capture import log_rows
from capture.clocks import VirtualClock
from capture.consent import Consent
from capture.recorder import Recorder
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.spool import SpoolWriter, Start

SCREEN = {"screen": "screen-1", "width_px": 1920, "height_px": 1080}
FILM_PX = (2000, 1600)


def consent_of(reader: str, consent_id: str = "", **changed: str) -> Consent:
    """A reader's consent, otherwise as the usual one."""
    values = {"reader_pseudonym": reader, "consent_id": consent_id or f"consent-of-{reader}", **changed}
    return dataclasses.replace(CONSENT, **values)


class CaseBench(Bench):
    """A recording of its own id and consent, with markers and views added on the way."""

    def __init__(self, folder: Path, recording_id: str, consent: Consent, frequency_hz: float) -> None:
        self.clock = VirtualClock()
        seed = zlib.crc32(recording_id.encode())  # no two readers look alike
        backend = SimulatedBackend([SimulatedModel(seed=seed)], self.clock)
        self.tracker = backend.open("SIM-1200")
        self.tracker.start(frequency_hz)
        self.frequency_hz = self.tracker.frequency_hz()
        area = self.tracker.display_area()
        times = self.clock.now_us(), self.clock.utc_us()
        self.delivered = []
        self.spool = SpoolWriter(
            folder, Start(recording_id, consent, self.tracker.info, self.frequency_hz, area, {"agent": "1"}, *times)
        )
        self.path = self.spool.path
        self.recorder = Recorder(self.tracker, self.spool, self.clock, self.frequency_hz, self.delivered.append)
        self._seq = 0

    def mark(self, event: str, **detail: Any) -> None:
        body = {"seq": self._next(), "system_us": self.clock.now_us(), "event": event, "detail": detail}
        self.recorder.add(log_rows.marker(body))

    def show(self, image_uid: str, **changed: Any) -> None:
        shown = {**VIEW, "overlays": [], "is_draft_visible": False, "image_uid": image_uid, **changed}
        body = {"seq": self._next(), "system_us": self.clock.now_us(), "view": shown}
        self.recorder.add(log_rows.view(body))

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def record_case(
    folder: Path,
    film: str,
    *,
    recording_id: str = "rec-1",
    consent: Consent = CONSENT,
    seconds: float = 4.0,
    frequency_hz: float = 300.0,
    overlays: Sequence[str] = (),
    markers: Iterable[tuple[str, dict[str, Any]]] = (),
) -> Path:
    """One case: the film alone for half of the time, then with ``overlays`` over it."""
    bench = CaseBench(folder, recording_id, consent, frequency_hz)
    bench.mark("screen", **SCREEN)
    bench.mark("film", image_uid=film, columns_px=FILM_PX[0], rows_px=FILM_PX[1])
    bench.mark("validation", mean_accuracy_left_dva=0.4, mean_accuracy_right_dva=0.6, screen="screen-1")
    for event, detail in markers:
        bench.mark(event, **detail)
    bench.mark("case_opened")
    bench.show(film)
    bench.run(seconds / 2)
    bench.show(film, overlays=list(overlays))
    bench.run(seconds / 2)
    bench.mark("case_closed")
    bench.recorder.finish("stopped by the reader")
    bench.tracker.close()
    return bench.path
