"""A report out of the window: exported into a file, printed, and refused where there is none."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pydicom
import pytest
from pypdf import PdfReader
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from reported_studies import without_space
from stations import film

from db import audit, reports
from db.records import WorkingText
from db.report_output.document import RESEARCH_USE, collect
from db.report_output.pdf import to_pdf
from db.report_output.plain_text import foot_lines, head_lines
from desktop.operations.printed_pages import load_fonts, print_pages
from desktop.report.export_dialog import ExportDialog
from desktop.report.report_output import NOTHING

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
CONTROL = Qt.KeyboardModifier.ControlModifier
FINDINGS = "Heart 3 mm <b>large</b>.\nLungs clear & well."


def open_written(make_station, qtbot, tmp_path, *, keep=True, **elements):
    """A workstation with a study whose report the reader has kept as preliminary."""
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path, **elements)).study_uid, with_image=False)
    made.type("findings", FINDINGS.replace("\n", " "))
    made.type("impression", "Clear.")
    if keep:
        QTest.keyClick(made.window, Qt.Key.Key_F10)
        qtbot.waitUntil(lambda: bool(made.reading.versions))
    return made


def the_dialog(made):
    (dialog,) = [child for child in made.window.children() if isinstance(child, ExportDialog) and child.isVisible()]
    return dialog


def read_back(*pages):
    """Text of pages without white space, and with letters where Qt has drawn a ligature of them."""
    return unicodedata.normalize("NFKC", without_space("".join(page.extract_text() for page in pages)))


def sign(made):
    """Sign the text that was kept; the window is told as it is by its own signing."""
    text = made.reading.versions[-1].text
    reports.sign(made.workspace, made.reading.record.id, text, signer=made.reading.record.reader)
    from db import studies

    uid = made.reading.study.study_uid
    made.reading.set_versions(studies.get(made.workspace, uid), reports.of_study(made.workspace, uid))


def test_a_report_is_exported_from_the_dialog_and_the_audit_log_says_by_whom(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path)
    sign(made)
    QTest.keyClick(made.window, Qt.Key.Key_E, CONTROL)
    dialog = the_dialog(made)
    dialog.format_buttons["sr"].click()
    assert dialog.file.text().endswith("-v2-final-sr.dcm")
    dialog.file.clear()
    QTest.keyClicks(dialog.file, str(tmp_path / "out.dcm"))
    dialog.export_button.click()
    qtbot.waitUntil((tmp_path / "out.dcm").exists, timeout=60_000)
    qtbot.waitUntil(lambda: "out.dcm" in made.window.status.message.text())
    assert pydicom.dcmread(tmp_path / "out.dcm").Modality == "SR"
    event = audit.events(made.workspace)[-1]
    assert (event.actor, event.action) == ("reader", "report sent out")
    assert event.detail["where"] == str(tmp_path / "out.dcm")
    assert made.services.settings.output_folder == tmp_path
    assert not made.bugs


def test_without_a_version_the_reader_is_told_and_no_dialog_comes(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path, keep=False)
    assert made.window.report.output.isHidden()
    for action in ("report.export", "report.print"):
        made.window.status.message.clear()
        made.services.actions[action].trigger()
        assert made.window.status.message.text() == NOTHING
    assert not [child for child in made.window.children() if isinstance(child, ExportDialog)]


def test_the_dialog_says_what_kind_of_version_goes_out(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path)
    assert made.window.report.output.isVisible()
    made.window.report.output.ask_for_export()
    dialog = the_dialog(made)
    assert "not signed" in dialog.caution.text()
    assert "written since" not in dialog.caution.text()
    dialog.reject()
    made.type("findings", " More.")
    made.window.report.output.ask_for_export()
    dialog = the_dialog(made)
    assert "What was written since is not in it" in dialog.caution.text()
    assert not dialog.format_buttons["encapsulated-pdf"].isEnabled()
    dialog.reject()
    sign(made)
    made.window.report.output.ask_for_export()
    dialog = the_dialog(made)
    assert dialog.caution.text() == " "
    dialog.format_buttons["encapsulated-pdf"].click()
    dialog.version.setCurrentIndex(1)
    assert dialog.chosen_format == "pdf"
    assert "Version 2 is newer" in dialog.caution.text()
    (tmp_path / "there.pdf").write_bytes(b"")
    dialog.file.clear()
    QTest.keyClicks(dialog.file, str(tmp_path / "there.pdf"))
    assert "will be replaced" in dialog.caution.text()
    dialog.format_buttons["fhir"].click()
    assert dialog.file.text() == str(tmp_path / "there.json")
    dialog.file.setFocus()
    dialog.file.selectAll()
    QTest.keyClick(dialog.file, Qt.Key.Key_Delete)
    assert not dialog.export_button.isEnabled()


def test_a_file_that_cannot_be_written_is_a_sentence(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path)
    made.window.report.output.ask_for_export()
    the_dialog(made).file.setText(str(tmp_path / "none" / "a.txt"))
    the_dialog(made).export_button.click()
    qtbot.waitUntil(lambda: bool(made.told), timeout=60_000)
    assert "No such file or directory" in made.told[0]
    assert not made.bugs


def test_the_print_dialog_comes_and_prints_only_when_it_is_accepted(make_station, qtbot, tmp_path: Path, monkeypatch):
    made = open_written(make_station, qtbot, tmp_path)
    printed = []
    monkeypatch.setattr(made.window.report.output, "print_on", lambda *what: printed.append(what[1:]))
    for answer in ("reject", "accept"):
        QTest.keyClick(made.window, Qt.Key.Key_P, CONTROL)
        (dialog,) = [one for one in made.window.children() if isinstance(one, QPrintDialog) and one.isVisible()]
        assert printed == []
        QDialog.reject(dialog) if answer == "reject" else QDialog.accept(dialog)
    assert printed == [(made.reading.study.study_uid, 1)]


def test_printing_draws_the_pages_and_is_noted(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path)
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    uid = made.reading.study.study_uid
    made.window.report.output.print_on(printer, uid, 1)
    qtbot.waitUntil(lambda: "went to the printer, 1 page" in made.window.status.message.text(), timeout=60_000)
    event = audit.events(made.workspace)[-1]
    assert (event.actor, event.action, event.subject) == ("reader", "report printed", uid)
    assert event.detail["where"] == str(tmp_path / "printed.pdf")
    text = read_back(*PdfReader(tmp_path / "printed.pdf").pages)
    assert "PRELIMINARY" in text
    assert without_space(RESEARCH_USE) in text
    assert not made.bugs


def test_a_print_says_what_the_pdf_says(make_station, qtbot, tmp_path: Path):
    made = open_written(make_station, qtbot, tmp_path, keep=False)
    findings = "\n".join(f"Line {number} of the findings, γ 山田 김철수 <i>&amp;</i>." for number in range(120))
    reports.accept(made.workspace, made.reading.record.id, WorkingText(findings=findings, impression="Clear."))
    document = collect(made.workspace, made.reading.study.study_uid)
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    load_fonts()
    pages = print_pages(document, printer)
    printed, written = PdfReader(tmp_path / "printed.pdf"), PdfReader(io.BytesIO(to_pdf(document)))
    assert len(printed.pages) == pages > 2
    lines = [*findings.split("\n"), *foot_lines(document), *(value for _, value in head_lines(document))]
    for reader in (printed, written):
        text = read_back(*reader.pages)
        assert [line for line in lines if without_space(line) not in text] == []
    for number, page in enumerate(printed.pages, start=1):
        assert f"page{number}of{pages}" in read_back(page)
        assert "PRELIMINARY" in read_back(page)
    assert "Made,Film" in read_back(printed.pages[2])
