"""A model host without a model: speaks the messages as told by its mode. Run as a process by the GUI tests.

``python scripted_host.py MODE [STEP_S [FILE]]``; modes: normal, slow, crash_on_load, crash_on_draft, hang_on_draft,
hang, garbage, unavailable, refuse, fail, bad_draft, deaf (ignores shutdown and SIGTERM), crash_once (unless FILE is
there), gate and gate_load (stand still, in a draft or while loading, until FILE is there).
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gaze2report.messages import Message, decode, encode

FINDINGS = "The lungs are clear. The heart is of normal size. There is no pleural effusion."
IMPRESSION = "No acute cardiopulmonary disease."
FIXATIONS = [(0.30, 0.35, 0.42), (0.33, 0.58, 0.25), (0.52, 0.62, 0.61), (0.68, 0.40, 0.33), (0.70, 0.66, 0.18)]


def send(kind: str, request_id: str = "", **body: Any) -> None:
    """Write one message."""
    sys.stdout.buffer.write(encode(Message(kind, request_id, body)))
    sys.stdout.buffer.flush()


def element(content: bytes, tag: bytes, vr: bytes) -> bytes:
    """Value of one element of an explicit VR little endian file; a reader of DICOM would take a second to import."""
    at = content.index(tag + vr) + 6
    return content[at + 2 : at + 2 + int.from_bytes(content[at : at + 2], "little")]


def draft_of(file: str, seed: int) -> dict[str, Any]:
    """The draft object, with the identity of the real file."""
    content = Path(file).read_bytes()
    study_uid = element(content, b"\x20\x00\x0d\x00", b"UI").rstrip(b"\0").decode()
    instance_uid = element(content, b"\x08\x00\x18\x00", b"UI").rstrip(b"\0").decode()
    rows = int.from_bytes(element(content, b"\x28\x00\x10\x00", b"US"), "little")
    columns = int.from_bytes(element(content, b"\x28\x00\x11\x00", b"US"), "little")
    return {
        "file": file,
        "study_uid": study_uid,
        "instance_uid": instance_uid,
        "refused": None,
        "report": {"findings": FINDINGS, "impression": IMPRESSION},
        "sentences": [{"text": IMPRESSION, "section": "impression", "box_px": None, "unsupported": None}],
        "observations": {"Cardiomegaly": 0.1, "Fracture": None},
        "scanpath": [{"x_px": x * columns, "y_px": y * rows, "duration_s": d} for x, y, d in FIXATIONS],
        "gaze": "predicted",
        "provenance": {
            "base_model": "scripted",
            "base_model_sha256": "b" * 64,
            "adapter": "scripted-1",
            "adapter_sha256": "3fa92c1d" + "a" * 56,
            "preprocessing_sha256": "c" * 64,
            "pixel_sha256": "d" * 64,
            "seed": seed,
            "code_version": "0",
        },
        "created_at_utc": "2026-01-02T03:04:05.000006Z",
        "timing_s": {"total": 1.25},
    }


def pieces(text: str) -> list[str]:
    """Words with the space before them, as a tokenizer gives them."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def wait_for(gate: Path, or_any_of: Collection[str] = ()) -> None:
    """Stand still until a file is there."""
    while not gate.exists() and not or_any_of:
        time.sleep(0.005)


class ScriptedHost:
    """Reads requests on one thread and works on them on another, like the real one."""

    def __init__(self, mode: str, step_s: float) -> None:
        self.mode, self.step_s = mode, step_s
        self.requests: queue.Queue[Message] = queue.Queue()
        self.cancelled: set[str] = set()

    def run(self) -> None:
        """Load, then answer until stdin ends."""
        threading.Thread(target=self.read, daemon=True).start()
        self.load()
        while True:
            request = self.requests.get()
            self.answer(request)

    def read(self) -> None:
        for line in sys.stdin.buffer:
            message = decode(line)
            if message.kind == "cancel":
                self.cancelled.add(message.id)
            elif message.kind == "health" and self.mode != "hang":
                send("health", message.id, rss_mb=1, uptime_s=1.0, busy=False)
            elif message.kind == "draft":
                self.requests.put(message)
            elif message.kind == "shutdown" and self.mode != "deaf":
                os._exit(0)
        if self.mode != "deaf":
            os._exit(0)

    def load(self) -> None:
        stages = 3
        for done in range(stages):
            send("loading", stage=("language model", "encoder", "adapter")[done], done=done, total=stages)
            time.sleep(0.005)
            if self.mode == "crash_on_load":
                print("out of memory while loading", file=sys.stderr, flush=True)
                os._exit(7)
        if self.mode == "gate_load":
            wait_for(Path(sys.argv[3]))
        if self.mode == "unavailable":
            send("unavailable", reason="The language model is not installed; run: make setup.")
            time.sleep(3600)
        send("ready", adapter="scripted-1", adapter_sha256="3fa92c1d" + "a" * 56, base_model="scripted", device="cpu")

    def answer(self, request: Message) -> None:
        name = request.id
        send("started", name)
        if self.mode == "refuse":
            send("refused", name, code="not_chest", reason="This is not a chest film (body part LEG).")
            return
        if self.mode == "fail":
            send("failed", name, code="out_of_memory", reason="The model ran out of memory.")
            return
        draft = draft_of(request.body["file"], request.body["seed"])
        if request.body["gaze"] == "recorded":
            draft["gaze"], draft["scanpath"] = "recorded", request.body["fixations"]
        send("scanpath", name, fixations=draft["scanpath"])
        send("observations", name, probabilities=draft["observations"])
        asked = request.body.get("section")
        if asked is not None:
            draft["section"] = asked
            draft["report"] = {"findings": "", "impression": ""}
            draft["report"][asked] = f"Anew for {len(request.body['findings'])} letters."
        for section in ("findings", "impression") if asked is None else (asked,):
            for number, piece in enumerate(pieces(draft["report"][section])):
                if name in self.cancelled:
                    send("cancelled", name)
                    return
                send("text", name, section=section, text=piece)
                time.sleep(self.step_s)
                if number == 2:
                    self.misbehave()
        if self.mode == "bad_draft":
            draft.pop("provenance")
        send("draft", name, draft=draft)

    def misbehave(self) -> None:
        if self.mode == "crash_on_draft":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.mode == "gate":
            wait_for(Path(sys.argv[3]), self.cancelled)
        elif self.mode == "crash_once":
            mark = Path(sys.argv[3])
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        elif self.mode in ("hang", "hang_on_draft"):
            time.sleep(3600)
        elif self.mode == "garbage":
            sys.stdout.buffer.write(b"\x00\xff{{{ not json\n")
            sys.stdout.buffer.flush()
            time.sleep(3600)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "normal"
    if chosen == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ScriptedHost(chosen, float(sys.argv[2]) if len(sys.argv) > 2 else 0.005).run()
