"""The ways to reach a tracker that an agent offers; one that cannot be had says why and keeps no other from working."""

from __future__ import annotations

from pathlib import Path

from capture.clocks import Clock, HostClock
from capture.mouse import MouseBackend
from capture.replay import ReplayBackend
from capture.simulated import SimulatedBackend
from capture.tittapy import TittapyBackend
from capture.tobii import TobiiBackend
from capture.tracker import Backend, TrackerError, TrackerInfo

NAMES = ("tobii_research", "tittapy", "simulated", "replay", "mouse")


def make_backends(
    names: tuple[str, ...], folder: Path, clock: Clock | None = None
) -> tuple[dict[str, Backend], dict[str, str]]:
    """Make the backends asked for.

    Returns
    -------
    dict of str to Backend
    dict of str to str
        Those that cannot be had, each with a sentence that says why.
    """
    clock = clock or HostClock()
    made: dict[str, Backend] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            made[name] = _make(name, folder, clock)
        except TrackerError as error:
            missing[name] = str(error)
    return made, missing


def _make(name: str, folder: Path, clock: Clock) -> Backend:
    if name == "tobii_research":
        return TobiiBackend(clock=clock)
    if name == "tittapy":
        return TittapyBackend(clock=clock)
    if name == "simulated":
        return SimulatedBackend(clock=clock)
    if name == "replay":
        return ReplayBackend(folder, clock)
    if name == "mouse":
        return MouseBackend(clock)
    raise TrackerError("not_found", f"There is no backend {name}; there are {', '.join(NAMES)}.")


def find_all(backends: dict[str, Backend]) -> tuple[list[TrackerInfo], dict[str, str]]:
    """Look for trackers in every backend; those that fail are named with their reason."""
    found: list[TrackerInfo] = []
    failed: dict[str, str] = {}
    for name, backend in backends.items():
        try:
            found += backend.find()
        except TrackerError as error:
            failed[name] = str(error)
    return found, failed
