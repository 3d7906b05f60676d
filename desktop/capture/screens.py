"""Monitors as the window system tells of them, in device pixels, and the one that the tracker is mounted on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QScreen

from desktop.capture.agent_calls import CaptureFault

_LARGEST_SIZE_ERROR = 0.10
"""Share by which a monitor's own size in mm may differ from the tracker's display area: both are rounded and the area
may leave out the frame."""


@dataclass(frozen=True)
class Monitor:
    """One monitor.

    Attributes
    ----------
    fingerprint : str
        Tells it from every other, and from itself under another resolution, scale or place on the desktop: any of
        these makes a calibration stale.
    origin_logical : (int, int)
        Its top left corner on the desktop; negative left of or above the main monitor.
    width_px, height_px : int
        Device pixels.
    ratio : float
        Device pixels per logical pixel.
    width_mm, height_mm : float
        As it says of itself; 0 where it does not.
    name : str
        For the reader.
    """

    fingerprint: str
    origin_logical: tuple[int, int]
    width_px: int
    height_px: int
    ratio: float
    width_mm: float
    height_mm: float
    name: str

    def to_device(self, x_logical: float, y_logical: float) -> tuple[float, float]:
        """Logical pixels of the desktop to device pixels of this monitor."""
        return (x_logical - self.origin_logical[0]) * self.ratio, (y_logical - self.origin_logical[1]) * self.ratio

    def to_fraction(self, x_logical: float, y_logical: float) -> tuple[float, float]:
        """Logical pixels of the desktop to fractions of this monitor, as a tracker counts."""
        x_px, y_px = self.to_device(x_logical, y_logical)
        return x_px / self.width_px, y_px / self.height_px

    def as_marker(self) -> dict[str, Any]:
        """For a marker of a recording."""
        return {
            "screen": self.fingerprint,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "width_mm": self.width_mm,
            "height_mm": self.height_mm,
            "x_logical": self.origin_logical[0],
            "y_logical": self.origin_logical[1],
            "device_pixel_ratio": self.ratio,
        }


def monitor_of(screen: QScreen) -> Monitor:
    """Describe a monitor."""
    area, ratio, size = screen.geometry(), screen.devicePixelRatio(), screen.physicalSize()
    width_px, height_px = round(area.width() * ratio), round(area.height() * ratio)
    serial = hashlib.sha256(f"{screen.manufacturer()}|{screen.model()}|{screen.serialNumber()}".encode()).hexdigest()
    name = screen.name() or "screen"
    fingerprint = f"{name} {width_px}x{height_px}@{ratio:g}{area.x():+d}{area.y():+d} {serial[:8]}"
    return Monitor(
        fingerprint, (area.x(), area.y()), width_px, height_px, ratio, size.width(), size.height(),
        f"{name}, {width_px} x {height_px}",
    )  # fmt: skip


def monitors() -> dict[str, QScreen]:
    """All monitors by fingerprint, the main one first."""
    primary = QGuiApplication.primaryScreen()
    screens = sorted(QGuiApplication.screens(), key=lambda screen: screen is not primary)
    return {monitor_of(screen).fingerprint: screen for screen in screens}


def tracker_screen(chosen: str, display_area: dict[str, Any] | None, source: str) -> QScreen:
    """The monitor that the tracker is mounted on.

    Parameters
    ----------
    chosen : str
        Fingerprint that the reader has chosen; "" where nobody has, which is enough where there is one monitor only.
    display_area : dict or None
        The tracker's, with ``width_mm`` and ``height_mm``.
    source : str
        A simulated tracker or the mouse stands before no monitor in particular, so its size is not compared.

    Raises
    ------
    CaptureFault
        If nobody has said which it is, it is not there or has changed, or its size is not that of the display area.
    """
    there = monitors()
    if chosen:
        screen = there.get(chosen)
        if screen is None:
            raise CaptureFault(
                "The monitor that was chosen for the eye tracker is not there, or its resolution, scale or place has "
                "changed. Choose it again in the gaze panel, then calibrate."
            )
    elif len(there) == 1:
        screen = next(iter(there.values()))
    else:
        raise CaptureFault("Choose in the gaze panel which monitor the eye tracker is mounted on.")
    if display_area is not None and source == "eye":
        _compare_sizes(monitor_of(screen), display_area)
    return screen


def _compare_sizes(monitor: Monitor, display_area: dict[str, Any]) -> None:
    own = (monitor.width_mm, monitor.height_mm)
    set_up = (float(display_area["width_mm"]), float(display_area["height_mm"]))
    if not all(size > 0 for size in own):
        return  # a monitor that does not say its size cannot be compared
    if any(abs(a - b) > _LARGEST_SIZE_ERROR * b for a, b in zip(own, set_up, strict=True)):
        raise CaptureFault(
            f"The tracker is set up for a display of {set_up[0]:.0f} x {set_up[1]:.0f} mm, but the monitor "
            f"{monitor.name} says that it has {own[0]:.0f} x {own[1]:.0f} mm. It is the wrong monitor, or the tracker "
            "must be set up for this one first (Eye Tracker Manager)."
        )


def device_rect(monitor: Monitor, area: QRect) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in device pixels of a rectangle on the desktop."""
    left, top = monitor.to_device(area.x(), area.y())
    right, bottom = monitor.to_device(area.x() + area.width(), area.y() + area.height())
    return left, top, right, bottom
