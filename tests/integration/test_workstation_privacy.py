"""No patient's data in window titles, logs and the report of a bug: planted words are looked for in all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from stations import film, wait_drafted

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

PLANTED = {
    "PatientName": "Sentinelname^Zoe",
    "PatientID": "SENTINELID4711",
    "AccessionNumber": "SENTINELACC",
    "StudyDescription": "Sentineldescription",
    "ReasonForStudy": "Sentinelreason",
    "PatientBirthDate": "19410907",
}
WORDS = ("sentinel", "zoe", "19410907", "1941-09-07")


def planted_in(text: str) -> list[str]:
    return [word for word in WORDS if word in text.casefold()]


@pytest.fixture
def hook():
    kept = sys.excepthook
    yield
    sys.excepthook = kept


def test_planted_words_are_in_no_log_no_title_and_not_in_the_copied_bug(
    make_station, qtbot, tmp_path: Path, hook
) -> None:
    made = make_station()
    made.reporter.log_to(tmp_path / "logs")
    made.reporter.install()
    folder = tmp_path / "Sentinelfolder"
    folder.mkdir()
    made.open(qtbot, made.add(film(folder, **PLANTED)).study_uid)
    wait_drafted(made, qtbot)
    (folder / "Sentinelname.dcm").write_bytes(b"not a film")
    made.window.import_paths([folder / "Sentinelname.dcm", folder / "Sentinelgone.dcm"])
    qtbot.waitUntil(lambda: "Sentinel" in made.window.notices.label.text(), timeout=20_000)

    def bug() -> None:
        raise RuntimeError(f"cannot show {made.reading.study.patient.name}")

    QTimer.singleShot(0, bug)
    with qtbot.capture_exceptions() as caught:
        qtbot.waitUntil(lambda: bool(caught) or bool(made.bugs), timeout=5000)
    for _, error, _ in caught:  # pytest-qt stands where the reporter would
        made.reporter.report(error)
    assert made.bugs == ["RuntimeError: cannot show Sentinelname^Zoe"]
    made.window.dialogs.show_keys()
    made.window.dialogs.show_settings("About")
    made.window.dialogs.bug.copy_button.click()

    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("RuntimeError\n")
    assert copied.endswith("desktop.log")
    assert planted_in(copied.replace(str(tmp_path), "")) == []
    titles = [widget.windowTitle() for widget in QApplication.topLevelWidgets()]
    assert "Gaze2Report" in titles
    assert {title for title in titles if planted_in(title)} == set()
    logs = [path for path in tmp_path.rglob("*.log*") if path.is_file()]
    assert logs
    made.reporter.close_log()
    for path in logs:
        text = path.read_text()
        assert "RuntimeError" in text
        assert planted_in(text) == []


def test_further_errors_are_counted_not_stacked(make_station) -> None:
    made = make_station(start_host=False)
    for number in range(3):
        made.reporter.report(KeyError(number))
    boxes = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.windowTitle() == "Error in the program"]
    assert len(boxes) == 1
    assert made.window.dialogs.bug.summary.text() == "KeyError: 2  (the last of 3)"
    assert not made.window.dialogs.bug.isModal()
