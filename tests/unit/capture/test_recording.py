"""What a tracker delivered is in the file to the bit; a file that is not whole is noticed."""

from __future__ import annotations

import random
import sqlite3
from contextlib import suppress

import numpy as np
import pytest
from captured import CONSENT, VIEW, Bench

from capture import log_rows, recording
from capture.recorder import Recorder
from capture.simulated import SimulatedModel
from capture.simulated_delivery import DeliveryModel
from capture.simulated_eyes import EyeModel
from capture.spool import SpoolError, SpoolWriter, Start
from capture.spool_schema import connect


@pytest.fixture
def recorded(tmp_path):
    bench = Bench(tmp_path)
    bench.run(5)
    bench.recorder.finish("done")
    return bench


@pytest.mark.parametrize("frequency_hz", [60.0, 1200.0])
def test_every_sample_is_read_back_to_the_bit_and_in_order(tmp_path, frequency_hz):
    delivery = DeliveryModel(burst=20, duplicate_rate=0.01, out_of_order_rate=0.01, stalls_per_min=10)
    bench = Bench(tmp_path, SimulatedModel(delivery=delivery), frequency_hz)
    bench.run(60, step_s=0.25)
    bench.recorder.finish("")
    stored = recording.samples(bench.path)
    assert stored.tobytes() == bench.all_delivered().tobytes()
    assert len(stored) > 59 * frequency_hz
    about = recording.describe(bench.path)
    assert about.counts["received"] == about.counts["written"] == len(stored)
    assert recording.verify(bench.path).is_whole


def test_what_was_not_measured_is_nan_and_stays_it(tmp_path):
    bench = Bench(tmp_path, SimulatedModel(eyes=EyeModel(blinks_per_min=60)))
    bench.run(10)
    bench.recorder.finish("")
    stored = recording.samples(bench.path)
    blinking = stored["left_gaze_valid"] == 0
    assert blinking.any()
    assert np.isnan(stored["left_x"][blinking]).all()
    assert np.isnan(stored["left_pupil_mm"][blinking]).all()
    assert not np.isnan(stored["left_x"][~blinking]).any()


def test_markers_and_views_are_kept_with_their_time_and_once(tmp_path):
    bench = Bench(tmp_path)
    row = log_rows.view({"seq": 0, "system_us": bench.clock.now_us(), "view": VIEW})
    mark = log_rows.marker({"seq": 0, "system_us": 77, "event": "case_opened", "detail": {"case": "c-1"}})
    for sent in (row, mark, row, mark):  # a client that does not know what was stored sends again
        bench.recorder.add(sent)
    bench.run(1)
    assert bench.recorder.state["stored_view_seq"] == bench.recorder.state["stored_marker_seq"] == 0
    bench.recorder.finish("")
    (view,) = recording.rows(bench.path, "view_log")
    assert view["body"] == VIEW
    (kept,) = recording.rows(bench.path, "marker")
    assert (kept["kind"], kept["system_us"], kept["body"]) == ("case_opened", 77, {"case": "c-1"})


@pytest.mark.parametrize(
    "change",
    [
        {"image_to_screen": [1, 0, 0, 1, 0]},
        {"image_to_screen": [1, 0, 0, 1, 0, float("nan")]},
        {"is_inverted": 1},
        {"overlays": [3]},
        {"patient_name": "x"},
    ],
)
def test_a_view_that_is_not_whole_is_refused(change):
    with pytest.raises(log_rows.BadRow):
        log_rows.view({"seq": 0, "system_us": 0, "view": {**VIEW, **change}})


@pytest.mark.parametrize(
    "body",
    [
        {"seq": -1, "system_us": 0, "event": "x"},
        {"seq": 0, "system_us": 0.5, "event": "x"},
        {"seq": 0, "system_us": 0, "event": "What was typed"},
        {"seq": 0, "system_us": 0, "event": "x", "detail": {"text": "y" * 200}},
        {"seq": 0, "system_us": 0, "event": "x", "detail": {"n": float("inf")}},
    ],
)
def test_a_marker_that_is_not_whole_is_refused(body):
    with pytest.raises(log_rows.BadRow):
        log_rows.marker(body)


def test_while_paused_nothing_is_kept_and_the_pause_is_no_gap(tmp_path):
    bench = Bench(tmp_path)
    bench.run(1)
    bench.recorder.pause(True)
    bench.run(2)
    bench.recorder.pause(False)
    bench.run(1)
    bench.recorder.finish("")
    about = recording.describe(bench.path)
    assert about.counts["paused"] == pytest.approx(2400, abs=20)
    assert about.counts["received"] == about.counts["written"] + about.counts["paused"]
    assert about.counts["missing"] == 0
    kinds = [row["kind"] for row in recording.rows(bench.path, "notification")]
    assert kinds == ["paused", "resumed"]


