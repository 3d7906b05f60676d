"""A client of the capture agent: starts one where none runs, asks it things, and comes back to a recording.

Standard library only; the workstation uses it from its background threads.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

from capture.endpoint import NoAgent, read_endpoint
from capture.protocol import CAPTURE_PROTOCOL, REPLY_LIMIT_S, Connection, Disconnected
from gaze2report.messages import BadMessage, Message

PROGRAM_FOLDER = Path(__file__).resolve().parents[1]
_START_LIMIT_S = 20.0
_MAX_EVENTS = 1000


class AgentRefused(Exception):
    """The agent did not do what it was asked; ``code`` for the program, the text for the user."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class AgentClient:
    """One connection to the agent of a spool folder.

    Raises
    ------
    NoAgent
        If none runs there or it does not answer.
    """

    def __init__(self, folder: Path) -> None:
        endpoint = read_endpoint(folder)
        try:
            stream = socket.create_connection(("127.0.0.1", endpoint.port), timeout=5.0)
        except OSError as error:
            raise NoAgent(f"The capture agent of {folder} does not answer: {error}") from error
        self._connection = Connection(stream)
        self._answers: dict[str, Message] = {}
        self._news = threading.Condition()
        self._is_open = True
        self.events: deque[Message] = deque(maxlen=_MAX_EVENTS)
        """What the agent said by itself, newest last: heartbeats, gaze, ended recordings."""
        threading.Thread(target=self._read, name="agent answers", daemon=True).start()
        try:
            self.about = self.ask("hello", token=endpoint.token, protocol=CAPTURE_PROTOCOL)
        except (Disconnected, TimeoutError) as error:
            raise NoAgent(f"The capture agent of {folder} does not answer: {error}") from error

    @property
    def is_open(self) -> bool:
        """Whether the agent is still there."""
        return self._is_open

    def ask(self, kind: str, limit_s: float = REPLY_LIMIT_S, **body: Any) -> dict[str, Any]:
        """Ask and wait for the answer.

        Raises
        ------
        AgentRefused
            If the agent refuses; with its code and sentence.
        Disconnected, TimeoutError
            If it is gone or does not answer in time.
        """
        request_id = uuid.uuid4().hex
        self._connection.send(Message(kind, request_id, body))
        with self._news:
            arrived = self._news.wait_for(lambda: request_id in self._answers or not self._is_open, limit_s)
            answer = self._answers.pop(request_id, None)
        if answer is None:
            if arrived:
                raise Disconnected("the capture agent ended the connection")
            raise TimeoutError(f"the capture agent did not answer {kind} within {limit_s:g} s")
        if answer.kind == "failed":
            raise AgentRefused(str(answer.body.get("code", "")), str(answer.body.get("text", "")))
        return answer.body

    def wait_for_event(self, kind: str, limit_s: float = 5.0) -> Message:
        """Wait for something the agent says by itself, and take it."""
        with self._news:
            found = self._news.wait_for(lambda: any(event.kind == kind for event in self.events), limit_s)
            if not found:
                raise TimeoutError(f"the capture agent sent no {kind} within {limit_s:g} s")
            event = next(event for event in self.events if event.kind == kind)
            self.events.remove(event)
            return event

    def close(self) -> None:
        """Go; a recording under way goes on."""
        self._connection.close()

    def _read(self) -> None:
        try:
            for message in self._connection.messages():
                with self._news:
                    if message.id:
                        self._answers[message.id] = message
                    else:
                        self.events.append(message)
                    self._news.notify_all()
        except BadMessage as error:
            with self._news:
                self.events.append(Message("failed", "", {"code": "bad_message", "text": str(error)}))
        finally:
            with self._news:
                self._is_open = False
                self._news.notify_all()
            self._connection.close()


def start_agent(
    folder: Path, backends: tuple[str, ...], interpreter: str = sys.executable, extra: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start an agent that outlives this process, and wait until it listens.

    Raises
    ------
    NoAgent
        If it ended at once or did not listen in time; with what it said.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        interpreter,
        "-m",
        "capture",
        "agent",
        "--spool",
        str(folder.resolve()),
        "--backends",
        ",".join(backends),
    ]
    said = folder / "agent.log"
    with said.open("ab") as log:
        process = subprocess.Popen(
            [*command, *extra],
            cwd=PROGRAM_FOLDER,
            env={**os.environ, "PYTHONPATH": str(PROGRAM_FOLDER)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    until = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            last = said.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise NoAgent(f"The capture agent ended at once with status {process.returncode}: {last[0]}")
        try:
            if read_endpoint(folder).pid == process.pid:
                return process
        except NoAgent:
            pass  # not yet
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise NoAgent(f"The capture agent did not listen within {_START_LIMIT_S:g} s.")
