from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from captured import CONSENT, Bench
from recorded_cases import CaseBench, consent_of, record_case
from sqlalchemy import select
from workspaces import STUDY_UID, add_study

from capture import recording
from db import audit, case_gaze, check, consents, recordings
from db import database as databases
from db.__main__ import main
from db.errors import ImportRefused, NoConsent, UnknownRecord
from db.gaze_tables import gaze_chunk, gaze_marker, gaze_view
from db.recording_rows import content_of, recording_row
from gaze2report.errors import StorageFailed, UnreadableInput

FILM = f"{STUDY_UID}.1.1"


def content(workspace, recording_id="rec-1"):
    with workspace.reading() as connection:
        return content_of(connection, recording_row(connection, recording_id))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    return record_case(tmp_path_factory.mktemp("recorded"), FILM, overlays=["predicted gaze"])


@pytest.fixture
def spool(recorded, tmp_path):
    (tmp_path / "spool").mkdir()
    return Path(shutil.copy(recorded, tmp_path / "spool"))


@pytest.fixture(scope="session")
def imported_template(recorded, empty_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    shutil.copytree(empty_template, folder / "workspace")
    with databases.open_workspace(folder / "workspace") as workspace:
        add_study(workspace, folder)
        recordings.import_recording(workspace, recorded, actor="test")
    return folder / "workspace"


@pytest.fixture
def imported(imported_template, folder):
    """Takes the place of the empty workspace before anything opens it."""
    shutil.rmtree(folder)
    shutil.copytree(imported_template, folder)


def test_a_recording_is_in_the_workspace_to_the_bit_and_row_by_row(workspace, study, spool):
    done = recordings.import_recording(workspace, spool, actor="test")
    about = recording.describe(spool)
    assert (done.is_new, done.state, done.n_samples) == (True, "stopped", about.counts["written"])
    found = content(workspace)
    assert found.samples.tobytes() == recording.samples(spool).tobytes()
    assert found.samples.dtype == recording.samples(spool).dtype
    assert len(found.sample_segments) == len(found.samples)
    assert [vars(one) for one in found.segments] == [
        {name: value for name, value in row.items() if name != "recording_id"}
        for row in recording.rows(spool, "segment")
    ]
    assert [(m.seq, m.system_us, m.kind, m.body) for m in found.markers] == [
        (row["seq"], row["system_us"], row["kind"], row["body"]) for row in recording.rows(spool, "marker")
    ]
    assert [v.body for v in found.views] == [row["body"] for row in recording.rows(spool, "view_log")]
    assert found.notices == tuple(
        (row["system_us"], row["kind"], row["text"]) for row in recording.rows(spool, "notification")
    )
    assert found.anchors == tuple((row["system_us"], row["utc_us"]) for row in recording.rows(spool, "utc_anchor"))
    syncs = recording.time_syncs(spool, 0)
    assert [(e.request_us, e.device_us, e.response_us) for e in found.exchanges] == [
        (s.request_us, s.device_us, s.response_us) for s in syncs
    ]
    assert (found.tracker, found.counts, found.display_area) == (about.tracker, about.counts, about.display_area)
    assert (found.started_us, found.started_utc_us, found.reader) == (
        about.started_us,
        about.started_utc_us,
        CONSENT.reader_pseudonym,
    )
    with workspace.reading() as connection:
        chunks = connection.execute(select(gaze_chunk.c.seq, gaze_chunk.c.crc, gaze_chunk.c.data)).all()
    with closing(recording.open_recording(spool)) as raw:
        assert [tuple(row) for row in chunks] == raw.execute("SELECT seq, crc, data FROM gaze_chunk").fetchall()
    assert check.check(workspace).problems == ()
    assert "recording imported" in [event.action for event in audit.events(workspace)]


def test_the_file_of_the_recording_stays_as_it_was(workspace, study, spool):
    before = {path.name: path.read_bytes() for path in spool.parent.iterdir()}
    recordings.import_recording(workspace, spool, actor="test")
    assert {path.name: path.read_bytes() for path in spool.parent.iterdir()} == before


def test_importing_again_changes_nothing(workspace, study, spool, sql):
    first = recordings.import_recording(workspace, spool, actor="test")
    before = {t: sql(f"SELECT * FROM {t}") for t in ("gaze_recording", "gaze_chunk", "gaze_marker", "audit_event")}
    second = recordings.import_recording(workspace, spool, actor="test")
    assert second == dataclasses.replace(first, is_new=False)
    assert {t: sql(f"SELECT * FROM {t}") for t in before} == before
    assert len(recordings.list_recordings(workspace)) == 1


def test_fixations_lie_on_the_film_and_know_whether_a_models_overlay_could_be_seen(workspace, study, spool):
    done = recordings.import_recording(workspace, spool, actor="test")
    assert done.not_derived == ""
    (case,) = case_gaze.cases_of_study(workspace, STUDY_UID)
    assert case.n_fixations == done.n_fixations > 3
    assert case.gates.level in ("green", "not_measured", "yellow")
    assert case.error_dva == pytest.approx(0.5)
    (gaze,) = case_gaze.recorded_gaze_of(workspace, STUDY_UID)
    assert (gaze.instance_uid, gaze.reader) == (FILM, CONSENT.reader_pseudonym)
    assert gaze.provenance.tracker.startswith("simulation: ")
    half_ms = 2000.0
    for one in gaze.fixations:
        assert one.onset_ms is not None
        if one.onset_ms + one.duration_ms < half_ms:
            assert one.ai_visible is False
        elif one.onset_ms > half_ms:
            assert one.ai_visible is True
    assert {one.ai_visible for one in gaze.fixations} == {True, False}
    assert gaze.started_at_utc == recordings.utc_text(recording.describe(spool).started_utc_us)


def test_calibration_results_are_kept_with_their_time(workspace, study, spool, sql):
    recordings.import_recording(workspace, spool, actor="test")
    recordings.import_recording(workspace, spool, actor="test")
    ((kind, body),) = sql("SELECT kind, content_json FROM gaze_calibration")
    assert kind == "validation"
    assert json.loads(body)["mean_accuracy_left_dva"] == 0.4


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_an_import_that_is_cut_off_is_not_seen_and_is_gone_on_with(workspace, study, spool, monkeypatch, stop_at):
    monkeypatch.setattr(recordings, "_CHUNKS_A_TRANSACTION", 10)
    writing, calls = databases.Workspace.writing, []

    def failing(self):
        calls.append(1)
        if len(calls) > stop_at:
            raise StorageFailed("the disk is full")
        return writing(self)

    monkeypatch.setattr(databases.Workspace, "writing", failing)
    with pytest.raises(StorageFailed):
        recordings.import_recording(workspace, spool, actor="test")
    monkeypatch.setattr(databases.Workspace, "writing", writing)
    assert recordings.list_recordings(workspace) == []
    with pytest.raises(UnknownRecord):
        content(workspace)
    assert recordings.import_recording(workspace, spool, actor="test").is_new
    assert content(workspace).samples.tobytes() == recording.samples(spool).tobytes()


def test_a_recovered_recording_is_imported_with_its_loss_stated(workspace, study, tmp_path):
    bench = Bench(tmp_path / "spool", frequency_hz=300.0)
    bench.run(2)
    bench.spool.release()  # as if the agent was killed
    bench.tracker.close()
    with pytest.raises(ImportRefused, match="still being recorded, or was cut off"):
        recordings.import_recording(workspace, bench.path, actor="test")
    recording.recover(bench.path)
    done = recordings.import_recording(workspace, bench.path, actor="test")
    assert done.state == "recovered"
    assert json.loads(done.ended)["lost_samples"] >= 0
    assert done.not_derived == "the recording does not say how many pixels the tracker's screen has"


def rewrite(path, statement, *values):
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(statement, values)
        raw.commit()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE gaze_chunk SET data = zeroblob(length(data)) WHERE seq = 7", "block 7 .* is not what was written"),
        ("DELETE FROM gaze_chunk WHERE seq = 7", "block 7 of its samples is missing"),
        ("DELETE FROM gaze_chunk WHERE seq > 7", "samples were written and"),
        ("PRAGMA user_version = 9", "not a recording of this version"),
        ("UPDATE recording SET layout = 'gaze-sample-2'", "have the layout gaze-sample-2"),
    ],
)
def test_a_damaged_recording_is_refused_and_nothing_of_it_stays(workspace, study, spool, sql, statement, reason):
    rewrite(spool, statement)
    with pytest.raises(UnreadableInput, match=reason):
        recordings.import_recording(workspace, spool, actor="test")
    for table in ("gaze_recording", "gaze_segment", "gaze_chunk", "gaze_marker"):
        assert sql(f"SELECT * FROM {table}") == []


