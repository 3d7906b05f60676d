"""An import that is killed at any moment leaves a workspace that is whole and can be gone on with."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest
from factories import make_dicom

N_KILLS = 40
N_FILMS = 12


def db(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "db", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.timeout(3600)
def test_a_workspace_outlives_killed_imports(tmp_path):
    rng = random.Random(0)
    films = tmp_path / "films"
    films.mkdir()
    for seed in range(N_FILMS):
        make_dicom(films / f"{seed}.dcm", seed=seed)
    workspace = ["--workspace", str(tmp_path / "workspace")]
    assert db("init", *workspace).returncode == 0
    for _ in range(N_KILLS):
        importing = subprocess.Popen(
            [sys.executable, "-m", "db", "import", *workspace, str(films)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(rng.uniform(0.2, 3.0))
        importing.kill()
        importing.wait(30)
        checked = db("check", *workspace)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finished = db("import", *workspace, str(films))
    assert finished.returncode == 0, finished.stderr
    listed = db("worklist", "--json", *workspace)
    assert len(json.loads(listed.stdout)) == N_FILMS
