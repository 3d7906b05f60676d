"""Kill -9 of a real workstation while somebody types or measures: nothing older than two seconds may be lost."""

from __future__ import annotations

import os
import queue
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from integration.typing_workstation import LETTERS
from stations import film

from db import measurements, studies
from db.database import open_workspace

ROOT = Path(__file__).parents[2]
MOST_LOST_S = 2.0


def work_and_kill(workspace: Path, film_path: Path, after_s: float, script_name: str) -> tuple[int, int]:
    """Run a workstation that writes letters, or draws lines, and kill it some time after the first.

    Returns
    -------
    due, typed : int
        Letters (lines) that were older than two seconds when it was killed; all of them.
    """
    script = Path(__file__).with_name(script_name)
    with subprocess.Popen(
        [sys.executable, str(script), str(workspace), str(film_path)],
        cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        lines: queue.Queue[tuple[float, int]] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=read_lines, args=(process.stdout, lines), daemon=True).start()
        typed = [lines.get(timeout=60)]
        time.sleep(after_s)
        killed_at = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    while not lines.empty():
        typed.append(lines.get())
    due = max((length for at, length in typed if killed_at - at > MOST_LOST_S), default=0)
    return due, typed[-1][1]


def read_lines(stream: object, lines: queue.Queue[tuple[float, int]]) -> None:
    for line in stream:  # type: ignore[attr-defined]
        at, length = line.split()
        lines.put((float(at), int(length)))


def kept_text(workspace: Path) -> str:
    with sqlite3.connect(workspace / "workspace.db") as connection:
        return str(connection.execute("select findings from reading order by id desc").fetchone()[0])


def kept_lines(workspace: Path) -> int:
    with open_workspace(workspace, exclusive=True) as opened:
        (entry,) = studies.worklist(opened)
        marks = measurements.of_patient(opened, entry.study_uid)
    return sum(len(of_film.measurements) for of_film in marks.values())


def check_workspace(workspace: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "db", "check", "--workspace", str(workspace)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def check_lines_after_kills(tmp_path: Path, moments_s: list[float]) -> None:
    workspace, film_path = tmp_path / "workspace", film(tmp_path)
    count = 0
    for after_s in moments_s:
        due, drawn = work_and_kill(workspace, film_path, after_s, "measuring_workstation.py")
        check_workspace(workspace)
        kept = kept_lines(workspace)
        assert max(due, count) <= kept <= drawn
        count = kept
    assert count > 0


def check_after_kills(tmp_path: Path, moments_s: list[float]) -> None:
    workspace, film_path = tmp_path / "workspace", film(tmp_path)
    length = 0
    for after_s in moments_s:
        due, typed = work_and_kill(workspace, film_path, after_s, "typing_workstation.py")
        check_workspace(workspace)
        text = kept_text(workspace)
        assert text == "".join(LETTERS[n % len(LETTERS)] for n in range(len(text)))
        assert max(due, length) <= len(text) <= typed  # it goes on where the killed one stood
        length = len(text)
    assert length > 0


def test_a_workstation_killed_while_typing_loses_nothing_older_than_two_seconds(tmp_path: Path) -> None:
    check_after_kills(tmp_path, [0.3, 2.5, 1.1])


def test_a_workstation_killed_while_measuring_loses_nothing_older_than_two_seconds(tmp_path: Path) -> None:
    check_lines_after_kills(tmp_path, [2.6])


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_a_hundred_kills_at_random_moments_while_measuring_lose_nothing_older_than_two_seconds(tmp_path: Path) -> None:
    moments = random.Random(21).choices(range(100, 4500), k=100)
    check_lines_after_kills(tmp_path, [moment / 1000 for moment in moments])


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_a_hundred_kills_at_random_moments_while_typing_lose_nothing_older_than_two_seconds(tmp_path: Path) -> None:
    moments = random.Random(20).choices(range(200, 4500), k=100)
    check_after_kills(tmp_path, [moment / 1000 for moment in moments])
