"""The read in the whole window: open, draft, edit, accept, sign."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from gui.scripted_host import FINDINGS, IMPRESSION
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from stations import film, wait_drafted

from db import drafts, readings, reports

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def test_a_study_is_opened_drafted_edited_accepted_signed_and_read_only_afterwards(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station()
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    wait_drafted(made, qtbot)
    assert (made.text("findings"), made.text("impression")) == (FINDINGS, IMPRESSION)
    assert len(made.window.viewer.gaze.layer.scanpaths[0].fixations) == 5
    assert made.window.report.draft_info.text() == "AI draft: scripted-1 3fa92c1d, seed 0, 1.2 s"
    made.type("impression", " No change.")
    QTest.keyClick(made.window, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: made.reading.study.status == "preliminary")
    made.type("findings", " Clips.")
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    bar = made.window.report.sign_bar
    assert bar.isVisible()
    assert not bar.sign_button.isEnabled()
    assert [issue.code for issue in bar.issues if issue.kind == "blocker"] == ["unreviewed AI"] * 4
    QTest.keyClick(made.window, Qt.Key.Key_F9, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(made.window, Qt.Key.Key_F12)
    bar.sign_button.click()
    qtbot.waitUntil(lambda: made.reading.is_signed)
    assert made.window.report.editors["findings"].isReadOnly()
    assert "Signed by reader" in made.window.report.report_state.text()
    version = reports.of_study(made.workspace, uid)[-1]
    assert version.text_sha256[:16] in made.window.report.report_state.text()
    assert version.text.findings == f"{FINDINGS} Clips."
    assert {span.origin for span in version.text.spans} == {"ai", "reader"}
    assert version.draft_id == drafts.of_study(made.workspace, uid)[-1].id
    assert not made.bugs


def test_signing_says_what_is_missing(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Clear.")
    made.window.report.ask_to_sign()
    bar = made.window.report.sign_bar
    assert "The impression is empty." in [issue.sentence for issue in bar.issues]
    assert not bar.sign_button.isEnabled()


def test_a_study_opened_again_shows_its_text_draft_and_gaze_without_a_new_draft(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station()
    first, second = (made.add(film(tmp_path, seed)).study_uid for seed in (1, 2))
    made.open(qtbot, first)
    wait_drafted(made, qtbot)
    made.type("findings", " Mine.")
    made.open(qtbot, second)
    assert made.text("findings") != f"{FINDINGS} Mine."
    made.open(qtbot, first)
    assert made.text("findings") == f"{FINDINGS} Mine."
    assert len(made.window.viewer.gaze.layer.scanpaths[0].fixations) == 5
    qtbot.wait(100)
    assert len(drafts.of_study(made.workspace, first)) == 1


def test_a_study_opened_while_the_model_loads_is_drafted_once(make_station, qtbot, tmp_path: Path, monkeypatch) -> None:
    gate = tmp_path / "gate"
    made = make_station("gate_load", gate)
    asked: list[str] = []
    request = made.services.host.request_draft

    def count(file: str, **more: object) -> str:
        asked.append(file)
        return str(request(file, **more))

    monkeypatch.setattr(made.services.host, "request_draft", count)
    made.services.settings.does_prefetch = False
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    assert made.reading.draft_state.phase == "waiting"
    gate.touch()
    wait_drafted(made, qtbot)
    assert len(asked) == 1


def test_changing_the_study_cancels_the_draft_and_nothing_of_it_reaches_the_next(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station("gate", gate := tmp_path / "gate")
    first, second = (made.add(film(tmp_path, seed)).study_uid for seed in (1, 2))
    made.open(qtbot, first)
    qtbot.waitUntil(lambda: bool(made.text("findings")), timeout=15_000)
    made.open(qtbot, second)
    gate.touch()
    wait_drafted(made, qtbot)
    assert made.text("findings") == FINDINGS
    assert drafts.of_study(made.workspace, first) == []
    kept = readings.open_reading(made.workspace, first, "reader").work.findings
    assert kept
    assert FINDINGS.startswith(kept)


def test_typing_while_the_draft_streams_keeps_every_letter(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("gate", gate := tmp_path / "gate")
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    qtbot.waitUntil(lambda: bool(made.text("findings")), timeout=15_000)
    made.type("findings", " 0123456789")
    gate.touch()
    wait_drafted(made, qtbot)
    assert "0123456789" in made.text("findings")
    pane = made.window.report.panes["findings"]
    assert pane.isVisible()
    assert pane.text.text() == FINDINGS  # whole sentences, from the one that was broken off
    assert made.text("impression") == IMPRESSION
    made.window.report.reject_all()
    for _ in range(3):
        QTest.keyClick(made.window, Qt.Key.Key_F9)  # the caret is in the findings, the sentences are taken one by one
    assert made.text("findings").endswith("pleural effusion.")
    assert not pane.isVisible()


def test_regenerating_writes_with_another_seed_and_replaces_untouched_text(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station()
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    wait_drafted(made, qtbot)
    made.window.report.draft_button.click()
    qtbot.waitUntil(lambda: len(made.reading.drafts) == 2, timeout=15_000)
    assert [record.draft.provenance.seed for record in made.reading.drafts] == [0, 1]
    assert made.text("findings") == FINDINGS


def test_letters_are_tools_over_the_film_and_letters_in_the_editor(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.window.activateWindow()
    view = made.window.viewer.view
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_T)
    assert view.gestures.tool == "pan"
    QTest.keyClick(view, Qt.Key.Key_W)
    was_shown = made.window.viewer.gaze.layer.is_visible
    QTest.keyClick(made.window, Qt.Key.Key_F3)
    editor = made.window.report.editors["findings"]
    assert editor.hasFocus()
    QTest.keyClicks(editor, "twzgi 012=-")
    assert made.text("findings") == "twzgi 012=-"
    assert view.gestures.tool == "window"
    assert made.window.viewer.gaze.layer.is_visible == was_shown


def test_the_window_never_stands_still_while_a_study_is_opened_and_drafted(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station()
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    wait_drafted(made, qtbot)  # everything is imported and warm
    second = made.add(film(tmp_path, 2)).study_uid
    ticks = [time.perf_counter()]
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    made.open(qtbot, second)
    wait_drafted(made, qtbot)
    timer.stop()
    gaps_ms = sorted(1000 * (b - a) for a, b in pairwise(ticks))
    assert gaps_ms[-2] < 250, gaps_ms[-5:]  # 100 ms is the aim on an idle machine
