"""How drafts are used: what is signed as it came, what is changed by finding, how long it takes, what is overridden.

A reader's own numbers are for that reader. Who signs nearly every draft as it came may have excellent drafts, or may no
longer read: the numbers cannot tell which, so the alert asks and does not accuse.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from db.database import Workspace
from db.learning_tables import report_edit
from db.tables import audit_event, reading, report, report_version, study

ALERT_SHARE = 0.9
ALERT_REPORTS = 50


@dataclass(frozen=True)
class Usage:
    """Numbers over signed reports that grew from a draft.

    Attributes
    ----------
    reader : str
        Empty for all readers together.
    reports : int
        Signed reports with a draft.
    unchanged_share : float or None
        Of those drafted before the reader wrote: signed word for word. None where there is none.
    edits_by_finding : dict
        Observation to how often a sentence about it was changed, deleted or added.
    median_minutes : float or None
        From the opening of the reading to the signature.
    overridden_share : float
        Signed in spite of a warning.
    alert : str
        A sentence when the newest reports are suspiciously often signed unchanged; else empty.
    """

    reader: str
    reports: int
    unchanged_share: float | None
    edits_by_finding: dict[str, dict[str, int]]
    median_minutes: float | None
    overridden_share: float
    alert: str


def usage(workspace: Workspace, reader: str = "") -> Usage:
    """Count over all readers, or over one."""
    with workspace.reading() as connection:
        rows = _signed(connection, reader)
        edits = _edits(connection, {row.id for row in rows})
        overridden = _overridden(connection)
    kinds = {row.id: [kind for kind, _ in edits.get(row.id, [])] for row in rows}
    drafted_first = [row for row in rows if row.mode != "reader-first" and kinds[row.id]]
    unchanged = [set(kinds[row.id]) == {"kept"} for row in drafted_first]
    by_finding: dict[str, Counter[str]] = {}
    for found in edits.values():
        for kind, observations in found:
            for name in observations if kind != "kept" else ():
                by_finding.setdefault(name, Counter())[kind] += 1
    minutes = [_minutes(row) for row in rows if row.opened_at_utc]
    return Usage(
        reader=reader,
        reports=len(rows),
        unchanged_share=sum(unchanged) / len(unchanged) if unchanged else None,
        edits_by_finding={name: dict(count) for name, count in sorted(by_finding.items())},
        median_minutes=median(minutes) if minutes else None,
        overridden_share=sum(row.study_uid in overridden for row in rows) / len(rows) if rows else 0.0,
        alert=_alert(unchanged),
    )


def _alert(unchanged: list[bool]) -> str:
    newest = unchanged[-ALERT_REPORTS:]
    if len(newest) < ALERT_REPORTS or sum(newest) / len(newest) <= ALERT_SHARE:
        return ""
    return (
        f"{sum(newest)} of the newest {len(newest)} drafts were signed as they came. Are they read? Reading first now "
        "and then (F6) shows it."
    )


def _signed(connection: Connection, reader: str) -> Sequence[Row[Any]]:
    query: Select[Any] = (
        select(report_version.c.id, report_version.c.created_at_utc, study.c.study_uid, reading.c.mode,
               reading.c.opened_at_utc)
        .join_from(report_version, report).join(study)
        .outerjoin(reading, reading.c.id == report_version.c.reading_id)
        .where(report_version.c.kind == "final", report_version.c.draft_id.is_not(None))
        .order_by(report_version.c.id)
    )  # fmt: skip
    if reader:
        query = query.where(report_version.c.signer == reader)
    return connection.execute(query).all()


def _edits(connection: Connection, versions: set[int]) -> dict[int, list[tuple[str, list[str]]]]:
    found: dict[int, list[tuple[str, list[str]]]] = {}
    for row in connection.execute(select(report_edit).order_by(report_edit.c.id)):
        if row.report_version_id in versions:
            found.setdefault(row.report_version_id, []).append((row.kind, json.loads(row.observations_json)))
    return found


def _overridden(connection: Connection) -> set[str]:
    query = select(audit_event.c.subject).where(audit_event.c.action == "warnings overridden")
    return set(connection.execute(query).scalars())


def _minutes(row: Row[Any]) -> float:
    opened, signed = (dt.datetime.fromisoformat(text) for text in (row.opened_at_utc, row.created_at_utc))
    return (signed - opened).total_seconds() / 60
