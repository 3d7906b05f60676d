"""``python -m desktop`` as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stations import film, host_command

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def run_desktop(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desktop", *map(str, arguments)],
        cwd=Path(__file__).parents[2], env={**__import__("os").environ, **environment},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_a_screenshot_of_a_signed_report_is_made_without_a_screen(tmp_path: Path) -> None:
    picture = tmp_path / "signed.png"
    ran = run_desktop(
        "--workspace", tmp_path / "workspace", "--screenshot", picture, "--screenshot-after", "signed",
        "--host-command", " ".join(host_command()), film(tmp_path),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    listed = subprocess.run(
        [sys.executable, "-m", "db", "worklist", "--json", "--workspace", tmp_path / "workspace"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '"final"' in json.dumps(json.loads(listed.stdout))


def test_without_a_display_there_is_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    ran = run_desktop("--workspace", tmp_path, QT_QPA_PLATFORM="")
    assert ran.returncode == 2
    assert "there is no display" in ran.stderr
    ran = run_desktop("--workspace", tmp_path, QT_QPA_PLATFORM="", DISPLAY=":4711")
    assert ran.returncode == 2
    assert "no X server answers" in ran.stderr


def test_a_second_window_on_the_same_workspace_is_told_so(make_station, tmp_path: Path) -> None:
    make_station(start_host=False)
    picture = tmp_path / "second.png"
    ran = run_desktop("--workspace", tmp_path / "workspace", "--no-model", "--screenshot", picture)
    assert ran.returncode == 3
    log = (tmp_path / "workspace" / "logs" / "desktop.log").read_text()
    assert "told the reader of WorkspaceInUse" in log


def test_starting_the_workstation_loads_neither_torch_nor_pydicom() -> None:
    code = (
        "import sys, desktop.app, desktop.workstation;"
        "print(sorted({'torch', 'pydicom', 'sqlalchemy', 'pyqtgraph'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
