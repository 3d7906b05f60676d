"""``python -m capture check``: whether an interpreter can drive the tracker, said in a sentence and an exit status."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from captured import Bench

from capture import __main__ as command
from capture import recording

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sdk_that(tmp_path, monkeypatch):
    """Put a module in the SDK's place, with the given source."""

    def place(source: str) -> None:
        (tmp_path / "tobii_research.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return place


def test_an_sdk_that_loads_gives_0_and_its_version(sdk_that, capsys):
    sdk_that("__version__ = '2.1.0'")
    assert command.main(["check", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["can_load_sdk"] is True
    assert answer["sdk_version"] == "2.1.0"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("raise ImportError('libtobii.so: cannot open')", id="library_missing"),
        pytest.param("import os; os.abort()", id="crash"),
    ],
)
def test_an_sdk_that_fails_gives_3_and_the_reason(source, sdk_that, monkeypatch, capsys):
    sdk_that(source)
    monkeypatch.setattr(command.sys, "version_info", (3, 10, 13, "final", 0))
    assert command.main(["check"]) == 3
    assert "installed but does not load" in capsys.readouterr().out


def test_an_sdk_that_hangs_is_given_up(sdk_that, monkeypatch):
    sdk_that("import time; time.sleep(60)")
    monkeypatch.setattr(command, "_LOAD_LIMIT_S", 0.5)
    support = command.check()
    assert not support.can_load_sdk
    assert "did not load within" in support.reason


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="the SDK may be installed for 3.10")
def test_another_python_is_told_which_one_is_needed(capsys):
    assert command.main(["check"]) == 3
    assert "python3.10" in capsys.readouterr().out


def test_wrong_use_gives_2(capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(["calibrate"])
    assert caught.value.code == 2


def test_it_runs_from_its_folder_without_being_installed():
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "capture", "check"],  # -S: no site-packages at all
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    assert done.stderr == ""


def test_before_a_command_is_chosen_it_imports_the_standard_library_only():
    tree = ast.parse((ROOT / "capture" / "__main__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert all(name.split(".")[0] in sys.stdlib_module_names for name in names)


def test_without_numpy_the_other_commands_are_said_to_need_it():
    done = subprocess.run(
        [sys.executable, "-S", "-m", "capture", "--help"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "need numpy" in done.stdout


def test_a_recording_that_was_cut_off_is_closed_by_a_command(tmp_path, capsys):
    bench = Bench(tmp_path)
    bench.run(1)
    bench.spool.release()
    assert command.main(["recover", str(tmp_path)]) == 0
    assert "1 recovered, 0 cannot be read" in capsys.readouterr().out
    assert recording.describe(bench.path).state == "recovered"
    assert command.main(["recover", str(tmp_path)]) == 0
    assert "0 recovered" in capsys.readouterr().out
