"""What is asked of the capture agent in the background: found or started, its tracker connected, samples read."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from capture.client import AgentClient, AgentRefused, start_agent
from capture.endpoint import NoAgent
from capture.protocol import Disconnected
from capture.samples import SAMPLE_DTYPE, SAMPLE_LAYOUT, Samples
from desktop.capture.tracker_choice import BACKENDS, TrackerChoice
from gaze2report import tracker_python
from gaze2report.errors import Gaze2ReportError

_END_LIMIT_S = 10.0


class CaptureFault(Gaze2ReportError):
    """Gaze cannot be recorded for now; the sentence says why, and what can be done."""

    code = "capture"


@dataclass(frozen=True)
class OpenedAgent:
    """An agent with the chosen tracker connected.

    Attributes
    ----------
    client : AgentClient
    process : Popen or None
        None where it ran already.
    tracker : dict
        As ``capture.tracker.TrackerInfo``.
    frequency_hz : float
    display_area : dict or None
        Corners and size in mm; None for the mouse.
    recording : dict or None
        State of a recording that was under way, with ``alone_since_us``.
    recovered : tuple of dict
        Recordings that were cut off and that this agent has closed.
    """

    client: AgentClient
    process: subprocess.Popen[bytes] | None
    tracker: dict[str, Any]
    frequency_hz: float
    display_area: dict[str, Any] | None
    recording: dict[str, Any] | None = None
    recovered: tuple[dict[str, Any], ...] = field(default=())


def open_agent(folder: Path, choice: TrackerChoice) -> OpenedAgent:
    """Find the agent of a spool folder or start one, and connect the chosen tracker; a recording under way goes on.

    Raises
    ------
    CaptureFault
        If there is no such tracker, or no agent can be had.
    """
    try:
        client, process = _reach(folder, choice)
        try:
            return _connected(client, process, choice)
        except BaseException:
            if process is None:
                client.close()
            else:
                end(client, process)
            raise
    except (NoAgent, AgentRefused, Disconnected, TimeoutError, OSError) as error:
        raise CaptureFault(str(error)) from error


def _reach(folder: Path, choice: TrackerChoice) -> tuple[AgentClient, subprocess.Popen[bytes] | None]:
    try:
        client = AgentClient(folder)
    except NoAgent:
        return _start(folder, choice)
    is_recording = client.ask("health")["recording"] is not None
    if is_recording or choice.backend in client.about["backends"]:
        return client, None
    client.ask("shutdown")  # it was started for another kind of tracker
    _wait_until_gone(client)
    client.close()
    return _start(folder, choice)


def _wait_until_gone(client: AgentClient) -> None:
    until = time.monotonic() + _END_LIMIT_S
    while client.is_open and time.monotonic() < until:
        time.sleep(0.02)


def _start(folder: Path, choice: TrackerChoice) -> tuple[AgentClient, subprocess.Popen[bytes]]:
    process = start_agent(folder, (choice.backend,), choice.python or _interpreter_for(choice.backend))
    return AgentClient(folder), process


def _interpreter_for(backend: str) -> str:
    """The vendor's package needs an interpreter of its own, which is looked for; the others run under this one."""
    if backend != "tobii_research":
        return sys.executable
    try:
        return tracker_python.find().path
    except tracker_python.NoTrackerPython as error:
        raise CaptureFault(f"{BACKENDS[backend]}: {error}. Or choose the one through TittaPy.") from error


def _connected(client: AgentClient, process: subprocess.Popen[bytes] | None, choice: TrackerChoice) -> OpenedAgent:
    health = client.ask("health")
    recording = health["recording"]
    if recording is not None:
        recording = client.ask("attach", recording_id=recording["recording_id"])
    else:
        info = _chosen(client, choice)
        client.ask("connect", backend=info["backend"], serial_number=info["serial_number"])
    checked = client.ask("check")
    return OpenedAgent(
        client, process, checked["tracker"], float(checked["frequency_hz"]), checked["display_area"], recording,
        tuple(client.about["recovered"]),
    )  # fmt: skip


def _chosen(client: AgentClient, choice: TrackerChoice) -> dict[str, Any]:
    listed = client.ask("list")
    trackers = [info for info in listed["trackers"] if info["backend"] == choice.backend]
    for info in trackers:
        if choice.serial_number in ("", info["serial_number"]):
            found: dict[str, Any] = info
            return found
    why = {**listed["missing"], **listed["failed"]}.get(choice.backend, "")
    if why:
        raise CaptureFault(why)
    name = BACKENDS[choice.backend]
    if trackers:
        there = ", ".join(info["serial_number"] for info in trackers)
        raise CaptureFault(f"The tracker {choice.serial_number} was not found; there are: {there}.")
    raise CaptureFault(f"{name}: none was found. Is it connected and on, and its runtime installed?")


def end_agent(opened: OpenedAgent) -> None:
    """Let the agent end; a recording under way is ended first. One that does not answer is killed if it is ours."""
    end(opened.client, opened.process)


def end(client: AgentClient, process: subprocess.Popen[bytes] | None) -> None:
    """Ask an agent to end, and see to it that one of ours has."""
    try:
        if client.is_open:
            client.ask("shutdown", limit_s=_END_LIMIT_S)
            _wait_until_gone(client)
    except (AgentRefused, Disconnected, TimeoutError):
        pass  # it is gone already, or killed below
    finally:
        client.close()
    if process is not None:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End an agent of ours that hangs; its recording is recovered at the next start."""
    if process.poll() is None:
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def recent_samples(client: AgentClient, since_us: int) -> Samples:
    """Samples of the last seconds, from a moment of the host's clock on.

    Raises
    ------
    CaptureFault
        If the agent has another layout of samples.
    """
    answer = client.ask("recent", since_us=since_us)
    if answer["layout"] != SAMPLE_LAYOUT:
        raise CaptureFault(f"The capture agent keeps samples as {answer['layout']}; use parts of one release.")
    return np.frombuffer(base64.b64decode(answer["data"]), SAMPLE_DTYPE)
