"""Messages between the workstation and the capture agent, over a loopback socket guarded by a token.

Lines of :mod:`gaze2report.messages`. Not standard output: the tracker's library prints there. The client's first
message is ``hello`` with token and protocol; until it is right, the agent reads at most a few kilobytes and answers
nothing but ``failed``. Each request is answered by ``done`` or ``failed`` with its id, within ``REPLY_LIMIT_S``.

============  =========================================================================================
request       content
============  =========================================================================================
hello         ``token``, ``protocol``
list          trackers of every backend, and the backends that failed with their reason
connect       ``backend``, ``serial_number``
check         what is set in the connected tracker
start         ``recording_id``, ``consent``, ``frequency_hz`` (0: as set)
attach        ``recording_id`` of a recording under way; the answer has ``alone_since_us``, when a client last went
mark, view    a marker or view-log row, see :mod:`capture.log_rows`
pause         ``is_paused``
stop          ends the recording
live          ``is_on``: newest gaze at most 30 times a second, dropped where the client does not read
watch         ``is_on``: let samples come while nothing is recorded, in memory only
recent        ``since_us``: samples of the last seconds, as bytes of their layout in base64
calibrate     ``step``: enter, collect, discard, compute, leave; ``x``, ``y``
look          ``x``, ``y``: what a simulated eye is shown; ``pointer``: where the mouse is
health        how agent, tracker and recording are
shutdown      ends recording and agent
============  =========================================================================================

The agent sends by itself, with ``id: ""``: ``heartbeat`` every second, ``trackers`` when one was plugged in or out,
``gaze``, and ``ended`` when a recording ended unasked.
"""

from __future__ import annotations

import hmac
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

from gaze2report.messages import BadMessage, LineBuffer, Message, decode, encode

CAPTURE_PROTOCOL = 1
AGENT_VERSION = "1"
HEARTBEAT_EVERY_S = 1.0
REPLY_LIMIT_S = 15.0
HELLO_LIMIT_S = 5.0
_MAX_HELLO_BYTES = 4096
_SEND_LIMIT_S = 2.0


class Disconnected(Exception):
    """The other side is gone, or does not take what it is sent."""


class Connection:
    """One side of the socket: whole messages, sent by any thread, read by one."""

    def __init__(self, stream: socket.socket) -> None:
        self._socket = stream
        self._lines = LineBuffer()
        self._sending = threading.Lock()
        self._ready: list[bytes] = []
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: Message, can_skip: bool = False) -> bool:
        """Send a message; with ``can_skip`` not at all where another is still on its way. True where it was sent.

        Raises
        ------
        Disconnected
            If the other side is gone or has not read for two seconds.
        """
        line = encode(message)
        if not self._sending.acquire(blocking=not can_skip):
            return False
        try:
            self._socket.settimeout(_SEND_LIMIT_S)
            self._socket.sendall(line)
        except OSError as error:
            self.close()
            raise Disconnected(f"the connection ended: {error}") from error
        finally:
            self._sending.release()
        return True

    def receive(self, limit_s: float | None = None, max_bytes: int | None = None) -> Message:
        """Wait for the next message.

        Raises
        ------
        Disconnected
            If the other side is gone.
        TimeoutError
            If none came in time.
        BadMessage
            If what came is no message, or longer than allowed.
        """
        n_bytes = 0
        while not self._ready:
            if self._socket.fileno() < 0:
                raise Disconnected("the connection is closed")
            try:
                readable, _, _ = select.select([self._socket], [], [], limit_s)
            except (OSError, ValueError) as error:
                raise Disconnected(f"the connection ended: {error}") from error
            if not readable:
                raise TimeoutError("no message came in time")
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise Disconnected(f"the connection ended: {error}") from error
            if not data:
                raise Disconnected("the other side closed the connection")
            n_bytes += len(data)
            if max_bytes is not None and n_bytes > max_bytes:
                raise BadMessage("the first message is too long")
            self._ready.extend(self._lines.feed(data))
        return decode(self._ready.pop(0))

    def messages(self) -> Iterator[Message]:
        """Give messages until the other side is gone. Raises BadMessage."""
        while True:
            try:
                yield self.receive()
            except Disconnected:
                return

    def close(self) -> None:
        """End the connection; a thread that waits in ``receive`` wakes up."""
        with suppress(OSError):  # the other side was quicker
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def admit(connection: Connection, token: str) -> str:
    """Read the client's hello; the id to answer it with.

    Raises
    ------
    BadMessage
        If it is not a hello with the right token and protocol; the text never says the token.
    TimeoutError, Disconnected
        If none came.
    """
    hello = connection.receive(HELLO_LIMIT_S, _MAX_HELLO_BYTES)
    given = hello.body.get("token")
    if hello.kind != "hello" or not isinstance(given, str) or not hmac.compare_digest(given.encode(), token.encode()):
        raise BadMessage("the first message must be hello with the agent's token")
    if hello.body.get("protocol") != CAPTURE_PROTOCOL:
        raise BadMessage(f"this agent speaks capture protocol {CAPTURE_PROTOCOL}; use parts of one release")
    return hello.id
