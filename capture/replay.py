"""A recording played again through the same way that samples take from a tracker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from capture import recording
from capture.clocks import Clock, HostClock, TimeSync
from capture.samples import Samples, empty_samples
from capture.spool_schema import SUFFIX
from capture.tracker import DisplayArea, Health, NoCalibration, Taken, TrackerError, TrackerInfo

NAME = "replay"


class ReplayTracker(NoCalibration):
    """Plays a recording in its own time: device times as recorded, host times moved to now."""

    def __init__(self, path: Path, info: TrackerInfo, clock: Clock) -> None:
        self.info = info
        self._path, self._clock = path, clock
        self._about = recording.describe(path)
        self._samples = empty_samples()
        self._syncs: list[TimeSync] = []
        self._at = self._sync_at = 0
        self._shift_us: int | None = None
        self._end_us: int | None = None

    def frequency_hz(self) -> float:
        """Give the frequency it was recorded at."""
        return self._about.frequency_hz

    def display_area(self) -> DisplayArea:
        """Give the display area it was recorded on."""
        area = self._about.display_area
        if area is None:
            raise TrackerError("not_supported", "The recording has no display area in millimetres.")
        corners = [tuple(map(float, area[f"{name}_mm"])) for name in ("top_left", "top_right", "bottom_left")]
        return DisplayArea(*corners)  # type: ignore[arg-type]

    def start(self, frequency_hz: float | None = None) -> None:
        """Begin to play."""
        if frequency_hz not in (None, self._about.frequency_hz):
            raise TrackerError("bad_value", f"The recording was made at {self._about.frequency_hz:g} Hz.")
        if self._shift_us is not None:
            return
        self._samples = recording.samples(self._path)
        segments = recording.rows(self._path, "segment")
        self._syncs = [sync for row in segments for sync in recording.time_syncs(self._path, row["segment"])]
        self._at = self._sync_at = 0
        self._shift_us, self._end_us = self._clock.now_us() - self._about.started_us, None

    def take(self) -> Taken:
        """Give what had arrived by then."""
        if self._shift_us is None:
            return Taken()
        now_us = (self._clock.now_us() if self._end_us is None else self._end_us) - self._shift_us
        end = self._at + int(np.searchsorted(self._samples["received_us"][self._at :], now_us, side="right"))
        block: Samples = self._samples[self._at : end].copy()
        for clock in ("system_us", "received_us"):
            block[clock] += self._shift_us
        syncs = []
        while self._sync_at < len(self._syncs) and self._syncs[self._sync_at].response_us <= now_us:
            sync = self._syncs[self._sync_at]
            syncs.append(TimeSync(sync.request_us + self._shift_us, sync.device_us, sync.response_us + self._shift_us))
            self._sync_at += 1
        self._at = end
        if self._end_us is not None:
            self._shift_us = None
        return Taken(block, tuple(syncs))

    def stop(self) -> None:
        """End."""
        if self._shift_us is not None and self._end_us is None:
            self._end_us = self._clock.now_us()

    def close(self) -> None:
        """Stop."""
        self.stop()

    def health(self) -> Health:
        """Say whether it plays; at its end it does no more."""
        return Health(self._shift_us is not None and self._end_us is None and self._at < len(self._samples))


class ReplayBackend:
    """Offers the recordings of a folder."""

    name = NAME

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder, self._clock = folder, clock or HostClock()

    def find(self) -> tuple[TrackerInfo, ...]:
        """List what can be played: recordings that were ended or recovered."""
        found = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                about = recording.describe(path)
            except recording.NotARecording:
                continue  # `python -m capture verify` names files that are none
            if about.state in ("stopped", "recovered"):
                found.append(_info(path, about))
        return tuple(found)

    def open(self, serial_number: str) -> ReplayTracker:
        """Open one by the id of its recording."""
        for info in self.find():
            if info.serial_number == serial_number:
                return ReplayTracker(Path(info.address), info, self._clock)
        raise TrackerError("not_found", f"There is no recording {serial_number} to replay.")


def _info(path: Path, about: recording.Recording) -> TrackerInfo:
    return TrackerInfo(
        backend=NAME,
        serial_number=about.recording_id,
        model=f"Replay of {about.tracker['model']}",
        name=f"Replay of {about.recording_id}",
        address=str(path),
        source="replay",
        frequencies_hz=(about.frequency_hz,),
        capabilities=("gaze",),
    )
