"""A reading from the import to what leaves the workspace, in the real window, with mouse and keys, under the watchdog.

It runs without a display. On one, or on a virtual one, it is run and can be watched with::

    GAZE2REPORT_TEST_PLATFORM=xcb xvfb-run -s "-screen 0 1920x1080x24" pytest tests/integration/test_scripted_reading.py
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_checks import DCIODVFY, dciodvfy_messages
from factories import chest_phantom, make_dicom
from fhir.resources.R4B.bundle import Bundle
from pypdf import PdfReader
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from reading_script import CTRL, SHIFT, Script, Step, always, drag, key
from reported_studies import without_space
from stations import Station
from watchdog import Watch, Watchdog

from db import audit, measurements, reports, studies
from desktop.garbage import GarbageWhenIdle
from desktop.report.export_dialog import ExportDialog

pytestmark = pytest.mark.qt_log_ignore(
    "propagateSizeHints", "does not support raise", "does not support grabbing", extend=True
)

NOT_LONGER_THAN_MS = 100.0
ALL_STEPS_WITHIN_MS = 40_000
LOADED_WHEN_FIRST_USED = ("highdicom.sr", "fhir.resources.R4B.bundle", "fpdf", "scipy.ndimage")
"""What takes part in the reading for the first time holds the interpreter while it is loaded; that is not watched."""
LEFT = Qt.MouseButton.LeftButton
JANE = {"PatientID": "P1", "PatientName": "Doe^Jane", "ImagerPixelSpacing": [0.7, 0.7]}
FORMATS = ("sr", "pdf", "fhir", "text")
TAKEN = "The lungs are clear. The heart is of normal size."
REJECTED = ("There is no pleural effusion.", "No acute cardiopulmonary disease.")


def films(folder: Path) -> Path:
    """A PA and a lateral film of a woman, her PA film of the year before, and a film of another patient."""
    folder.mkdir()

    def write(name: str, seed: int, **elements: object) -> str:
        path = make_dicom(folder / f"{name}.dcm", chest_phantom(512, 460, seed=seed), seed=seed, **elements)
        return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)

    uid = write("a-pa", 1, **JANE)
    write("b-lateral", 2, StudyInstanceUID=uid, ViewPosition="LL", AccessionNumber="ACC0001", **JANE)
    write("c-prior", 3, StudyDate="20230301", **JANE)
    write("d-other", 4)
    return folder


def shown(window: Any, kind: type) -> Any:
    """The window's dialog of a kind, once it is on screen."""
    return next((child for child in window.children() if isinstance(child, kind) and child.isVisible()), None)


