from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import shiboken6
from PySide6.QtCore import QObject, QThread

from desktop.background import Background, Cancelled


@pytest.fixture
def reported() -> list[BaseException]:
    return []


@pytest.fixture
def background(qapp: object, reported: list[BaseException]) -> Iterator[Background]:
    made = Background(reported.append)
    yield made
    made.close()


def test_results_arrive_on_the_gui_thread(background: Background, qtbot) -> None:
    owner, seen = QObject(), []
    background.run(
        owner, lambda: threading.current_thread().name,
        on_success=lambda name: seen.append((name, QThread.currentThread() is owner.thread())),
    )  # fmt: skip
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][0].startswith("lane-io")
    assert seen[0][1]


def test_an_error_without_handler_is_reported_and_one_with_handler_is_not(
    background: Background, reported: list[BaseException], qtbot
) -> None:
    owner, handled = QObject(), []

    def fail() -> None:
        raise KeyError("gone")

    background.run(owner, fail)
    background.run(owner, fail, on_failure=handled.append)
    qtbot.waitUntil(lambda: bool(reported) and bool(handled))
    assert len(reported) == len(handled) == 1


def test_cancelling_unwinds_past_every_handler_and_runs_the_finallys(background: Background, qtbot) -> None:
    owner, marks, delivered = QObject(), [], []
    started = threading.Event()

    def work(progress: Callable[[int, int], None]) -> str:
        try:
            for step in range(10_000):
                try:
                    progress(step, 10_000)
                except Exception:  # noqa: BLE001 - the point: it must not swallow the cancellation
                    marks.append("swallowed")
                started.set()
                time.sleep(0.001)
        except Cancelled:
            marks.append("cancelled")
            raise
        finally:
            marks.append("finally")
        return "never"

    job = background.run(owner, work, on_success=delivered.append)
    assert started.wait(5)
    job.cancel()
    qtbot.waitUntil(lambda: job.is_done)
    assert marks == ["cancelled", "finally"]
    assert not delivered


def test_many_progress_calls_are_few_deliveries_and_the_last_one_is_right(background: Background, qtbot) -> None:
    owner, seen, done = QObject(), [], []

    def work(progress: Callable[[int, int], None]) -> None:
        for step in range(20_000):
            progress(step + 1, 20_000)

    background.run(owner, work, on_progress=lambda *p: seen.append(p), on_success=done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert seen[-1] == (20_000, 20_000)
    assert len(seen) < 5_000


def test_a_deleted_owner_gets_nothing(background: Background, qtbot) -> None:
    owner, other, seen, marks = QObject(), QObject(), [], []
    gate = threading.Event()
    background.run(owner, gate.wait, lane="db", on_success=seen.append)
    shiboken6.delete(owner)
    gate.set()
    background.run(other, lambda: 1, lane="db", on_success=marks.append)
    qtbot.waitUntil(lambda: bool(marks))
    assert not seen


def test_lane_db_keeps_the_order_and_never_overlaps(background: Background, qtbot) -> None:
    owner, begun, done = QObject(), [], []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.002)
        assert begun[-1] == number
        return number

    for number in range(20):
        background.run(owner, work, number, lane="db", on_success=done.append)
    qtbot.waitUntil(lambda: len(done) == 20)
    assert done == list(range(20))


def test_a_job_cancelled_in_the_queue_never_starts(background: Background, qtbot) -> None:
    owner, ran, gate = QObject(), [], threading.Event()
    background.run(owner, gate.wait, lane="db")
    job = background.run(owner, ran.append, 1, lane="db")
    job.cancel()
    gate.set()
    qtbot.waitUntil(lambda: job.is_done)
    assert not ran


def test_closing_finishes_what_must_finish_and_nothing_else(qapp: object) -> None:
    background = Background(lambda error: None)
    owner, ran, gate = QObject(), [], threading.Event()
    background.run(owner, gate.wait, lane="db")
    background.run(owner, ran.append, "save", lane="db", must_finish=True)
    background.run(owner, ran.append, "list", lane="db")
    threading.Timer(0.05, gate.set).start()
    background.close()
    assert ran == ["save"]
