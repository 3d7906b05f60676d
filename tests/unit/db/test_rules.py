"""The rules of the life of a report, held by the database against every program that writes to it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3

import pytest
from workspaces import add_study, bring_to, make_draft

from db import audit, check, drafts, lifecycle, reports, studies
from db.errors import IllegalTransition
from db.records import SIGNED_STATUSES, STUDY_STATUSES

LEGAL = {
    ("unread", "in-progress"),
    ("in-progress", "unread"),  # closed with nothing written
    ("in-progress", "draft"),
    ("in-progress", "preliminary"),
    ("in-progress", "final"),
    ("draft", "preliminary"),
    ("draft", "final"),
    ("preliminary", "final"),
    ("final", "addended"),
    ("final", "corrected"),
    ("addended", "corrected"),
}
ILLEGAL = sorted(set(itertools.permutations(STUDY_STATUSES, 2)) - LEGAL)


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_an_illegal_change_of_status_fails_in_python_and_in_sql(workspace, study, sql, before, after):
    bring_to(workspace, study, before)
    with (
        workspace.writing() as connection,
        pytest.raises(IllegalTransition, match=f"is {before} cannot become {after}"),
    ):
        lifecycle.change_status(connection, lifecycle.study_row(connection, study), after)
    for other in ("preliminary", "final", "addended", "corrected"):
        sql(f"DROP TRIGGER study_{other}_has_report")  # so that it is this rule that refuses
    with pytest.raises(sqlite3.IntegrityError, match="illegal change of status"):
        sql("UPDATE study SET status = ?", after)
    assert studies.worklist(workspace)[0].status == before


@pytest.mark.parametrize(("before", "after"), [pair for pair in sorted(LEGAL) if pair[1] in {"preliminary", "final"}])
def test_no_status_is_reached_by_sql_without_the_report_it_stands_for(workspace, study, sql, before, after):
    bring_to(workspace, study, before)
    with pytest.raises(sqlite3.IntegrityError, match=f"a {after} study needs"):
        sql("UPDATE study SET status = ?", after)


@pytest.mark.parametrize(("after", "what"), [("addended", "an addendum"), ("corrected", "a correction")])
def test_a_final_study_is_not_amended_by_sql_without_the_version(workspace, study, sql, after, what):
    bring_to(workspace, study, "final")
    with pytest.raises(sqlite3.IntegrityError, match=f"needs {what}"):
        sql("UPDATE study SET status = ?", after)


@pytest.mark.parametrize("status", ["final", "nonsense"])
def test_a_study_is_not_born_with_another_status_than_unread(workspace, study, sql, status):
    with pytest.raises(sqlite3.IntegrityError):
        sql(
            "INSERT INTO study SELECT 99, '9', patient_id, age_years, study_date, study_time, accession_number,"
            f" description, indication, '{status}', ai_status, ai_detail, modalities, views, instance_count,"
            " imported_at_utc, '', NULL, '' FROM study"
        )


PERMANENT = {
    "report_version": [
        "UPDATE report_version SET findings = 'other'",
        "UPDATE report_version SET text_sha256 = 'other'",
        "UPDATE OR REPLACE report_version SET id = id + 1",
        "DELETE FROM report_version",
        "INSERT OR REPLACE INTO report_version SELECT * FROM report_version",
        "INSERT OR REPLACE INTO report_version SELECT id + 100, report_id, version, kind, reading_id, draft_id,"
        " indication, 'other', impression, addendum, spans_json, author, signer, text_sha256, created_at_utc, reason,"
        " technique, comparison, recommendation, communications_json FROM report_version",
    ],
    "report": [
        "UPDATE report SET study_id = 99",
        "DELETE FROM report",
        "INSERT OR REPLACE INTO report SELECT * FROM report",
        "INSERT OR REPLACE INTO report SELECT id + 100, study_id, created_at_utc FROM report",
    ],
    "study": [
        "DELETE FROM study",
        "UPDATE study SET study_uid = '9.9'",
        "UPDATE study SET patient_id = 99",
        "INSERT OR REPLACE INTO study SELECT * FROM study",
    ],
    "draft": [
        "UPDATE draft SET content_json = '{}'",
        "DELETE FROM draft",
        "INSERT OR REPLACE INTO draft SELECT * FROM draft",
    ],
    "audit_event": [
        "UPDATE audit_event SET actor = 'nobody'",
        "DELETE FROM audit_event WHERE seq = 2",
        "DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)",
        "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 2",
        "INSERT INTO audit_event SELECT seq + 100, at_utc, actor, action, subject, detail_json, previous_sha256, sha256"
        " FROM audit_event WHERE seq = 2",
    ],
    "audit_head": [
        "UPDATE audit_head SET seq = seq - 1",
        "UPDATE audit_head SET seq = seq + 1",
        "UPDATE audit_head SET sha256 = 'other'",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head VALUES (2, 0, '')",
        "INSERT OR REPLACE INTO audit_head VALUES (1, 0, '')",
    ],
}


@pytest.mark.parametrize("signed", ["final", "addended", "corrected"])
def test_nothing_signed_kept_or_recorded_is_changed_or_removed_by_sql(workspace, study, sql, signed):
    drafts.add(workspace, None, study, make_draft())
    bring_to(workspace, study, signed)
    for table, statements in PERMANENT.items():
        before = sql(f"SELECT * FROM {table}")
        for statement in statements:
            with pytest.raises(sqlite3.IntegrityError):
                sql(statement)
        assert sql(f"SELECT * FROM {table}") == before
    assert check.check(workspace).problems == ()


def add_version(sql, kind, version, signer, reason=None):
    if reason is None:
        reason = "why" if kind in {"addendum", "correction"} else ""
    sql(
        "INSERT INTO report_version (report_id, version, kind, indication, findings, impression, addendum, spans_json,"
        " author, signer, text_sha256, created_at_utc, reason)"
        " VALUES (1, ?, ?, '', 'f', 'i', '', '[]', 'a', ?, '', '', ?)",
        version,
        kind,
        signer,
        reason,
    )


@pytest.mark.parametrize(
    ("status", "kind", "version", "signer"),
    [
        ("final", "final", 3, "reader"),
        ("final", "preliminary", 3, ""),
        ("addended", "final", 4, "reader"),
        ("corrected", "final", 4, "reader"),
        ("corrected", "preliminary", 4, ""),
        ("preliminary", "addendum", 2, "reader"),
        ("preliminary", "correction", 2, "reader"),
        ("final", "correction", 4, "reader"),
        ("final", "correction", 3, ""),
        ("preliminary", "final", 5, "reader"),
        ("preliminary", "final", 2, ""),
        ("preliminary", "preliminary", 2, "reader"),
        ("preliminary", "nonsense", 2, "reader"),
    ],
)
def test_a_version_out_of_turn_is_refused_by_sql(workspace, study, sql, status, kind, version, signer):
    bring_to(workspace, study, status)
    before = reports.of_study(workspace, study)
    with pytest.raises(sqlite3.IntegrityError):
        add_version(sql, kind, version, signer)
    assert reports.of_study(workspace, study) == before


def test_the_version_of_every_legal_kind_is_taken_by_sql(workspace, study, sql):
    bring_to(workspace, study, "preliminary")
    add_version(sql, "final", 2, "reader")
    add_version(sql, "addendum", 3, "reader")
    add_version(sql, "correction", 4, "reader")
    add_version(sql, "addendum", 5, "reader")


@pytest.mark.parametrize(
    ("kind", "reason"), [("addendum", ""), ("correction", ""), ("correction", " "), ("final", "why")]
)
def test_addenda_and_corrections_and_only_they_have_a_reason_even_by_sql(workspace, study, sql, kind, reason):
    bring_to(workspace, study, "preliminary" if kind == "final" else "final")
    with pytest.raises(sqlite3.IntegrityError, match="have a reason"):
        add_version(sql, kind, len(reports.of_study(workspace, study)) + 1, "reader", reason)


NEW_READING = (
    "INSERT INTO reading (study_id, reader, opened_at_utc, closed_at_utc, closed_because, saved_at_utc, indication,"
    " findings, impression, spans_json, purpose) VALUES (1, 'ben', '', '', 'closed', '', '', '', '', '[]', ?)"
)


@pytest.mark.parametrize("status", STUDY_STATUSES)
@pytest.mark.parametrize("purpose", ["report", "correction", "nonsense"])
def test_a_reading_that_does_not_fit_its_study_is_refused_by_sql(workspace, study, sql, status, purpose):
    bring_to(workspace, study, status)
    fits = purpose == ("correction" if status in SIGNED_STATUSES else "report")
    with contextlib.nullcontext() if fits else pytest.raises(sqlite3.IntegrityError, match="only corrected"):
        sql(NEW_READING, purpose)


def test_the_reading_of_a_signed_study_is_not_opened_again_or_given_away_by_sql(workspace, study, sql):
    bring_to(workspace, study, "final")
    with pytest.raises(sqlite3.IntegrityError, match="only corrected"):
        sql("UPDATE reading SET closed_at_utc = NULL")
    with pytest.raises(sqlite3.IntegrityError, match="keeps its study, reader and purpose"):
        sql("UPDATE reading SET reader = 'ben'")


def test_a_study_has_one_open_reading_even_by_sql(workspace, study, sql):
    bring_to(workspace, study, "in-progress")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        sql(
            "INSERT INTO reading SELECT id + 1, study_id, 'ben', opened_at_utc, NULL, '', saved_at_utc,"
            " '', '', '', '[]', 'report', '', '', '', '[]', mode, '' FROM reading"
        )


def test_one_adapter_is_live_even_by_sql(workspace, sql):
    row = "'', '', '', '', '', '', '', '{}', 'live', ''"
    sql(f"INSERT INTO adapter_version VALUES (1, 'a', {row})")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        sql(f"INSERT INTO adapter_version VALUES (2, 'b', {row})")


def test_a_study_without_a_report_may_be_removed(workspace, study, sql, tmp_path):
    other = add_study(workspace, tmp_path, "7.7")
    sql("DELETE FROM instance WHERE instance_uid = '7.7.1.1'")
    sql("DELETE FROM series WHERE series_uid = '7.7.1'")
    sql("DELETE FROM study WHERE study_uid = ?", other)
    assert [entry.study_uid for entry in studies.worklist(workspace)] == [study]
    assert audit.verify(workspace) == []
