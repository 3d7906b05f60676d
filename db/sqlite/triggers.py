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


_LEGAL_0004 = (
    f"{_LEGAL_0002}"
    " OR (OLD.status = 'final' AND NEW.status = 'corrected')"
    " OR (OLD.status = 'addended' AND NEW.status = 'corrected')"
)

_MAY_FINALISE_0004 = "('reader', 'attending', 'admin')"
_IS_SIGNED_0004 = "(SELECT status FROM study WHERE id = NEW.study_id) IN ('final', 'addended', 'corrected')"
_FITS_STUDY_0004 = (
    f"NOT ((NEW.purpose = 'report' AND NOT {_IS_SIGNED_0004}) OR (NEW.purpose = 'correction' AND {_IS_SIGNED_0004}))"
)
_LAST_ADMIN_0004 = (
    "OLD.role = 'admin' AND OLD.is_enabled AND NOT (NEW.role = 'admin' AND NEW.is_enabled)"
    " AND NOT EXISTS (SELECT 1 FROM account WHERE id <> OLD.id AND role = 'admin' AND is_enabled)"
)


def _replaced(rules: list[tuple[str, str]], *changed: tuple[str, str]) -> list[tuple[str, str]]:
    """The rules with these in place of those of the same name, and new ones at the end."""
    by_name = dict(rules)
    by_name.update(changed)
    return list(by_name.items())


REVISION_0004: list[tuple[str, str]] = _replaced(
    REVISION_0002,
    _refuse(
        "study_status_legal",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status <> OLD.status AND NOT ({_LEGAL_0004})",
        "illegal change of status",
    ),
    _refuse(
        "study_corrected_has_report",
        "BEFORE UPDATE OF status",
        "study",
        f"NEW.status = 'corrected' AND NOT {_has_version('correction')}",
        "a corrected study needs a correction",
    ),
    _refuse(
        "report_version_after_final",
        "BEFORE INSERT",
        "report_version",
        "NEW.kind NOT IN ('addendum', 'correction') AND EXISTS (SELECT 1 FROM report_version"
        " WHERE report_id = NEW.report_id AND kind <> 'preliminary')",
        "a signed report takes only addenda and corrections",
    ),
    _refuse(
        "report_version_addendum_to_final",
        "BEFORE INSERT",
        "report_version",
        "NEW.kind IN ('addendum', 'correction') AND NOT EXISTS (SELECT 1 FROM report_version"
        " WHERE report_id = NEW.report_id AND kind = 'final')",
        "an addendum or correction needs a signed report",
    ),
    _refuse(
        "report_version_reason",
        "BEFORE INSERT",
        "report_version",
        "(NEW.kind IN ('addendum', 'correction')) <> (trim(NEW.reason) <> '')",
        "addenda and corrections, and only they, have a reason",
    ),
    _refuse(
        "report_version_signer_may",
        "BEFORE INSERT",
        "report_version",
        "NEW.signer <> '' AND EXISTS (SELECT 1 FROM account) AND NOT EXISTS (SELECT 1 FROM account"
        f" WHERE name = NEW.signer AND is_enabled AND role IN {_MAY_FINALISE_0004})",
        "only an account that may finalise signs",
    ),
    _refuse("reading_fits_study", "BEFORE INSERT", "reading", _FITS_STUDY_0004, "a signed study is only corrected"),
    _refuse(
        "reading_reopened_fits_study",
        "BEFORE UPDATE OF closed_at_utc",
        "reading",
        f"OLD.closed_at_utc IS NOT NULL AND NEW.closed_at_utc IS NULL AND {_FITS_STUDY_0004}",
        "a signed study is only corrected",
    ),
    _refuse(
        "reading_owner_fixed",
        "BEFORE UPDATE OF id, study_id, reader, purpose",
        "reading",
        "NEW.id <> OLD.id OR NEW.study_id <> OLD.study_id OR NEW.reader <> OLD.reader OR NEW.purpose <> OLD.purpose",
        "a reading keeps its study, reader and purpose",
    ),
    _refuse(
        "account_first_is_admin",
        "BEFORE INSERT",
        "account",
        "NOT EXISTS (SELECT 1 FROM account) AND NOT (NEW.role = 'admin' AND NEW.is_enabled)",
        "the first account is an administrator",
    ),
    _refuse("account_last_admin_stays", "BEFORE UPDATE", "account", _LAST_ADMIN_0004, "one administrator must stay"),
    _refuse(
        "account_name_fixed",
        "BEFORE UPDATE OF id, name, name_key",
        "account",
        "NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.name_key <> OLD.name_key",
        "an account keeps its name",
    ),
    _refuse("account_no_delete", "BEFORE DELETE", "account", "", "accounts are disabled, never removed"),
    _refuse(
        "account_no_replace",
        "BEFORE INSERT",
        "account",
        "EXISTS (SELECT 1 FROM account WHERE id = NEW.id OR name = NEW.name OR name_key = NEW.name_key)",
        "accounts are disabled, never removed",
    ),
)

