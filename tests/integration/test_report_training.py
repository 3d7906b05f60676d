"""Training from the films to the report: stopped and resumed, divided over processes, and with every kind of gaze."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_sets
import train_tiny

from gaze2report.data.dataset import StudyDataset
from gaze2report.training.checkpoint import OtherRun
from gaze2report.training.training_log import read_curve

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "made"
    report_sets.write_report_set(folder, 6, 3, n_views=2)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Curve of a run that nobody stopped."""
    work = tmp_path_factory.mktemp("whole")
    train_tiny.train_tiny(folder, work)
    return (work / "curve.csv").read_bytes()


@pytest.fixture
def studies(folder: Path) -> Iterator[tuple[StudyDataset, StudyDataset]]:
    pair = train_tiny.datasets(folder, max_views=2)
    yield pair
    for dataset in pair:
        dataset.close()


def started(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.timeout(600)
def test_a_run_that_was_killed_goes_on_to_the_very_curve(folder: Path, whole: bytes, tmp_path: Path) -> None:
    killed = started(sys.executable, str(TESTS / "train_tiny.py"), str(folder), str(tmp_path), "4", "5")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = read_curve(tmp_path)
    assert max(row[0] for row in left) == 5  # of which only four are in the checkpoint
    result = train_tiny.train_tiny(folder, tmp_path)
    assert (tmp_path / "curve.csv").read_bytes() == whole
    assert result.fit.steps == 8


@pytest.mark.soak  # three interpreters that import torch: half a minute
@pytest.mark.timeout(600)
def test_two_processes_learn_what_one_does(folder: Path, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "curve.csv").write_bytes(whole)
    # Without a GPU, --multi_gpu is how the launcher starts several processes; the training then takes gloo.
    launch = "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no"
    done = started(
        sys.executable, *launch.split(), str(TESTS / "train_tiny.py"), str(folder), str(tmp_path / "two"), "2"
    )
    assert done.returncode == 0, done.stderr
    one, two = read_curve(tmp_path / "whole"), read_curve(tmp_path / "two")
    assert [row[:3] for row in one] == [row[:3] for row in two]
    assert [row[3] for row in two] == pytest.approx([row[3] for row in one], rel=2e-3, abs=1e-5)


def test_accumulated_gradients_are_those_of_the_whole_batch(folder: Path, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "curve.csv").write_bytes(whole)
    train_tiny.train_tiny(folder, tmp_path / "parts", batch_size=1, accumulation=4)
    one, parts = read_curve(tmp_path / "whole"), read_curve(tmp_path / "parts")
    assert [row[3] for row in parts] == pytest.approx([row[3] for row in one], rel=2e-3, abs=1e-5)


@pytest.mark.soak  # another interpreter that imports torch
@pytest.mark.timeout(600)
def test_films_that_another_process_reads_ahead_change_nothing(folder: Path, whole: bytes, tmp_path: Path) -> None:
    train_tiny.train_tiny(folder, tmp_path, workers=1)
    assert (tmp_path / "curve.csv").read_bytes() == whole


def test_another_run_in_the_same_folder_is_refused(folder: Path, whole: bytes, tmp_path: Path) -> None:
    train_tiny.train_tiny(folder, tmp_path)
    with pytest.raises(OtherRun, match="step_size: 4 there, 2 here"):
        train_tiny.train_tiny(folder, tmp_path, batch_size=2)