@pytest.mark.parametrize("kind", ["display_area_changed", "frequency_changed", "calibration_changed"])
def test_a_tracker_changed_by_another_program_makes_the_recording_degraded(tmp_path, kind):
    bench = Bench(tmp_path)
    bench.run(1)
    assert not bench.recorder.state["is_degraded"]
    bench.tracker.say(kind)
    bench.run(1)
    bench.recorder.finish("")
    assert recording.describe(bench.path).is_degraded


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE gaze_chunk SET data = zeroblob(length(data)) WHERE seq = 3",
        "DELETE FROM gaze_chunk WHERE seq = 3",
        "DELETE FROM gaze_chunk WHERE seq = (SELECT max(seq) FROM gaze_chunk)",
        "UPDATE gaze_chunk SET data = (SELECT data FROM gaze_chunk WHERE seq = 4) WHERE seq = 3",
    ],
)
def test_a_changed_missing_or_moved_chunk_is_noticed(recorded, damage):
    db = sqlite3.connect(recorded.path)
    db.execute(damage)
    db.commit()
    db.close()
    checked = recording.verify(recorded.path)
    assert not checked.is_whole
    assert checked.faults


def test_a_recording_is_never_written_over(recorded, tmp_path):
    area = recorded.tracker.display_area()
    with pytest.raises(SpoolError, match="never written over"):
        SpoolWriter(tmp_path, Start("recording-1", CONSENT, recorded.tracker.info, 60.0, area, {}, 0, 0))
    assert recording.verify(recorded.path).is_whole


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_file_that_is_no_recording_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "x.gaze"
    path.write_bytes(content)
    with pytest.raises(recording.NotARecording):
        recording.verify(path)


def test_a_file_that_another_program_locks_for_a_while_costs_nothing(tmp_path, monkeypatch):
    bench = Bench(tmp_path)
    bench.run(1)
    bench.spool._db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    bench.run(3)  # three seconds in which nothing can be stored
    other.execute("COMMIT")
    other.close()
    bench.run(1)
    bench.recorder.finish("")
    assert recording.samples(bench.path).tobytes() == bench.all_delivered().tobytes()
    assert recording.describe(bench.path).counts["missing"] == 0


def test_a_full_disk_ends_the_recording_with_its_loss_said_and_the_rest_intact(tmp_path):
    bench = Bench(tmp_path)
    bench.run(2)
    pages = bench.spool._db.execute("PRAGMA page_count").fetchone()[0]
    bench.spool._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own "database or disk is full"
    bench.run(1)
    assert "full" in bench.recorder.failure
    assert "samples are lost" in bench.recorder.failure
    bench.recorder.finish("")
    about = recording.describe(bench.path)
    assert about.state == "failed"
    assert "full" in about.ended
    assert recording.verify(bench.path).is_whole
    assert 2000 < about.counts["written"] <= 2400


def test_a_recording_cut_off_is_recovered_and_its_loss_stated(tmp_path):
    bench = Bench(tmp_path)
    bench.run(2)
    bench.run(0.08, step_s=0.02)  # received, not yet stored
    bench.spool._db.close()  # as a killed process leaves it: no word of an end
    (recovery,), unreadable = recording.recover_all(tmp_path)
    assert unreadable == {}
    stored = len(recording.samples(bench.path))
    assert recovery.lost_samples == len(bench.all_delivered()) - stored > 0
    assert recovery.lost_ms == pytest.approx(80, abs=1)
    about = recording.describe(bench.path)
    assert about.state == "recovered"
    assert '"lost_samples"' in about.ended
    assert recording.recover_all(tmp_path) == ([], {})


def test_a_changed_layout_is_refused_rather_than_misread(recorded):
    db = connect(recorded.path)
    db.execute("UPDATE recording SET layout_sha256 = 'other'")
    db.close()
    with pytest.raises(recording.NotARecording, match="layout"):
        recording.describe(recorded.path)


def test_a_recorder_that_never_stored_leaves_a_whole_empty_recording(tmp_path):
    bench = Bench(tmp_path)
    assert isinstance(bench.recorder, Recorder)
    bench.recorder.finish("")
    checked = recording.verify(bench.path)
    assert checked.is_whole
    assert checked.n_samples == 0


def test_a_damaged_file_is_named_and_keeps_no_other_from_recovery(tmp_path):
    bench = Bench(tmp_path)
    bench.run(2)
    bench.spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bench.spool._db.close()
    whole = bench.path.read_bytes()
    rng = random.Random(0)
    damaged = tmp_path / "damaged.gaze"
    for n in range(30):
        content = bytearray(whole[: rng.randrange(len(whole))] if n % 3 == 0 else whole)
        for _ in range(rng.choice((1, 20, 500))):
            if content:
                content[rng.randrange(min(len(content), 20_000))] = rng.randrange(256)
        damaged.write_bytes(content)
        for suffix in ("-wal", "-shm"):
            damaged.with_name(damaged.name + suffix).unlink(missing_ok=True)
        bench.path.write_bytes(whole)
        recovered, unreadable = recording.recover_all(tmp_path)
        assert bench.path in [tmp_path / f"{recovery.recording_id}.gaze" for recovery in recovered]
        assert unreadable.keys() <= {"damaged.gaze"}
        with suppress(recording.NotARecording):  # and nothing else
            recording.verify(damaged)
