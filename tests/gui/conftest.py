"""Fixtures of the GUI tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stations import Station, host_command, station


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform remarks on size hints at each top-level window; it means nothing."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.fixture
def make_station(qtbot: object, tmp_path: Path) -> Iterator[Callable[..., Station]]:
    """Make workstations on the workspace of this test; the scripted host's mode and step can be chosen."""
    with ExitStack() as stack:

        def make(mode: str = "normal", step_s: float = 0.002, *more: str, folder: Path = tmp_path) -> Station:
            made = stack.enter_context(station(folder, host_command(mode, step_s, *more)))
            made.window.show()
            return made

        yield make
