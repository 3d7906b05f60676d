"""The keys of the whole window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from stations import film

from desktop.key_sequences import is_plain
from desktop.panels.shortcut_sheet import sheet_rows

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture
def made(make_station):
    return make_station(start_host=False)


def test_no_key_of_the_window_stands_for_two_things_or_opens_a_menu(made):
    actions = made.services.actions
    for spec in actions:
        assert actions.keys(spec.id) == spec.keys, spec.id  # none was taken by another
        actions.rebind(spec.id, spec.keys)  # and none is refused, for instance as a menu's own


def test_every_action_is_in_a_menu_or_on_the_sheet_of_keys(made, qtbot):
    actions = made.services.actions
    bar = made.window.top.menus

    def entries(menu_actions):
        for action in menu_actions:
            yield action
            if action.menu() is not None:
                yield from entries(action.menu().actions())

    qtbot.waitUntil(lambda: not made.window.menus._fill_later.isActive())
    in_menus = {action.objectName() for action in entries(bar.actions())}
    for spec in actions:
        assert (spec.id in in_menus) == spec.in_menu, spec.id
        assert spec.in_menu or actions.keys(spec.id), spec.id


def test_the_sheet_shows_every_key_as_it_is_now(made, qtbot):
    actions = made.services.actions
    actions.rebind("image.fit", ("Ctrl+Alt+8",))
    rows = dict(row for _, lines in sheet_rows(actions) for row in ((text, keys) for keys, text in lines))
    assert rows["Fit"] == "Ctrl+Alt+8"
    assert rows["Window presets"] == "1 ... 9, 0"
    assert rows["Window"] == "W"
    made.window.dialogs.show_keys()
    sheet = made.window.dialogs.sheet
    assert "Ctrl+Alt+8" in [label.text() for label in sheet.findChildren(QLabel)]
    actions.rebind("image.fit", ("Ctrl+Alt+9",))
    assert "Ctrl+Alt+9" in [label.text() for label in sheet._scroll.widget().findChildren(QLabel)]


def test_the_letters_of_the_film_are_those_of_ihe_basic_image_review(made):
    actions = made.services.actions
    ids = {key: spec.id for spec in actions for key in actions.keys(spec.id) if is_plain(key)}
    assert {ids[key] for key in ("W", "T", "Z", "I", "Esc")} == {
        "image.window_tool", "image.pan_tool", "image.zoom_tool", "image.corner_text", "image.reset",
    }  # fmt: skip
    assert {ids[str(number)] for number in range(10)} == {f"image.preset_{number}" for number in range(10)}


def test_no_plain_key_does_anything_while_the_reader_types(made, qtbot, tmp_path):
    study = made.add(film(tmp_path))
    made.open(qtbot, study.study_uid)
    fired = []
    for spec in made.services.actions:
        made.services.actions[spec.id].triggered.connect(lambda _=False, name=spec.id: fired.append(name))
    editor = made.window.report.editors["findings"]
    for widget in (editor, made.window.report.indication):
        widget.setFocus()
        QTest.keyClicks(widget, "abcdefghijklmnopqrstuvwxyz0123456789=+-.,/ ")
        for key in (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            QTest.keyClick(widget, key)
    assert fired == []
    assert made.text("findings").startswith("abcdefghijklmnopqrstuvwxyz0123456789=+-")
