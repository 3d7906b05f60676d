from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from workspaces import add_study, bring_to, make_draft

from db import check, drafts, studies
from db.database import open_workspace
from db.errors import WorkspaceDamaged
from db.records import STUDY_STATUSES


@pytest.fixture
def problems_after(folder, workspace):
    """Runs raw SQL with all rules taken away and put back, then checks."""

    def run(*statements: str) -> tuple[str, ...]:
        with closing(sqlite3.connect(folder / "workspace.db")) as raw, raw:
            rules = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in rules:
                raw.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                raw.execute(statement)
            for _, text in rules:
                raw.execute(text)
        return check.check(workspace).problems

    return run


@pytest.mark.parametrize("status", STUDY_STATUSES)
def test_a_study_in_every_status_is_whole(workspace, study, status):
    drafts.add(workspace, None, study, make_draft())
    bring_to(workspace, study, status)
    assert check.check(workspace) == check.CheckResult((), ())


def test_a_changed_missing_or_unreadable_file_is_found(workspace, tmp_path):
    for uid in ("1.1", "1.2", "1.3"):
        add_study(workspace, tmp_path, uid)
    changed, missing, unreadable = (
        studies.get(workspace, uid).instances[0].object_path for uid in ("1.1", "1.2", "1.3")
    )
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    missing.unlink()
    unreadable.unlink()
    unreadable.mkdir()
    problems = check.check(workspace).problems
    assert [problem.split(":")[0] for problem in problems] == [
        "the file of image 1.1.1.1 was changed",
        "the file of image 1.2.1.1 is missing",
        "the file of image 1.3.1.1 cannot be read",
    ]


def test_files_without_a_row_are_notes(workspace, study):
    (workspace.objects_dir / ".incoming" / "left").write_bytes(b"half")
    (workspace.objects_dir / "stray.dcm").write_bytes(b"")
    result = check.check(workspace)
    assert result.problems == ()
    assert [note.split(":")[0] for note in result.notes] == [
        "left over from an import that was cut off, may be removed",
        "no image of the workspace refers to this file",
    ]


@pytest.mark.parametrize(
    ("status", "statement", "sentence"),
    [
        (
            "final",
            "UPDATE report_version SET impression = 'x' WHERE kind = 'final'",
            "was changed after it was written",
        ),
        ("final", "UPDATE report_version SET text_sha256 = 'x'", "is not the one that the audit log recorded"),
        ("final", "DELETE FROM report_version WHERE kind = 'final'", "is in the audit log but not there"),
        ("final", "UPDATE study SET status = 'draft'", "is draft, its report says final"),
        ("preliminary", "UPDATE study SET status = 'final'", "is final, its report says preliminary"),
        ("draft", "UPDATE study SET status = 'final'", "is final, its report says without a report"),
        ("in-progress", "UPDATE reading SET closed_at_utc = 'then'", "in-progress, and nobody has it open"),
        ("draft", "UPDATE study SET status = 'unread'", "is unread, and yet somebody has it open"),
        ("final", "UPDATE reading SET closed_at_utc = NULL", "is final, and yet somebody has it open"),
        ("unread", "UPDATE study SET patient_id = 99", "refers to a missing row of patient"),
        ("unread", "UPDATE study SET views = 'LL'", "worklist entry of study 1.2.3 does not fit its images"),
        ("unread", "UPDATE draft SET content_json = '{}'", "draft 1 was changed after it was kept"),
        ("unread", "UPDATE draft SET adapter_sha256 = 'x'", "draft 1 says two things about what made it"),
        ("unread", "UPDATE audit_event SET actor = 'x' WHERE seq = 1", "audit event 1 was changed"),
    ],
)
def test_a_half_done_act_or_a_changed_record_is_found(workspace, study, problems_after, status, statement, sentence):
    drafts.add(workspace, None, study, make_draft())
    bring_to(workspace, study, status)
    assert any(sentence in problem for problem in problems_after(statement))


def test_a_report_signed_twice_is_found(workspace, study, problems_after):
    bring_to(workspace, study, "final")
    problems = problems_after(
        "INSERT INTO report_version SELECT 99, report_id, 99, kind, reading_id, draft_id, indication, findings,"
        " impression, addendum, spans_json, author, signer, text_sha256, created_at_utc, reason,"
        " technique, comparison, recommendation, communications_json FROM report_version WHERE kind = 'final'"
    )
    assert any("signed more than once" in problem for problem in problems)


def test_a_missing_rule_is_found(workspace, sql):
    sql("DROP TRIGGER report_version_no_update")
    assert check.check(workspace).problems == ("the rule report_version_no_update is missing or was changed",)


def test_a_damaged_page_is_found(folder, tmp_path):
    with open_workspace(folder) as workspace:
        for number in range(30):
            add_study(workspace, tmp_path, f"1.{number}", study_description="x" * 500)
    database = folder / "workspace.db"
    content = bytearray(database.read_bytes())
    middle = content.index(b"x" * 400) // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    database.write_bytes(content)
    with open_workspace(folder) as workspace:
        try:
            problems = check.check(workspace).problems
        except WorkspaceDamaged as error:
            problems = (str(error),)
    assert problems


def test_a_byte_flipped_into_bad_text_is_a_sentence(folder, tmp_path):
    with open_workspace(folder) as workspace:
        add_study(workspace, tmp_path)
    database = folder / "workspace.db"
    content = database.read_bytes()
    database.write_bytes(content.replace(b"instance imported", b"instance\xffimported"))
    with open_workspace(folder) as workspace, pytest.raises(WorkspaceDamaged, match="not UTF-8"):
        check.check(workspace)