def test_what_is_no_recording_is_said_to_be_none(workspace, tmp_path):
    (tmp_path / "x.gaze").write_bytes(b"not a database at all" * 100)
    with pytest.raises(UnreadableInput, match="cannot be read as a recording"):
        recordings.import_recording(workspace, tmp_path / "x.gaze", actor="test")
    with pytest.raises(UnreadableInput, match="there is no such recording"):
        recordings.import_recording(workspace, tmp_path / "y.gaze", actor="test")


def test_another_recording_of_the_same_id_is_refused(workspace, study, spool, tmp_path):
    recordings.import_recording(workspace, spool, actor="test")
    other = record_case(tmp_path / "other", FILM, seconds=2.0)
    with pytest.raises(ImportRefused, match="another recording with the same id"):
        recordings.import_recording(workspace, other, actor="test")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE consent SET withdrawn_utc = '2027-01-01T00:00:00Z'", "was withdrawn"),
        ("UPDATE consent SET given_utc = '2030-01-01T00:00:00Z'", "after it was recorded"),
        ("UPDATE consent SET valid_until_utc = '2026-02-01T00:00:00Z'", "before it was recorded"),
        ("UPDATE consent SET purpose = ' '", "lacks its purpose"),
        ("UPDATE consent SET reader_pseudonym = 'Jane Doe'", "is a pseudonym"),
    ],
)
def test_without_a_consent_that_held_nothing_is_imported(workspace, study, spool, sql, statement, reason):
    rewrite(spool, statement)
    with pytest.raises(NoConsent, match=reason):
        recordings.import_recording(workspace, spool, actor="test")
    assert sql("SELECT * FROM gaze_recording") == sql("SELECT * FROM gaze_chunk") == []


