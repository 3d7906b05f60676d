"""After the signature: addenda, corrections and versions in the whole window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from stations import Station, film

from db import accounts, addenda, readings, reports, studies
from db.records import WorkingText

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)
SIGNED = WorkingText(findings="Nodule on the left.", impression="Nodule.")


@pytest.fixture
def signed(make_station: Any, qtbot: Any, tmp_path: Path) -> Station:
    """A workstation with a signed report on screen."""
    made = make_station(start_host=False)
    uid = made.add(film(tmp_path)).study_uid
    reading = readings.open_reading(made.workspace, uid, "reader")
    reports.sign(made.workspace, reading.id, SIGNED, signer="reader")
    made.open(qtbot, uid)
    return made


def versions(made: Station) -> list[Any]:
    return reports.of_study(made.workspace, made.reading.study.study_uid)


def test_a_template_for_addenda_is_filled_by_keyboard_and_open_fields_hold_the_signature(
    signed: Station, qtbot: Any
) -> None:
    made, panel = signed, signed.window.report.amendments
    qtbot.waitUntil(lambda: bool(made.window.report.templates.library.templates))
    panel.addendum_button.click()
    qtbot.waitUntil(panel.addendum_bar.isVisible)
    text = panel.addendum_text
    (action,) = text.template_button.menu().actions()
    assert action.text() == "Addendum, result communicated"
    action.trigger()
    assert text.textCursor().selectedText() == "[? name]"
    QTest.keyClicks(text, "Dr Weiss")
    panel.addendum_bar.reason.setEditText("Result communicated")
    panel.addendum_bar.sign_button.click()
    assert "[? date and time] is not filled" in panel.addendum_bar.fault.text()
    QTest.keyClick(text, Qt.Key.Key_F8)
    QTest.keyClicks(text, "1 March, 10:40")
    panel.addendum_bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.study.status == "addended")
    said = "The result was communicated to Dr Weiss on 1 March, 10:40 by telephone."
    assert versions(made)[-1].addendum == said


def test_an_addendum_is_written_kept_and_signed_with_its_reason(signed: Station, qtbot: Any, tmp_path: Path) -> None:
    made, panel = signed, signed.window.report.amendments
    uid = made.reading.study.study_uid
    panel.addendum_button.click()
    bar = panel.addendum_bar
    qtbot.waitUntil(bar.isVisible)
    QTest.keyClicks(bar.text, "Called the ward.")
    qtbot.waitUntil(lambda: addenda.kept(made.workspace, uid, "reader") == "Called the ward.")
    made.open(qtbot, made.add(film(tmp_path, 2)).study_uid)  # away, and back to what was begun
    assert bar.isHidden()
    made.open(qtbot, uid)
    panel.addendum_button.click()
    qtbot.waitUntil(lambda: bar.isVisible() and bar.text.toPlainText() == "Called the ward.")
    bar.sign_button.click()
    qtbot.waitUntil(lambda: "needs a reason" in bar.fault.text())
    bar.reason.setEditText("Result communicated")
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.study.status == "addended")
    assert [(v.kind, v.addendum, v.reason) for v in versions(made)][-1] == (
        "addendum", "Called the ward.", "Result communicated",
    )  # fmt: skip
    assert "Called the ward." in panel.added.text()
    assert bar.isHidden()
    assert made.window.report.editors["findings"].isReadOnly()


def test_a_correction_is_written_in_the_editor_kept_and_signed(signed: Station, qtbot: Any, tmp_path: Path) -> None:
    made, report = signed, signed.window.report
    uid = made.reading.study.study_uid
    assert report.editors["findings"].isReadOnly()
    report.amendments.correct_button.click()
    qtbot.waitUntil(lambda: made.reading.is_correcting)
    bar = report.amendments.correction_bar
    assert bar.isVisible()
    made.type("findings", " And one on the right.")
    made.open(qtbot, made.add(film(tmp_path, 2)).study_uid)  # away: kept, not signed
    assert studies.get(made.workspace, uid).status == "final"
    made.open(qtbot, uid)
    assert made.text("findings") == "Nodule on the left."
    report.amendments.correct_button.click()
    qtbot.waitUntil(lambda: made.text("findings") == "Nodule on the left. And one on the right.")
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    assert report.sign_bar.isHidden()  # that is not how a correction is signed
    bar.sign_button.click()
    qtbot.waitUntil(lambda: "needs a reason" in bar.fault.text())
    bar.reason.setEditText("Finding overlooked")
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.study.status == "corrected")
    assert [(v.kind, v.text.findings) for v in versions(made)] == [
        ("final", "Nodule on the left."),
        ("correction", "Nodule on the left. And one on the right."),
    ]
    assert report.editors["findings"].isReadOnly()
    assert bar.isHidden()
    assert "Correction signed by reader" in report.report_state.text()
    assert "Finding overlooked" in report.amendments.added.text()
    assert not made.bugs


def test_a_report_is_corrected_at_once_after_it_was_signed(make_station: Any, qtbot: Any, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Nodule on the left.")
    made.type("impression", "Left nodule.")
    report = made.window.report
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    qtbot.waitUntil(report.sign_bar.sign_button.isEnabled)
    report.sign_bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.is_signed)
    report.amendments.correct_button.click()
    qtbot.waitUntil(lambda: made.reading.is_correcting)
    made.type("findings", " It is old.")
    report.amendments.correction_bar.reason.setEditText("Finding not confirmed")
    report.amendments.correction_bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.study.status == "corrected")
    assert [v.text.findings for v in versions(made)] == ["Nodule on the left.", "Nodule on the left. It is old."]


def test_a_correction_is_given_up_and_the_signed_text_is_back(signed: Station, qtbot: Any) -> None:
    made, panel = signed, signed.window.report.amendments
    panel.correct_button.click()
    qtbot.waitUntil(lambda: made.reading.is_correcting)
    made.type("impression", " Not.")
    panel.correction_bar.back_button.click()
    qtbot.waitUntil(lambda: not made.reading.is_correcting)
    assert made.text("impression") == "Nodule."
    assert [v.kind for v in versions(made)] == ["final"]
    assert studies.worklist(made.workspace)[0].locked_by == ""


def test_an_incomplete_correction_is_not_signed(signed: Station, qtbot: Any) -> None:
    made, panel = signed, signed.window.report.amendments
    panel.correct_button.click()
    qtbot.waitUntil(lambda: made.reading.is_correcting)
    made.reading.splice("impression", 0, len("Nodule."), "")
    panel.correction_bar.reason.setEditText("Finding not confirmed")
    panel.correction_bar.sign_button.click()
    assert "The impression is empty." in panel.correction_bar.fault.text()
    assert [v.kind for v in versions(made)] == ["final"]


def test_any_two_versions_are_compared_word_by_word(signed: Station, qtbot: Any) -> None:
    made, panel = signed, signed.window.report.amendments
    uid = made.reading.study.study_uid
    correction = readings.open_correction(made.workspace, uid, "reader")
    text = WorkingText(findings="Nodule on the right.", impression="Nodule.")
    reports.correct(made.workspace, correction.id, text, signer="reader", reason="Wrong side")
    made.reading.set_versions(studies.get(made.workspace, uid), versions(made))
    panel.versions_button.click()
    dialog = panel._dialog
    assert dialog is not None
    assert [dialog.list.item(n).text().split("\n")[0] for n in range(dialog.list.count())] == [
        "Version 2: Correction",
        "Version 1: Final",
    ]
    assert "Wrong side" in dialog.list.item(0).text()
    shown = dialog.diff.toHtml()
    assert "line-through" in shown
    assert "leftright" in dialog.diff.toPlainText()
    assert dialog.summary.text() == "2 stretches of text differ."
    dialog.choose(0)
    assert "line-through" not in dialog.diff.toHtml()
    dialog.choose(0, 1)
    assert "rightleft" in dialog.diff.toPlainText()
    dialog.close()


def test_a_resident_keeps_a_preliminary_report_and_cannot_sign(make_station: Any, qtbot: Any, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    hasher = PasswordHasher.from_parameters(profiles.CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: hasher)
        for name, role in (("Ada", "admin"), ("Rea", "resident")):
            account = accounts.add(made.workspace, name, "correct horse", role, actor="test")
    made.services.session.set_account(account)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Clear.")
    made.type("impression", "Normal.")
    report = made.window.report
    assert not report.sign_button.isEnabled()
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    assert "an attending signs them" in report.sign_bar.obstacles.text()
    assert not report.sign_bar.sign_button.isEnabled()
    report.sign_bar.sign_confirmed.emit()  # even so, db refuses
    qtbot.waitUntil(lambda: any("residents keep preliminary reports" in sentence for sentence in made.told))
    QTest.keyClick(made.window, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: made.reading.study.status == "preliminary")
    assert [v.kind for v in versions(made)] == ["preliminary"]


def test_a_resident_amends_nothing(signed: Station) -> None:
    hasher = PasswordHasher.from_parameters(profiles.CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: hasher)
        for name, role in (("Ada", "admin"), ("Rea", "resident")):
            account = accounts.add(signed.workspace, name, "correct horse", role, actor="test")
    signed.services.session.set_account(account)
    panel = signed.window.report.amendments
    assert not panel.addendum_button.isEnabled()
    assert not panel.correct_button.isEnabled()
    assert panel.versions_button.isEnabled()
    panel.begin_correction()
    assert not signed.reading.is_correcting
