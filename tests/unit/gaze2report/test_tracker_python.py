"""Interpreters are believed when they have answered: shims that lead nowhere, hang or lie are none."""

from __future__ import annotations

import json
import os
import sys

import pytest

from gaze2report import tracker_python
from gaze2report.__main__ import main
from gaze2report.tracker_python import NoTrackerPython, TrackerPython

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
ANSWER = {
    "version": "3.10.13",
    "is_310": True,
    "implementation": "CPython",
    "numpy": "2.2.6",
    "sdk": "2.1.0.1",
    "fault": "",
}


@pytest.fixture
def script(tmp_path):
    def write(name: str, body: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)
        return str(path)

    return write


def answering(**changed: object) -> str:
    return f"echo 'a library greets'; echo '{json.dumps({**ANSWER, **changed})}'"


def test_this_interpreter_answers_with_what_it_is():
    found = tracker_python.ask(sys.executable)
    assert found is not None
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.is_310 == (sys.version_info[:2] == (3, 10))
    assert not found.can_record or found.is_310


@pytest.mark.parametrize(
    "body",
    [
        "echo 'pyenv: python3.10: command not found' >&2; exit 127",
        "exit 0",
        "echo hello",
        "echo '[]'",
        'echo \'{"version": "3.10"}\'',
        "sleep 30",
    ],
)
def test_a_name_that_leads_nowhere_is_no_interpreter(script, body):
    assert tracker_python.ask(script("python3.10", body), limit_s=0.5) is None


def test_a_file_that_is_not_there_or_may_not_be_run_is_none(tmp_path):
    (tmp_path / "plain").write_text("x")
    assert tracker_python.ask(str(tmp_path / "plain")) is None
    assert tracker_python.ask(str(tmp_path / "nowhere")) is None


def test_the_one_that_loads_the_library_comes_first_and_other_versions_not_at_all(script):
    bare = script("bare", answering(sdk="", fault="ModuleNotFoundError: No module named tobii_research"))
    newer = script("newer", answering(is_310=False, version="3.12.1"))
    other = script("pypy", answering(implementation="PyPy"))
    whole = script("whole", answering())
    dead = script("dead", "exit 127")
    found = tracker_python.find_all([dead, bare, newer, other, whole])
    assert [one.path for one in found] == [whole, bare]
    assert found[0] == TrackerPython(whole, "3.10.13", True, "2.2.6", "2.1.0.1", "")


def test_what_is_missing_is_said_with_how_to_get_it(script, monkeypatch, capsys):
    monkeypatch.setattr(tracker_python, "candidates", list)
    with pytest.raises(NoTrackerPython, match=r"no CPython 3\.10 here.*uv python install 3\.10"):
        tracker_python.find()
    with pytest.raises(NoTrackerPython, match=r"no CPython 3\.10 here"):
        tracker_python.make()
    assert main(["tracker-python"]) == 3
    assert "tracker-python --make" in capsys.readouterr().err
    bare = script("bare", answering(sdk="", fault="ModuleNotFoundError: no tobii"))
    monkeypatch.setattr(tracker_python, "candidates", lambda: [bare])
    with pytest.raises(NoTrackerPython, match=r"without a working tobii-research \(ModuleNotFoundError: no tobii\)"):
        tracker_python.find()


MAKES = """
case "$1 $2" in
  "-m venv") mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  "-m pip") test -z "$REFUSED" || {{ echo "no wheel for it" >&2; exit 1; }}; touch "$(dirname "$0")/installed" ;;
  *) if test -f "$(dirname "$0")/installed"; then {whole}; else {bare}; fi ;;
esac
"""


def test_it_is_made_of_a_310_that_is_there_and_found_from_then_on(script, monkeypatch, tmp_path, capsys):
    body = MAKES.format(whole=answering(), bare=answering(sdk="", fault="ImportError: none"))
    base = script("python3.10", body)
    folder = tmp_path / "data" / "tracker-python"
    monkeypatch.setattr(tracker_python, "environment_folder", lambda: folder)
    monkeypatch.setattr(
        tracker_python, "candidates", lambda: [base, *([str(folder / "bin/python")] if folder.exists() else [])]
    )
    monkeypatch.setenv("REFUSED", "yes")
    with pytest.raises(NoTrackerPython, match="tobii-research could not be installed: no wheel for it"):
        tracker_python.make()
    monkeypatch.delenv("REFUSED")
    made = tracker_python.make()
    assert (made.path, made.can_record) == (str(folder / "bin/python"), True)
    assert tracker_python.find() == made
    assert main(["tracker-python", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sdk"] == "2.1.0.1"


def test_the_candidates_are_files_that_are_there_and_the_named_one_is_the_first(script, monkeypatch):
    named = script("named", "exit 1")
    monkeypatch.setenv(tracker_python.NAMED_BY, named)
    found = tracker_python.candidates()
    assert found[0] == named
    assert all(os.path.exists(path) for path in found)
    assert len(found) == len(set(found))
