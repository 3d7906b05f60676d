"""All that one recording holds, whether it is read from the agent's file or from a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.clock_map import ClockNotMapped, TimeSync, fit_clock
from gaze2report.gaze.display_area import geometry_of_display_area, middle_of_eyes
from gaze2report.gaze.screen_geometry import ScreenGeometry

UNKNOWN_DISTANCE_MM = 650.0
"""Eye to screen where no eye was measured, as for the mouse: the usual distance of a reader."""


class RecordingWithoutScreen(Gaze2ReportError):
    """A recording that does not say what its tracker's screen is, so that no gaze of it lies on a film."""

    code = "recording_without_screen"


@dataclass(frozen=True)
class Segment:
    """A stretch over which the tracker ran through: a new one at each reconnection, pause or change of frequency."""

    segment: int
    started_us: int
    frequency_hz: float
    reason: str


@dataclass(frozen=True)
class LogEntry:
    """A marker or a row of the view log, as the workstation sent it."""

    seq: int
    system_us: int
    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class RecordingContent:
    """One recording. N samples.

    Attributes
    ----------
    reader : str
        Pseudonym.
    source : str
        ``eye``, ``simulation``, ``replay`` or ``mouse``.
    state : str
        ``stopped``, ``recovered`` or ``failed``.
    tracker, versions, counts : mapping
        As the agent wrote them.
    display_area : mapping, optional
        Its three corners in mm; None for the mouse.
    started_us, started_utc_us : int
        The same moment on the host's clock and on the wall clock.
    samples : structured ndarray, shape (N,)
        :data:`gaze2report.gaze.sample_layout.SAMPLE_DTYPE`, in order of arrival.
    sample_segments : ndarray of int, shape (N,)
    exchanges : tuple of TimeSync
    anchors : tuple of (int, int)
        Host time and UTC at one moment, in microseconds.
    notices : tuple of (int, str, str)
        Host time, kind and text of what tracker and agent said.
    """

    recording_id: str
    reader: str
    source: str
    state: str
    ended: str
    tracker: Mapping[str, Any]
    frequency_hz: float
    display_area: Mapping[str, Any] | None
    versions: Mapping[str, str]
    counts: Mapping[str, int]
    is_degraded: bool
    started_us: int
    started_utc_us: int
    samples: NDArray[np.void]
    sample_segments: NDArray[np.int64]
    segments: tuple[Segment, ...]
    exchanges: tuple[TimeSync, ...]
    anchors: tuple[tuple[int, int], ...]
    notices: tuple[tuple[int, str, str], ...]
    markers: tuple[LogEntry, ...]
    views: tuple[LogEntry, ...]

    def marked(self, *kinds: str) -> Iterator[LogEntry]:
        """Give the markers of some kinds, in order of time."""
        found = [marker for marker in self.markers if marker.kind in kinds]
        return iter(sorted(found, key=lambda marker: (marker.system_us, marker.seq)))

    @property
    def pauses_us(self) -> tuple[tuple[int, int], ...]:
        """When nothing was kept because the reader paused it, from and to, in host time."""
        found: list[tuple[int, int]] = []
        since: int | None = None
        for when_us, kind, _ in sorted(self.notices):
            if kind == "paused" and since is None:
                since = when_us
            elif kind == "resumed" and since is not None:
                found.append((since, when_us))
                since = None
        return tuple([*found, (since, 2**62)] if since is not None else found)

    def mapped_clock(self) -> tuple[NDArray[np.int64], float | None]:
        """Host time of each sample in microseconds, shape (N,), and the 99th percentile of the map's error in ms.

        Without exchanges of time the times are those that the tracker's library gave, and the error is None.
        """
        try:
            clock = fit_clock(self.exchanges)
        except ClockNotMapped:
            return np.asarray(self.samples["system_us"], dtype=np.int64), None
        return clock.to_system_us(self.samples["device_us"], self.samples["received_us"]), clock.residual_p99_ms

    def screen(self) -> tuple[str, ScreenGeometry]:
        """The tracker's screen: its name in the view log, and how large it is before the eye.

        Raises
        ------
        RecordingWithoutScreen
            If no marker says how many pixels it has, or its size is not known.
        """
        marker = self._screen_marker()
        width_px, height_px = float(marker["width_px"]), float(marker["height_px"])
        name = str(marker.get("screen", ""))
        if self.display_area is not None:
            area = self.display_area
            corners = area["top_left_mm"], area["top_right_mm"], area["bottom_left_mm"]
            eye_mm = self._eye_mm()
            if eye_mm is None:
                raise RecordingWithoutScreen("the tracker never saw an eye, so the reader's distance is not known")
            try:
                return name, geometry_of_display_area(*corners, eye_mm, width_px, height_px)
            except ValueError as error:
                raise RecordingWithoutScreen(str(error)) from error
        sizes_mm = float(marker.get("width_mm", 0.0)), float(marker.get("height_mm", 0.0))
        distance_mm = float(marker.get("viewing_distance_mm", UNKNOWN_DISTANCE_MM))
        try:
            return name, ScreenGeometry(width_px, height_px, *sizes_mm, distance_mm)
        except ValueError as error:
            raise RecordingWithoutScreen(f"the size of the tracker's screen is not known: {error}") from error

    def _screen_marker(self) -> Mapping[str, Any]:
        told = list(self.marked("tracker_screen")) or list(self.marked("screen"))
        whole = {str(m.body.get("screen", "")): m.body for m in told if {"width_px", "height_px"} <= set(m.body)}
        if not whole:
            raise RecordingWithoutScreen("the recording does not say how many pixels the tracker's screen has")
        if len(whole) == 1 or self.display_area is None:
            return list(whole.values())[-1]
        corners = {name: np.asarray(place, dtype=np.float64) for name, place in self.display_area.items()}
        width_mm = float(np.linalg.norm(corners["top_right_mm"] - corners["top_left_mm"]))
        # Of several monitors that were in use, the one that is as wide as the tracker's display area.
        return min(whole.values(), key=lambda body: abs(float(body.get("width_mm", 0.0)) - width_mm))

    def _eye_mm(self) -> tuple[float, float, float] | None:
        eyes = []
        for eye in ("left", "right"):
            is_known = (self.samples[f"{eye}_origin_valid"] == 1)[:, None]
            eyes.append(np.where(is_known, self.samples[f"{eye}_origin_mm"].astype(np.float64), np.nan))
        # Of a reader of whom one eye alone is seen, that eye is where the gaze comes from.
        return middle_of_eyes(*eyes) or middle_of_eyes(eyes[0], eyes[0]) or middle_of_eyes(eyes[1], eyes[1])
