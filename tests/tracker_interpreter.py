"""An interpreter under which ``import tobii_research`` gives the look-alike, and the eyes before its tracker."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SERIAL_NUMBER, MODEL = "TPSP1-1", "Look-alike Pro"
_TESTS = Path(__file__).parent


class Eyes:
    """Where the reader really looks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def look(self, x: float, y: float) -> None:
        """Look at a place, as fractions of the tracker's display area; touches no disk, so it never waits for one."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(f"{x!r} {y!r}".encode(), str(self.path))


def make_interpreter(folder: Path, area_mm: tuple[float, float], patch: pytest.MonkeyPatch) -> tuple[Path, Eyes]:
    """Write an interpreter for the agent; its tracker is set up for a monitor of this size."""
    eyes = Eyes(folder / "eyes")
    patch.setenv("TOBII_LOOKALIKE_EYES", str(eyes.path))
    patch.setenv("TOBII_LOOKALIKE_AREA_MM", f"{area_mm[0]!r} {area_mm[1]!r}")
    path = folder / "python-of-the-tracker"
    more = f"{_TESTS / 'tobii_package'}:{_TESTS}"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{more}" exec "{sys.executable}" "$@"\n', "utf-8")
    path.chmod(0o700)
    return path, eyes
