"""The watchdog itself: planted blocks are measured and named, an idle window has none."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QTimer
from watchdog import Watchdog


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize("block", [spin, time.sleep])
def test_a_block_of_150_ms_is_measured_and_its_place_named(qtbot, block) -> None:
    def planted_block() -> None:
        block(0.15)

    for _ in range(8):  # on a busy machine a block may be missed, but not every time
        with Watchdog().watching() as watch:
            QTimer.singleShot(50, planted_block)
            qtbot.wait(300)
        if watch.longest.ms >= 130 and "planted_block" in watch.longest.stack:
            break
    else:
        pytest.fail(watch.text())


def test_an_idle_window_is_not_blocked_however_busy_another_thread_sleeps(qtbot) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with Watchdog().watching() as watch:
        qtbot.wait(200)
    stop.set()
    thread.join()
    assert len(watch.blocks) > 10
    assert watch.longest.cpu_ms < 50
    assert watch.longest.ms < 100, watch.text()


def test_many_short_works_are_not_one_long_block(qtbot) -> None:
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: spin(0.01))
    timer.start()
    with Watchdog().watching() as watch:
        qtbot.wait(300)
    timer.stop()
    assert watch.longest.ms < 80, watch.text()
