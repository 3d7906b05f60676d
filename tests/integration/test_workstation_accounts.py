"""Named readers in the whole window: login, lock, switch, and what each may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QVBoxLayout
from stations import Station, film

from db import accounts, audit, readings, studies
from desktop.accounts.first_account import FirstAccountDialog, LocalUserBar

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)
PASSWORD = "correct horse"
NAME = "Doe^Jane"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher.from_parameters(profiles.CHEAPEST)
    monkeypatch.setattr(accounts, "_hasher", lambda: hasher)


@pytest.fixture
def staffed(make_station: Any, qtbot: Any) -> Station:
    """A workstation that asks for a login: Ada (admin), Rea (resident) and Sue (researcher)."""
    made = make_station(start_host=False)
    for name, role in (("Ada", "admin"), ("Rea", "resident"), ("Sue", "researcher")):
        accounts.add(made.workspace, name, PASSWORD, role, actor="test")
    made.window.begin(lambda: None)
    qtbot.waitUntil(lambda: made.window.gate.is_shut)
    return made


def log_in(made: Station, qtbot: Any, name: str, password: str = PASSWORD) -> None:
    page = made.window.gate.page
    if not page.name.isReadOnly():
        page.name.clear()
        QTest.keyClicks(page.name, name)
    QTest.keyClicks(page.password, password)
    QTest.keyClick(page.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.log_in_button.isEnabled() or not made.window.gate.is_shut)


def shown_text(made: Station) -> str:
    """All that can be read in the window and in others of the program, titles included."""
    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    labels = [label.text() for w in windows for label in w.findChildren(QLabel) if label.isVisible()]
    editors = [e.toPlainText() for e in made.window.report.editors.values() if e.isVisible()]
    model = made.window.worklist.table_model
    rows = [model.index(r, c).data() for r in range(model.rowCount()) for c in range(model.columnCount())]
    table = [str(cell) for cell in rows] if made.window.worklist.table.isVisible() else []
    buttons = [made.window.top.reading_button.text()] if made.window.top.isVisible() else []
    return "\n".join([*labels, *editors, *table, *buttons, *(w.windowTitle() for w in windows)])


def test_nothing_is_listed_opened_or_imported_before_somebody_has_logged_in(
    staffed: Station, qtbot: Any, tmp_path: Path
) -> None:
    made = staffed
    made.add(film(tmp_path, patient_name=NAME))
    path = film(tmp_path, 2)
    assert made.window.worklist.table_model.total == 0
    QTest.keyClick(made.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert not made.window.acceptDrops()
    log_in(made, qtbot, "Ada", "wrong")
    assert made.window.gate.page.message.text() == "The name or the password is not right."
    assert made.window.gate.is_shut
    assert made.window.gate.page.password.text() == ""
    log_in(made, qtbot, "ada")
    qtbot.waitUntil(lambda: made.window.worklist.table_model.total == 1)
    assert made.services.session.reader == made.window.top.reader.text() == "Ada"
    assert made.window.acceptDrops()
    made.window.import_paths([path])
    qtbot.waitUntil(lambda: len(studies.worklist(made.workspace)) == 2)
    assert [e.actor for e in audit.events(made.workspace) if e.action == "instance imported"] == ["system", "Ada"]


def test_the_fifth_failure_makes_the_reader_wait(staffed: Station, qtbot: Any) -> None:
    for _ in range(accounts.FREE_ATTEMPTS):
        log_in(staffed, qtbot, "Ada", "wrong")
    log_in(staffed, qtbot, "Ada")
    assert "Too many failed logins; try again in" in staffed.window.gate.page.message.text()
    assert staffed.window.gate.is_shut


def test_the_lock_takes_the_patient_off_the_screen_and_keeps_the_draft(
    staffed: Station, qtbot: Any, tmp_path: Path
) -> None:
    made = staffed
    uid = made.add(film(tmp_path, patient_name=NAME)).study_uid
    log_in(made, qtbot, "Ada")
    made.open(qtbot, uid)
    made.type("findings", "Clear")
    other = QDialog(made.window)  # stands for any other window of the program
    QVBoxLayout(other).addWidget(QLabel("Doe, Jane"))
    other.show()
    assert "Doe" in shown_text(made)
    made.window.gate.lock()
    assert "Doe" not in shown_text(made)
    assert not made.window.report.isVisible()
    assert not made.window.viewer.isVisible()
    qtbot.waitUntil(lambda: not made.window.autosave.has_unsaved)
    assert readings.open_reading(made.workspace, uid, "Ada").work.findings == "Clear"
    for key in (Qt.Key.Key_F10, Qt.Key.Key_F12, Qt.Key.Key_F5):
        QTest.keyClick(made.window, key)
    QTest.qWait(50)
    assert studies.get(made.workspace, uid).status == "draft"
    log_in(made, qtbot, "Ada", "wrong")
    assert made.window.gate.is_shut
    log_in(made, qtbot, "Ada")
    assert not made.window.gate.is_shut
    assert other.isVisible()
    assert made.text("findings") == "Clear"
    made.type("findings", ".")
    assert made.text("findings") == "Clear."
    actions = [event.action for event in audit.events(made.workspace)]
    assert actions.count("logged in") == 2
    assert "workstation locked" in actions
    other.deleteLater()


def test_nobody_at_the_keyboard_locks_the_window(staffed: Station, qtbot: Any) -> None:
    made = staffed
    log_in(made, qtbot, "Ada")
    watch = made.window.gate.idle_watch
    assert watch.after_s == 600.0
    watch.after_s = 0.8
    watch._look.setInterval(20)
    watch.start()
    handle = made.window.windowHandle()
    for step in range(8):  # 1.2 s of moving the mouse
        QTest.mouseMove(handle, handle.geometry().center() - handle.position() + handle.position() / (step + 2))
        QTest.qWait(150)
    assert not made.window.gate.is_shut
    qtbot.waitUntil(lambda: made.window.gate.is_shut, timeout=5000)


def test_another_reader_takes_over_at_the_lock_and_the_first_ones_text_is_kept(
    staffed: Station, qtbot: Any, tmp_path: Path
) -> None:
    made = staffed
    uid = made.add(film(tmp_path)).study_uid
    log_in(made, qtbot, "Rea")
    made.open(qtbot, uid)
    made.type("findings", "Clear.")
    made.services.actions["file.switch_reader"].trigger()
    assert made.window.gate.is_shut
    assert not made.window.gate.page.name.isReadOnly()
    log_in(made, qtbot, "Ada")
    qtbot.waitUntil(lambda: not made.window.gate.is_shut)
    assert made.services.session.reader == "Ada"
    assert made.reading.study is None
    assert studies.worklist(made.workspace)[0].locked_by == ""
    made.open(qtbot, uid)
    assert made.text("findings") == "Clear."
    made.type("impression", "Normal.")
    qtbot.waitUntil(lambda: not made.window.autosave.has_unsaved)
    assert [e.actor for e in audit.events(made.workspace) if e.action == "reading opened"] == ["Rea", "Ada"]


def test_a_researcher_looks_and_writes_nothing(staffed: Station, qtbot: Any, tmp_path: Path) -> None:
    made = staffed
    uid = made.add(film(tmp_path)).study_uid
    log_in(made, qtbot, "Sue")
    made.open(qtbot, uid)
    assert made.reading.record is None
    assert all(editor.isReadOnly() for editor in made.window.report.editors.values())
    assert "may not write reports" in made.reading.locked_by
    assert made.window.notices.isHidden()  # no offer to take over
    assert studies.worklist(made.workspace)[0].status == "unread"
    assert (audit.events(made.workspace)[-1].actor, audit.events(made.workspace)[-1].action) == ("Sue", "study viewed")


def test_without_accounts_nobody_is_asked_and_the_first_account_is_offered_once(make_station: Any, qtbot: Any) -> None:
    made = make_station(start_host=False)
    ready: list[bool] = []
    made.window.begin(lambda: ready.append(True))
    qtbot.waitUntil(lambda: bool(ready))
    assert not made.window.gate.is_shut
    assert not made.services.actions["file.lock"].isEnabled()
    (bar,) = made.window.worklist.findChildren(LocalUserBar)
    assert bar.isVisible()
    assert '"reader"' in bar.label.text()
    bar.continue_button.click()
    assert not bar.isVisible()
    assert made.services.settings.is_local_user_chosen
    made.window.gate.lock()
    assert not made.window.gate.is_shut  # nobody could unlock it


def test_the_first_account_is_made_in_the_window(make_station: Any, qtbot: Any, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    made.window.begin(lambda: None)
    qtbot.waitUntil(lambda: bool(made.window.worklist.findChildren(LocalUserBar)))
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Begun as the local user.")
    (bar,) = made.window.worklist.findChildren(LocalUserBar)
    bar.create_button.click()
    (dialog,) = made.window.findChildren(FirstAccountDialog)
    dialog.name.setText("Ada")
    for first, again, sentence in (("short", "short", "at least 8 characters"), (PASSWORD, "other", "differ")):
        dialog.password.setText(first)
        dialog.again.setText(again)
        dialog.create_button.click()
        qtbot.waitUntil(lambda expected=sentence: expected in dialog.message.text())
    dialog.again.setText(PASSWORD)
    dialog.create_button.click()
    qtbot.waitUntil(lambda: made.services.session.reader == "Ada")
    assert made.reading.study is None  # the local user's text is kept, and theirs
    assert studies.worklist(made.workspace)[0].status == "draft"
    assert made.services.actions["file.lock"].isEnabled()
    assert [(one.name, one.role) for one in accounts.list_all(made.workspace)] == [("Ada", "admin")]
