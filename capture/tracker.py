"""What an eye tracker is to the rest of the program, whatever stands behind it.

A backend finds trackers and opens one; a tracker delivers whole blocks of samples when it is asked (``take``) and never
calls back into the program. Known failures are :class:`TrackerError` with a code and a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from capture.clocks import TimeSync
from capture.samples import Samples, empty_samples

DEGRADING = frozenset(
    {"display_area_changed", "frequency_changed", "mode_changed", "calibration_changed", "stream_buffer_overflow"}
)
"""Notices that make what follows in a recording doubtful: another program has changed the tracker, or data was lost."""


class TrackerError(Exception):
    """A known failure of a tracker.

    Attributes
    ----------
    code : str
        ``not_found``, ``connection_failed``, ``licence``, ``not_supported``, ``invalid_operation``, ``stuck``, ...
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class DisplayArea:
    """The active display area: three corners in the tracker's user coordinates, mm."""

    top_left_mm: tuple[float, float, float]
    top_right_mm: tuple[float, float, float]
    bottom_left_mm: tuple[float, float, float]

    @property
    def width_mm(self) -> float:
        """Length of the upper edge."""
        return _distance(self.top_left_mm, self.top_right_mm)

    @property
    def height_mm(self) -> float:
        """Length of the left edge."""
        return _distance(self.top_left_mm, self.bottom_left_mm)


def _distance(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return float(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5)


@dataclass(frozen=True)
class TrackerInfo:
    """One tracker as found.

    Attributes
    ----------
    backend : str
        ``tobii_research``, ``tittapy``, ``simulated``, ``replay`` or ``mouse``.
    serial_number : str
        The key: the order in which trackers are found changes between calls.
    source : str
        What the samples are: ``eye``, ``simulation``, ``replay`` or ``mouse``; shown and kept with every recording.
    frequencies_hz : tuple of float
    capabilities : tuple of str
    """

    backend: str
    serial_number: str
    model: str
    name: str
    address: str
    source: str
    firmware_version: str = ""
    runtime_version: str = ""
    sdk_version: str = ""
    frequencies_hz: tuple[float, ...] = ()
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something the tracker said about itself, in host time."""

    kind: str
    system_us: int
    text: str = ""


@dataclass(frozen=True)
class Taken:
    """What arrived since the last ``take``.

    Attributes
    ----------
    samples : ndarray of SAMPLE_DTYPE, shape (n,)
        In the order of arrival.
    syncs : tuple of TimeSync
    notices : tuple of Notice
    dropped : int
        Samples that arrived and found the buffer full, since the last ``take``.
    """

    samples: Samples = field(default_factory=empty_samples)
    syncs: tuple[TimeSync, ...] = ()
    notices: tuple[Notice, ...] = ()
    dropped: int = 0


@dataclass(frozen=True)
class Health:
    """State of a tracker: streaming or not, and the first thing that went wrong in its callbacks."""

    is_streaming: bool
    is_stuck: bool = False
    callback_errors: int = 0
    first_error: str = ""


@dataclass(frozen=True)
class CalibrationSample:
    """Where each eye was measured while it looked at a point, and whether the measure was used."""

    left: tuple[float, float]
    right: tuple[float, float]
    left_used: bool
    right_used: bool


@dataclass(frozen=True)
class CalibrationOutcome:
    """Result of a calibration, told per eye: the status of a point alone does not say which eye failed."""

    succeeded: bool
    points: tuple[tuple[tuple[float, float], tuple[CalibrationSample, ...]], ...]

    def eye_used(self, eye: str) -> int:
        """Count the points at which an eye ("left" or "right") has a sample that was used."""
        return sum(any(getattr(sample, f"{eye}_used") for sample in samples) for _, samples in self.points)


class Tracker(Protocol):
    """One open tracker. ``start`` and ``stop`` may be called in any state and do what is still to be done."""

    @property
    def info(self) -> TrackerInfo:
        """The tracker as found."""

    def frequency_hz(self) -> float:
        """Read the sampling frequency in force."""

    def display_area(self) -> DisplayArea:
        """Read the display area in force."""

    def start(self, frequency_hz: float | None = None) -> None:
        """Begin to deliver samples. Raises TrackerError."""

    def take(self) -> Taken:
        """Give what has arrived; never waits."""

    def stop(self) -> None:
        """End the delivery; what has arrived can still be taken."""

    def close(self) -> None:
        """Stop and let the tracker go."""

    def health(self) -> Health:
        """Say how it is; never calls the tracker's library."""

    def enter_calibration(self) -> None:
        """Enter calibration mode."""

    def collect(self, x: float, y: float) -> bool:
        """Collect for a point of the display area (0 to 1); True where the tracker got usable data. Takes about 1 s."""

    def discard(self, x: float, y: float) -> None:
        """Throw away what was collected at a point."""

    def compute_calibration(self) -> CalibrationOutcome:
        """Compute and apply. Raises TrackerError("calibration_failed") where there is nothing to compute from."""

    def leave_calibration(self) -> None:
        """Leave calibration mode; in any state."""


class Backend(Protocol):
    """One way to reach trackers."""

    @property
    def name(self) -> str:
        """Name by which it is chosen."""

    def find(self) -> tuple[TrackerInfo, ...]:
        """Look for trackers; empty where there is none. Raises TrackerError."""

    def open(self, serial_number: str) -> Tracker:
        """Open a tracker. Raises TrackerError."""


class NoCalibration:
    """For backends that cannot be calibrated: says so, whatever is asked."""

    def _refuse(self) -> TrackerError:
        return TrackerError("not_supported", "This source of gaze cannot be calibrated.")

    def enter_calibration(self) -> None:
        """Refuse."""
        raise self._refuse()

    def collect(self, x: float, y: float) -> bool:
        """Refuse."""
        raise self._refuse()

    def discard(self, x: float, y: float) -> None:
        """Refuse."""
        raise self._refuse()

    def compute_calibration(self) -> CalibrationOutcome:
        """Refuse."""
        raise self._refuse()

    def leave_calibration(self) -> None:
        """Do nothing: there is no mode to leave."""
