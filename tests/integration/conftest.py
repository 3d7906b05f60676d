"""Fixtures of the tests of several parts together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stations import Station

    from gaze2report.imaging.intake import Intake


@pytest.fixture(scope="session")
def station_intake() -> Iterator[Intake]:
    """One intake for all workstations of a run."""
    from gaze2report.imaging.intake import Intake

    with Intake() as intake:
        yield intake


@pytest.fixture
def make_station(qtbot: object, tmp_path: Path, station_intake: Intake) -> Iterator[Callable[..., Station]]:
    """Make workstations on the workspace of this test; mode and step of the scripted host can be chosen."""
    from stations import FAST, host_command, station

    with ExitStack() as stack:

        def make(mode: str = "normal", *more: object, start_host: bool = True, times: object = FAST) -> Station:
            command = host_command(mode, 0.002, *map(str, more))
            made = stack.enter_context(station(tmp_path, station_intake, command, times))  # type: ignore[arg-type]
            made.window.show()
            if start_host:
                made.services.host.start()
            return made

        yield make
