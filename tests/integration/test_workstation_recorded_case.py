"""The end of a recorded case: in the workspace, judged, told to the reader, shown on the film, drafted from."""

from __future__ import annotations

import pytest
from captured import CONSENT
from stations import film, wait_drafted

from capture.recording import describe, samples
from db import calibrations, case_gaze, recordings
from desktop.capture.tracker_choice import TrackerChoice

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)


@pytest.fixture
def made(make_station, qtbot, tmp_path):
    """A drafted study on screen, its film large, and gaze being recorded."""
    station = make_station()
    capture = station.window.capture
    capture.choose(TrackerChoice("simulated", "SIM-1200", 300.0))
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    wait_drafted(station, qtbot)
    qtbot.waitUntil(lambda: capture.link.state.phase == "ready", timeout=30_000)
    station.window.viewer.view.zoom(1.2)
    capture.recording.arm(CONSENT)
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    qtbot.wait(1500)
    return station


def test_signing_judges_the_gaze_and_shows_it_on_the_film(made, qtbot):
    capture, study_uid = made.window.capture, made.reading.study.study_uid
    case = capture.recording.case
    made.reading.accept_all()
    made.window.report.sign_bar.sign_confirmed.emit()
    bar = capture.review.bar
    qtbot.waitUntil(bar.isVisible, timeout=30_000)
    assert bar.verdict.text().startswith("Gaze of this case:")
    assert "SIMULATED gaze" in bar.words.text()
    assert "Missing gaze" in bar.words.text()
    assert "No validation" in bar.words.text()
    assert bar.draft_button.isHidden()  # the report is signed
    (kept,) = case_gaze.cases_of_study(made.workspace, study_uid)
    assert kept.recording_id == case.recording_id
    assert kept.n_fixations > 0
    tracks = made.services.gaze.tracks
    assert [track.recording is None for track in tracks] == [True, False]
    assert tracks[1].name == f"Recorded: {CONSENT.reader_pseudonym}"
    # While the draft could be read, every fixation says so.
    assert all(fixation.ai_visible for fixation in tracks[1].recording.fixations)
    assert made.bugs == []


def test_a_draft_from_ones_own_gaze_while_the_case_goes_on(made, qtbot):
    capture = made.window.capture
    first = capture.recording.case
    predicted = made.reading.shown_fixations
    made.services.actions["gaze.draft_with_mine"].trigger()
    qtbot.waitUntil(lambda: len(made.reading.drafts) == 2, timeout=60_000)
    draft = made.reading.drafts[-1].draft
    assert draft.gaze == "recorded"
    (recorded,) = made.services.gaze.recordings
    assert recorded.scanpath
    assert draft.scanpath == ()  # kept with the recording alone: drafts are never removed, and the reader may withdraw
    assert made.reading.shown_fixations == predicted  # the reader's own gaze is never shown as predicted
    assert "from your recorded gaze" in made.window.report.draft_info.text()
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    assert capture.recording.case.study_uid == first.study_uid
    assert capture.recording.case.recording_id != first.recording_id
    assert made.told == made.bugs == []


def test_without_gaze_on_the_film_no_draft_is_asked_for(make_station, qtbot, tmp_path):
    station = make_station()
    station.open(qtbot, station.add(film(tmp_path)).study_uid)
    wait_drafted(station, qtbot)
    station.services.actions["gaze.draft_with_mine"].trigger()
    qtbot.waitUntil(lambda: "no gaze of yours" in station.window.status.message.text())
    assert len(station.reading.drafts) == 1


def test_what_a_window_before_did_not_keep_is_kept_at_the_next_start(made, qtbot):
    capture = made.window.capture
    case = capture.recording.case
    capture.link.call(lambda agent: agent.client.ask("stop"))
    qtbot.waitUntil(lambda: describe(case.path).state == "stopped", timeout=15_000)
    assert recordings.list_recordings(made.workspace) == []
    with qtbot.waitSignal(capture.review.notice, timeout=30_000):
        capture.review.import_left_over(case.folder)
    (entry,) = recordings.list_recordings(made.workspace)
    assert entry.recording_id == case.recording_id
    assert entry.study_uids == (case.study_uid,)


def test_validations_are_kept_under_the_consent_and_once(make_station):
    workspace = make_station(start_host=False).workspace
    found = {"calibration_id": "cal-1", "mean_accuracy_left_dva": 0.4, "mean_accuracy_right_dva": 0.5}
    for made_us in (1_800_000_000_000_000, 1_800_000_000_000_400):
        calibrations.keep(workspace, CONSENT.to_body(), made_us, [("validation", found)], actor="reader")
    (kept,) = calibrations.validations_of(workspace, CONSENT.reader_pseudonym)
    assert kept["mean_accuracy_left_dva"] == 0.4
    assert calibrations.validations_of(workspace, "reader-18") == []


def test_a_reader_withdraws_in_the_window_and_nothing_of_the_recording_stays(made, qtbot):
    capture = made.window.capture
    case = capture.recording.case
    qtbot.wait(500)
    made.services.actions["gaze.withdraw"].trigger()
    dialog = capture.withdraw_dialog
    assert not dialog.withdraw_button.isEnabled()
    dialog.pseudonym.setText("nobody-here")
    dialog.withdraw_button.click()
    qtbot.waitUntil(lambda: "no reader nobody-here" in dialog.outcome.text(), timeout=20_000)
    dialog.pseudonym.setText(CONSENT.reader_pseudonym)
    dialog.withdraw_button.click()
    qtbot.waitUntil(lambda: "withdrawn, 1 recording emptied" in dialog.outcome.text(), timeout=30_000)
    assert not capture.recording.is_armed
    described = describe(case.path)
    assert described.state == "withdrawn"
    assert len(samples(case.path)) == 0
    assert all(entry.state == "withdrawn" for entry in recordings.list_recordings(made.workspace))
