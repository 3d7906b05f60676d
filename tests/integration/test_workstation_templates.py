"""Templates and macros in the window: insert, go through the fields, fill them, write one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from stations import film

from gaze2report.report_templates.template import Template

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

TEMPLATE = Template(
    "Test",
    (
        ("findings", "Heart [normal*|large]. Effusion of [# mL] on the [right|left]. [No mass]. {note}"),
        ("impression", "[a*;b;c] and [? more]."),
    ),
)


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)  # a woman of 64, 2024-03-01
    made.window.activateWindow()
    qtbot.waitUntil(lambda: bool(made.window.report.templates.library.templates))
    return made


def test_a_template_is_filled_by_keyboard_alone(made, qtbot) -> None:
    report = made.window.report
    report.insert_template(TEMPLATE)
    picker = report.fields.picker
    assert report.editors["findings"].textCursor().selectedText() == "[normal*|large]"
    QTest.keyClick(picker.list, Qt.Key.Key_2)  # large; on to the number
    picker = report.fields.picker
    QTest.keyClicks(picker.number, "many")
    QTest.keyClick(picker.number, Qt.Key.Key_Return)
    assert "Type a number" in picker.hint.text()
    picker.number.clear()
    QTest.keyClicks(picker.number, "120")
    QTest.keyClick(picker.number, Qt.Key.Key_Tab)
    QTest.keyClick(report.fields.picker.list, Qt.Key.Key_Down)
    QTest.keyClick(report.fields.picker.list, Qt.Key.Key_Tab)  # left; on to the text with a default
    findings = report.editors["findings"]
    assert findings.textCursor().selectedText() == "[No mass]"
    QTest.keyClick(findings, Qt.Key.Key_Tab)  # keeps the default; on to the impression
    picker = report.fields.picker
    QTest.keyClick(picker.list, Qt.Key.Key_3)
    QTest.keyClick(picker.list, Qt.Key.Key_F8)
    impression = report.editors["impression"]
    assert impression.textCursor().selectedText() == "[? more]"
    QTest.keyClicks(impression, "nothing else")
    assert made.text("findings") == "Heart large. Effusion of 120 mL on the left. No mass."
    assert made.text("impression") == "a and c and nothing else."
    assert report.fields.next() is False
    origins = {
        made.reading.sections["findings"].text[a:b]: origin for a, b, origin in made.reading.sections["findings"].runs
    }
    assert origins["120 mL"] == "reader"
    assert set(origins.values()) == {"macro", "reader"}


def test_escape_leaves_a_field_open_and_shift_f8_goes_back(made) -> None:
    report = made.window.report
    report.insert_template(TEMPLATE)
    QTest.keyClick(report.fields.picker.list, Qt.Key.Key_Escape)
    assert made.text("findings").startswith("Heart [normal*|large].")
    QTest.keyClick(made.window, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    assert report.sections.current().section == "impression"  # round from the first to the last
    assert report.editors["impression"].textCursor().selectedText() == "[? more]"


def test_fields_are_marked_by_more_than_colour(made, qtbot) -> None:
    made.window.report.insert_template(TEMPLATE)
    made.window.report.fields.picker.close()
    editor = made.window.report.editors["findings"]
    qtbot.waitUntil(lambda: len(editor.extraSelections()) == 4)
    looks = {made.text("findings")[start:end]: look for start, end, look in editor.looks()}
    assert looks["[# mL]"].underlineStyle() != looks["[No mass]"].underlineStyle()
    assert looks["[# mL]"].fontWeight() > looks["[No mass]"].fontWeight()
    assert any(editor._margin.open_lines())
    made.reading.splice("findings", 0, len(made.text("findings")), "Clear.")
    assert not any(editor._margin.open_lines())


def test_a_macro_is_previewed_while_its_shortcut_is_typed_and_taken_with_tab(made, qtbot) -> None:
    report = made.window.report
    editor = report.editors["findings"]
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    QTest.keyClicks(editor, "Mine. eff")
    assert report.macros.isVisible()
    assert "[right|left|bilateral] pleural effusion." in report.macros.text()
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert made.text("findings") == "Mine. [Small*|Moderate|Large] [right|left|bilateral] pleural effusion."
    assert made.reading.sections["findings"].runs == ((0, 6, "reader"), (6, len(made.text("findings")), "macro"))
    assert not report.macros.isVisible()
    editor.undo()
    assert made.text("findings") == "Mine. eff"


def test_a_word_that_only_contains_a_shortcut_is_left_alone_and_escape_dismisses(made, qtbot) -> None:
    report = made.window.report
    editor = report.editors["findings"]
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    QTest.keyClicks(editor, "xeff")
    assert not report.macros.isVisible()
    QTest.keyClicks(editor, " brs")  # for women, and this is one
    assert report.macros.isVisible()
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert not report.macros.isVisible()
    assert made.text("findings") == "xeff brs"


def test_a_macro_is_written_in_the_dialog_kept_and_offered(made, qtbot) -> None:
    report = made.window.report
    report.show_templates()
    dialog = report._templates_dialog
    dialog.begin("macro")
    dialog.form.name.setText("Mine")
    dialog.form.shortcut.setText("m")
    dialog.form.text.setPlainText("Own text, <age> years.")
    assert "shortcut 'm' is not" in dialog.fault.text()
    assert not dialog.save_button.isEnabled()
    QTest.keyClicks(dialog.form.shortcut, "yx")
    assert dialog.save_button.isEnabled()
    assert dialog.preview.toPlainText() == "Own text, 64 years."
    dialog.save_button.click()
    qtbot.waitUntil(lambda: report.templates.macro("myx") is not None)
    assert (made.workspace.folder / "templates" / "mine.txt").exists()
    dialog.filter.setText("mine")
    shown = [dialog.list.item(row) for row in range(dialog.list.count()) if not dialog.list.item(row).isHidden()]
    assert [item.text() for item in shown] == ["Mine  (macro myx, own)"]
    dialog.list.setCurrentItem(shown[0])
    dialog.delete_button.click()
    qtbot.waitUntil(lambda: report.templates.macro("myx") is None)
    dialog.close()


def test_a_template_goes_behind_what_is_written_and_fills_what_is_known(made, qtbot) -> None:
    made.type("technique", "Mine.")
    report = made.window.report
    chosen = next(one for one in report.templates.offered() if one.name == "Chest, PA and lateral")
    qtbot.waitUntil(lambda: report.templates.merge_data().prior_dates == ())
    report.insert_template(chosen)
    assert made.text("technique") == "Mine.\nPA and lateral radiographs of the chest, 2024-03-01."
    assert made.text("comparison") == "None available."
    assert "{" not in made.text("findings")


def test_a_template_in_html_is_shown_with_what_to_look_at_and_kept_when_saved(made, qtbot, tmp_path: Path) -> None:
    path = tmp_path / "hip.html"
    path.write_text(
        "<title>Chest, follow-up</title><script>alert(1)</script><section data-section-name='Findings'><p>Heart "
        "<select><option selected>normal</option><option>large</option></select>.</p></section>"
        "<section data-section-name='Quality'><p>Good.</p></section>"
    )
    report = made.window.report
    report.show_templates()
    dialog = report._templates_dialog
    dialog.import_html(path)
    qtbot.waitUntil(lambda: dialog.form.name.text() == "Chest, follow-up")
    assert 'The section "Quality" stands in the findings' in dialog.fault.text()
    assert dialog.form.text.toPlainText() == "FINDINGS:\nHeart [normal*|large].\nQuality:\nGood."
    dialog.save_button.click()
    qtbot.waitUntil(lambda: "Chest, follow-up" in (report.templates.library.own or {}))
    assert (made.workspace.folder / "templates" / "chest-follow-up.txt").exists()
    path.write_text("no template")
    dialog.import_html(path)
    qtbot.waitUntil(lambda: "hip.html: it holds no section" in dialog.fault.text())
    assert not made.bugs


def test_what_is_being_written_survives_a_change_of_the_library(made, qtbot) -> None:
    report = made.window.report
    report.show_templates()
    dialog = report._templates_dialog
    dialog.begin("macro")
    dialog.form.text.setPlainText("Half a sen")
    report.templates.changed.emit()
    assert dialog.form.text.toPlainText() == "Half a sen"
    assert dialog.list.currentItem() is None
