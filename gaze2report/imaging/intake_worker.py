"""The process that decodes files: ``python -m gaze2report.imaging.intake_worker FOLDER LIMITS``.

It reads requests (gaze2report.messages) on stdin and answers on stdout; pixels go as ``.npy`` files into FOLDER. It
limits its own memory, and it ends by itself when its parent has gone, also inside a decoder that holds the interpreter.
Where the system has no ``resource`` (Windows), only the time limits hold.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from gaze2report.errors import UnreadableInput
from gaze2report.imaging.intake_messages import header_to_json, save_image
from gaze2report.imaging.limits import MEBIBYTE, IntakeLimits
from gaze2report.messages import BadMessage, LineBuffer, Message, decode, encode

_SELF_DESTRUCT_GRACE_S = 5.0
_PIPE_CHUNK_BYTES = 1 << 16


def main(arguments: list[str]) -> int:
    """Serve requests until stdin ends.

    Parameters
    ----------
    arguments : list of str
        The folder for arrays, and the limits as a JSON object.
    """
    folder, limits = Path(arguments[0]), IntakeLimits(**json.loads(arguments[1]))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a codec that prints must not break the message lines
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # it logs values, which may name the patient
    # pydicom would import its downloader: a third of the start-up, and no business of a process for hostile files
    sys.modules["requests"] = None  # type: ignore[assignment]
    import gaze2report.imaging.read  # noqa: F401 - before the memory is bounded

    _limit_resources(limits)
    if limits.niceness and hasattr(os, "nice"):
        os.nice(limits.niceness)
    requests: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests, folder), daemon=True).start()
    _send(answers, Message("ready"))
    while (request := requests.get()) is not None:
        answer = _answer(request, folder, limits)
        _send(answers, answer)
        if answer.kind == "fault":  # its memory can no longer be trusted; the parent starts another
            return 1
    return 0


def _answer(request: Message, folder: Path, limits: IntakeLimits) -> Message:
    """Do one request; every outcome is a message."""
    from gaze2report.imaging.read import read_image, read_image_header

    with _self_destruct_after(limits.read_timeout_s + _SELF_DESTRUCT_GRACE_S):
        try:
            path = request.body["file"]
            if request.kind == "read_header":
                header, file_sha256 = read_image_header(path, limits)
                return Message("header", request.id, {"header": header_to_json(header), "file_sha256": file_sha256})
            return Message("image", request.id, {"image": save_image(read_image(path, limits), folder)})
        except UnreadableInput as error:
            return Message("unreadable", request.id, {"code": error.code, "reason": error.reason})
        except MemoryError:
            allowed = limits.max_address_space_bytes // MEBIBYTE
            return Message(
                "fault", request.id, {"reason": f"reading it needs more memory than the {allowed} MiB allowed"}
            )
        except Exception as error:  # noqa: BLE001 - the border of the process: the reader is told, the log has the rest
            # the log gets the place and the type; the message may quote the file, which is about a patient
            print(
                type(error).__name__, *traceback.format_tb(error.__traceback__), sep="\n", file=sys.stderr, flush=True
            )
            return Message("fault", request.id, {"reason": f"reading it failed ({type(error).__name__}: {error})"})


class _self_destruct_after:  # noqa: N801 - used as a context manager
    """Let the system end this process after a time, even inside a decoder, in case the parent no longer can."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._set(self._seconds)

    def __exit__(self, *exc_info: object) -> None:
        self._set(0.0)

    @staticmethod
    def _set(seconds: float) -> None:
        if hasattr(signal, "setitimer"):  # not on Windows
            signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM is left at its default: it ends the process


def _read_requests(requests: SimpleQueue[Message | None], folder: Path) -> None:
    """Queue the messages on stdin; at its end the parent has gone, so remove the pixels and leave at once."""
    for message in _messages(sys.stdin.fileno()):
        requests.put(message)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _messages(descriptor: int) -> Iterator[Message]:
    lines = LineBuffer()
    while data := os.read(descriptor, _PIPE_CHUNK_BYTES):
        try:
            for line in lines.feed(data):
                yield decode(line)
        except BadMessage as error:
            print(f"intake worker: {error}", file=sys.stderr)
            return


def _send(answers: BinaryIO, message: Message) -> None:
    answers.write(encode(message))
    answers.flush()


def _limit_resources(limits: IntakeLimits) -> None:
    """Bound memory and file size, and leave no core dump (it would hold patient data)."""
    try:
        import resource
    except ImportError:  # Windows: the parent's time limit remains
        return
    wanted = (
        ("RLIMIT_AS", limits.max_address_space_bytes),
        ("RLIMIT_FSIZE", 2 * limits.max_pixel_bytes),
        ("RLIMIT_CORE", 0),
    )
    for name, value in wanted:
        if hasattr(resource, name):
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
