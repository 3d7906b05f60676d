"""Adapter versions the workspace knows, and which one is live."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import UnknownRecord, WorkspaceError
from db.records import AdapterVersion
from db.tables import adapter_version


def register(
    workspace: Workspace,
    *,
    name: str,
    sha256: str,
    folder: str,
    base_model: str,
    base_model_sha256: str,
    parent: str = "",
    training_set_sha256: str = "",
    code_version: str = "",
    metrics: dict[str, Any] | None = None,
    actor: str = "system",
) -> AdapterVersion:
    """List an adapter as a candidate. The same name and hash again changes nothing.

    Raises
    ------
    WorkspaceError
        If another adapter has this name.
    """
    now = now_utc()
    with workspace.writing() as connection:
        known = connection.execute(select(adapter_version).where(adapter_version.c.name == name)).one_or_none()
        if known is not None:
            if known.sha256 != sha256:
                raise WorkspaceError(f"another adapter is named {name}; versions are never replaced")
            return _record(known)
        connection.execute(
            insert(adapter_version).values(
                name=name,
                sha256=sha256,
                folder=folder,
                base_model=base_model,
                base_model_sha256=base_model_sha256,
                parent=parent,
                training_set_sha256=training_set_sha256,
                code_version=code_version,
                metrics_json=audit_chain.canonical_json(metrics or {}),
                state="candidate",
                created_at_utc=now,
            )
        )
        audit_chain.append(connection, now, actor, "adapter registered", name, {"sha256": sha256})
        return _record(_row(connection, name))


def list_versions(workspace: Workspace) -> list[AdapterVersion]:
    """List all versions, the oldest first."""
    with workspace.reading() as connection:
        rows = connection.execute(select(adapter_version).order_by(adapter_version.c.id)).all()
    return [_record(row) for row in rows]


def live(workspace: Workspace) -> AdapterVersion | None:
    """Give the version that new drafts are made with; None when none was activated."""
    with workspace.reading() as connection:
        row = connection.execute(select(adapter_version).where(adapter_version.c.state == "live")).one_or_none()
    return _record(row) if row is not None else None


def activate(workspace: Workspace, name: str, *, actor: str) -> AdapterVersion:
    """Make a version the live one; the one before is retired, and can be activated again.

    Raises
    ------
    UnknownRecord
        If there is no such version.
    WorkspaceError
        If it was rejected.
    """
    now = now_utc()
    with workspace.writing() as connection:
        row = _row(connection, name)
        if row.state == "rejected":
            raise WorkspaceError(f"adapter {name} was rejected and cannot go live")
        table = adapter_version
        connection.execute(update(table).where(table.c.state == "live").values(state="retired"))
        connection.execute(update(table).where(table.c.id == row.id).values(state="live"))
        audit_chain.append(connection, now, actor, "adapter activated", name, {"sha256": row.sha256})
        return _record(_row(connection, name))


def _row(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(adapter_version).where(adapter_version.c.name == name)).one_or_none()
    if row is None:
        raise UnknownRecord("adapter", name)
    return row


def _record(row: Row[Any]) -> AdapterVersion:
    return AdapterVersion(
        name=row.name,
        sha256=row.sha256,
        folder=row.folder,
        base_model=row.base_model,
        base_model_sha256=row.base_model_sha256,
        parent=row.parent,
        training_set_sha256=row.training_set_sha256,
        code_version=row.code_version,
        metrics=json.loads(row.metrics_json),
        state=row.state,
        created_at_utc=row.created_at_utc,
    )
