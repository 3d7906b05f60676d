"""Every control can be named by a screen reader and reached by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QMenuBar,
    QProgressBar,
    QPushButton,
    QScrollBar,
    QSizeGrip,
    QTabBar,
    QVBoxLayout,
    QWidget,
)
from stations import film, wait_drafted

pytestmark = pytest.mark.qt_log_ignore(
    "propagateSizeHints", "does not support raise", "does not support grabbing", extend=True
)

OWN_NAMES = (QMenuBar, QMenu, QScrollBar, QSizeGrip, QHeaderView)
"""What screen readers know by its kind, or by its entries."""


def name_of(widget: QWidget) -> str:
    """What a screen reader would say."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name).strip() if interface is not None and interface.isValid() else ""


def is_control(widget: QWidget) -> bool:
    if isinstance(widget, OWN_NAMES):
        return False
    takes_keyboard = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
    is_label = isinstance(widget, QLabel)  # its text is its name
    is_clear_button = isinstance(widget.parentWidget(), QLineEdit)  # Qt's own; Delete does the same
    return (
        not is_label and not is_clear_button and (takes_keyboard or isinstance(widget, (QAbstractButton, QProgressBar)))
    )


def nameless(top: QWidget) -> list[str]:
    """Controls of a window without a name, shown or hidden, as paths."""
    return [path_of(widget) for widget in controls(top) if not name_of(widget)]


def controls(top: QWidget) -> Iterator[QWidget]:
    for widget in [top, *top.findChildren(QWidget)]:
        is_part_of_one = any(isinstance(above, (QAbstractItemView, QTabBar, QComboBox)) for above in above_of(widget))
        if is_control(widget) and not is_part_of_one and not widget.objectName().startswith("qt_"):
            yield widget


def above_of(widget: QWidget) -> Iterator[QWidget]:
    above = widget.parentWidget()
    while above is not None:
        yield above
        above = above.parentWidget()


def path_of(widget: QWidget) -> str:
    names = [f"{type(part).__name__}#{part.objectName()}" for part in (widget, *above_of(widget))]
    return " < ".join(names[:4]) + f" ({widget.toolTip()})"


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    station = make_station()
    station.add(film(tmp_path, 1))
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    wait_drafted(station, qtbot)
    station.window.activateWindow()
    return station


def test_a_planted_control_without_a_name_is_noticed(qtbot) -> None:

    top = QWidget()
    qtbot.addWidget(top)
    column = QVBoxLayout(top)
    for widget in (QPushButton(), QLineEdit(), QPushButton("Named")):
        column.addWidget(widget)
    assert len(nameless(top)) == 2


def test_every_control_of_the_window_has_a_name(made) -> None:
    made.services.background.work.begin("Importing films", lambda: None)
    assert len(list(controls(made.window))) > 20
    assert "\n".join(nameless(made.window)) == ""


def test_every_control_of_the_dialogs_has_a_name(made) -> None:
    dialogs = made.window.dialogs
    dialogs.show_keys()
    dialogs.show_settings("Keys")
    dialogs.show_bug("KeyError", "/tmp/desktop.log")
    for dialog in (dialogs.sheet, dialogs.settings, dialogs.bug):
        assert nameless(dialog) == []


def tab_round(window: QWidget) -> list[QWidget]:
    """The widgets that Tab goes through, from where the keyboard is until it comes round."""
    seen: list[QWidget] = []
    for _ in range(200):
        widget = QApplication.focusWidget()
        assert widget is not None
        if widget in seen:
            break
        seen.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    return seen


@pytest.mark.parametrize("page", ["worklist", "reading"])
def test_tab_reaches_every_control_of_a_page_and_comes_round(made, qtbot, page: str) -> None:
    window = made.window
    if page == "worklist":
        window.refresh_worklist()
        qtbot.waitUntil(lambda: window.worklist.table_model.total == 2)
        window.show_worklist()
    else:
        window.show_reading()
        made.services.actions["gaze.panel"].trigger()
        window.report.focus()
    reached = set(tab_round(window))
    wanted = {
        widget
        for widget in controls(window)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisibleTo(window)
        and widget.isEnabled()
        and not isinstance(widget, QAbstractScrollArea | QScrollBar)
    }
    assert {path_of(widget) for widget in wanted - reached} == set()
    if page == "reading":
        assert window.viewer.view in reached
        assert set(window.report.editors.values()) <= reached


def test_tab_goes_through_the_report_from_top_to_bottom(made) -> None:
    made.window.show_reading()
    report = made.window.report
    report.indication.setFocus()
    order = [widget for widget in tab_round(made.window) if report.isAncestorOf(widget)]
    tops = [widget.mapTo(report, widget.rect().topLeft()).y() for widget in order]
    down = sum(later >= earlier for earlier, later in pairwise(tops))
    assert down >= len(tops) - 2, list(zip(tops, map(path_of, order), strict=True))  # it comes round once


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_window_fits_common_screens_and_nothing_of_the_report_is_cut_off(made, size: tuple[int, int]) -> None:
    window = made.window
    window.show_reading()
    window.resize(*size)
    assert (window.width(), window.height()) == size
    report = window.report
    assert report.width() >= report.minimumSizeHint().width()
    for widget in controls(report):
        if widget.isVisibleTo(report) and not isinstance(widget, QAbstractScrollArea):
            right = widget.mapTo(report, widget.rect().topRight()).x()
            assert right <= report.width(), path_of(widget)
            assert widget.width() >= widget.minimumSizeHint().width(), path_of(widget)