class Reader:
    """What the reader does, in steps; each looks for what it needs on the screen."""

    def __init__(self, made: Station, folder: Path, out: Path) -> None:
        self.made, self.window, self.reading = made, made.window, made.reading
        self.report, self.viewer = made.window.report, made.window.viewer
        self.folder, self.out = folder, out
        self.voi: list[object] = []

    @property
    def view(self) -> Any:
        return self.viewer.view

    def focused(self) -> Any:
        return QApplication.focusWidget()

    def press(
        self, number: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> Callable[[], None]:
        """A key where the keyboard is."""
        return key(lambda: self.focused() or self.window, number, modifiers)

    def write(self, text: str) -> Callable[[], None]:
        return lambda: QTest.keyClicks(self.focused(), text)

    def click(self, button: Callable[[], Any]) -> Step:
        """Click a button as soon as it can be clicked."""
        return (
            lambda: button() is not None and button().isVisible() and button().isEnabled(),
            lambda: QTest.mouseClick(button(), LEFT),
        )

    def place(self, x_px: float, y_px: float) -> QPoint:
        x, y = self.view.viewport.image_to_device(x_px, y_px)
        return QPoint(round(x), round(y))

    def drag_on_film(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        first, last = self.place(*start), self.place(*end)
        drag(self.view, LEFT, (last.x() - first.x(), last.y() - first.y()), first)

    # -- the steps ----------------------------------------------------------------------------------------------

    def import_them(self) -> list[Step]:
        def drop() -> None:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(self.folder))])
            what = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
            at = self.window.rect().center()
            QApplication.sendEvent(self.window, QDragEnterEvent(at, *what))
            QApplication.sendEvent(self.window, QDropEvent(QPointF(at), *what))

        return [
            (always, drop),
            (lambda: self.window.worklist.table_model.total == 3, always),
            (lambda: self.view.image is not None, key(lambda: self.window, Qt.Key.Key_F, CTRL)),
            (lambda: isinstance(self.focused(), QLineEdit), self.write("ACC0001")),
            (lambda: self.window.worklist.table_model.rowCount() == 1, self.press(Qt.Key.Key_Return)),
            (self.window.worklist.table.hasFocus, self.press(Qt.Key.Key_Return)),
            (lambda: self.view.hasFocus() and self.reading.study.accession_number == "ACC0001", always),
        ]

    def look(self) -> list[Step]:
        def note() -> None:
            self.voi.append(self.view.window_tool.voi)

        return [
            (lambda: self.view.image is not None and self.made.services.drawings.are_loaded, note),
            (always, self.press(Qt.Key.Key_W)),
            (always, lambda: drag(self.view, LEFT, (80, -30))),
            (always, note),
            (always, self.press(Qt.Key.Key_I, CTRL | SHIFT)),
            (always, self.press(Qt.Key.Key_I, CTRL | SHIFT)),
            (always, self.press(Qt.Key.Key_0)),
        ]

    def measure(self) -> list[Step]:
        drawn = self.viewer.measuring

        def popup() -> Any:
            return QApplication.activePopupWidget()

        return [
            (always, self.press(Qt.Key.Key_D)),
            (lambda: self.made.services.drawings.tool == "length", lambda: self.drag_on_film((100, 120), (200, 120))),
            (lambda: len(drawn.measurements) == 1, self.press(Qt.Key.Key_M)),
            (popup, lambda: QTest.keyClick(popup(), Qt.Key.Key_O)),  # cardiothoracic ratiO
            (lambda: any(one.is_proposed for one in drawn.measurements), self.press(Qt.Key.Key_Return)),
            (
                lambda: len(drawn.measurements) == 2 and not any(one.is_proposed for one in drawn.measurements),
                self.press(Qt.Key.Key_M, CTRL | SHIFT),
            ),
            (lambda: "Cardiothoracic ratio" in self.reading.sections["findings"].text, always),
        ]

    def compare(self) -> list[Step]:
        cells = self.viewer.grid.cells

        def are_shown(*roles: str) -> bool:
            return all(cells[role].view.isVisible() and cells[role].view.image is not None for role in roles)

        return [
            (always, self.press(Qt.Key.Key_4, CTRL)),
            (lambda: are_shown("main", "lateral", "prior"), self.press(Qt.Key.Key_3, CTRL)),
            (lambda: are_shown("main", "prior") and not cells["lateral"].view.isVisible(), always),
            (lambda: cells["prior"].view.image.header.study_date == "20230301", always),
        ]

    def review(self) -> list[Step]:
        """Take two sentences of the AI and reject the others."""
        return [
            (lambda: bool(self.reading.drafts), self.press(Qt.Key.Key_F3)),
            (self.report.editors["findings"].hasFocus, self.press(Qt.Key.Key_Home, CTRL)),
            (always, self.press(Qt.Key.Key_F9)),
            (always, self.press(Qt.Key.Key_F9)),
            (always, self.press(Qt.Key.Key_F9, SHIFT)),
            (self.report.editors["impression"].hasFocus, self.press(Qt.Key.Key_F9, SHIFT)),
            (lambda: not self.reading.unreviewed(), always),
        ]

    def write_report(self) -> list[Step]:
        fields, findings = self.report.fields, self.report.editors["findings"]
        picker: list[Any] = []

        def new_picker() -> bool:
            now = fields.picker
            return now is not None and now.isVisible() and now not in picker

        def choose(number: Qt.Key) -> Callable[[], None]:
            def act() -> None:
                picker.append(fields.picker)
                QTest.keyClick(fields.picker.list, number)

            return act

        return [
            (
                lambda: bool(self.report.templates.library.templates),
                lambda: QTest.mouseClick(findings.viewport(), LEFT),
            ),
            (findings.hasFocus, self.press(Qt.Key.Key_End, CTRL)),
            (always, self.write(" eff")),
            (self.report.macros.isVisible, self.press(Qt.Key.Key_Tab)),
            (new_picker, choose(Qt.Key.Key_1)),
            (new_picker, choose(Qt.Key.Key_2)),
            (findings.hasFocus, self.press(Qt.Key.Key_End, CTRL)),
            (always, self.write(" He has an old fracture of the left clavicle.")),
            (always, lambda: QTest.mouseClick(self.report.editors["impression"].viewport(), LEFT)),
            (self.report.editors["impression"].hasFocus, self.write("Small left pleural effusion.")),
            (always, lambda: QTest.mouseClick(self.report.editors["comparison"].viewport(), LEFT)),
            (self.report.editors["comparison"].hasFocus, self.write("PA film of 2023-03-01.")),
        ]

    def sign(self) -> list[Step]:
        bar = self.report.sign_bar
        return [
            (lambda: not self.window.autosave.has_unsaved, self.press(Qt.Key.Key_F12)),
            (lambda: bar.isVisible() and bool(bar.warnings), always),
            self.click(lambda: bar.sign_button),
            (lambda: self.reading.is_signed, always),
        ]

    def amend(self) -> list[Step]:
        panel = self.report.amendments
        bar = panel.addendum_bar
        return [
            self.click(lambda: panel.addendum_button),
            (bar.text.hasFocus, self.write("The ward was called.")),
            (always, self.press(Qt.Key.Key_Tab)),
            (lambda: not bar.text.hasFocus(), self.write("Result communicated")),
            self.click(lambda: bar.sign_button),
            (lambda: self.reading.study.status == "addended", always),
        ]

    def export(self) -> list[Step]:
        def dialog() -> Any:
            return shown(self.window, ExportDialog)

        def fill(name: str) -> Callable[[], None]:
            def act() -> None:
                button = dialog().format_buttons[name]
                QTest.mouseClick(button, LEFT, pos=QPoint(8, button.height() // 2))
                dialog().file.setFocus()
                QTest.keyClick(dialog().file, Qt.Key.Key_A, CTRL)
                QTest.keyClicks(dialog().file, str(self.out / f"report.{name}"))
                QTest.mouseClick(dialog().export_button, LEFT)

            return act

        steps: list[Step] = []
        for name in FORMATS:
            steps += [
                (lambda: dialog() is None, self.window.activateWindow),  # no window manager does it offscreen
                (self.window.isActiveWindow, key(lambda: self.window, Qt.Key.Key_E, CTRL)),
                (dialog, fill(name)),
                (lambda name=name: (self.out / f"report.{name}").exists(), always),  # type: ignore[misc]
            ]
        return steps

    def steps(self) -> list[Step]:
        return [
            *self.import_them(), *self.look(), *self.review_after_draft(), *self.sign(), *self.amend(), *self.export(),
        ]  # fmt: skip

    def review_after_draft(self) -> list[Step]:
        """The draft is waited for, so that it comes into an empty section and not beside what was measured."""
        return [
            (lambda: bool(self.reading.drafts), always),
            *self.review(), (always, self.press(Qt.Key.Key_F3)),
            (self.view.hasFocus, always), *self.measure(), *self.compare(), *self.write_report(),
        ]  # fmt: skip


@pytest.fixture
def read(make_station: Any, qtbot: Any, tmp_path: Path) -> tuple[Station, Reader]:
    """A workstation in which the whole reading has been done."""
    for name in LOADED_WHEN_FIRST_USED:
        importlib.import_module(name)
    made = make_station()
    made.window.resize(1600, 900)
    made.window.activateWindow()
    qtbot.waitUntil(lambda: made.services.host.state.can_draft, timeout=20_000)
    (tmp_path / "out").mkdir()
    reader = Reader(made, films(tmp_path / "films"), tmp_path / "out")
    garbage = GarbageWhenIdle(idle_s=3600.0)  # as the program itself has it
    garbage.start()
    try:
        watch = do(reader, qtbot)
    finally:
        garbage.stop()
    assert not made.bugs
    if QGuiApplication.platformName() == "offscreen":  # else what the display server takes would count
        assert watch.longest.ms <= NOT_LONGER_THAN_MS, watch.text()
    return made, reader


def do(reader: Reader, qtbot: Any) -> Watch:
    """Do all steps while the event loop runs."""
    steps = reader.steps()
    script = Script(steps)
    with Watchdog().watching() as watch:
        try:
            qtbot.waitUntil(lambda: script.is_over or bool(reader.made.bugs), timeout=ALL_STEPS_WITHIN_MS)
        except qtbot.TimeoutError:
            script.stop()
            line = steps[script.done][0].__code__.co_firstlineno
            pytest.fail(
                f"stood at step {script.done} of {len(steps)} (line {line}); told: {reader.made.told}, "
                f"keyboard: {reader.focused()}, text: {reader.reading.working_text()}"
            )
    return watch


@DCIODVFY
def test_a_study_is_read_from_import_to_export_and_validators_find_nothing(
    read: tuple[Station, Reader], tmp_path: Path
) -> None:
    made, reader = read
    uid = made.reading.study.study_uid
    assert made.told == []
    assert len(studies.worklist(made.workspace)) == 3
    assert reader.voi[0] != reader.voi[1]

    (marks,) = measurements.of_patient(made.workspace, uid).values()
    assert [(one.kind, one.is_proposed) for one in marks.measurements] == [("length", False), ("ctr", False)]
    final, addended = reports.of_study(made.workspace, uid)
    said = final.text
    assert said.findings.startswith(TAKEN)
    assert not any(sentence in said.findings + said.impression for sentence in REJECTED)
    assert "Small left pleural effusion. He has an old fracture" in said.findings
    assert "Cardiothoracic ratio: 0." in said.findings
    origins = {said.findings[s.start : s.end].strip(): s.origin for s in said.spans if s.section == "findings"}
    assert {"ai", "measurement", "macro", "reader"} <= set(origins.values())
    assert sum(s.end - s.start for s in said.spans if s.section == "findings") == len(said.findings)
    assert (addended.kind, addended.addendum, addended.reason) == (
        "addendum", "The ward was called.", "Result communicated",
    )  # fmt: skip
    acts = [event.action for event in audit.events(made.workspace, subject=uid)]
    assert "warnings overridden" in acts
    assert acts.count("report sent out") == len(FORMATS)

    _check_sr((reader.out / "report.sr").read_bytes(), said.findings, tmp_path)
    pages = "".join(page.extract_text() for page in PdfReader(reader.out / "report.pdf").pages)
    for text in (said.findings, said.impression, said.comparison, addended.addendum):
        assert without_space(text) in without_space(pages)
    bundle = Bundle.model_validate(json.loads((reader.out / "report.fhir").read_text()))
    kinds = {entry.resource.get_resource_type(): entry.resource for entry in bundle.entry}
    assert kinds["DiagnosticReport"].conclusion == said.impression
    assert kinds["DiagnosticReport"].status == "appended"
    assert said.findings in (reader.out / "report.text").read_text()


def _check_sr(content: bytes, findings: str, folder: Path) -> None:
    assert [line for line in dciodvfy_messages(content, folder) if line.startswith("Error")] == []
    report = pydicom.dcmread(io.BytesIO(content))
    assert report.VerificationFlag == "VERIFIED"
    texts = [str(element.value) for element in report.iterall() if element.keyword == "TextValue"]
    assert without_space(findings) in without_space("".join(texts))
