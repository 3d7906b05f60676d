"""The model host over many drafts: memory stays, cancelling works at any moment, a killed one is replaced."""

from __future__ import annotations

import importlib.metadata
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gaze2report.messages import LineBuffer, Message, decode, encode

N_DRAFTS = 30
N_KILLS = 4
ENDS = {"draft", "cancelled", "refused", "failed"}


class RunningHost:
    """A host process with its messages collected by a thread."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gaze2report", "host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.messages: list[Message] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        buffer = LineBuffer()
        while data := self.process.stdout.read1(65536):
            self.messages += [decode(line) for line in buffer.feed(data)]

    def send(self, kind: str, request_id: str = "", **body: object) -> None:
        self.process.stdin.write(encode(Message(kind, request_id, body)))
        self.process.stdin.flush()

    def wait_for(self, kinds: set[str], request_id: str = "", timeout_s: float = 180) -> Message:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for message in list(self.messages):
                if message.kind in kinds and message.id == request_id:
                    return message
            assert self.process.poll() is None, "the host has ended"
            time.sleep(0.02)
        raise AssertionError(f"no {kinds} for {request_id!r} within {timeout_s} s")

    def rss_mb(self) -> float:
        request_id = f"health-{len(self.messages)}"
        self.send("health", request_id)
        return self.wait_for({"health"}, request_id).body["rss_mb"]


@pytest.fixture
def film() -> str:
    files = importlib.metadata.files("pydicom-data")
    return next(str(Path(str(file.locate()))) for file in files if file.name == "RG1_UNCR.dcm")


@pytest.mark.timeout(3600)
def test_many_drafts_and_cancels_leave_the_memory_as_it_was(film):
    rng = random.Random(0)
    host = RunningHost()
    host.wait_for({"ready"})
    ended = []
    after_warm_up = 0.0
    for number in range(N_DRAFTS):
        request_id = str(number)
        host.send("draft", request_id, file=film, seed=number, gaze="predicted")
        if rng.random() < 0.4:
            time.sleep(rng.uniform(0, 3))
            host.send("cancel", request_id)
        ended.append(host.wait_for(ENDS, request_id).kind)
        if number == 4:
            after_warm_up = host.rss_mb()
    assert set(ended) == {"draft", "cancelled"}
    assert host.rss_mb() - after_warm_up < 150
    host.process.stdin.close()
    assert host.process.wait(5) == 0


@pytest.mark.timeout(3600)
def test_a_host_killed_while_it_drafts_is_replaced_by_one_that_drafts_the_same(film):
    texts = set()
    for _ in range(N_KILLS):
        killed = RunningHost()
        killed.wait_for({"ready"})
        killed.send("draft", "1", file=film, seed=0, gaze="predicted")
        killed.wait_for({"started"}, "1")
        killed.process.kill()
        killed.process.wait(10)
        host = RunningHost()
        host.wait_for({"ready"})
        host.send("draft", "1", file=film, seed=0, gaze="predicted")
        report = host.wait_for(ENDS, "1").body["draft"]["report"]
        texts.add((report["findings"], report["impression"]))
        host.process.stdin.close()
        host.process.wait(5)
    assert len(texts) == 1
