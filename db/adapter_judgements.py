"""What the gate found of adapter versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.learning_records import AdapterJudgement
from db.learning_tables import adapter_judgement


def judge(
    workspace: Workspace, name: str, *, is_passed: bool, reasons: Sequence[str], content: dict[str, Any]
) -> AdapterJudgement:
    """Keep what the gate found of a candidate. Nothing goes live by it: a person approves, or it is rejected.

    Parameters
    ----------
    content : dict
        What was measured, as plain JSON.
    """
    now = now_utc()
    with workspace.writing() as connection:
        connection.execute(
            insert(adapter_judgement).values(
                adapter_name=name,
                is_passed=is_passed,
                reasons_json=audit_chain.canonical_json(list(reasons)),
                content_json=audit_chain.canonical_json(content),
                at_utc=now,
            )
        )
        audit_chain.append(connection, now, "gate", "adapter judged", name, {"passed": is_passed})
    return AdapterJudgement(name, is_passed, tuple(reasons), content, now)


def judgement(workspace: Workspace, name: str) -> AdapterJudgement | None:
    """Give what the gate found last of a version; None when it was not asked."""
    with workspace.reading() as connection:
        row = _newest(connection, name)
    if row is None:
        return None
    return AdapterJudgement(
        name, bool(row.is_passed), tuple(json.loads(row.reasons_json)), json.loads(row.content_json), row.at_utc
    )


def _newest(connection: Connection, name: str) -> Row[Any] | None:
    table = adapter_judgement
    return connection.execute(
        select(table).where(table.c.adapter_name == name).order_by(table.c.id.desc()).limit(1)
    ).one_or_none()


def is_let_through(connection: Connection, name: str) -> bool:
    """Whether the gate found last that a version is no worse."""
    row = _newest(connection, name)
    return row is not None and bool(row.is_passed)
