"""The window at the sizes of real screens: nothing forces it wider or higher, no button is cut."""

from __future__ import annotations

import contextlib

import pytest
from PySide6.QtWidgets import QPushButton, QToolButton
from stations import film

from desktop.theme import apply_theme

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture(autouse=True)
def no_theme_for_others(qapp):
    before = qapp.styleSheet(), qapp.font(), qapp.palette()
    yield
    qapp.setStyleSheet(before[0])
    qapp.setFont(before[1])
    qapp.setPalette(before[2])


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 800), (1920, 1080)])
def test_the_reading_page_fits_the_screen_and_cuts_no_button(make_station, qapp, qtbot, tmp_path, width_px, height_px):
    apply_theme(qapp)
    made = make_station()
    window = made.window
    window.resize(width_px, height_px)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    qtbot.waitUntil(lambda: bool(made.reading.drafts), timeout=20_000)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == (width_px, height_px))
    buttons = [*window.findChildren(QPushButton), *window.findChildren(QToolButton)]

    def cut() -> list[str]:
        shown = [button for button in buttons if button.isVisible() and button.text()]
        assert len(shown) > 15
        return [
            f"{button.text()}: {button.width()} x {button.height()} of {needed.width()} x {needed.height()} px"
            for button in shown
            for needed in (button.minimumSizeHint(),)
            if button.width() < needed.width() or button.height() < needed.height()
        ]

    with contextlib.suppress(qtbot.TimeoutError):
        qtbot.waitUntil(lambda: cut() == [], timeout=3_000)  # the layouts follow what has changed last
    assert cut() == []
    corner = window.report.mapTo(window, window.report.rect().bottomRight())
    assert corner.x() <= width_px
    assert corner.y() <= height_px


def test_an_entry_whose_words_wrap_does_not_push_the_impression_out_of_sight(make_station, qapp, qtbot, tmp_path):
    apply_theme(qapp)
    made = make_station(start_host=False)
    made.window.resize(1280, 800)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    sections = made.window.report.sections
    sections.communications.begin()
    sections.communications.told.setText("Dr. Ward, who will see the patient this afternoon")
    sections.communications.keep()
    qtbot.waitUntil(lambda: bool(made.reading.communications))
    qtbot.waitUntil(lambda: sections.widget().height() <= sections.viewport().height())
