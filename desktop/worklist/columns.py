"""The columns of the worklist: what each shows, what it is sorted by, and how wide it begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from db.records import SIGNED_STATUSES, STUDY_STATUSES, WorklistEntry
from desktop.patient_text import name_text, sex_age_text, when_text
from gaze2report.ai_priority import URGENCY_ORDER

_AI_TEXTS = {"": "", "ready": "drafted"}
_STATUS_TEXTS = {"in-progress": "in progress"}
_STATUS_RANK = {status: rank for rank, status in enumerate(STUDY_STATUSES)}
_NEVER = -(10**15)


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key : callable
        What it is sorted by.
    tip : callable or None
        Tool tip of a cell; its text when None.
    changes_with_time : bool
        Its text is another one a minute later, so it is made anew each time and not searched.
    """

    title: str
    text: Callable[[WorklistEntry], str]
    key: Callable[[WorklistEntry], Any]
    width_px: int
    tip: Callable[[WorklistEntry], str] | None = None
    changes_with_time: bool = False


def status_text(entry: WorklistEntry) -> str:
    """Status, and who has it open: "in progress: Ada"."""
    status = _STATUS_TEXTS.get(entry.status, entry.status)
    return f"{status}: {entry.locked_by}" if entry.locked_by else status


def waiting_text(imported_at_utc: str, now: dt.datetime) -> str:
    """How long a study has waited since it came in: "35 min", "5 h", "3 d"; empty when that is not known."""
    if not imported_at_utc:
        return ""
    minutes = max(0, int((now - dt.datetime.fromisoformat(imported_at_utc)).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _status_tip(entry: WorklistEntry) -> str:
    return f"{entry.locked_by} has it open" if entry.locked_by else status_text(entry)


def _views(entry: WorklistEntry) -> str:
    return ", ".join(entry.views)


def _priors(entry: WorklistEntry) -> str:
    return str(entry.prior_count) if entry.prior_count else ""


def _priority_text(entry: WorklistEntry) -> str:
    return "" if entry.ai_priority is None else (entry.ai_priority_reason or "nothing raised")


def _priority_key(entry: WorklistEntry) -> tuple[int, str]:
    rank = -1 if entry.ai_priority is None else entry.ai_priority
    return rank, entry.ai_priority_reason  # of one rank there is one finding, or two whose names come first


def _priority_tip(entry: WorklistEntry) -> str:
    if entry.ai_priority is None:
        return "The model has not ranked this study"
    return (
        f"AI priority {entry.ai_priority} of {len(URGENCY_ORDER)}, from the newest draft: "
        "the model's guess, only to order the list"
    )


def _waiting(entry: WorklistEntry) -> str:
    if entry.status in SIGNED_STATUSES:
        return ""
    return waiting_text(entry.imported_at_utc, dt.datetime.now(dt.timezone.utc))


def _waiting_key(entry: WorklistEntry) -> int:
    """Longer waiting is more; a number made of the digits of the time, because parsing thousands takes long."""
    if entry.status in SIGNED_STATUSES or not entry.imported_at_utc:
        return _NEVER
    moment = entry.imported_at_utc
    return -int(moment[:4] + moment[5:7] + moment[8:10] + moment[11:13] + moment[14:16] + moment[17:19])


COLUMNS: tuple[Column, ...] = (
    Column("Status", status_text, lambda e: (_STATUS_RANK[e.status], e.locked_by), 130, _status_tip),
    Column("AI priority", _priority_text, _priority_key, 158, _priority_tip),
    Column("Patient", lambda e: name_text(e.patient_name), lambda e: name_text(e.patient_name).casefold(), 160),
    Column("ID", lambda e: e.patient_id, lambda e: e.patient_id, 96),
    Column("Sex/age", lambda e: sex_age_text(e.sex, e.age_years), lambda e: (e.age_years or -1.0, e.sex), 70),
    Column("Study date", lambda e: when_text(e.study_date, e.study_time), lambda e: (e.study_date, e.study_time), 140),
    Column("Waiting", _waiting, _waiting_key, 70, changes_with_time=True),
    Column("Modality", lambda e: e.modality, lambda e: e.modality, 74),
    Column("Views", _views, _views, 70),
    Column("Description", lambda e: e.description, lambda e: e.description.casefold(), 130),
    Column("Priors", _priors, lambda e: e.prior_count, 56),
    Column("AI", lambda e: _AI_TEXTS.get(e.ai_status, e.ai_status), lambda e: e.ai_status, 90),
    Column("Assigned to", lambda e: e.assigned_to, lambda e: e.assigned_to.casefold(), 100),
    Column("Accession", lambda e: e.accession_number, lambda e: e.accession_number, 100),
    Column("Films", lambda e: str(e.instance_count), lambda e: e.instance_count, 52),
)
STATUS_COLUMN, PRIORITY_COLUMN, PATIENT_COLUMN, DATE_COLUMN, WAITING_COLUMN = 0, 1, 2, 5, 6


def searched_text(entry: WorklistEntry) -> str:
    """All that the words of a filter are looked for in."""
    texts = [column.text(entry) for column in COLUMNS if not column.changes_with_time]
    return "\n".join([*texts, entry.patient_name]).casefold()
