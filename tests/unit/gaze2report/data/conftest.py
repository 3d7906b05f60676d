from __future__ import annotations

from collections.abc import Iterator

import pytest

from gaze2report.imaging.intake import Intake


@pytest.fixture(scope="session")
def intake() -> Iterator[Intake]:
    """One intake worker for all conversions of the run."""
    with Intake() as made:
        yield made
