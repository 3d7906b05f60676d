"""The signing sheet: what blocks, what is doubtful, the way to the place, and signing in spite of a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from stations import film

from db import audit, reports

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)  # a woman of 64, without an earlier study
    return made


def ask(made, qtbot):
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    bar = made.window.report.sign_bar
    assert bar.isVisible()
    qtbot.wait(300)  # what the workspace knows of the study comes
    return bar


def test_a_blocker_is_gone_to_and_put_right_while_the_sheet_is_open(made, qtbot) -> None:
    made.type("findings", "Left [? size] effusion.")
    made.type("impression", "Left effusion.")
    bar = ask(made, qtbot)
    assert [(issue.code, issue.kind) for issue in bar.issues] == [("placeholder", "blocker")]
    assert not bar.sign_button.isEnabled()
    go = next(b for b in bar.list.findChildren(QPushButton) if b.text() == "Go to")
    go.click()
    editor = made.window.report.editors["findings"]
    assert editor.textCursor().selectedText() == "[? size]"
    QTest.keyClicks(editor, "small")
    qtbot.waitUntil(bar.sign_button.isEnabled)
    assert bar.issues == ()
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.is_signed)


def test_the_sheet_is_left_with_esc_and_signed_with_enter(made, qtbot) -> None:
    made.window.activateWindow()
    made.type("findings", "Clear.")
    made.type("impression", "Clear.")
    bar = ask(made, qtbot)
    qtbot.waitUntil(bar.sign_button.hasFocus)
    QTest.keyClick(bar.sign_button, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert made.window.report.editors["findings"].hasFocus()
    bar = ask(made, qtbot)
    QTest.keyClick(bar.sign_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: made.reading.is_signed)


def test_signing_in_spite_of_warnings_is_one_act_that_is_logged(made, qtbot) -> None:
    made.type("findings", "He has an unchanged left effusion.")
    made.type("impression", "Right effusion.")
    bar = ask(made, qtbot)
    qtbot.waitUntil(lambda: {issue.code for issue in bar.issues} == {"laterality", "sex", "prior"})
    assert bar.sign_button.text() == "Sign despite 3 warnings"
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.is_signed)
    uid = made.reading.study.study_uid
    (event,) = [e for e in audit.events(made.workspace, subject=uid) if e.action == "warnings overridden"]
    assert (event.actor, event.detail) == ("reader", {"codes": ["laterality", "prior", "sex"]})


def test_a_field_with_a_default_is_settled_by_one_button(made, qtbot) -> None:
    made.type("findings", "The heart is [normal*|enlarged].")
    made.type("impression", "[No acute disease].")
    bar = ask(made, qtbot)
    assert bar.defaults_button.isVisible()
    bar.defaults_button.click()
    qtbot.waitUntil(bar.sign_button.isEnabled)
    assert made.text("findings") == "The heart is normal."
    assert made.text("impression") == "No acute disease."
    assert {origin for _, _, origin in made.reading.sections["impression"].runs} == {"macro", "reader"}


def test_a_critical_finding_asks_who_was_told_until_it_is_noted(made, qtbot) -> None:
    made.type("findings", "Large right pneumothorax.")
    made.type("impression", "Right pneumothorax.")
    bar = ask(made, qtbot)
    assert [issue.code for issue in bar.issues] == ["critical result"]
    row = made.window.report.sections.communications
    row.begin()
    row.told.setText("Dr Smith")
    row.keep()
    qtbot.waitUntil(lambda: bar.issues == ())
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.is_signed)
    version = reports.of_study(made.workspace, made.reading.study.study_uid)[-1]
    assert [(entry.told, entry.means) for entry in version.text.communications] == [("Dr Smith", "by telephone")]


def test_a_communication_needs_a_name_and_a_time(made) -> None:
    row = made.window.report.sections.communications
    row.begin()
    row.keep()
    assert row.fault.text() == "Say who was told."
    row.told.setText("Dr Smith")
    row.at.setText("noon")
    row.keep()
    assert "Give the time" in row.fault.text()
    assert made.reading.communications == ()
