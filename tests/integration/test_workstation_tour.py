"""The tour over the real window: quiet, skippable, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from stations import film

from desktop import tour
from desktop.panels.callout import place_beside

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    station = make_station(start_host=False)
    station.window.activateWindow()
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    return station


def test_the_tour_names_the_keys_of_now_and_every_action_it_speaks_of(made) -> None:
    made.services.actions.rebind("report.sign", ("Ctrl+F12",))
    made.services.actions.rebind("image.reset", ())
    texts = [tour.with_keys(step.text, made.services.actions) for step in tour.STEPS]
    assert not any("{" in text for text in texts)
    assert any("Ctrl+F12 asks once more" in text for text in texts)
    assert '"Reset" brings everything back' in texts[0]


def test_every_part_it_speaks_of_is_there_and_the_note_lies_beside_it_inside_the_window(made) -> None:
    window = made.window
    window.tour.start()
    assert window.tour.steps() == list(tour.STEPS)
    for number, step in enumerate(tour.STEPS, 1):
        note = window.tour.callout
        assert note.isVisible()
        assert (note.title.text(), note.count.text()) == (step.title, f"{number} / {len(tour.STEPS)}")
        assert note.parentWidget().rect().contains(note.geometry())
        target = step.target(window)
        area = QRect(target.mapTo(note.parentWidget(), target.rect().topLeft()), target.size())
        assert not note.geometry().intersects(area)
        assert window.tour.ring.geometry().intersects(area)
        note.next_button.click()
    assert not window.tour.is_running
    assert made.services.settings.is_tour_done
    assert window.viewer.view.hasFocus()


def test_esc_skips_it_and_back_goes_back(made) -> None:
    window = made.window
    window.tour.start()
    assert not window.tour.callout.back_button.isEnabled()
    window.tour.callout.next_button.click()
    window.tour.callout.back_button.click()
    assert window.tour.callout.title.text() == tour.STEPS[0].title
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not window.tour.is_running
    assert made.services.settings.is_tour_done


def test_esc_ends_the_tour_while_the_film_or_the_report_has_the_keyboard(made, qtbot) -> None:
    for widget in (made.window.viewer.view, made.window.report.editors["findings"]):
        made.window.tour.start()
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        QTest.keyClick(widget, Qt.Key.Key_Escape)
        assert not made.window.tour.is_running
        assert widget.hasFocus()


def test_it_comes_by_itself_with_the_first_film_takes_no_keyboard_and_never_again(
    make_station, qtbot, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(tour, "_START_AFTER_MS", 0)
    made = make_station(start_host=False)
    made.window.activateWindow()
    made.window.tour.start_at_first_film()
    uids = [made.add(film(tmp_path, seed)).study_uid for seed in range(2)]
    assert not made.window.tour.is_running
    made.open(qtbot, uids[0])
    qtbot.waitUntil(lambda: made.window.tour.is_running)
    made.window.report.focus()
    made.type("findings", "Clear.")  # the work goes on under it
    assert made.text("findings") == "Clear."
    assert made.window.tour.is_running
    made.window.resize(1100, 700)
    qtbot.wait(30)
    note = made.window.tour.callout
    assert note.parentWidget().rect().contains(note.geometry())
    note.skip_button.click()
    made.open(qtbot, uids[1])
    qtbot.wait(50)
    assert not made.window.tour.is_running
    made.services.settings.sync()
    assert made.services.settings.is_tour_done


points = st.integers(0, 1900)


@given(left=points, top=points, width=st.integers(1, 1900), height=st.integers(1, 1000))
def test_a_note_is_always_inside_the_window(left: int, top: int, width: int, height: int) -> None:
    window, size = QRect(0, 0, 1280, 800), QSize(330, 170)
    target = QRect(left, top, width, height).intersected(window)
    at = place_beside(QRect(0, 0, size.width(), size.height()), target, window)
    assert window.contains(QRect(at, size))
