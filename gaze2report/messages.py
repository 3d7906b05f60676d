"""Versioned JSON lines between the workstation and its child processes.

Standard library only and valid on CPython 3.10, because the capture agent speaks the same lines there. One message
is one line of UTF-8 JSON: ``{"v": 1, "kind": ..., "id": ..., ...}``. ``id`` names the request that a message asks or
answers; messages about the process itself carry ``id: ""``. Pixels never travel in a message, they go by path.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Union

PROTOCOL_VERSION = 1
MAX_LINE_BYTES = 8 * 1024 * 1024


class BadMessage(ValueError):
    """A line that is not a message of this protocol version; the text says why."""


@dataclass(frozen=True)
class Message:
    """One message: what it is (``kind``), which request it belongs to (``id``), and its content (``body``)."""

    kind: str
    id: str = ""
    body: Dict[str, Any] = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Write a message as one line, newline included.

    Raises
    ------
    BadMessage
        If the body uses a reserved key, holds NaN or infinity, or the line is longer than ``MAX_LINE_BYTES``.
    """
    reserved = {"v", "kind", "id"} & set(message.body)
    if reserved:
        raise BadMessage(f"a message body may not use the reserved keys {sorted(reserved)}")
    try:
        text = json.dumps(
            {"v": PROTOCOL_VERSION, "kind": message.kind, "id": message.id, **message.body},
            ensure_ascii=False,
            allow_nan=False,
        )
        line = text.encode("utf-8") + b"\n"
    except ValueError as error:
        raise BadMessage(f"a {message.kind} message cannot be written as JSON: {error}") from error
    if len(line) > MAX_LINE_BYTES:
        raise BadMessage(f"a {message.kind} message of {len(line)} bytes is over the limit of {MAX_LINE_BYTES}")
    return line


def decode(line: Union[bytes, str]) -> Message:
    """Read one line.

    Raises
    ------
    BadMessage
        If the line is too long, not JSON, not an object, of another version, or lacks ``kind``.
    """
    raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    if len(raw) > MAX_LINE_BYTES:
        raise BadMessage(f"a line of {len(raw)} bytes is over the limit of {MAX_LINE_BYTES}")
    try:
        content = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, a number too long to be one
        raise BadMessage(f"not a JSON line: {error}") from error
    if not isinstance(content, dict):
        raise BadMessage("a message must be a JSON object")
    version = content.pop("v", None)
    if version != PROTOCOL_VERSION:
        raise BadMessage(f"message version {version!r} is not {PROTOCOL_VERSION}; both sides must be of one release")
    kind = content.pop("kind", None)
    request_id = content.pop("id", "")
    if not isinstance(kind, str) or not kind or not isinstance(request_id, str):
        raise BadMessage("a message needs a text 'kind' and, if given, a text 'id'")
    return Message(kind=kind, id=request_id, body=content)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class LineBuffer:
    """Collects bytes as they arrive from a pipe and gives back whole lines."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes and yield each complete line without its newline.

        Raises
        ------
        BadMessage
            If more than ``MAX_LINE_BYTES`` arrive without a newline.
        """
        self._pending += data
        while True:
            end = self._pending.find(b"\n")
            if end < 0:
                break
            line = bytes(self._pending[:end])
            del self._pending[: end + 1]
            if line.strip():
                yield line
        if len(self._pending) > MAX_LINE_BYTES:
            self._pending.clear()
            raise BadMessage(f"more than {MAX_LINE_BYTES} bytes without a line end")
