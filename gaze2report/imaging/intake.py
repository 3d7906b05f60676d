"""Reading files safely: every file is decoded in a worker process with bounded memory and time.

A file that crashes, exhausts or hangs its worker costs that one read: it raises ``IntakeFailed`` with a sentence,
and the next read gets a new worker. Where the system has no ``resource`` module (Windows) a worker's memory is not
bounded and only the time limit holds.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

import gaze2report
from gaze2report.errors import ImageTooLarge, IntakeFailed, NotAnImage, UnreadableInput
from gaze2report.imaging.intake_messages import header_from_json, load_image
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.messages import BadMessage, LineBuffer, Message, decode, encode
from gaze2report.types import Image, InstanceHeader

__all__ = ["Intake", "IntakeLimits"]

_log = logging.getLogger(__name__)
_ERRORS = {error.code: error for error in (UnreadableInput, NotAnImage, ImageTooLarge)}
_STOP_GRACE_S = 2.0
_LOG_TAIL_BYTES = 4000
_PIPE_CHUNK_BYTES = 1 << 16


class Intake:
    """Reads radiographs through one worker process, started when first needed and replaced after a fault.

    Safe to use from several threads; reads wait for each other.

    Parameters
    ----------
    limits : IntakeLimits, optional
        What one file may cost.
    """

    def __init__(self, limits: IntakeLimits | None = None) -> None:
        self._limits = limits or IntakeLimits()
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._is_closed = False

    def read(self, path: Path | str) -> Image:
        """Read an image.

        Raises
        ------
        UnreadableInput
            Or one of its kinds: ``NotAnImage``, ``ImageTooLarge``, ``IntakeFailed``.
        """
        with self._lock:
            worker, answer = self._ask("read", path)
            try:
                return load_image(answer.body["image"], worker.folder)
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._discard()
                raise IntakeFailed(path, f"its decoded pixels could not be taken over ({error})") from error

    def read_header(self, path: Path | str) -> tuple[InstanceHeader, str]:
        """Read the header and the SHA-256 of the file, without decoding pixels.

        Raises
        ------
        UnreadableInput
            Or one of its kinds.
        """
        with self._lock:
            _, answer = self._ask("read_header", path)
            try:
                return header_from_json(answer.body["header"]), str(answer.body["file_sha256"])
            except (KeyError, TypeError) as error:
                self._discard()
                raise IntakeFailed(path, f"its header could not be taken over ({error})") from error

    def close(self) -> None:
        """Stop the worker and remove its folder; reading afterwards is an error."""
        with self._lock:
            self._is_closed = True
            self._discard()

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _ask(self, kind: str, path: Path | str) -> tuple[_Worker, Message]:
        """Send one request and wait for its answer; any fault costs the worker."""
        if self._is_closed:
            raise ValueError("this intake is closed")
        try:
            request = encode(Message(kind, "file", {"file": os.path.abspath(path)}))
        except (BadMessage, ValueError) as error:
            raise UnreadableInput(ascii(os.fspath(path)), "its name is not valid text") from error
        try:
            worker = self._ready_worker()
            worker.send(request)
            answer = worker.receive(self._limits.read_timeout_s)
        except _WorkerFault as fault:
            self._discard()
            raise IntakeFailed(path, str(fault)) from fault
        if answer.kind == "unreadable":
            raise _ERRORS.get(answer.body.get("code", ""), UnreadableInput)(path, str(answer.body.get("reason")))
        if answer.kind == "fault":
            self._discard()
            raise IntakeFailed(path, str(answer.body.get("reason")))
        return worker, answer

    def _ready_worker(self) -> _Worker:
        if self._worker is not None and not self._worker.is_alive():
            self._discard()
        if self._worker is None:
            try:
                self._worker = _Worker(self._limits)
            except OSError as error:
                raise _WorkerFault(f"the intake worker cannot be started ({error})") from error
            self._worker.receive(self._limits.start_timeout_s, "starting the intake worker")
        return self._worker

    def _discard(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


class _WorkerFault(Exception):
    """The worker did not answer; the text says why."""


class _Worker:
    """One worker process, its private folder and its pipes."""

    def __init__(self, limits: IntakeLimits) -> None:
        # only this user can enter the folder: it holds pixels of patients for a moment
        self._temporary = tempfile.TemporaryDirectory(prefix="gaze2report-intake-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._log_path = self.folder / "worker.log"
        try:
            self._process = self._start(limits)
        except OSError:
            self._temporary.cleanup()
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._answers: SimpleQueue[Message | _WorkerFault] = SimpleQueue()
        self._reader = threading.Thread(target=self._read_answers, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def _start(self, limits: IntakeLimits) -> subprocess.Popen[bytes]:
        arguments = [str(self.folder), json.dumps(dataclasses.asdict(limits))]
        with self._log_path.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gaze2report.imaging.intake_worker", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_worker_environment(),
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, request: bytes) -> None:
        try:
            self._requests.write(request)
            self._requests.flush()
        except OSError as error:
            raise _WorkerFault(self._how_it_ended()) from error

    def receive(self, timeout_s: float, what: str = "reading it") -> Message:
        try:
            answer = self._answers.get(timeout=timeout_s)
        except Empty:
            raise _WorkerFault(f"{what} took longer than the {timeout_s:g} s allowed") from None
        if isinstance(answer, _WorkerFault):
            raise answer
        return answer

    def stop(self) -> None:
        """End the process, at once if it is busy, and remove its folder."""
        if self.is_alive():
            self._process.kill()
        self._process.wait()
        self._reader.join(_STOP_GRACE_S)
        try:
            self._requests.close()
        except OSError:
            _log.debug("the pipe to a stopped intake worker was already broken")
        self._log_tail()
        self._temporary.cleanup()

    def _read_answers(self, stream: IO[bytes]) -> None:
        lines = LineBuffer()
        with stream:
            try:
                while data := os.read(stream.fileno(), _PIPE_CHUNK_BYTES):
                    for line in lines.feed(data):
                        self._answers.put(decode(line))
            except BadMessage as error:
                self._answers.put(_WorkerFault(f"the intake worker answered nonsense ({error})"))
                return
        self._answers.put(_WorkerFault(self._how_it_ended()))

    def _how_it_ended(self) -> str:
        deadline = time.monotonic() + _STOP_GRACE_S
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        status = self._process.poll()
        if status is not None and status < 0:
            return f"reading it crashed the decoder (signal {-status})"
        return f"the intake worker ended while reading it (status {status})"

    def _log_tail(self) -> None:
        """Pass on what the worker wrote to its log."""
        try:
            text = self._log_path.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        except OSError:
            return
        if text:
            _log.warning("intake worker: %s", text)


def _worker_environment() -> dict[str, str]:
    """Environment in which the worker finds this package, with one thread for each numeric library.

    Each of their threads would take address space, which the worker has little of.
    """
    environment = dict(os.environ)
    package_root = str(Path(gaze2report.__file__).resolve().parent.parent)
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([package_root, known]) if known else package_root
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = "1"
    environment["MALLOC_ARENA_MAX"] = "2"
    environment["RUST_BACKTRACE"] = "0"
    return environment
