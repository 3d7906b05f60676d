"""After a withdrawal no byte of what a reader did is in any file that can be reached, and it says what it did."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from recorded_cases import consent_of, record_case
from workspaces import STUDY_UID, add_study, make_draft

from capture import recording
from db import adapters, audit, case_gaze, check, consents, drafts, gaze_exports, recordings, withdrawal
from db.__main__ import main
from db.database import open_workspace
from db.errors import NoConsent, UnknownRecord, WorkspaceError
from db.sqlite import connection as sqlite
from gaze2report.data.training_set import read_manifest_json
from gaze2report.errors import StorageFailed, TrainingSetUnusable, UnreadableInput
from gaze2report.gaze.export_content import recording_label
from gaze2report.gaze.export_folder import ExportedRecording, write_manifest

FILM = f"{STUDY_UID}.1.1"
NOTE = "a-marker-that-only-this-reader-made"
THEIRS, OTHERS = "reader-who-goes", "reader-who-stays"


@pytest.fixture(scope="session")
def spools(tmp_path_factory):
    """One recording of each of two readers."""
    folder = tmp_path_factory.mktemp("spools")
    for reader in (THEIRS, OTHERS):
        markers = [("note", {"of": f"{NOTE}-{reader}"}), ("validation", {"mean_accuracy_left_dva": 0.4})]
        record_case(folder, FILM, recording_id=f"rec-{reader}", consent=consent_of(reader), markers=markers, seconds=2)
    return folder


@pytest.fixture
def folders(spools, folder, tmp_path):
    """A workspace with both recordings, and the agent's folder."""
    shutil.copytree(spools, tmp_path / "spool")
    with open_workspace(folder) as workspace:
        add_study(workspace, tmp_path)
        for path in sorted((tmp_path / "spool").glob("*.gaze")):
            recordings.import_recording(workspace, path, actor="test")
    return folder, tmp_path / "spool"


def traces(spool: Path, reader: str) -> list[bytes]:
    """Bytes that only this reader's recording holds: out of the middle of samples, and a marker."""
    stored = recording.samples(spool / f"rec-{reader}.gaze")
    picked = [stored[n : n + 1].tobytes()[24:60] for n in range(20, len(stored), 97)]
    return [*picked, f"{NOTE}-{reader}".encode()]


