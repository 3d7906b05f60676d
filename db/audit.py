"""The audit log: who did what to which study, hash-chained, never changed.

``subject`` names a record (a study UID, an adapter); names of patients and texts do not belong in here.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.records import AuditEvent
from db.tables import audit_event, audit_head

FIRST_PREVIOUS_SHA256 = "0" * 64


def record(
    workspace: Workspace, actor: str, action: str, subject: str = "", detail: dict[str, Any] | None = None
) -> AuditEvent:
    """Add an event. Acts that ``db`` does itself are recorded by ``db``; this is for views, exports and the like."""
    with workspace.writing() as connection:
        return audit_chain.append(connection, now_utc(), actor, action, subject, detail or {})


def events(workspace: Workspace, *, subject: str | None = None) -> list[AuditEvent]:
    """List the events in order, all or those of one subject."""
    query = select(audit_event).order_by(audit_event.c.seq)
    if subject is not None:
        query = query.where(audit_event.c.subject == subject)
    with workspace.reading() as connection:
        rows = connection.execute(query).all()
    return [
        AuditEvent(
            row.seq,
            row.at_utc,
            row.actor,
            row.action,
            row.subject,
            json.loads(row.detail_json),
            row.previous_sha256,
            row.sha256,
        )
        for row in rows
    ]


def verify(workspace: Workspace) -> list[str]:
    """Recompute the chain; empty when no event was changed, added, moved or removed, else sentences that say where."""
    with workspace.reading() as connection:
        return chain_problems(connection)


def chain_problems(connection: Connection) -> list[str]:
    """Do what :func:`verify` does in a transaction that is open already."""
    problems = []
    expected_seq, previous = 1, FIRST_PREVIOUS_SHA256
    for row in connection.execute(select(audit_event).order_by(audit_event.c.seq)):
        if row.seq != expected_seq:
            problems.append(f"the audit log jumps to event {row.seq} where event {expected_seq} should be")
        if row.previous_sha256 != previous:
            problems.append(f"audit event {row.seq} does not follow the event before it")
        digest = audit_chain.event_sha256(
            row.seq, row.at_utc, row.actor, row.action, row.subject, row.detail_json, row.previous_sha256
        )
        if digest != row.sha256:
            problems.append(f"audit event {row.seq} was changed after it was written")
        expected_seq, previous = row.seq + 1, row.sha256
    heads = connection.execute(select(audit_head)).all()
    if len(heads) != 1:
        problems.append("the audit log has lost its head")
    elif (heads[0].seq, heads[0].sha256) != (expected_seq - 1, previous):
        problems.append(f"the audit log ends at event {expected_seq - 1}, it should end at event {heads[0].seq}")
    return problems
