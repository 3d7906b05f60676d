"""The agent as a process: killed, left alone, come back to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from captured import CONSENT

from capture.client import AgentClient, AgentRefused, start_agent
from capture.clocks import HostClock
from capture.recording import describe, rows, samples, verify


@pytest.fixture
def agent(tmp_path):
    """Start agents for a folder; whatever is left is killed."""
    started = []

    def start(*extra: str) -> subprocess.Popen[bytes]:
        started.append(start_agent(tmp_path, ("simulated", "replay", "mouse"), extra=extra))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def begin(folder, recording_id="rec-1", frequency_hz=1200.0):
    client = AgentClient(folder)
    client.ask("connect", backend="simulated", serial_number="SIM-1200")
    client.ask("start", recording_id=recording_id, consent=CONSENT.to_body(), frequency_hz=frequency_hz)
    return client


def test_a_killed_agent_has_lost_at_most_150_ms_and_the_next_one_says_so(agent, tmp_path):
    for n, after_s in enumerate((0.35, 0.8)):
        process = agent()
        client = begin(tmp_path, f"rec-{n}")
        time.sleep(after_s)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        killed_us = HostClock().now_us()
        client.close()
        path = tmp_path / f"rec-{n}.gaze"
        assert describe(path).state == "recording"
        began = time.monotonic()
        next_one = agent()
        assert time.monotonic() - began < 10  # an idle machine needs less than one second
        client = AgentClient(tmp_path)
        (recovered,) = client.about["recovered"]
        assert recovered["recording_id"] == f"rec-{n}"
        assert recovered["verification"]["is_whole"]
        assert describe(path).state == "recovered"
        lost_us = killed_us - int(samples(path)["received_us"][-1])
        assert lost_us <= 150_000 + 150_000  # the kill itself and a busy machine may take as long again
        assert recovered["lost_ms"] is not None
        assert abs(lost_us / 1000 - recovered["lost_ms"]) <= 150
        assert verify(path).counts.missing == 0
        client.ask("shutdown")
        client.close()
        next_one.wait(20)


def test_a_client_that_is_killed_loses_nothing_and_the_next_one_comes_back_to_the_recording(agent, tmp_path):
    agent()
    code = (
        "import sys, time; from pathlib import Path; sys.path[:0] = sys.argv[2:]; import captured\n"
        "from capture.client import AgentClient\n"
        "c = AgentClient(Path(sys.argv[1])); c.ask('connect', backend='simulated', serial_number='SIM-1200')\n"
        "c.ask('start', recording_id='rec-1', consent=captured.CONSENT.to_body(), frequency_hz=1200.0)\n"
        "c.ask('live', is_on=True)\n"
        "print('started', flush=True); time.sleep(60)"
    )
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root = os.path.dirname(tests)
    window = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), tests, root], stdout=subprocess.PIPE)
    assert window.stdout is not None
    assert window.stdout.readline() == b"started\n"
    time.sleep(0.3)
    window.kill()
    window.wait(10)
    window.stdout.close()
    time.sleep(0.5)
    client = AgentClient(tmp_path)
    state = client.ask("attach", recording_id="rec-1")
    assert state["counts"]["received"] > 0.7 * 1200
    assert client.ask("stop")["counts"]["missing"] == 0
    client.close()
    checked = verify(tmp_path / "rec-1.gaze")
    assert checked.is_whole
    assert checked.counts.missing == checked.counts.duplicates == 0


def test_a_recording_that_nobody_comes_back_to_is_closed_properly(agent, tmp_path):
    process = agent("--orphan-limit-s", "0.5", "--idle-limit-s", "0.5")
    begin(tmp_path).close()
    assert process.wait(30) == 0
    about = describe(tmp_path / "rec-1.gaze")
    assert (about.state, about.ended) == ("stopped", "no client came back")
    assert not (tmp_path / "agent.json").exists()


def test_an_agent_told_to_end_closes_its_recording(agent, tmp_path):
    process = agent()
    client = begin(tmp_path, frequency_hz=60.0)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    client.close()
    assert describe(tmp_path / "rec-1.gaze").state == "stopped"
    assert rows(tmp_path / "rec-1.gaze", "segment")[0]["reason"] == "start"


def test_a_client_killed_while_it_calibrates_leaves_no_tracker_in_calibration_mode(agent, tmp_path):
    agent()
    client = AgentClient(tmp_path)
    client.ask("connect", backend="simulated", serial_number="SIM-60")
    client.ask("calibrate", step="enter")
    with pytest.raises(AgentRefused, match="already"):
        client.ask("calibrate", step="enter")
    next_one = AgentClient(tmp_path)  # there before the first is gone, as a restarted window may be
    client.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            next_one.ask("calibrate", step="enter")
            break
        except AgentRefused:
            time.sleep(0.05)
    else:
        pytest.fail("the tracker stayed in calibration mode")
    next_one.close()
