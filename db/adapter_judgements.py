"""What the gate found of adapter versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from db import adapters, audit_chain
from db.database import Workspace, now_utc
from db.errors import WorkspaceError
from db.learning_records import AdapterJudgement
from db.learning_tables import adapter_judgement
from gaze2report.errors import UnreadableInput


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


def take_in(workspace: Workspace, name: str, path: Path) -> AdapterJudgement:
    """Keep what ``python -m gaze2report gate`` wrote of a version; one that failed is rejected with the reasons.

    Raises
    ------
    UnreadableInput
        If the file is no judgement.
    WorkspaceError
        If it is of another version, or compares with another one than is live now.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        candidate, live = content["candidate"]["sha256"], content["live"]["sha256"]
        is_passed, reasons = bool(content["is_passed"]), [str(one) for one in content["reasons"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(path, f"is no judgement of the gate: {error!r}") from error
    version = adapters.find(workspace, name)
    if candidate != version.sha256:
        raise WorkspaceError(f"{path} judges another version than {name}")
    now_live = adapters.live(workspace)
    known = {one.sha256 for one in adapters.list_versions(workspace)}
    if live != (now_live.sha256 if now_live is not None else live) or (now_live is None and live in known):
        raise WorkspaceError(f"{path} compares {name} with another version than is live now; ask the gate again")
    found = judge(workspace, name, is_passed=is_passed, reasons=reasons, content=content)
    if not is_passed:
        adapters.reject(workspace, name, actor="gate", reason=" ".join(reasons[:3]))
    return found


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
