from __future__ import annotations

import json
import subprocess
import sys

import pytest
from workspaces import STUDY_UID, StandInIntake, bring_to, make_draft, write_image

import gaze2report.imaging.intake
from db import drafts, reports, studies
from db.__main__ import main
from db.database import open_workspace
from db.schema import migrate


class ClosableIntake(StandInIntake):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture(autouse=True)
def stand_in_intake(monkeypatch):
    monkeypatch.setattr(gaze2report.imaging.intake, "Intake", ClosableIntake)


@pytest.fixture
def run(folder, capsys):
    """Run a command on the workspace; gives exit status, output and error text."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in (*arguments, "--workspace", folder)])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_a_workspace_is_made_once(tmp_path, capsys):
    arguments = ["init", "--workspace", str(tmp_path / "new")]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"made the workspace {tmp_path / 'new'}\n"
    assert main(arguments) == 2
    assert "holds a workspace already" in capsys.readouterr().err
    assert main([*arguments[:1], "--json", "--workspace", str(tmp_path / "other")]) == 0
    assert json.loads(capsys.readouterr().out) == {"workspace": str(tmp_path / "other")}


def test_imported_files_are_listed_and_shown(run, tmp_path):
    film = write_image(tmp_path / "film", patient_name="Doe^Jane", patient_id="P1", modality="DX", view_position="PA")
    assert run("import", film) == (0, "imported 1, already there 0, not imported 0\n", "")
    assert run("import", film) == (0, "imported 0, already there 1, not imported 0\n", "")
    status, out, _ = run("worklist")
    assert status == 0
    assert out.split() == ["unread", "DX", "PA", "P1", "Doe^Jane", STUDY_UID]
    status, out, _ = run("show", STUDY_UID)
    assert status == 0
    assert f"study {STUDY_UID}: unread" in out
    assert "patient Doe^Jane (P1)" in out


def test_a_file_that_is_no_image_is_named_and_the_others_are_imported(run, tmp_path):
    film = write_image(tmp_path / "film")
    (tmp_path / "bad").write_bytes(b"no image")
    status, out, err = run("import", tmp_path / "bad", film)
    assert (status, out) == (2, "imported 1, already there 0, not imported 1\n")
    assert err == f"{tmp_path / 'bad'}: it is not an image\n"
    summary = json.loads(run("import", tmp_path / "bad", film, "--json")[1])
    assert summary["failures"] == [[str(tmp_path / "bad"), f"{tmp_path / 'bad'}: it is not an image"]]
    assert [one["study_uid"] for one in summary["duplicates"]] == [STUDY_UID]


def test_machines_get_the_same_as_json(run, folder, tmp_path):
    run("import", write_image(tmp_path / "film"))
    with open_workspace(folder) as workspace:
        drafts.add(workspace, None, STUDY_UID, make_draft())
        bring_to(workspace, STUDY_UID, "addended", "anna")
        entry = studies.worklist(workspace)[0]
        versions = reports.of_study(workspace, STUDY_UID)
    (listed,) = json.loads(run("worklist", "--json")[1])
    assert (listed["study_uid"], listed["status"], listed["instance_count"]) == (STUDY_UID, entry.status, 1)
    shown = json.loads(run("show", STUDY_UID, "--json")[1])
    assert shown["study"]["series"][0]["instances"][0]["object_path"].endswith(".dcm")
    assert [version["text_sha256"] for version in shown["reports"]] == [version.text_sha256 for version in versions]
    assert shown["drafts"][0]["draft"]["provenance"]["seed"] == 7
    text = run("show", STUDY_UID)[1]
    assert "report version 2, final, signed by anna" in text
    assert "draft 1 of 2026-01-02T03:04:05.000006Z by embedded" in text
    assert "addendum: Seen together" in text


def test_a_known_error_is_a_sentence_or_an_object_with_its_exit_status(run):
    assert run("show", "9.9") == (2, "", "the workspace has no study 9.9\n")
    status, out, err = run("show", "9.9", "--json")
    assert (status, err) == (2, "")
    assert json.loads(out) == {"error": {"code": "unknown_record", "reason": "the workspace has no study 9.9"}}


def test_a_missing_workspace_says_how_to_make_one(tmp_path, capsys):
    assert main(["worklist", "--workspace", str(tmp_path / "none")]) == 2
    assert f"python -m db init --workspace {tmp_path / 'none'}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["import"], ["show"]])
def test_wrong_use_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m db" in capsys.readouterr().err


def test_a_whole_workspace_is_ok(run, tmp_path):
    run("import", write_image(tmp_path / "film"))
    assert run("check") == (0, "ok\n", "")
    assert json.loads(run("check", "--json")[1]) == {"ok": True, "problems": [], "notes": []}


def test_a_problem_ends_a_check_with_1(run, folder, sql):
    (folder / "objects" / "stray").write_bytes(b"")
    sql("DROP TRIGGER draft_no_delete")
    status, out, _ = run("check")
    assert status == 1
    assert out.splitlines() == [
        f"note: no image of the workspace refers to this file: {folder / 'objects' / 'stray'}",
        "the rule draft_no_delete is missing or was changed",
    ]


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_a_check_names_another_schema_and_changes_nothing(run, folder, sql, revision):
    if revision == "0001":
        migrate(folder / "workspace.db", revision)
    else:
        sql("UPDATE alembic_version SET version_num = ?", revision)
    status, out, _ = run("check")
    assert status == 1
    assert revision in out
    assert sql("SELECT version_num FROM alembic_version") == [(revision,)]


def test_a_check_of_what_is_no_database_is_a_sentence(run, folder):
    (folder / "workspace.db").write_bytes(b"garbage" * 1000)
    status, out, _ = run("check")
    assert status == 1
    assert "cannot be read as a workspace database" in out


def test_an_interrupted_import_ends_with_130_and_keeps_what_was_imported(run, tmp_path, monkeypatch):
    write_image(tmp_path / "in" / "a", study_uid="1.1")
    write_image(tmp_path / "in" / "b", study_uid="1.2")
    read_header = ClosableIntake.read_header

    def interrupted(self, path):
        if path.name == "b":
            raise KeyboardInterrupt
        return read_header(self, path)

    monkeypatch.setattr(ClosableIntake, "read_header", interrupted)
    assert run("import", tmp_path / "in") == (130, "", "stopped; what was done until now stays\n")
    assert "1.1" in run("worklist")[1]


def test_a_reader_of_the_output_may_leave_early(folder, tmp_path):
    code = f"import db.__main__ as m, sys; sys.exit(m.main(['worklist', '--json', '--workspace', {str(folder)!r}]))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=100) == 0