def test_a_consent_that_was_withdrawn_here_lets_nothing_in(workspace, study, spool, sql):
    consents.keep(workspace, CONSENT.to_body(), actor="test")
    sql("UPDATE gaze_consent SET withdrawn_at_utc = '2027-02-01T00:00:00.000000Z'")
    with pytest.raises(NoConsent, match="was withdrawn on 2027-02-01"):
        recordings.import_recording(workspace, spool, actor="test")
    older = consent_of(CONSENT.reader_pseudonym, "an-older-one", given_utc="2025-01-01T00:00:00Z")
    with pytest.raises(NoConsent, match="withdrew on 2027-02-01, after giving"):
        consents.keep(workspace, older.to_body(), actor="test")
    newer = consent_of(CONSENT.reader_pseudonym, "a-newer-one", given_utc="2027-03-01T00:00:00Z")
    assert consents.keep(workspace, newer.to_body(), actor="test").withdrawn_at_utc == ""
    assert len(consents.of_reader(workspace, CONSENT.reader_pseudonym)) == 2


def test_a_consent_is_never_replaced(workspace):
    consents.keep(workspace, CONSENT.to_body(), actor="test")
    consents.keep(workspace, CONSENT.to_body(), actor="test")
    with pytest.raises(NoConsent, match="never replaced"):
        consents.keep(workspace, {**CONSENT.to_body(), "purpose": "advertising"}, actor="test")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO gaze_recording VALUES (9, 'r', {key}, 'stopped', 'eye', '', 1, '', '', '', '', 0, 0, 0, 0, '', '',"
        " 1, '', '')",
        "INSERT INTO gaze_segment VALUES ({key}, 9, 0, 1, '')",
        "INSERT INTO gaze_chunk VALUES ({key}, 999, 0, 0, 1, 0, x'00')",
        "INSERT INTO gaze_marker VALUES ({key}, 999, 0, 'x', '')",
        "INSERT INTO gaze_view VALUES ({key}, 999, 0, 'x', '')",
        "INSERT INTO gaze_notification VALUES (999, {key}, 0, '', '')",
        "INSERT INTO gaze_time_sync VALUES (999, {key}, 0, 0, 0, 0)",
        "INSERT INTO gaze_utc_anchor VALUES (999, {key}, 0, 0)",
        "INSERT INTO gaze_calibration VALUES (999, {key}, NULL, '', '', '')",
        "INSERT INTO gaze_audio VALUES ({key}, 0, '', '', 1, 0, 0, '')",
        "INSERT INTO gaze_case VALUES (999, {key}, 9, NULL, '', 0, 0, 'red', '', '', '', NULL, NULL)",
        "INSERT INTO gaze_fixation VALUES ({key}, 999, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, '', '')",
    ],
)
@pytest.mark.parametrize("key", [77, 1], ids=["no_consent", "withdrawn"])
def test_no_sql_stores_gaze_without_consent_whatever_program_runs_it(imported, sql, statement, key):
    if key == 1:
        sql("UPDATE gaze_consent SET withdrawn_at_utc = '2027-02-01T00:00:00.000000Z'")
    with pytest.raises(sqlite3.IntegrityError, match="no consent: nothing is kept"):
        sql(statement.format(key=key))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM gaze_consent",
        "UPDATE gaze_consent SET purpose = 'other'",
        "INSERT OR REPLACE INTO gaze_consent SELECT id, consent_id, 'other', text_version, purpose, operator,"
        " given_utc, valid_until_utc, '' FROM gaze_consent",
        "UPDATE gaze_recording SET consent_key = 2",
    ],
)
def test_a_consent_stays_what_was_agreed_to(imported, sql, statement):
    with pytest.raises(sqlite3.IntegrityError, match="consent"):
        sql(statement)


