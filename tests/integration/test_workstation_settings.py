"""The settings in the whole window: what is chosen holds at once and is there again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from stations import film

from desktop.theme import apply_theme

pytestmark = pytest.mark.qt_log_ignore(
    "propagateSizeHints", "does not support raise", "does not support grabbing", extend=True
)

CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
"""With a digit: what no action comes with."""


@pytest.fixture
def made(make_station):
    return make_station(start_host=False)


@pytest.fixture
def keys(made, qtbot):
    made.window.dialogs.show_settings("Keys")
    page = made.window.dialogs.settings.keys
    assert page.isVisible()
    return page


def turn_wheel(view, up: bool) -> None:
    at = QPointF(view.width() / 2, view.height() / 2)
    delta = QPoint(0, 120 if up else -120)
    none = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view, QWheelEvent(at, view.mapToGlobal(at), QPoint(), delta, *none))


def test_pressing_a_key_on_the_page_gives_it_to_the_chosen_action(made, keys, qtbot):
    keys.choose("image.invert")
    keys.replace_button.click()
    QTest.keyClick(keys.press, Qt.Key.Key_8, CTRL_ALT)
    qtbot.waitUntil(lambda: made.services.actions.keys("image.invert") == ("Ctrl+Alt+8",))
    assert keys.tree.currentItem().text(1) == "Ctrl+Alt+8"
    assert keys.tree.currentItem().text(2) == "changed"
    keys.add_button.click()
    QTest.keyClick(keys.press, Qt.Key.Key_9, CTRL_ALT)
    qtbot.waitUntil(lambda: made.services.actions.keys("image.invert") == ("Ctrl+Alt+8", "Ctrl+Alt+9"))
    keys.reset_button.click()
    assert made.services.actions.keys("image.invert") == ("Ctrl+Shift+I",)
    assert not keys.reset_button.isEnabled()


def test_a_taken_key_is_a_sentence_and_can_be_taken_over(made, keys):
    actions = made.services.actions
    keys.choose("image.invert")
    keys.replace_button.click()
    QTest.keyClick(keys.press, Qt.Key.Key_F4)
    assert keys.conflict.isVisible()
    assert keys.conflict.text() == 'F4 is a key of "Gaze: Gaze over the film".'
    assert actions.keys("image.invert") == ("Ctrl+Shift+I",)
    keys.take_button.click()
    assert actions.keys("image.invert") == ("F4",)
    assert actions.keys("gaze.predicted") == ("G",)
    assert keys.chosen_id() == "image.invert"
    assert not keys.conflict.isVisible()
    keys.reset_all_button.click()
    assert actions.keys("gaze.predicted") == ("G", "F4")


def test_a_key_for_typing_is_refused_and_not_offered_for_taking(made, keys):
    keys.choose("report.sign")
    keys.replace_button.click()
    QTest.keyClick(keys.press, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert keys.conflict.text() == "Ctrl+C is needed for editing text."
    assert not keys.take_button.isVisible()


def test_the_list_of_keys_is_found_by_words_and_by_key(made, keys):
    keys.filter.setText("ctrl+shift+i")
    shown = [item.text(0) for item in keys._items() if not item.isHidden()]
    assert shown == ["Invert"]
    keys.filter.setText("report sign")
    assert [item.text(0) for item in keys._items() if not item.isHidden()] == ["Sign"]


def test_a_box_of_the_display_page_is_the_action_and_is_remembered(make_station, qtbot):
    first = make_station(start_host=False)
    first.window.dialogs.show_settings("Display")
    box = first.window.dialogs.settings.display.boxes["gaze.predicted"]
    assert box.isChecked()
    box.click()
    assert not first.window.viewer.gaze.layer.is_visible
    assert not first.window.viewer.gaze_button.isChecked()
    first.services.actions["gaze.predicted"].trigger()
    assert box.isChecked()
    first.services.actions["gaze.predicted"].trigger()
    first.services.actions["image.corner_text"].trigger()
    first.services.settings.sync()
    first.workspace.close()

    again = make_station(start_host=False)
    assert not again.window.viewer.gaze.layer.is_visible
    assert not again.window.viewer.view.are_corners_shown
    assert not again.services.actions["image.corner_text"].isChecked()


def test_the_order_of_reader_and_ai_is_chosen_on_the_general_page(made):
    made.window.dialogs.show_settings("General")
    box = made.window.dialogs.settings.general.is_reader_first
    assert not box.isChecked()
    box.click()
    assert made.services.settings.reading_mode == "reader-first"
    made.services.actions["report.reader_first"].trigger()
    assert not box.isChecked()


def test_the_direction_of_the_wheel_changes_at_once(made, qtbot, tmp_path: Path):
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    view = made.window.viewer.view
    scale = view.viewport.scale
    turn_wheel(view, up=True)
    assert view.viewport.scale > scale
    made.window.dialogs.show_settings("Display")
    made.window.dialogs.settings.display.wheel.click()
    scale = view.viewport.scale
    turn_wheel(view, up=True)
    assert view.viewport.scale < scale


@pytest.fixture
def themed(qapp):
    kept = qapp.font(), qapp.palette()
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")
    qapp.setFont(kept[0])
    qapp.setPalette(kept[1])


def test_the_size_of_the_text_changes_at_once(themed, made):
    made.window.dialogs.show_settings("Display")
    box = made.window.dialogs.settings.display.text_size
    widgets = (made.window.report.draft_button, made.window.report.editors["findings"], made.window.top.worklist_button)
    before = [widget.fontMetrics().height() for widget in widgets]
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert all(widget.fontMetrics().height() > height for widget, height in zip(widgets, before, strict=True))
    assert made.services.settings.text_size_px == 18


def test_about_copies_versions_and_places(made, tmp_path: Path):
    made.window.dialogs.show_settings("About")
    made.window.dialogs.settings.about.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert f"Workspace: {tmp_path / 'workspace'}" in text
    assert "Version: " in text


def test_the_settings_are_beside_the_work_and_esc_closes_them(made, qtbot):
    made.window.dialogs.show_settings("General")
    dialog = made.window.dialogs.settings
    assert not dialog.isModal()
    made.window.report.draft_button.setFocus()
    close = [button for button in dialog.findChildren(QPushButton) if button.text().replace("&", "") == "Close"]
    close[0].click()
    assert not dialog.isVisible()
    made.window.dialogs.show_settings("Keys")
    QTest.keyClick(made.window.dialogs.settings, Qt.Key.Key_Escape)
    assert not made.window.dialogs.settings.isVisible()