def found_in(folder: Path, patterns: list[bytes]) -> list[str]:
    """Names of files in which any of the patterns stands, log and left-over files included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted({path.name for path in files for pattern in patterns if pattern in path.read_bytes()})


def test_no_byte_of_the_reader_stays_in_any_file_and_the_others_stay_whole(folders):
    folder, spool = folders
    theirs, others = traces(spool, THEIRS), traces(spool, OTHERS)
    before = recording.samples(spool / f"rec-{OTHERS}.gaze").tobytes()
    with open_workspace(folder) as workspace:
        sqlite.copy_database(workspace.database_path, workspace.backups_dir / "workspace-schema-0007-x.db")
    assert set(found_in(folder, theirs)) >= {"workspace.db", "workspace-schema-0007-x.db"}
    assert found_in(spool, theirs) == [f"rec-{THEIRS}.gaze"]
    with open_workspace(folder) as workspace:
        done = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        assert found_in(folder, theirs) == []  # while the workspace is open: in its log neither
        assert found_in(spool, theirs) == []
        assert set(found_in(folder, others)) >= {"workspace.db", "workspace-schema-0007-x.db"}
        assert check.check(workspace).problems == ()
        assert len(case_gaze.recorded_gaze_of(workspace, STUDY_UID)) == 1
    assert recording.samples(spool / f"rec-{OTHERS}.gaze").tobytes() == before
    assert recording.describe(spool / f"rec-{THEIRS}.gaze").state == "withdrawn"
    assert done.consents == (f"consent-of-{THEIRS}",)
    assert done.recordings == (f"rec-{THEIRS}",)
    assert done.problems == ()
    assert done.deleted["gaze_chunk"] > 0
    assert done.deleted["gaze_fixation"] > 0
    assert done.deleted["gaze_calibration"] == 2
    assert done.backups == ("workspace-schema-0007-x.db",)
    assert [Path(path).name for path in done.spools] == [f"rec-{THEIRS}.gaze"]


def test_the_bytes_would_be_found_if_they_were_only_deleted(folders, sql):
    """The check above can fail: rows that are deleted as SQLite does it by default leave their bytes in free pages."""
    folder, spool = folders
    theirs = traces(spool, THEIRS)
    with closing(sqlite3.connect(folder / "workspace.db")) as raw, raw:
        raw.execute("PRAGMA secure_delete = OFF")
        raw.execute("DELETE FROM gaze_chunk")
        raw.execute("DELETE FROM gaze_marker")
    assert "workspace.db" in found_in(folder, theirs)
    with open_workspace(folder) as workspace:
        withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
    assert found_in(folder, theirs) == []


def test_nothing_of_the_reader_comes_back_by_an_import_of_a_copy(folders, tmp_path):
    folder, spool = folders
    copy = Path(shutil.copy(spool / f"rec-{THEIRS}.gaze", tmp_path / "copy.gaze"))
    with open_workspace(folder) as workspace:
        withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        for path in (copy, spool / f"rec-{THEIRS}.gaze"):
            with pytest.raises(NoConsent, match="withdrawn"):
                recordings.import_recording(workspace, path, actor="test")
        assert [one.state for one in recordings.list_recordings(workspace)] == ["withdrawn", "stopped"]


def test_withdrawing_twice_is_harmless_and_an_unknown_reader_is_said_to_be_unknown(folders):
    folder, spool = folders
    with open_workspace(folder) as workspace:
        withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        again = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        assert (again.consents, again.problems) == ((), ())
        with pytest.raises(UnknownRecord, match="no reader nobody"):
            withdrawal.withdraw_consent(workspace, "nobody", actor="test")
        assert consents.of_reader(workspace, THEIRS)[0].withdrawn_at_utc


def test_a_program_that_still_reads_the_database_is_named_and_the_next_try_is_whole(folders, monkeypatch):
    folder, spool = folders
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 100)
    with open_workspace(folder) as workspace:
        with closing(sqlite3.connect(folder / "workspace.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM gaze_chunk").fetchone()
            done = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
            assert any("withdraw again" in problem for problem in done.problems)
        assert withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool]).problems == ()


def adapter(workspace, name, training_set="", parent=""):
    values = {"folder": name, "base_model": "b", "base_model_sha256": "b" * 64, "parent": parent}
    adapters.register(workspace, name=name, sha256=name[0] * 64, training_set_sha256=training_set, **values)


def test_adapters_trained_on_it_and_on_from_them_are_not_activated_any_more(folders, tmp_path):
    folder, spool = folders
    of_both = {f"rec-{THEIRS}": THEIRS, f"rec-{OTHERS}": OTHERS}
    with open_workspace(folder) as workspace:
        gaze_exports.keep(workspace, "training-set", tmp_path / "t1", "1" * 64, of_both, actor="test")
        others = {f"rec-{OTHERS}": OTHERS}
        gaze_exports.keep(workspace, "training-set", tmp_path / "t2", "2" * 64, others, actor="test")
        adapter(workspace, "a-held", "1" * 64)
        adapter(workspace, "b-tuned-from-it", "9" * 64, parent="a-held")
        adapter(workspace, "c-of-others", "2" * 64)
        adapters.activate(workspace, "b-tuned-from-it", actor="test", reason="test")
        done = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        assert done.adapters == ("a-held", "b-tuned-from-it")
        assert adapters.live(workspace) is None
        for name in done.adapters:
            with pytest.raises(WorkspaceError, match="cannot go live"):
                adapters.activate(workspace, name, actor="test")
        assert adapters.activate(workspace, "c-of-others", actor="test", reason="test").state == "live"


def test_exports_and_training_sets_that_held_it_get_a_tombstone(folders, tmp_path):
    folder, spool = folders
    export, training_set, gone = tmp_path / "export", tmp_path / "set", tmp_path / "gone"
    for made in (export, training_set, gone):
        made.mkdir()
    (export / "sub-go_gaze.csv").write_text("1,2,3\n")
    (export / "sub-stay_gaze.csv").write_text("1,2,3\n")
    (export / "participants.tsv").write_text("participant_id\nsub-go\nsub-stay\n")
    parts = [
        ExportedRecording(recording_label(f"rec-{reader}"), f"sub-{label}", (f"sub-{label}_gaze.csv",), {"samples": 1})
        for reader, label in ((THEIRS, "go"), (OTHERS, "stay"))
    ]
    manifest = write_manifest(export, "bids", parts, ["participants.tsv"])
    (training_set / "training_set.json").write_text(
        json.dumps({"format": "gaze2report-training-set", "format_version": 1})
    )
    assert read_manifest_json(training_set)
    of_both = {f"rec-{THEIRS}": THEIRS, f"rec-{OTHERS}": OTHERS}
    with open_workspace(folder) as workspace:
        gaze_exports.keep(workspace, "bids", export, manifest.sha256, of_both, actor="test")
        gaze_exports.keep(workspace, "training-set", training_set, "1" * 64, of_both, actor="test")
        gaze_exports.keep(workspace, "bids", gone, "2" * 64, of_both, actor="test")
        gone.rmdir()
        done = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        assert [bool(one.withdrawn_at_utc) for one in gaze_exports.list_exports(workspace)] == [True] * 3
    assert done.unreached == (str(gone.resolve()),)
    assert sorted(path.name for path in export.iterdir()) == [
        "WITHDRAWN.json",
        "gaze_export.json",
        "participants.tsv",
        "sub-stay_gaze.csv",
    ]
    assert (export / "participants.tsv").read_text() == "participant_id\nsub-stay\n"
    assert json.loads((export / "WITHDRAWN.json").read_text())["recordings"] == [recording_label(f"rec-{THEIRS}")]
    with pytest.raises(TrainingSetUnusable, match="withdrawn consent"):
        read_manifest_json(training_set)
    assert any("tell whoever has them" in sentence for sentence in done.sentences)


def test_a_draft_from_recorded_gaze_keeps_no_fixation_of_the_reader(workspace, study):
    made = dataclasses.replace(make_draft(study), gaze="recorded")
    assert made.scanpath
    kept = drafts.add(workspace, None, study, made)
    assert (kept.draft.gaze, kept.draft.scanpath) == ("recorded", ())
    assert check.check(workspace).problems == ()


def test_a_spool_of_a_reader_whom_the_workspace_never_saw_is_emptied_too(spools, workspace, tmp_path):
    spool = tmp_path / "spool"
    shutil.copytree(spools, spool)
    patterns = traces(spool, THEIRS)
    (spool / "broken.gaze").write_bytes(b"no database")
    done = withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
    assert found_in(spool, patterns) == []
    assert any("broken.gaze" in problem for problem in done.problems)


def test_the_audit_log_says_who_withdrew_what(folders):
    folder, spool = folders
    with open_workspace(folder) as workspace:
        withdrawal.withdraw_consent(workspace, THEIRS, actor="operator", spool_folders=[spool])
        event = [one for one in audit.events(workspace) if one.action == "consent withdrawn"][-1]
        assert (event.actor, event.subject, event.detail["recordings"]) == ("operator", THEIRS, [f"rec-{THEIRS}"])
        assert audit.verify(workspace) == []


def test_a_full_disk_changes_nothing(folders, monkeypatch):
    folder, spool = folders

    def full(*_):
        raise StorageFailed("the disk is full")

    with open_workspace(folder) as workspace:
        monkeypatch.setattr(withdrawal, "_reject_adapters", full)
        with pytest.raises(StorageFailed):
            withdrawal.withdraw_consent(workspace, THEIRS, actor="test", spool_folders=[spool])
        assert len(case_gaze.recorded_gaze_of(workspace, STUDY_UID)) == 2
    assert recording.describe(spool / f"rec-{THEIRS}.gaze").state == "stopped"


def test_the_command_says_what_it_did(folders, capsys):
    folder, spool = folders
    place = ["--workspace", str(folder), "--spool", str(spool)]
    assert main(["withdraw-consent", THEIRS, *place]) == 0
    said = capsys.readouterr().out
    assert f"{THEIRS}: 1 consent withdrawn, 1 recording emptied" in said
    assert "Copies made outside of this workspace" in said
    assert main(["withdraw-consent", "nobody", "--json", *place]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unknown_record"


@pytest.mark.parametrize("step", ["_copy_chunks", "_complete"])
def test_an_import_under_way_while_the_reader_withdraws_ends_with_a_sentence_and_leaves_nothing(
    workspace, study, spools, tmp_path, monkeypatch, sql, step
):
    spool = Path(shutil.copy(spools / f"rec-{THEIRS}.gaze", tmp_path / "under-way.gaze"))
    do = getattr(recordings, step)

    def overtaken(*arguments):
        withdrawal.withdraw_consent(workspace, THEIRS, actor="test")
        return do(*arguments)

    monkeypatch.setattr(recordings, step, overtaken)
    with pytest.raises((NoConsent, UnreadableInput)):
        recordings.import_recording(workspace, spool, actor="test")
    for table in ("gaze_chunk", "gaze_marker", "gaze_view", "gaze_case", "gaze_calibration", "gaze_time_sync"):
        assert sql(f"SELECT * FROM {table}") == []