_WITHDRAWN_0007 = "no consent: nothing is kept of this reader"


def _needs_consent(table: str, consent_of_row: str) -> tuple[str, str]:
    """Refuse rows that rest on no consent, or on one that was withdrawn, whether foreign keys are checked or not."""
    given = f"SELECT 1 FROM gaze_consent c WHERE c.id = {consent_of_row} AND c.withdrawn_at_utc = ''"
    return _refuse(f"{table}_needs_consent", "BEFORE INSERT", table, f"NOT EXISTS ({given})", _WITHDRAWN_0007)


_OF_RECORDING_0007 = "(SELECT consent_key FROM gaze_recording WHERE id = NEW.recording_key)"
_OF_CASE_0007 = (
    "(SELECT r.consent_key FROM gaze_case k JOIN gaze_recording r ON r.id = k.recording_key WHERE k.id = NEW.case_key)"
)

REVISION_0007: list[tuple[str, str]] = [
    _refuse("gaze_consent_no_delete", "BEFORE DELETE", "gaze_consent", "", "a consent is withdrawn, never removed"),
    _refuse(
        "gaze_consent_no_replace",
        "BEFORE INSERT",
        "gaze_consent",
        "EXISTS (SELECT 1 FROM gaze_consent WHERE id = NEW.id OR consent_id = NEW.consent_id)",
        "a consent is withdrawn, never replaced",
    ),
    _refuse(
        "gaze_consent_fixed",
        "BEFORE UPDATE",
        "gaze_consent",
        " OR ".join(
            f"NEW.{name} <> OLD.{name}"
            for name in ("id", "consent_id", "reader_pseudonym", "text_version", "purpose", "operator", "given_utc")
        )
        + " OR NEW.valid_until_utc <> OLD.valid_until_utc OR OLD.withdrawn_at_utc <> ''",
        "a consent is withdrawn, never changed, and a withdrawal is not taken back",
    ),
    _needs_consent("gaze_recording", "NEW.consent_key"),
    _refuse(
        "gaze_recording_keeps_consent",
        "BEFORE UPDATE OF id, recording_id, consent_key",
        "gaze_recording",
        "NEW.id <> OLD.id OR NEW.recording_id <> OLD.recording_id OR NEW.consent_key <> OLD.consent_key",
        "a recording keeps the consent it rests on",
    ),
    _needs_consent("gaze_calibration", "NEW.consent_key"),
    *(
        _needs_consent(table, _OF_RECORDING_0007)
        for table in (
            *("gaze_segment", "gaze_chunk", "gaze_time_sync", "gaze_utc_anchor", "gaze_notification"),
            *("gaze_marker", "gaze_view", "gaze_audio", "gaze_case"),
        )
    ),
    _needs_consent("gaze_fixation", _OF_CASE_0007),
]

_LEARNING_LOGS = (
    "adapter_activation", "adapter_judgement", "report_edit", "learning_consent", "film_release", "learning_setting",
    "training_export_part",
)  # fmt: skip

REVISION_0008: list[tuple[str, str]] = [rule for table in _LEARNING_LOGS for rule in _append_only(table, "id")]

IN_FORCE = [*REVISION_0004, *REVISION_0007, *REVISION_0008]
"""The rules of the newest schema."""
