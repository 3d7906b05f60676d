"""Gaze study mode: a reader is led through the cases, sees nothing that is hidden, and goes on after a kill."""

from __future__ import annotations

import csv
from argparse import Namespace

import pytest
from captured import CONSENT
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from stations import film

from capture.recording import describe, rows
from db import recordings, studies
from db.gaze_study_export import export_study
from desktop.capture import calibration_run
from desktop.capture.tracker_choice import TrackerChoice
from desktop.study_mode.study_start import StudyStart, check_arguments
from gaze2report.gaze.export_folder import MANIFEST, ExportRefused
from gaze2report.gaze_study import progress as progress_file

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

PROTOCOL = """
format: gaze2report-gaze-study
version: 1
name: pilot
title: Pilot
instructions: Read each film.
cases: ["{0}", "{1}"]
seed: 3
calibrate_every: 0
break_every: 1
questions:
  - {{id: abnormal, text: "Is it abnormal?", kind: choice, choices: ["no", "yes"]}}
  - {{id: sure, text: "How sure?", kind: scale}}
"""


@pytest.fixture
def station(make_station, tmp_path):
    made = make_station(start_host=False)
    made.window.hide()
    for seed in (1, 2):
        made.add(film(tmp_path, seed, PatientName=f"Secret^Name{seed}"))
    return made


def start(station, tmp_path, protocol=PROTOCOL, reader="reader-17"):
    path = tmp_path / "protocol.yaml"
    uids = [entry.study_uid for entry in studies.worklist(station.workspace)]
    path.write_text(protocol.format(*sorted(uids)))
    arguments = Namespace(study=path, reader=reader, workspace=None)
    assert check_arguments(arguments) == ""
    started = StudyStart(station.services, station.window, arguments, QObject(station.window))
    started.window.resize(1000, 700)
    started.window.show()
    station.window.capture.settings.choice = TrackerChoice("simulated", "SIM-60")
    started.on_opened()
    return started


def wait_step(started, qtbot, step):
    qtbot.waitUntil(lambda: started.run.step == step, timeout=30_000)


def go(started, qtbot):
    qtbot.waitUntil(started.window.go_button.isEnabled, timeout=30_000)
    QTest.mouseClick(started.window.go_button, Qt.MouseButton.LeftButton)


def agree(started, qtbot):
    go(started, qtbot)  # instructions
    go(started, qtbot)  # what the consent is for
    dialog = started.window.consent_dialog
    assert dialog.pseudonym.text() == "reader-17"
    assert dialog.pseudonym.isReadOnly()
    dialog.agrees.setChecked(True)
    dialog.agree_button.click()


