"""The capture agent, ``python -m capture agent``: a process of its own that records whatever becomes of the window.

It shares no interpreter lock with anything, listens on a loopback socket, and stops by itself only when a recording
has had no client for a long time, or when nobody has wanted anything of it.
"""

from __future__ import annotations

import os
import platform
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from capture import log_rows
from capture.backends import make_backends
from capture.clocks import Clock, HostClock
from capture.endpoint import Endpoint, SpoolLock, new_token, remove_endpoint, write_endpoint
from capture.protocol import AGENT_VERSION, CAPTURE_PROTOCOL, HEARTBEAT_EVERY_S, Connection, Disconnected, admit
from capture.recording import as_json, recover_all
from capture.session import Refused, Session
from capture.tracker import TrackerError
from gaze2report.messages import BadMessage, Message

_LIVE_EVERY_S = 1 / 30


class Agent:
    """Serves clients for one spool folder.

    Parameters
    ----------
    folder : Path
        Spool folder; the agent is its only writer.
    backend_names : tuple of str
    orphan_limit_s : float
        How long a recording goes on without any client before it is closed properly.
    idle_limit_s : float
        How long an agent without client and recording stays.

    Raises
    ------
    FolderInUse
        If another agent owns the folder.
    """

    def __init__(
        self,
        folder: Path,
        backend_names: tuple[str, ...],
        orphan_limit_s: float = 900.0,
        idle_limit_s: float = 300.0,
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock or HostClock()
        self._lock = SpoolLock(folder)
        recovered, self._unreadable = recover_all(folder)
        self.recovered = [as_json(recovery) for recovery in recovered]
        self._backends, self._missing = make_backends(backend_names, folder, self._clock)
        self._session = Session(self._backends, folder, self._clock, self._recording_ended)
        self._orphan_limit_s, self._idle_limit_s = orphan_limit_s, idle_limit_s
        self._token = new_token()
        self._clients: dict[Connection, bool] = {}  # whether each wants live gaze
        self._clients_lock = threading.Lock()
        self._calibrating: Connection | None = None  # who led the tracker into calibration mode
        self._alone_since = time.monotonic()
        self._left_us = self._clock.now_us()  # when a client last went: from then on nobody knows what was on screen
        self._should_end = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))

    def serve(self) -> None:
        """Listen until told to end, or until nobody has needed the agent for long enough."""
        write_endpoint(self._folder, Endpoint(self._server.getsockname()[1], self._token, os.getpid()))
        for target in (self._accept, self._beat, self._show_live, self._watch_trackers):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        try:
            while not self._should_end.wait(0.2):
                self._end_if_forgotten()
        finally:
            remove_endpoint(self._folder)
            self._server.close()
            with suppress(Refused, TrackerError):  # what hangs goes with the process and is recovered at the next start
                self._session.close("the agent ended")
            for connection in self._connected():
                connection.close()
            self._lock.release()

    def end(self) -> None:
        """Ask the agent to end; from any thread."""
        self._should_end.set()

    def _accept(self) -> None:
        while not self._should_end.is_set():
            try:
                stream, _ = self._server.accept()
            except OSError:
                return  # the server was closed
            threading.Thread(target=self._serve_client, args=(stream,), name="client", daemon=True).start()

    def _serve_client(self, stream: socket.socket) -> None:
        connection = Connection(stream)
        try:
            hello_id = admit(connection, self._token)
        except (BadMessage, TimeoutError, Disconnected) as error:
            self._tell(connection, Message("failed", "", {"code": "not_admitted", "text": str(error)}))
            connection.close()
            return
        with self._clients_lock:
            self._clients[connection] = False
        try:
            connection.send(Message("done", hello_id, self._about()))
            for message in connection.messages():
                connection.send(self._answer(connection, message))
                if message.kind == "shutdown":  # not before it is answered
                    self.end()
        except BadMessage as error:
            self._tell(connection, Message("failed", "", {"code": "bad_message", "text": str(error)}))
        except Disconnected:
            pass  # the recording goes on; the client may come back
        finally:
            with self._clients_lock:
                self._clients.pop(connection, None)
                self._alone_since = time.monotonic()
                self._left_us = self._clock.now_us()
            connection.close()
            if self._calibrating is connection:  # the next client may be there already, and wants to calibrate itself
                self._calibrating = None
                with suppress(TrackerError):  # a tracker that fails here says so to the next client that asks it
                    self._session.abandon_calibration()

    def _answer(self, connection: Connection, message: Message) -> Message:
        try:
            return Message("done", message.id, self._do(connection, message))
        except (Refused, TrackerError) as error:
            return Message("failed", message.id, {"code": error.code, "text": str(error)})
        except (KeyError, TypeError, ValueError) as error:
            text = f"The request {message.kind} is not whole or has a wrong value: {error}"
            return Message("failed", message.id, {"code": "bad_value", "text": text})

    def _do(self, connection: Connection, message: Message) -> dict[str, Any]:
        body, session = message.body, self._session
        actions: dict[str, Callable[[], dict[str, Any] | None]] = {
            "list": lambda: {**session.listed(), "missing": self._missing},
            "connect": lambda: session.connect(str(body["backend"]), str(body["serial_number"])),
            "check": session.check,
            "start": lambda: session.start(
                str(body["recording_id"]), body.get("consent"), float(body.get("frequency_hz", 0))
            ),
            "attach": lambda: {**session.state_of(str(body["recording_id"])), "alone_since_us": self._left_us},
            "mark": lambda: session.add(log_rows.marker, body),
            "view": lambda: session.add(log_rows.view, body),
            "pause": lambda: session.pause(body["is_paused"] is True),
            "stop": session.stop,
            "live": lambda: self._set_live(connection, body["is_on"] is True),
            "watch": lambda: session.watch(body["is_on"] is True),
            "recent": lambda: session.recent(int(body["since_us"])),
            "calibrate": lambda: self._calibrate(connection, body),
            "look": lambda: session.point("look", float(body["x"]), float(body["y"])),
            "pointer": lambda: session.point("pointer", float(body["x"]), float(body["y"])),
            "health": lambda: {**self._about(), **session.health()},
            "shutdown": lambda: None,
        }
        action = actions.get(message.kind)
        if action is None:
            raise Refused("bad_value", f"This agent does not know the request {message.kind!r}.")
        return action() or {}

    def _calibrate(self, connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
        step = str(body["step"])
        outcome = self._session.calibrate(step, float(body.get("x", 0.5)), float(body.get("y", 0.5)))
        if step in ("enter", "leave"):
            self._calibrating = connection if step == "enter" else None
        return outcome

    def _about(self) -> dict[str, Any]:
        return {
            "protocol": CAPTURE_PROTOCOL,
            "agent_version": AGENT_VERSION,
            "python": platform.python_version(),
            "pid": os.getpid(),
            "backends": list(self._backends),
            "missing": self._missing,
            "clock": "monotonic",
            "now_us": self._clock.now_us(),
            "utc_us": self._clock.utc_us(),
            "recovered": self.recovered,
            "unreadable": self._unreadable,
        }

    def _set_live(self, connection: Connection, is_on: bool) -> None:
        with self._clients_lock:
            self._clients[connection] = is_on

    def _connected(self, live_only: bool = False) -> list[Connection]:
        with self._clients_lock:
            return [connection for connection, is_live in self._clients.items() if is_live or not live_only]

    def _recording_ended(self, recording_id: str, why: str) -> None:
        for connection in self._connected():
            self._tell(connection, Message("ended", "", {"recording_id": recording_id, "text": why}))

    def _tell(self, connection: Connection, message: Message, can_skip: bool = False) -> None:
        with suppress(Disconnected):  # its own thread notices and takes it off the list
            connection.send(message, can_skip)

    def _beat(self) -> None:
        while not self._should_end.wait(HEARTBEAT_EVERY_S):
            beat = {"now_us": self._clock.now_us(), **self._session.health()}
            for connection in self._connected():
                self._tell(connection, Message("heartbeat", "", beat), can_skip=True)

    def _show_live(self) -> None:
        while not self._should_end.wait(_LIVE_EVERY_S):
            clients = self._connected(live_only=True)
            gaze = self._session.newest_gaze() if clients else None
            for connection in clients if gaze else []:
                self._tell(connection, Message("gaze", "", gaze or {}), can_skip=True)

    def _watch_trackers(self) -> None:
        known: object = None
        while not self._should_end.wait(1.0):
            if self._session.is_recording or not self._connected():
                continue
            listed = self._session.listed()
            serials = sorted(info["serial_number"] for info in listed["trackers"])
            if known is not None and serials != known:
                for connection in self._connected():
                    self._tell(connection, Message("trackers", "", listed))
            known = serials

    def _end_if_forgotten(self) -> None:
        if self._connected():
            return
        alone_s = time.monotonic() - self._alone_since
        if self._session.is_recording:
            if alone_s > self._orphan_limit_s:
                self._session.stop("no client came back")
                self._alone_since = time.monotonic()
        elif alone_s > self._idle_limit_s:
            self.end()
