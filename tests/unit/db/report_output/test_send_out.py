from __future__ import annotations

import hashlib
import json
import os

import pytest
from reported_studies import SIGNER

from db import audit
from db.errors import OutputRefused
from db.report_output import send_out as module
from db.report_output.formats import OUTPUT_FORMATS, suggested_name
from db.report_output.send_out import send_out
from gaze2report.errors import StorageFailed

STARTS = {"pdf": b"%PDF-", "text": b"RADIOLOGY REPORT", "fhir": b"{"}


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS)
def test_a_report_is_written_and_the_audit_log_says_who_what_and_where(reported, tmp_path, output_format):
    version = reported.sign()
    path = tmp_path / "out" / "report"
    path.parent.mkdir()
    sent = send_out(reported.workspace, reported.study_uid, output_format, path, actor="anna")
    content = path.read_bytes()
    assert content[128:132] == b"DICM" if output_format not in STARTS else content.startswith(STARTS[output_format])
    assert (sent.sha256, sent.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    event = audit.events(reported.workspace)[-1]
    assert (event.actor, event.action, event.subject) == ("anna", "report sent out", reported.study_uid)
    assert event.detail == {
        "version": 1, "format": output_format, "where": str(path), "sha256": sent.sha256,
        "text_sha256": version.text_sha256,
    }  # fmt: skip
    assert audit.verify(reported.workspace) == []
    assert os.listdir(path.parent) == ["report"]


def test_progress_is_told_and_stopping_it_writes_nothing(reported, tmp_path):
    reported.sign()
    steps = []
    send_out(
        reported.workspace, reported.study_uid, "text", tmp_path / "a.txt", actor=SIGNER,
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    before = len(audit.events(reported.workspace))
    with pytest.raises(KeyboardInterrupt):
        send_out(reported.workspace, reported.study_uid, "text", tmp_path / "b.txt", actor=SIGNER, progress=stop)
    assert not (tmp_path / "b.txt").exists()
    assert len(audit.events(reported.workspace)) == before


@pytest.mark.parametrize("fault", ["write", "rename"])
def test_a_file_that_was_there_stays_when_the_disk_refuses(reported, tmp_path, monkeypatch, fault):
    reported.sign()
    path = tmp_path / "report.txt"
    path.write_text("older")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync" if fault == "write" else "replace", full)
    with pytest.raises(StorageFailed, match=r"could not be written \(No space left on device\)"):
        send_out(reported.workspace, reported.study_uid, "text", path, actor=SIGNER)
    assert path.read_text() == "older"
    assert [name for name in os.listdir(tmp_path) if name.endswith(".part")] == []


def test_a_folder_that_is_not_there_is_named(reported, tmp_path):
    reported.sign()
    with pytest.raises(StorageFailed, match="No such file or directory"):
        send_out(reported.workspace, reported.study_uid, "text", tmp_path / "none" / "a.txt", actor=SIGNER)


def test_the_workspaces_own_files_are_not_written_over_but_its_exports_folder_is_open(reported):
    reported.sign()
    workspace = reported.workspace
    for path in (workspace.database_path, workspace.objects_dir / "a.txt", workspace.folder / "exports" / ".." / "x"):
        with pytest.raises(OutputRefused, match="where the workspace keeps its own files"):
            send_out(workspace, reported.study_uid, "text", path, actor=SIGNER)
    with pytest.raises(OutputRefused, match="is a folder"):
        send_out(workspace, reported.study_uid, "text", workspace.exports_dir, actor=SIGNER)
    assert send_out(workspace, reported.study_uid, "text", workspace.exports_dir / "a.txt", actor=SIGNER).version == 1


def test_a_refused_format_leaves_no_file_and_no_event(reported, tmp_path):
    reported.accept()
    before = len(audit.events(reported.workspace))
    with pytest.raises(OutputRefused):
        send_out(reported.workspace, reported.study_uid, "encapsulated-pdf", tmp_path / "a.dcm", actor=SIGNER)
    assert list(tmp_path.glob("*.dcm")) == [tmp_path / "1.2.3.dcm"]  # the film that was imported
    assert len(audit.events(reported.workspace)) == before


def test_a_suggested_name_differs_by_format_and_says_nothing_of_the_patient():
    names = {suggested_name("1.2.826.0.1.3680043", 2, "final", one) for one in OUTPUT_FORMATS}
    assert len(names) == len(OUTPUT_FORMATS)
    assert "report-0-1-3680043-v2-final-sr.dcm" in names


def test_what_is_sent_can_be_told_to_a_machine(reported, folder, tmp_path, capsys):
    from db.__main__ import main

    reported.sign()
    out = tmp_path / "report.txt"
    arguments = ["export-report", reported.study_uid, "--format", "text", "--out", str(out), "--workspace", str(folder)]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["path"], said["version"], said["status"]) == (str(out), 1, "final")
    assert said["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"wrote version 1 (final) to {out}\n"
    assert main([*arguments, "--version", "7"]) == 2
    assert "no report version 7" in capsys.readouterr().err


def test_the_command_refuses_with_a_sentence_and_3(reported, folder, tmp_path, capsys):
    from db.__main__ import main

    arguments = ["export-report", reported.study_uid, "--workspace", str(folder), "--out", str(tmp_path / "a")]
    assert main([*arguments, "--format", "pdf"]) == 3
    assert "must be accepted as preliminary or signed" in capsys.readouterr().err
    reported.accept()
    assert main([*arguments, "--format", "encapsulated-pdf", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "output_refused"
    assert not (tmp_path / "a").exists()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--format", "docx"])
    assert ended.value.code == 2
