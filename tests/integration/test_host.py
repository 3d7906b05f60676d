from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import factories
import psutil
import pytest

from gaze2report.draft_json import draft_from_json
from gaze2report.messages import Message, decode, encode

TINY_HOST = Path(__file__).with_name("tiny_host.py")


class Client:
    """A parent of the host: writes requests, reads messages."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(TINY_HOST), str(delay_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, kind: str, request_id: str = "", **body: object) -> None:
        self.process.stdin.write(encode(Message(kind, request_id, body)))
        self.process.stdin.flush()

    def read(self) -> Message:
        line = self.process.stdout.readline()
        assert line, "the host ended"
        return decode(line)

    def read_until(self, *kinds: str) -> list[Message]:
        messages = [self.read()]
        while messages[-1].kind not in kinds:
            messages.append(self.read())
        return messages

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@pytest.fixture
def slow_client() -> Iterator[Client]:
    client = Client(delay_s=0.2)
    yield client
    client.close()


def test_a_session_loads_drafts_refuses_answers_and_ends(client: Client, tmp_path: Path) -> None:
    film = factories.make_dicom(tmp_path / "film.dcm")
    leg = factories.make_dicom(tmp_path / "leg.dcm", BodyPartExamined="LEG")
    (tmp_path / "note.txt").write_text("not a film")
    assert client.read_until("ready")[0].kind == "loading"

    client.ask("draft", "1", file=str(film), seed=0, gaze="predicted")
    messages = client.read_until("draft")
    assert all(message.id == "1" for message in messages)
    assert [m.kind for m in messages[:3]] == ["started", "scanpath", "observations"]
    draft = draft_from_json(messages[-1].body["draft"])
    assert (
        "".join(m.body["text"] for m in messages if m.kind == "text" and m.body["section"] == "findings")
        == draft.report.findings
    )

    client.ask("draft", "2", file=str(leg), seed=0, gaze="predicted")
    assert client.read_until("refused")[-1].body["code"] == "body_part"
    client.ask("draft", "3", file=str(tmp_path / "note.txt"), seed=0, gaze="predicted")
    assert str(tmp_path / "note.txt") in client.read_until("failed")[-1].body["reason"]
    looked = [{"x_px": x, "y_px": y, "duration_s": s} for x, y, s in ((40.0, 60.0, 0.3), (90.0, 80.0, 0.6))]
    client.ask("draft", "r", file=str(film), seed=0, gaze="recorded", fixations=looked)
    messages = client.read_until("draft")
    from_gaze = draft_from_json(messages[-1].body["draft"])
    assert from_gaze.gaze == "recorded"
    assert [asdict(fixation) for fixation in from_gaze.scanpath] == looked
    client.ask("draft", "b", file=str(film), gaze="recorded", fixations=[{**looked[0], "x_px": -5.0}])
    assert client.read_until("refused")[-1].body["code"] == "gaze_beside_film"
    for wrong in ([], [[1.0, 2.0]], [{**looked[0], "duration_s": 0.0}], "no list", looked * 2501):
        client.ask("draft", "w", file=str(film), gaze="recorded", fixations=wrong)
        assert "fixation" in client.read_until("failed")[-1].body["reason"]
    client.ask("draft", "4", file=17)
    assert client.read_until("failed")[-1].id == "4"
    client.process.stdin.write(b"{broken\n")
    client.ask("health", "5")
    assert client.read_until("failed")[-1].body["code"] == "bad_message"
    assert client.read_until("health")[-1].body["rss_mb"] > 50
    client.ask("shutdown")
    assert client.process.wait(timeout=5) == 0


def test_a_running_draft_is_cancelled_and_the_next_one_is_whole(slow_client: Client, tmp_path: Path) -> None:
    film = factories.make_dicom(tmp_path / "film.dcm")
    slow_client.read_until("ready")
    slow_client.ask("draft", "long", file=str(film), seed=0, gaze="predicted")
    slow_client.ask("draft", "queued", file=str(film), seed=0, gaze="predicted")
    slow_client.ask("cancel", "queued")
    slow_client.read_until("text")
    slow_client.ask("health", "h")
    slow_client.ask("cancel", "long")
    messages = slow_client.read_until("cancelled")
    assert messages[-1].id == "long"
    assert any(m.kind == "health" and m.body["busy"] for m in messages)
    assert slow_client.read_until("cancelled")[-1].id == "queued"


def wait_until_gone(pid: int, limit_s: float) -> float:
    begun = time.monotonic()
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - begun < limit_s, "the process is still there"
        time.sleep(0.05)
    return time.monotonic() - begun


def test_the_host_ends_with_its_input_in_the_middle_of_a_draft(slow_client: Client, tmp_path: Path) -> None:
    film = factories.make_dicom(tmp_path / "film.dcm")
    slow_client.read_until("ready")
    slow_client.ask("draft", "1", file=str(film), seed=0, gaze="predicted")
    slow_client.read_until("text")
    slow_client.process.stdin.close()
    assert slow_client.process.wait(timeout=5) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_the_host_ends_when_its_parent_is_killed() -> None:
    parent_code = (
        "import subprocess, sys, time\n"
        f"command = [sys.executable, {str(TINY_HOST)!r}]\n"
        "p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        host_pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    wait_until_gone(host_pid, limit_s=30)
