"""The tracker's own Python: the agent runs there, and the look-alike equals the vendor's package over one border.

Needs a CPython 3.10 with numpy (and, for the comparison, ``tobii-research`` 2.1.0): one that is found, or the one that
``GAZE2REPORT_TRACKER_PYTHON`` names. No file of the vendor's is kept here.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from captured import CONSENT

from capture.client import AgentClient, AgentRefused, start_agent
from capture.recording import describe, verify
from gaze2report import doctor

ROOT = Path(__file__).parents[2]


def interpreter_with(*modules: str) -> str:
    named = os.environ.get("GAZE2REPORT_TRACKER_PYTHON")
    for candidate in ([named] if named else []) + doctor.find_python310():
        done = run(candidate, "-c", f"import {', '.join(modules)}")
        if done is not None and done.returncode == 0:
            return candidate
    pytest.skip(f"no CPython 3.10 with {' and '.join(modules)} on this machine")


def run(interpreter: str, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    try:
        return subprocess.run(
            [interpreter, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    except OSError:
        return None


@pytest.fixture(autouse=True)
def real_home(monkeypatch):
    monkeypatch.setenv("HOME", os.environ["GAZE2REPORT_REAL_HOME"])


def test_the_look_alike_is_equal_to_the_vendors_python_layer_over_the_same_native_function():
    interpreter = interpreter_with("numpy", "tobii_research")
    script = str(ROOT / "tests" / "tobii_transcript.py")
    vendor, ours = (run(interpreter, script, kind) for kind in ("vendor", "lookalike"))
    assert vendor is not None
    assert ours is not None
    assert (vendor.returncode, ours.returncode) == (0, 0), vendor.stderr + ours.stderr
    assert len(vendor.stdout.splitlines()) > 100
    assert ours.stdout.splitlines() == vendor.stdout.splitlines()


def test_the_vendors_package_without_a_tracker_says_that_none_was_found(tmp_path):
    interpreter = interpreter_with("numpy", "tobii_research")
    listed = run(interpreter, "-m", "capture", "list", "--backends", "tobii_research", "--json")
    assert listed is not None
    assert json.loads(listed.stdout)["missing"] == {}
    consent = tmp_path / "consent.json"
    consent.write_text(json.dumps(CONSENT.to_body()))
    wanted = ("record", "--spool", str(tmp_path), "--backend", "tobii_research", "--seconds", "1")
    serial = ("--serial", "NOT-THERE", "--consent", str(consent))
    recorded = run(interpreter, "-m", "capture", *wanted, *serial)
    assert recorded is not None
    assert recorded.returncode == 3
    assert "not connected" in recorded.stderr


def test_an_agent_with_the_vendors_package_finds_no_tracker_and_says_so(tmp_path):
    interpreter = interpreter_with("numpy", "tobii_research")
    process = start_agent(tmp_path, ("tobii_research",), interpreter)
    try:
        client = AgentClient(tmp_path)
        assert client.about["backends"] == ["tobii_research"]
        assert client.about["python"].startswith("3.10.")
        listed = client.ask("list", limit_s=30)
        assert (listed["trackers"], listed["missing"], listed["failed"]) == ([], {}, {})
        with pytest.raises(AgentRefused, match="The eye tracker NOT-THERE is not connected") as refused:
            client.ask("connect", backend="tobii_research", serial_number="NOT-THERE", limit_s=30)
        assert refused.value.code == "not_found"
        with pytest.raises(AgentRefused, match="No tracker is connected"):
            client.ask("start", recording_id="rec-1", consent=CONSENT.to_body())
        client.ask("shutdown")
        client.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
    assert list(tmp_path.glob("*.gaze")) == []


def test_an_agent_on_the_trackers_python_records_for_this_one(tmp_path):
    interpreter = interpreter_with("numpy")
    process = start_agent(tmp_path, ("simulated",), interpreter)
    try:
        client = AgentClient(tmp_path)
        assert client.about["python"].startswith("3.10.")
        client.ask("connect", backend="simulated", serial_number="SIM-1200")
        client.ask("start", recording_id="rec-1", consent=CONSENT.to_body())
        client.wait_for_event("heartbeat")
        client.ask("stop")
        client.ask("shutdown")
        client.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
    checked = verify(tmp_path / "rec-1.gaze")
    assert checked.is_whole
    assert checked.counts.missing == 0
    assert describe(tmp_path / "rec-1.gaze").versions["python"].startswith("3.10.")
