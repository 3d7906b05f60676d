"""The model host: drafts for the workstation, as JSON lines over its standard streams.

One thread reads requests, one thread works on them in order; the model is loaded by the worker, so that health and
cancel are answered meanwhile. The host ends with its parent: when standard input closes it stops by itself, also in
the middle of a sentence. What it knows of errors it sends as sentences; a bug goes to standard error with its
traceback and to the workstation as ``failed``.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

import psutil

from gaze2report import library_noise
from gaze2report.draft_json import draft_to_json
from gaze2report.errors import DraftCancelled, Gaze2ReportError, LanguageModelMissing, Refused
from gaze2report.gaze.film_gaze import fixations_on_film
from gaze2report.gaze.recorded_gaze_file import MOST_FIXATIONS
from gaze2report.imaging.intake import Intake
from gaze2report.messages import BadMessage, LineBuffer, Message, decode, encode
from gaze2report.types import Fixation, GazeSource, SectionName

if TYPE_CHECKING:
    from gaze2report.drafting import Drafter

GRACE_AT_EXIT_S = 1.5
PARENT_CHECK_S = 1.0
NICENESS = 5
"""The window goes first: a reader who drags a window level must not feel that a draft is being written."""


@dataclass(frozen=True)
class LoadedModel:
    """A drafter and how the workstation is to name it."""

    drafter: Drafter
    description: dict[str, Any]


Load = Callable[[Callable[[str, int, int], None]], LoadedModel]


class Host:
    """Answers requests until standard input ends or ``shutdown`` comes.

    Parameters
    ----------
    load : callable
        Loads the model, telling ``progress(stage, done, total)``; called once, in the worker thread.
    output : binary stream
        Where messages go, one line each.
    """

    def __init__(self, load: Load, output: BinaryIO, intake: Intake | None = None) -> None:
        self._load = load
        self._output = output
        self._intake = intake or Intake()
        self._write_lock = threading.Lock()
        self._requests: queue.Queue[Message | None] = queue.Queue()
        self._cancelled: set[str] = set()
        self._ending = threading.Event()
        self._busy = ""
        self._started = time.monotonic()

    def serve(self, read_chunk: Callable[[], bytes]) -> None:
        """Read requests until the end of input, then stop the worker, waiting for it a grace time at most."""
        worker = threading.Thread(target=self._work, name="draft", daemon=True)
        worker.start()
        buffer = LineBuffer()
        while not self._ending.is_set():
            data = read_chunk()
            if not data:
                break
            try:
                for line in buffer.feed(data):
                    self._take(line)
            except BadMessage as error:
                self.send("failed", "", code="bad_message", reason=str(error))
        self._ending.set()
        self._requests.put(None)
        worker.join(GRACE_AT_EXIT_S)
        self._intake.close()

    def send(self, kind: str, request_id: str = "", **body: Any) -> None:
        """Write one message; a closed pipe means that nobody listens any more and ends the host."""
        line = encode(Message(kind, request_id, body))
        try:
            with self._write_lock:
                self._output.write(line)
                self._output.flush()
        except (BrokenPipeError, ValueError):
            self._ending.set()

    def _take(self, line: bytes) -> None:
        try:
            message = decode(line)
        except BadMessage as error:
            self.send("failed", "", code="bad_message", reason=str(error))
            return
        if message.kind == "draft":
            self._requests.put(message)
        elif message.kind == "cancel":
            self._cancelled.add(message.id)
        elif message.kind == "health":
            rss_mb = round(psutil.Process().memory_info().rss / 1e6, 1)
            uptime_s = round(time.monotonic() - self._started, 1)
            self.send("health", message.id, rss_mb=rss_mb, uptime_s=uptime_s, busy=bool(self._busy))
        elif message.kind == "shutdown":
            self._ending.set()
        else:
            self.send("failed", message.id, code="bad_message", reason=f"unknown request {message.kind!r}")

    def _work(self) -> None:
        model = self._load_model()
        while model is not None:
            message = self._requests.get()
            if message is None or self._ending.is_set():
                return
            self._busy = message.id
            try:
                self._answer(model, message)
            finally:
                self._busy = ""
                self._cancelled.discard(message.id)
        while not self._ending.is_set():
            message = self._requests.get()
            if message is not None:
                self.send("failed", message.id, code="unavailable", reason="the model could not be loaded")

    def _load_model(self) -> LoadedModel | None:
        try:
            model = self._load(lambda stage, done, total: self.send("loading", stage=stage, done=done, total=total))
        except Gaze2ReportError as error:
            self.send("unavailable", reason=str(error), code=error.code)
            return None
        except Exception as error:  # noqa: BLE001 - the border of the process: the workstation is told, the log has it
            traceback.print_exc()
            self.send("unavailable", reason=f"the model could not be loaded: {error!r}", code="bug")
            return None
        self.send("ready", **model.description)
        return model

    def _answer(self, model: LoadedModel, message: Message) -> None:
        request_id = message.id

        def should_stop() -> bool:
            return request_id in self._cancelled or self._ending.is_set()

        try:
            request = _draft_request(message)
            if should_stop():
                raise DraftCancelled("the draft was cancelled")
            self.send("started", request_id)
            begun = time.perf_counter()
            image = self._intake.read(Path(request.file))
            draft = model.drafter.draft(
                image,
                file=request.file,
                gaze=request.gaze,
                recorded=fixations_on_film(request.recorded, image) if request.gaze == "recorded" else (),
                seed=request.seed,
                section=request.section,
                findings=request.findings,
                decode_s=time.perf_counter() - begun,
                on_event=lambda kind, body: self.send(kind, request_id, **body),
                should_stop=should_stop,
            )
            self.send("draft", request_id, draft=draft_to_json(draft))
        except DraftCancelled:
            self.send("cancelled", request_id)
        except Refused as error:
            self.send("refused", request_id, code=error.code, reason=error.reason)
        except Gaze2ReportError as error:
            self.send("failed", request_id, code=error.code, reason=str(error))
        except Exception as error:  # noqa: BLE001 - the border of the process: the workstation is told, the log has it
            traceback.print_exc()
            self.send("failed", request_id, code="bug", reason=f"the model host made an error: {error!r}")


@dataclass(frozen=True)
class _DraftRequest:
    """What a ``draft`` message asks for; ``findings`` is what an impression alone is to be written for."""

    file: str
    seed: int
    gaze: GazeSource
    recorded: tuple[Fixation, ...]
    section: SectionName | None
    findings: str


def _draft_request(message: Message) -> _DraftRequest:
    body = message.body
    file, seed, gaze = body.get("file"), body.get("seed", 0), body.get("gaze", "predicted")
    sources = {"predicted", "none", "recorded"}
    if not isinstance(file, str) or not file or not isinstance(seed, int) or gaze not in sources:
        raise Gaze2ReportError(
            "a draft request needs 'file' (text), 'seed' (whole number), 'gaze' (predicted, recorded or none)"
        )
    recorded = _recorded(body.get("fixations", [])) if gaze == "recorded" else ()
    section, findings = body.get("section"), body.get("findings", "")
    if section not in {None, "findings", "impression"} or not isinstance(findings, str):
        raise Gaze2ReportError("a draft request may name one 'section' (findings or impression) and give 'findings'")
    return _DraftRequest(file, seed, cast(GazeSource, gaze), recorded, cast(SectionName | None, section), findings)


def _recorded(items: object) -> tuple[Fixation, ...]:
    try:
        found = tuple(
            Fixation(float(item["x_px"]), float(item["y_px"]), float(item["duration_s"]))
            for item in cast(list[dict[str, Any]], items)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Gaze2ReportError(f"a draft from recorded gaze needs its fixations in order ({error!r})") from error
    if len(found) > MOST_FIXATIONS:
        raise Gaze2ReportError(f"a draft from recorded gaze takes at most {MOST_FIXATIONS} fixations")
    if not found or not all(isfinite(f.x_px) and isfinite(f.y_px) and f.duration_s > 0 for f in found):
        raise Gaze2ReportError("a draft from recorded gaze needs fixations with finite places and durations above 0")
    return found


def _load_drafter(adapter: Path, progress: Callable[[str, int, int], None]) -> LoadedModel:
    progress("starting the model host", 0, 4)
    library_noise.silence()
    try:
        from gaze2report.drafting import Drafter

        library_noise.silence_progress_bars()
    except ImportError as error:
        raise LanguageModelMissing(f"a package that the model needs cannot be loaded: {error}") from error

    drafter = Drafter.load(adapter, lambda stage, done, _: progress(stage, done + 1, 4))
    manifest = drafter.manifest
    description = {
        "adapter": manifest.name,
        "adapter_sha256": manifest.sha256,
        "base_model": manifest.base_model,
        "device": "cpu",
    }
    return LoadedModel(drafter, description)


def _exit_with_parent(parent: psutil.Process) -> None:
    """End the process when its parent is gone, whatever the other threads do (a stuck pipe, a long computation)."""
    while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
        time.sleep(PARENT_CHECK_S)
    os._exit(0)


def main(adapter: Path) -> NoReturn:
    """Run the host for an adapter version on the process's standard streams."""
    serve_process(lambda progress: _load_drafter(adapter, progress))


def serve_process(load: Load) -> NoReturn:
    """Serve on the process's standard streams until they close, then end the process."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # Whatever a library prints must not get between the messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_exit_with_parent, args=(psutil.Process(os.getppid()),), daemon=True).start()
    host = Host(load, cast(BinaryIO, output))
    host.serve(lambda: os.read(sys.stdin.fileno(), 65536))
    sys.stderr.flush()
    # A thread may still be inside a long computation; there is nothing to save.
    os._exit(0)
