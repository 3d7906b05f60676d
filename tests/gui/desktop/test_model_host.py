from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import make_dicom
from stations import FAST, IMPATIENT, host_command

from desktop.host_state import HostState, HostTimes
from desktop.model_host import ModelHost
from gaze2report.messages import Message


class Watched:
    """A host client and everything it said."""

    def __init__(self, command: list[str], times: HostTimes) -> None:
        self.host = ModelHost(command, times=times)
        self.states: list[HostState] = []
        self.answers: list[Message] = []
        self.host.state_changed.connect(self.states.append)
        self.host.answered.connect(self.answers.append)

    def kinds(self) -> list[str]:
        return [message.kind for message in self.answers]

    def phases(self) -> list[str]:
        return [state.phase for state in self.states]


@pytest.fixture
def watch(qtbot) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*arguments: object, times: HostTimes = FAST) -> Watched:
        made.append(Watched(host_command(*arguments), times))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for watched in made:
        watched.host.stop()


@pytest.fixture
def film(tmp_path: Path) -> str:
    return str(make_dicom(tmp_path / "film.dcm"))


def wait_ready(watched: Watched, qtbot) -> None:
    watched.host.start()
    qtbot.waitUntil(lambda: watched.host.state.phase == "ready", timeout=10_000)


def test_loading_is_shown_stage_by_stage_and_then_the_adapter(watch, qtbot) -> None:
    watched = watch("normal")
    wait_ready(watched, qtbot)
    loading = [state for state in watched.states if state.phase == "loading"]
    assert [(s.stage, s.done, s.total) for s in loading] == [
        ("language model", 0, 3), ("encoder", 1, 3), ("adapter", 2, 3),
    ]  # fmt: skip
    assert watched.host.state.adapter == "scripted-1"


def test_a_draft_comes_in_pieces_and_ends_whole(watch, qtbot, film: str) -> None:
    watched = watch("normal")
    wait_ready(watched, qtbot)
    request_id = watched.host.request_draft(film)
    qtbot.waitUntil(lambda: "draft" in watched.kinds(), timeout=10_000)
    assert {message.id for message in watched.answers} == {request_id}
    pieces = [m.body["text"] for m in watched.answers if m.kind == "text" and m.body["section"] == "findings"]
    assert "".join(pieces) == watched.answers[-1].body["draft"]["report"]["findings"]
    assert watched.host.state.phase == "ready"


def test_a_cancelled_draft_ends_as_cancelled(watch, qtbot, film: str) -> None:
    watched = watch("slow", 0.05)
    wait_ready(watched, qtbot)
    request_id = watched.host.request_draft(film)
    qtbot.waitUntil(lambda: "text" in watched.kinds(), timeout=10_000)
    watched.host.cancel(request_id)
    qtbot.waitUntil(lambda: watched.kinds()[-1] == "cancelled")
    assert watched.host.state.phase == "ready"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        pytest.param("crash_on_draft", "stopped unexpectedly", id="crash"),
        pytest.param("hang", "not answered", id="deaf_to_health"),
        pytest.param("hang_on_draft", "no progress", id="answers_health_but_never_goes_on"),
        pytest.param("garbage", "not a message", id="garbage"),
    ],
)
def test_a_fault_in_a_draft_fails_the_request_and_the_host_comes_back(
    watch, qtbot, film: str, mode: str, reason: str
) -> None:
    watched = watch(mode, times=IMPATIENT)
    wait_ready(watched, qtbot)
    first_process = watched.host.process_id
    watched.host.request_draft(film)
    qtbot.waitUntil(lambda: watched.host.state.phase == "unavailable", timeout=10_000)
    assert watched.answers[-1].kind == "failed"
    assert watched.answers[-1].body["code"] == "host_gone"
    assert reason in watched.host.state.reason
    assert watched.host.retry_in_s() is not None
    qtbot.waitUntil(lambda: watched.host.state.phase == "ready", timeout=10_000)
    assert watched.host.process_id != first_process
    assert not is_running(first_process)


def test_the_pause_before_a_restart_doubles_up_to_its_limit(watch, qtbot) -> None:
    watched = watch("crash_on_load")
    watched.host.start()

    def delays() -> list[float]:
        return [s.retry_in_s for s in watched.states if s.phase == "unavailable" and s.retry_in_s is not None]

    qtbot.waitUntil(lambda: len(delays()) >= 5, timeout=20_000)
    assert delays()[:5] == [0.1, 0.2, 0.4, 0.4, 0.4]
    assert "out of memory while loading" in watched.states[-1].reason or watched.states[-1].phase != "unavailable"


def test_a_good_draft_makes_the_pause_short_again(watch, qtbot, film: str, tmp_path: Path) -> None:
    watched = watch("crash_once", 0.002, str(tmp_path / "crashed"))
    wait_ready(watched, qtbot)
    watched.host.request_draft(film)
    qtbot.waitUntil(lambda: watched.host.state.phase == "unavailable", timeout=10_000)
    qtbot.waitUntil(lambda: watched.host.state.phase == "ready", timeout=10_000)
    assert watched.host._delay_s == pytest.approx(0.2)
    watched.host.request_draft(film)
    qtbot.waitUntil(lambda: "draft" in watched.kinds(), timeout=10_000)
    assert watched.host._delay_s == pytest.approx(0.1)


def test_a_host_that_says_it_cannot_load_waits_for_the_reader(watch, qtbot) -> None:
    watched = watch("unavailable")
    watched.host.start()
    qtbot.waitUntil(lambda: watched.host.state.phase == "unavailable", timeout=10_000)
    assert "not installed" in watched.host.state.reason
    assert watched.host.retry_in_s() is None
    process = watched.host.process_id
    watched.host.retry_now()
    qtbot.waitUntil(lambda: watched.host.process_id not in (0, process), timeout=10_000)


def test_a_program_that_does_not_exist_is_a_sentence(qtbot) -> None:
    host = ModelHost(["/nonexistent/program"], times=FAST)
    host.start()
    qtbot.waitUntil(lambda: host.state.phase == "unavailable")
    assert "cannot be started" in host.state.reason
    host.stop()


def test_switching_off_kills_within_a_second_and_stays_off(watch, qtbot, film: str) -> None:
    watched = watch("slow", 0.05)
    wait_ready(watched, qtbot)
    watched.host.request_draft(film)
    process = watched.host.process_id
    begun = time.monotonic()
    watched.host.switch_off()
    qtbot.waitUntil(lambda: watched.host.state.phase == "off", timeout=1000)
    assert time.monotonic() - begun < 1.0
    assert not is_running(process)
    assert watched.kinds()[-1] == "failed"
    assert watched.host.retry_in_s() is None


@pytest.mark.parametrize("mode", ["normal", "deaf"])
def test_stopping_ends_the_process_whatever_it_does(watch, qtbot, mode: str) -> None:
    watched = watch(mode)
    wait_ready(watched, qtbot)
    process = watched.host.process_id
    begun = time.monotonic()
    watched.host.stop()
    assert time.monotonic() - begun < 3.0
    assert not is_running(process)


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
