from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject

from desktop.background import Background
from desktop.panels import status_bar
from desktop.panels.status_bar import StatusBar


@pytest.fixture
def background(qapp):
    made = Background(lambda error: pytest.fail(str(error)))
    yield made
    made.close()


@pytest.fixture
def bar(qtbot, background, monkeypatch):
    monkeypatch.setattr(status_bar, "SHOW_AFTER_MS", 0)
    made = StatusBar(background.work)
    qtbot.addWidget(made)
    made.resize(1000, made.height())
    made.show()
    return made


def test_a_job_with_a_title_is_shown_with_its_progress_until_it_ends(bar, background, qtbot):
    owner, go_on, delivered = QObject(), threading.Event(), []

    def work(progress):
        progress(3, 10)
        go_on.wait(20)
        return "done"

    background.run(owner, work, on_success=delivered.append, title="Writing the PDF")
    qtbot.waitUntil(lambda: len(bar.items) == 1 and bar.items[0].label.text() == "Writing the PDF, 3 of 10")
    (item,) = bar.items
    assert (item.progress.value(), item.progress.maximum()) == (3, 10)
    assert not item.stop_button.isVisible()  # nobody said how to go on when it is stopped
    go_on.set()
    qtbot.waitUntil(lambda: not bar.items)
    assert delivered == ["done"]
    assert background.work.works == ()


def test_stopping_ends_the_work_tells_its_owner_and_delivers_nothing(bar, background, qtbot):
    owner, told, delivered, unwound = QObject(), [], [], threading.Event()

    def work(progress):
        try:
            for step in range(1_000_000):
                progress(step, 1_000_000)
                threading.Event().wait(0.001)
        finally:
            unwound.set()

    background.run(
        owner, work, on_success=delivered.append, title="Exporting", on_stopped=lambda: told.append("stopped")
    )
    qtbot.waitUntil(lambda: len(bar.items) == 1 and bar.items[0].stop_button.isVisible())
    bar.items[0].stop_button.click()
    assert told == ["stopped"]
    qtbot.waitUntil(lambda: not bar.items)
    assert unwound.is_set()
    assert delivered == []


def test_work_that_cannot_be_interrupted_says_that_it_is_stopping(bar, background, qtbot):
    owner, go_on = QObject(), threading.Event()
    background.run(owner, lambda: go_on.wait(20), title="Opening the film", on_stopped=lambda: None)
    qtbot.waitUntil(lambda: len(bar.items) == 1)
    (item,) = bar.items
    item.stop_button.click()
    assert item.label.text() == "Opening the film: stopping"
    assert not item.stop_button.isEnabled()
    assert item.progress.maximum() == 0
    go_on.set()
    qtbot.waitUntil(lambda: not bar.items)


def test_a_failed_job_leaves_the_bar_too(bar, background, qtbot):
    owner, failures = QObject(), []

    def fail():
        raise OSError("no")

    background.run(owner, fail, on_failure=failures.append, title="Exporting")
    qtbot.waitUntil(lambda: bool(failures) and not background.work.works)
    assert bar.items == ()


def test_of_much_work_two_pieces_are_shown_and_the_others_counted(bar, background, qtbot):
    works = [background.work.begin(f"Piece {number}") for number in range(4)]
    qtbot.waitUntil(lambda: len(bar.items) == 2 and bar.more.isVisible())
    assert [item.label.text() for item in bar.items] == ["Piece 0", "Piece 1"]
    assert bar.more.text() == "and 2 more"
    for work in works[:3]:
        work.end()
    assert [item.label.text() for item in bar.items] == ["Piece 3"]
    assert not bar.more.isVisible()
    works[3].end()
    works[3].end()  # whoever is unsure may say it twice
    assert bar.items == ()


def test_short_work_is_never_shown(qtbot, background):
    bar = StatusBar(background.work)
    qtbot.addWidget(bar)
    bar.show()
    work = background.work.begin("Blink")
    qtbot.wait(30)
    assert bar.items == ()
    work.end()
    qtbot.wait(status_bar.SHOW_AFTER_MS + 50)  # its timer has gone with it
    assert bar.items == ()


def test_news_and_progress_move_nothing(bar, background, qtbot):
    height = bar.height()
    bar.say("A sentence that is much too long for the place it has. " * 20)
    background.work.begin("Importing films", lambda: None)
    qtbot.waitUntil(lambda: len(bar.items) == 1)
    assert bar.height() == height
    assert bar.minimumSizeHint().width() < 700
