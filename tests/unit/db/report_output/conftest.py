from __future__ import annotations

from pathlib import Path

import pytest
from reported_studies import Reported, reported_study

from db.database import Workspace


@pytest.fixture
def reported(workspace: Workspace, tmp_path: Path) -> Reported:
    """A study with a draft and an open reading, nothing accepted yet."""
    return reported_study(workspace, tmp_path)
