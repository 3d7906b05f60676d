"""How one audit event follows the other: the hash over an event and the one before it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, insert, select, update

from db.records import AuditEvent
from db.tables import audit_event, audit_head


def append(
    connection: Connection, at_utc: str, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> AuditEvent:
    """Add an event in the transaction of the act it records."""
    head = connection.execute(select(audit_head.c.seq, audit_head.c.sha256)).one()
    detail_json = canonical_json(detail)
    digest = event_sha256(head.seq + 1, at_utc, actor, action, subject, detail_json, head.sha256)
    connection.execute(
        insert(audit_event).values(
            seq=head.seq + 1,
            at_utc=at_utc,
            actor=actor,
            action=action,
            subject=subject,
            detail_json=detail_json,
            previous_sha256=head.sha256,
            sha256=digest,
        )
    )
    connection.execute(update(audit_head).values(seq=head.seq + 1, sha256=digest))
    return AuditEvent(head.seq + 1, at_utc, actor, action, subject, detail, head.sha256, digest)


def event_sha256(
    seq: int, at_utc: str, actor: str, action: str, subject: str, detail_json: str, previous_sha256: str
) -> str:
    """Give the hash of an event: SHA-256 over the JSON list of its fields, in this order."""
    fields = [seq, at_utc, actor, action, subject, detail_json, previous_sha256]
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    """Write JSON the one way it is hashed: keys sorted, no spaces, no NaN, plain UTF-8."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
