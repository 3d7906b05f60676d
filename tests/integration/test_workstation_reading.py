"""A whole reading with mouse and keys, step by step inside the event loop, under the watchdog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from reading_script import Script, Step, drag, key, wheel
from stations import Station, film
from watchdog import Watchdog

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

NOT_LONGER_THAN_MS = 100.0
STEP_TIMEOUT_MS = 30_000


def reading_of_one(made: Station, previous: list[str]) -> list[Step]:
    """From the film on screen to the signed report."""
    window, reading = made.window, made.reading
    view, editor = window.viewer.view, window.report.editors["findings"]
    ctrl = Qt.KeyboardModifier.ControlModifier

    def is_new_film_shown() -> bool:
        return view.image is not None and reading.study is not None and reading.study.study_uid not in previous

    return [
        (is_new_film_shown, lambda: previous.append(reading.study.study_uid)),
        (lambda: True, lambda: drag(view, Qt.MouseButton.RightButton, (90, -40))),
        (lambda: True, lambda: wheel(view, 4)),
        (lambda: True, key(lambda: view, Qt.Key.Key_T)),
        (lambda: True, lambda: drag(view, Qt.MouseButton.LeftButton, (-60, 50))),
        (lambda: True, key(lambda: view, Qt.Key.Key_0)),
        (lambda: True, key(lambda: view, Qt.Key.Key_I, ctrl | Qt.KeyboardModifier.ShiftModifier)),
        (lambda: True, key(lambda: view, Qt.Key.Key_G)),
        (lambda: True, key(lambda: view, Qt.Key.Key_Escape)),
        (lambda: bool(reading.drafts), key(lambda: window, Qt.Key.Key_F3)),
        (editor.hasFocus, lambda: editor.moveCursor(editor.textCursor().MoveOperation.End)),
        (lambda: True, lambda: QTest.keyClicks(editor, " Old fracture of the left clavicle.")),
        (lambda: True, key(lambda: window, Qt.Key.Key_F9, ctrl)),
        (lambda: not window.autosave.has_unsaved, key(lambda: window, Qt.Key.Key_F10)),
        (lambda: reading.study.status == "preliminary", key(lambda: window, Qt.Key.Key_F12)),
        (
            window.report.sign_bar.sign_button.isVisible,
            lambda: QTest.mouseClick(window.report.sign_bar.sign_button, Qt.MouseButton.LeftButton),
        ),
        (lambda: reading.is_signed, key(lambda: window, Qt.Key.Key_N, ctrl)),
    ]


def test_three_studies_are_imported_read_and_signed_and_the_window_is_never_deaf(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station()
    warm = made.add(film(tmp_path, 9)).study_uid
    made.open(qtbot, warm)  # what is loaded when first used is loaded now
    qtbot.waitUntil(lambda: bool(made.reading.drafts), timeout=20_000)
    folder = tmp_path / "films"
    folder.mkdir()
    for seed in range(3):
        film(folder, seed)
    window, previous = made.window, [warm]
    window.activateWindow()
    steps: list[Step] = [
        (lambda: True, lambda: window.import_paths([folder], open_first=False)),
        (
            lambda: window.worklist.table_model.total == 4,
            key(lambda: window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier),
        ),
        (window.worklist.table.hasFocus, key(lambda: window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)),
    ]
    for _ in range(3):
        steps += reading_of_one(made, previous)

    script = Script(steps)
    with Watchdog().watching() as watch:
        try:
            qtbot.waitUntil(lambda: script.is_over, timeout=STEP_TIMEOUT_MS)
        except qtbot.TimeoutError:
            pytest.fail(f"stood at step {script.done} of {len(steps)}; told: {made.told}, bugs: {made.bugs}")
    assert not made.bugs
    assert not made.told
    assert len(set(previous)) == 4
    assert "Old fracture of the left clavicle." in made.text("findings")
    assert watch.longest.ms <= NOT_LONGER_THAN_MS, watch.text()
