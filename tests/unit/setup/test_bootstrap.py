"""The set-up: does nothing twice, repairs what it finds broken, and says what it cannot do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gaze2report.system_libraries import SystemLibrary

ROOT = Path(__file__).parents[3]
EGL = SystemLibrary("libEGL.so.1", "libegl1")
XCB = SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", only_for_x11_windows=True)


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """The set-up script on a folder of its own, with every command noted instead of run."""
    specification = importlib.util.spec_from_file_location("bootstrap", ROOT / "setup" / "bootstrap.py")
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setattr(sys, "path", list(sys.path))  # it adds the folder of the program
    specification.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(f"# {name}\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(module, "fetch_language_model", lambda: None)
    monkeypatch.setattr(module.system_libraries, "missing_libraries", list)
    module.commands = []

    def run(command, *, env=None):
        module.commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            module.VENV_PYTHON.parent.mkdir(parents=True)
            module.VENV_PYTHON.touch()
            (module.VENV / "pyvenv.cfg").touch()
        return 0

    monkeypatch.setattr(module, "run", run)
    return module


def installs(bootstrap) -> list[str]:
    """The targets given to pip, for example ``.[demo]``."""
    return [command[-1] for command in bootstrap.commands if command[1:4] == ["-m", "pip", "install"]]


def test_a_bare_folder_gets_an_environment_and_the_packages(bootstrap):
    bootstrap.set_up({"demo", "test"})
    assert bootstrap.commands[0][1:3] == ["-m", "venv"]
    assert installs(bootstrap) == [".[demo,test]"]


def test_the_second_time_nothing_is_run(bootstrap):
    bootstrap.set_up({"demo", "test"})
    bootstrap.commands.clear()
    bootstrap.set_up({"demo"})
    assert bootstrap.commands == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_is_installed_at_the_next_start(bootstrap, name):
    bootstrap.set_up({"demo"})
    bootstrap.commands.clear()
    (bootstrap.ROOT / name).write_text("# changed\n")
    bootstrap.set_up({"demo"})
    assert installs(bootstrap) == [".[demo]"]


def test_a_further_extra_is_added_to_those_already_there(bootstrap):
    bootstrap.set_up({"demo", "test"})
    bootstrap.set_up({"check"})
    assert installs(bootstrap)[-1] == ".[check,demo,test]"


def test_an_installation_that_failed_is_tried_again(bootstrap, monkeypatch):
    run = bootstrap.run
    monkeypatch.setattr(bootstrap, "run", lambda command, **options: run(command) or int("install" in command))
    with pytest.raises(bootstrap.SetupError, match="pip"):
        bootstrap.set_up({"demo"})
    monkeypatch.setattr(bootstrap, "run", run)
    bootstrap.commands.clear()
    bootstrap.set_up({"demo"})
    assert installs(bootstrap) == [".[demo]"]


def test_a_broken_environment_is_made_anew(bootstrap, monkeypatch):
    bootstrap.set_up({"demo"})
    bootstrap.VENV_PYTHON.unlink()
    bootstrap.commands.clear()
    bootstrap.set_up({"demo"})
    assert bootstrap.commands[0][1:3] == ["-m", "venv"]


def test_a_folder_that_is_no_environment_is_never_removed(bootstrap):
    bootstrap.VENV.mkdir()
    (bootstrap.VENV / "thesis.txt").write_text("do not delete")
    with pytest.raises(bootstrap.SetupError, match="in the way"):
        bootstrap.set_up({"demo"})
    assert (bootstrap.VENV / "thesis.txt").exists()


def test_a_moved_folder_is_set_up_again(bootstrap, monkeypatch):
    bootstrap.set_up({"demo"})
    before = bootstrap.wanted_hash()
    copy = bootstrap.ROOT / "moved"
    copy.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        (copy / name).write_bytes((bootstrap.ROOT / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", copy)
    assert bootstrap.wanted_hash() != before


def test_a_constraint_file_of_the_machine_does_not_count_and_its_index_does(bootstrap, monkeypatch):
    monkeypatch.setenv("PIP_CONSTRAINT", "/etc/other.txt")
    monkeypatch.setenv("PIP_INDEX_URL", "file:///srv/index")
    environment = bootstrap.pip_environment()
    assert environment["PIP_CONSTRAINT"] == os.devnull
    assert environment["PIP_INDEX_URL"] == "file:///srv/index"


@pytest.mark.skipif(os.name == "nt", reason="apt-get")
def test_who_is_not_root_is_told_exactly_what_to_install(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap.system_libraries, "missing_libraries", lambda: [EGL, XCB])
    with pytest.raises(bootstrap.SetupError):
        bootstrap.set_up({"demo"})
    assert "sudo apt-get install --yes --no-install-recommends libegl1 libxcb-cursor0" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="apt-get")
def test_without_the_window_libraries_the_set_up_goes_on(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap.system_libraries, "missing_libraries", lambda: [XCB])
    bootstrap.set_up({"demo"})
    assert "without a window" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="apt-get")
def test_root_gets_them_installed(bootstrap, monkeypatch):
    found = [[EGL], []]
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bootstrap.system_libraries, "missing_libraries", lambda: found.pop(0))
    bootstrap.set_up({"demo"})
    (command,) = [command for command in bootstrap.commands if command[0] == "apt-get"]
    assert command[-1] == "libegl1"


def test_wrong_use_is_a_sentence():
    done = subprocess.run(
        [sys.executable, str(ROOT / "setup" / "bootstrap.py"), "--extras", "everything"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "everything" in done.stderr
