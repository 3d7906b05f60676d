"""The rules of the life of a report as SQLite triggers, by the migration that brought them.

The functions of ``db`` refuse the same things with a sentence; the triggers hold against every other program. A
released list is never edited: a change is a new list and a new migration. ``BEFORE INSERT`` triggers refuse a key
that is there already because ``INSERT OR REPLACE`` would otherwise delete the old row without a DELETE trigger.
"""

from __future__ import annotations


def _refuse(name: str, moment: str, table: str, condition: str, sentence: str) -> tuple[str, str]:
    when = f"WHEN {condition} " if condition else ""
    return name, (
        f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {when}BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    )


def _append_only(table: str, key: str) -> list[tuple[str, str]]:
    sentence = f"rows of {table} are never changed or removed"
    return [
        _refuse(f"{table}_no_update", "BEFORE UPDATE", table, "", sentence),
        _refuse(f"{table}_no_delete", "BEFORE DELETE", table, "", sentence),
        _refuse(
            f"{table}_no_replace",
            "BEFORE INSERT",
            table,
            f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})",
            sentence,
        ),
    ]


_LEGAL_0002 = (
    "(OLD.status = 'unread' AND NEW.status = 'in-progress')"
    " OR (OLD.status = 'in-progress' AND NEW.status IN ('unread', 'draft', 'preliminary', 'final'))"
    " OR (OLD.status = 'draft' AND NEW.status IN ('preliminary', 'final'))"
    " OR (OLD.status = 'preliminary' AND NEW.status = 'final')"
    " OR (OLD.status = 'final' AND NEW.status = 'addended')"
)


def _has_version(kind: str, study: str = "NEW.id") -> str:
    return (
        "EXISTS (SELECT 1 FROM report_version v JOIN report r ON r.id = v.report_id"
        f" WHERE r.study_id = {study} AND v.kind = '{kind}')"
    )


REVISION_0002: list[tuple[str, str]] = [
    _refuse("study_starts_unread", "BEFORE INSERT", "study", "NEW.status <> 'unread'", "a new study is unread"),
    _refuse(
        "study_no_replace",
        "BEFORE INSERT",
        "study",
        "EXISTS (SELECT 1 FROM study WHERE id = NEW.id OR study_uid = NEW.study_uid)",
        "a study is never replaced",
    ),
    _refuse(
        "study_status_legal",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status <> OLD.status AND NOT ({_LEGAL_0002})",
        "illegal change of status",
    ),
    _refuse(
        "study_preliminary_has_report",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status = 'preliminary' AND NOT {_has_version('preliminary')}",
        "a preliminary study needs a preliminary report",
    ),
    _refuse(
        "study_final_has_report",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status = 'final' AND NOT {_has_version('final')}",
        "a final study needs a signed report",
    ),
    _refuse(
        "study_addended_has_report",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status = 'addended' AND NOT {_has_version('addendum')}",
        "an addended study needs an addendum",
    ),
    _refuse(
        "study_uid_fixed",
        "BEFORE UPDATE OF id, study_uid, patient_id",
        "study",
        "NEW.id <> OLD.id OR NEW.study_uid <> OLD.study_uid OR NEW.patient_id <> OLD.patient_id",
        "a study keeps its identity",
    ),
    _refuse(
        "study_no_delete_with_report",
        "BEFORE DELETE",
        "study",
        "EXISTS (SELECT 1 FROM report WHERE study_id = OLD.id)",
        "a study with a report is never removed",
    ),
    _refuse("report_no_update", "BEFORE UPDATE", "report", "", "rows of report are never changed or removed"),
    _refuse("report_no_delete", "BEFORE DELETE", "report", "", "rows of report are never changed or removed"),
    _refuse(
        "report_no_replace",
        "BEFORE INSERT",
        "report",
        "EXISTS (SELECT 1 FROM report WHERE id = NEW.id OR study_id = NEW.study_id)",
        "rows of report are never changed or removed",
    ),
    *_append_only("report_version", "id"),
    _refuse(
        "report_version_next",
        "BEFORE INSERT",
        "report_version",
        "NEW.version <> (SELECT COALESCE(MAX(version), 0) + 1 FROM report_version WHERE report_id = NEW.report_id)",
        "versions of a report are counted up",
    ),
    _refuse(
        "report_version_after_final",
        "BEFORE INSERT",
        "report_version",
        "NEW.kind <> 'addendum' AND EXISTS (SELECT 1 FROM report_version"
        " WHERE report_id = NEW.report_id AND kind <> 'preliminary')",
        "a signed report takes only addenda",
    ),
    _refuse(
        "report_version_addendum_to_final",
        "BEFORE INSERT",
        "report_version",
        "NEW.kind = 'addendum' AND NOT EXISTS (SELECT 1 FROM report_version"
        " WHERE report_id = NEW.report_id AND kind = 'final')",
        "an addendum needs a signed report",
    ),
    _refuse(
        "report_version_signed_by",
        "BEFORE INSERT",
        "report_version",
        "(NEW.kind = 'preliminary') <> (NEW.signer = '')",
        "signed versions, and only they, have a signer",
    ),
    *_append_only("draft", "id"),
    *_append_only("audit_event", "seq"),
    _refuse(
        "audit_event_chained",
        "BEFORE INSERT",
        "audit_event",
        "NOT EXISTS (SELECT 1 FROM audit_head WHERE seq + 1 = NEW.seq AND sha256 = NEW.previous_sha256)",
        "an audit event follows the last one",
    ),
    _refuse(
        "audit_head_follows",
        "BEFORE UPDATE",
        "audit_head",
        "NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1"
        " OR NOT EXISTS (SELECT 1 FROM audit_event WHERE seq = NEW.seq AND sha256 = NEW.sha256)",
        "the head of the audit log is its last event",
    ),
    _refuse("audit_head_no_delete", "BEFORE DELETE", "audit_head", "", "the audit log keeps its head"),
    _refuse(
        "audit_head_no_replace",
        "BEFORE INSERT",
        "audit_head",
        "EXISTS (SELECT 1 FROM audit_head)",
        "the audit log keeps its head",
    ),
]