def read_case(started, qtbot, capture):
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=30_000)
    case = capture.recording.case
    qtbot.wait(400)
    started.window.activateWindow()
    qtbot.waitUntil(started.window.isActiveWindow)
    QTest.keyClick(started.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_step(started, qtbot, "questions")
    return case


def answer(started):
    window = started.window
    assert not window.next_button.isEnabled()
    window.form.groups["abnormal"].buttons()[1].click()
    window.form.groups["sure"].buttons()[3].click()
    assert window.form.answers() == {"abnormal": "yes", "sure": 4}
    window.next_button.click()


def shown_text(started):
    view = started.window.view
    return [view.banner.name, *view.banner.details, *(line for line, _ in view.warning_lines())]


def test_a_reader_is_led_through_all_cases_blinded_and_everything_is_kept(station, qtbot, tmp_path):
    capture = station.window.capture
    started = start(station, tmp_path)
    assert started.window.title.text() == "Pilot"
    agree(started, qtbot)
    wait_step(started, qtbot, "reading")
    assert shown_text(started)[0] == "Case 1 of 2"
    assert not any("Secret" in text or "Name" in text for text in shown_text(started))
    assert started.window.view.image is not None
    first = read_case(started, qtbot, capture)
    assert started.window.view.image is None
    answer(started)
    wait_step(started, qtbot, "break")
    assert started.window.view.image is None
    go(started, qtbot)
    wait_step(started, qtbot, "reading")
    second = read_case(started, qtbot, capture)
    qtbot.waitUntil(lambda: len(recordings.list_recordings(station.workspace)) == 2, timeout=30_000)
    answer(started)
    wait_step(started, qtbot, "finished")
    for case in (first, second):
        assert describe(case.path).consent["reader_pseudonym"] == "reader-17"
        shown = [row["body"] for row in rows(case.path, "view_log") if row["body"]["image_uid"]]
        assert shown
        assert not any(view["is_draft_visible"] or view["overlays"] for view in shown)
    qtbot.waitUntil(lambda: len(progress_file.read(started.run.folder, "reader-17").done) == 2, timeout=15_000)
    progress = progress_file.read(started.run.folder, "reader-17")
    assert [done.answers for done in progress.done] == [{"abnormal": "yes", "sure": 4}] * 2
    assert [done.recording_ids for done in progress.done] == [(first.recording_id,), (second.recording_id,)]
    assert {first.study_uid, second.study_uid} == set(progress.order)
    qtbot.waitUntil(lambda: all(e.levels for e in recordings.list_recordings(station.workspace)), timeout=30_000)

    out = tmp_path / "out"
    export_study(station.workspace, "pilot", out, actor="operator")
    assert (out / "protocol.yaml").read_text() == (tmp_path / "protocol.yaml").read_text()
    answers = list(csv.DictReader((out / "reader-17" / "answers.csv").read_text().splitlines()))
    assert [row["case"] for row in answers] == list(progress.order)
    assert {row["sure"] for row in answers} == {"4"}
    assert (out / MANIFEST).is_file()
    assert list((out / "gaze").rglob("*.parquet"))
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"Secret" not in everything
    with pytest.raises(ExportRefused, match="not empty"):
        export_study(station.workspace, "pilot", out, actor="operator")
    with pytest.raises(ExportRefused, match="no gaze study named other"):
        export_study(station.workspace, "other", tmp_path / "o", actor="operator")
    assert station.bugs == []


def test_a_killed_study_goes_on_at_the_case_that_was_not_finished(station, qtbot, tmp_path):
    capture = station.window.capture
    started = start(station, tmp_path)
    agree(started, qtbot)
    first = read_case(started, qtbot, capture)
    answer(started)
    wait_step(started, qtbot, "break")
    go(started, qtbot)
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=30_000)
    cut = capture.recording.case
    # As after a kill: nothing is known any more but what lies in the workspace.
    qtbot.waitUntil(lambda: len(progress_file.read(started.run.folder, "reader-17").done) == 1, timeout=15_000)
    started.window.close()
    again = start(station, tmp_path)
    capture.recording.consent = None
    assert again.run.n_done == 1
    assert again.window.go_button.text() == "Go on"
    agree(again, qtbot)
    wait_step(again, qtbot, "break")
    go(again, qtbot)
    case = read_case(again, qtbot, capture)
    assert case.study_uid == cut.study_uid != first.study_uid
    assert case.recording_id != cut.recording_id
    answer(again)
    wait_step(again, qtbot, "finished")
    qtbot.waitUntil(lambda: len(progress_file.read(again.run.folder, "reader-17").done) == 2, timeout=15_000)
    done = progress_file.read(again.run.folder, "reader-17").done
    assert [one.recording_ids for one in done] == [(first.recording_id,), (case.recording_id,)]


def test_the_calibration_that_the_protocol_wants_comes_before_the_film(station, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(calibration_run, "SETTLE_MS", 330)
    monkeypatch.setattr(calibration_run, "LOOK_MS", 200)
    capture = station.window.capture
    started = start(station, tmp_path, PROTOCOL.replace("calibrate_every: 0", "calibrate_every: 1"))
    agree(started, qtbot)
    wait_step(started, qtbot, "calibration")
    assert capture.recording.case is None
    go(started, qtbot)
    qtbot.waitUntil(lambda: capture.calibrating.window is not None, timeout=10_000)
    window = capture.calibrating.window
    window.guide.points_box.setCurrentIndex(0)
    window.guide.start_button.click()
    qtbot.waitUntil(lambda: window.run.step == "result", timeout=60_000)
    window.result.accept_button.click()
    wait_step(started, qtbot, "reading")
    case = read_case(started, qtbot, capture)
    assert "validation" in [row["kind"] for row in rows(case.path, "marker")]
    answer(started)
    wait_step(started, qtbot, "break")
    go(started, qtbot)
    wait_step(started, qtbot, "calibration")  # anew before each case


def test_a_case_that_is_not_there_is_said_and_nothing_is_recorded(station, qtbot, tmp_path):
    started = start(station, tmp_path, PROTOCOL.replace('"{0}"', '"A-0"').replace("seed: 3", "order: listed"))
    agree(started, qtbot)
    qtbot.waitUntil(lambda: "holds no study of that number" in started.window.fault.text(), timeout=30_000)
    assert station.window.capture.recording.case is None
    assert started.window.go_button.isEnabled()


def test_arguments_that_cannot_be_are_refused_before_a_window_opens(tmp_path):
    assert "PSEUDONYM" in check_arguments(Namespace(study=tmp_path / "p.yaml", reader="Dr. A. Reader"))
    assert "p.yaml" in check_arguments(Namespace(study=tmp_path / "p.yaml", reader="reader-17"))
    assert CONSENT.reader_pseudonym == "reader-17"