def test_a_recording_of_several_cases_is_split_by_its_markers(workspace, tmp_path):
    for uid in ("1.2.4", "1.2.5"):
        add_study(workspace, tmp_path, uid)
    bench = CaseBench(tmp_path / "spool", "rec-2", CONSENT, 300.0)
    bench.mark("screen", screen="screen-1", width_px=1920, height_px=1080)
    for uid in ("1.2.4", "1.2.5"):
        bench.mark("film", image_uid=f"{uid}.1.1", columns_px=2000, rows_px=1600)
        bench.mark("case_opened", study_uid=uid)
        bench.show(f"{uid}.1.1")
        bench.run(2)
        bench.mark("case_closed", x_px=960, y_px=540)
    bench.recorder.finish("")
    bench.tracker.close()
    done = recordings.import_recording(workspace, bench.path, actor="test")
    assert done.n_cases == 2
    for uid in ("1.2.4", "1.2.5"):
        (case,) = case_gaze.cases_of_study(workspace, uid)
        assert case.duration_s == pytest.approx(2.0)
        drift = next(gate for gate in case.gates.gates if gate.name == "drift_dva")
        assert drift.value is not None
    (entry,) = recordings.list_recordings(workspace)
    assert entry.study_uids == ("1.2.4", "1.2.5")


def test_without_markers_the_films_shown_tell_the_case(workspace, study, tmp_path):
    bench = CaseBench(tmp_path / "spool", "rec-3", CONSENT, 300.0)
    bench.mark("screen", screen="screen-1", width_px=1920, height_px=1080)
    bench.mark("film", image_uid=FILM, columns_px=2000, rows_px=1600)
    bench.run(1)
    bench.show(FILM)
    bench.run(2)
    bench.recorder.finish("")
    bench.tracker.close()
    recordings.import_recording(workspace, bench.path, actor="test")
    (case,) = case_gaze.cases_of_study(workspace, STUDY_UID)
    assert case.duration_s == pytest.approx(2.0, abs=0.1)


def test_a_pause_is_not_missing_gaze(workspace, study, tmp_path):
    bench = CaseBench(tmp_path / "spool", "rec-4", CONSENT, 300.0)
    bench.mark("screen", screen="screen-1", width_px=1920, height_px=1080)
    bench.mark("film", image_uid=FILM, columns_px=2000, rows_px=1600)
    bench.mark("case_opened")
    bench.show(FILM)
    bench.run(2)
    bench.recorder.pause(True)
    bench.run(6)
    bench.recorder.pause(False)
    bench.run(2)
    bench.mark("case_closed")
    bench.recorder.finish("")
    bench.tracker.close()
    recordings.import_recording(workspace, bench.path, actor="test")
    (case,) = case_gaze.cases_of_study(workspace, STUDY_UID)
    missing = {gate.name: gate.value for gate in case.gates.gates}
    assert missing["longest_gap_s"] < 1.0
    assert missing["missing_share"] < 0.3
    assert case.counts["n_expected"] == pytest.approx(4 * 300, abs=40)


def test_views_and_markers_are_counted_in_and_out(workspace, study, spool, tmp_path):
    copy = Path(shutil.copy(spool, tmp_path / "copy.gaze"))
    recordings.import_recording(workspace, copy, actor="test")
    with workspace.reading() as connection:
        n_markers = len(connection.execute(select(gaze_marker)).all())
        n_views = len(connection.execute(select(gaze_view)).all())
    assert (n_markers, n_views) == (len(recording.rows(spool, "marker")), len(recording.rows(spool, "view_log")))


def test_the_command_imports_a_folder_says_what_it_holds_and_names_what_it_refuses(folder, spool, capsys):
    (spool.parent / "x.gaze").write_bytes(b"no recording")
    place = ["--workspace", str(folder)]
    assert main(["import-recording", str(spool.parent), "--study", STUDY_UID, *place]) == 2
    said = capsys.readouterr()
    n_samples = recording.verify(spool).n_samples
    assert f"rec-1: imported, stopped, {n_samples} samples, 0 missing, 0 dropped; 1 cases" in said.out
    assert "x.gaze" in said.err
    assert main(["import-recording", str(spool), "--json", *place]) == 0
    (found,) = json.loads(capsys.readouterr().out)["imported"]
    assert found["is_new"] is False
    assert main(["list-recordings", *place]) == 0
    assert "reader-17" in capsys.readouterr().out
    assert main(["list-recordings", "--json", *place]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["study_uids"] == [STUDY_UID]
