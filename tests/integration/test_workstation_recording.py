"""Gaze recorded by the whole workstation, through a real agent and a simulated tracker."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from captured import CONSENT
from PySide6.QtCore import Qt
from stations import film

from capture.client import AgentClient
from capture.endpoint import NoAgent, read_endpoint
from capture.recording import describe, rows, verify
from db.dictations import of_recording
from db.recordings import list_recordings
from desktop.capture import consent_dialog, dictation
from desktop.capture.consent_dialog import ConsentDialog
from desktop.capture.tracker_choice import TrackerChoice

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

SIMULATED = TrackerChoice("simulated", "SIM-1200", 600.0)


@pytest.fixture
def made(make_station, qtbot):
    """A workstation with a simulated tracker that is ready."""
    station = make_station(start_host=False)
    choose(station, qtbot)
    return station


def choose(station, qtbot, choice=SIMULATED):
    station.window.capture.choose(choice)
    qtbot.waitUntil(lambda: station.window.capture.link.state.phase == "ready", timeout=30_000)


def recording_files(station):
    return sorted(station.window.capture.folder.glob("*.gaze"))


def wait_recording(station, qtbot):
    qtbot.waitUntil(lambda: station.window.capture.recording.case is not None, timeout=15_000)
    return station.window.capture.recording.case


def wait_closed(case, qtbot):
    qtbot.waitUntil(lambda: case.path.exists() and describe(case.path).state == "stopped", timeout=15_000)


def test_nothing_is_recorded_before_the_reader_has_agreed_and_then_case_by_case(made, qtbot, tmp_path):
    first, second = made.add(film(tmp_path, 1)), made.add(film(tmp_path, 2))
    made.open(qtbot, first.study_uid)
    capture = made.window.capture
    made.services.actions["gaze.record"].trigger()
    dialog = capture.consent_dialog
    assert isinstance(dialog, ConsentDialog)
    assert dialog.height() >= dialog.layout().totalHeightForWidth(dialog.width())  # no line of it is cut off
    assert not dialog.agree_button.isEnabled()
    dialog.pseudonym.setText("Dr. A. Reader")
    dialog.agrees.setChecked(True)
    assert "pseudonym" in dialog.fault.text()
    assert not dialog.agree_button.isEnabled()
    assert recording_files(made) == []
    dialog.pseudonym.setText("reader-17")
    qtbot.mouseClick(dialog.agree_button, Qt.MouseButton.LeftButton)
    case = wait_recording(made, qtbot)
    assert "recording SIMULATED gaze of reader-17" in capture.light.words.text()
    assert capture.light.isVisible()
    assert not capture.light.vendor.isVisible()
    made.services.actions["gaze.pause_recording"].trigger()
    assert "paused" in capture.light.words.text()
    made.services.actions["gaze.pause_recording"].trigger()
    made.window.viewer.view.zoom(2.0)
    qtbot.wait(300)
    made.open(qtbot, second.study_uid)
    wait_closed(case, qtbot)
    about = describe(case.path)
    assert about.consent["reader_pseudonym"] == "reader-17"
    assert about.consent["text_version"]
    assert (about.source, about.frequency_hz) == ("simulation", 600.0)
    assert verify(case.path).is_whole
    events = [row["kind"] for row in rows(case.path, "marker")]
    assert events[:2] == ["tracker_screen", "case_opened"]
    assert {"paused", "resumed", "film", "screen"} <= set(events)
    assert events[-1] == "case_closed"
    views = [row["body"] for row in rows(case.path, "view_log")]
    shown = [view for view in views if view["image_uid"]]
    assert len({view["image_to_screen"][0] for view in shown}) >= 2
    assert views[-1]["image_uid"] == ""
    other = wait_recording(made, qtbot)
    assert (other.study_uid, other.recording_id != case.recording_id) == (second.study_uid, True)
    made.services.actions["gaze.record"].trigger()
    wait_closed(other, qtbot)
    assert made.told == made.bugs == []


def test_signing_ends_the_recording_of_the_case(made, qtbot, tmp_path):
    study = made.add(film(tmp_path, 1))
    made.open(qtbot, study.study_uid)
    made.window.capture.recording.arm(CONSENT)
    case = wait_recording(made, qtbot)
    made.type("findings", "Clear lungs.")
    made.type("impression", "Normal.")
    made.window.report.sign_bar.sign_confirmed.emit()
    qtbot.waitUntil(lambda: made.reading.is_signed, timeout=15_000)
    wait_closed(case, qtbot)
    assert made.window.capture.recording.case is None
    (closed,) = [row for row in rows(case.path, "marker") if row["kind"] == "case_closed"]
    assert closed["body"] == {"is_signed": True}


def test_a_dead_agent_costs_only_the_recording_and_comes_back_by_itself(made, qtbot, tmp_path):
    study = made.add(film(tmp_path, 1))
    made.open(qtbot, study.study_uid)
    capture = made.window.capture
    capture.recording.arm(CONSENT)
    case = wait_recording(made, qtbot)
    qtbot.wait(400)
    os.kill(read_endpoint(capture.folder).pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: capture.recording.case is None, timeout=15_000)
    assert any("has ended" in sentence for sentence in faults(made))
    made.type("findings", "Clear.")  # the window works meanwhile
    again = wait_recording(made, qtbot)
    assert again.study_uid == study.study_uid
    assert again.recording_id != case.recording_id
    assert describe(case.path).state == "recovered"
    assert made.bugs == []


def faults(station):
    return station.window.notices._faults


def test_a_tracker_that_is_not_there_is_said_so_and_no_other_is_used(make_station, qtbot):
    station = make_station(start_host=False)
    station.window.capture.choose(TrackerChoice("simulated", "SIM-9"))
    link = station.window.capture.link
    qtbot.waitUntil(lambda: link.state.phase == "lost", timeout=30_000)
    assert "SIM-9 was not found; there are: SIM-1200, SIM-60" in link.state.reason
    assert link.state.tracker == {}
    station.window.capture.choose(TrackerChoice("tobii_research"))
    qtbot.waitUntil(lambda: link.state.phase == "lost" and "tobii" in link.state.reason.lower(), timeout=30_000)


def test_a_killed_window_comes_back_to_its_recording(made, qtbot, tmp_path):
    study = made.add(film(tmp_path, 1))
    made.open(qtbot, study.study_uid)
    capture = made.window.capture
    capture.recording.arm(CONSENT)
    case = wait_recording(made, qtbot)
    qtbot.wait(400)
    # What a killed window leaves: an agent that records, and no client.
    capture.link._look.stop()
    agent, capture.link.agent = capture.link.agent, None
    agent.client.close()
    made.left_over = agent.process
    capture.recording.case = None
    capture.recording.views.end()
    capture.recording.rows.end()
    capture.recording.is_armed = False
    qtbot.wait(300)
    capture.begin()
    qtbot.waitUntil(lambda: capture.recording.case is not None, timeout=15_000)
    assert capture.recording.case == case
    qtbot.wait(300)
    capture.recording.disarm()
    wait_closed(case, qtbot)
    capture.end()
    made.left_over.wait(20)
    assert verify(case.path).counts.missing == 0
    assert "window_came_back" in [row["kind"] for row in rows(case.path, "marker")]
    views = [(row["system_us"], row["body"]["image_uid"]) for row in rows(case.path, "view_log")]
    uids = [uid for _, uid in views]
    gone = uids.index("", uids.index(next(uid for uid in uids if uid)))
    back = next(n for n in range(gone, len(uids)) if uids[n])
    assert views[back][0] - views[gone][0] >= 250_000  # nobody knows what was on screen while there was no window


def test_the_agent_ends_with_the_window(make_station, qtbot, tmp_path):
    station = make_station(start_host=False)
    choose(station, qtbot)
    folder = station.window.capture.folder
    AgentClient(folder).close()
    station.window.capture.end()
    station.services.background.close()
    with pytest.raises(NoAgent):
        AgentClient(folder)


def test_a_dictation_that_was_agreed_to_is_recorded_beside_each_case(made, qtbot, tmp_path, monkeypatch):
    class Card:
        def RawInputStream(self, *, callback, blocksize, **_):
            self.callback, self.blocksize = callback, blocksize
            return self

        def start(self):
            times = SimpleNamespace(currentTime=1.0, inputBufferAdcTime=0.9)
            for _ in range(12):
                self.callback(b"\x01\x02" * self.blocksize, self.blocksize, times, None)

        def stop(self):
            pass

        def close(self):
            pass

    monkeypatch.setattr(dictation, "load_sound", Card)
    monkeypatch.setattr(consent_dialog, "is_available", lambda: True)
    made.open(qtbot, made.add(film(tmp_path, 1)).study_uid)
    capture = made.window.capture
    made.services.actions["gaze.record"].trigger()
    dialog = capture.consent_dialog
    assert dialog.dictates.isEnabled()
    dialog.pseudonym.setText("reader-17")
    dialog.dictates.setChecked(True)
    dialog.agrees.setChecked(True)
    qtbot.mouseClick(dialog.agree_button, Qt.MouseButton.LeftButton)
    case = wait_recording(made, qtbot)
    assert capture.recording.dictation.is_recording
    capture.recording.disarm()
    wait_closed(case, qtbot)
    workspace = made.services.workspace
    qtbot.waitUntil(
        lambda: case.recording_id in {one.recording_id for one in list_recordings(workspace)}, timeout=20_000
    )
    kept = of_recording(workspace, case.recording_id)
    assert kept is not None
    assert kept.n_frames == 12 * 1600


def test_where_a_tobii_tracker_is_in_use_its_vendor_is_named(made):
    capture = made.window.capture
    assert not capture.light.vendor.isVisible()
    tracker = {**capture.link.state.tracker, "source": "eye", "backend": "tobii_research"}
    capture.link._set(replace(capture.link.state, tracker=tracker))
    assert capture.light.vendor.isVisible()
    assert capture.light.vendor.text() == "Eye tracking by Tobii"
    capture.show_panel()
    assert capture.panel.vendor.isVisible()
