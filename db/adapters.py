"""Adapter versions the workspace knows, which one is live, and how it came to be.

The version that comes with the program is not listed: it is live while none of the workspace's is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import UnknownRecord, WorkspaceError
from db.learning_records import Activation
from db.learning_tables import adapter_activation, adapter_judgement
from db.records import AdapterVersion
from db.tables import adapter_version

EMBEDDED = ""
"""Stands for the version that comes with the program wherever a name is kept."""


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


def find(workspace: Workspace, name: str) -> AdapterVersion:
    """Give one version by its name; raises UnknownRecord."""
    with workspace.reading() as connection:
        return _record(_row(connection, name))


def folder_of(workspace: Workspace, version: AdapterVersion) -> Path:
    """Where the files of a version lie."""
    return workspace.adapters_dir / version.folder


def activate(workspace: Workspace, name: str, *, actor: str, reason: str = "") -> AdapterVersion:
    """Make a version the live one; the one before is retired, and can be activated again.

    Parameters
    ----------
    reason : str
        Why, where no gate has let it through: it is then kept in the audit log.

    Raises
    ------
    UnknownRecord
        If there is no such version.
    WorkspaceError
        If it was rejected, or the gate has not let it through and no reason is given.
    """
    now = now_utc()
    with workspace.writing() as connection:
        row = _row(connection, name)
        if row.state == "rejected":
            raise WorkspaceError(f"adapter {name} was rejected and cannot go live")
        if row.state == "candidate" and not _is_let_through(connection, name) and not reason.strip():
            raise WorkspaceError(
                f"the gate has not let adapter {name} through; it goes live without that only if a reason is given"
            )
        _make_live(connection, row, now, actor, reason.strip())
        return _record(_row(connection, name))


def activate_embedded(workspace: Workspace, *, actor: str, reason: str = "") -> None:
    """Let new drafts be made with the version that comes with the program again."""
    now = now_utc()
    with workspace.writing() as connection:
        _make_live(connection, None, now, actor, reason.strip())


def rollback(workspace: Workspace, *, actor: str, reason: str = "") -> AdapterVersion | None:
    """Make the version live again that the live one took the place of.

    Returns
    -------
    AdapterVersion or None
        The live version now; None is the one that comes with the program.

    Raises
    ------
    WorkspaceError
        If none was ever activated, or the one before has been rejected since.
    """
    now = now_utc()
    with workspace.writing() as connection:
        replaced = _replaced(connection)
        if replaced is None:
            raise WorkspaceError("no version was activated here, so there is none to go back to")
        row = _row(connection, replaced) if replaced else None
        if row is not None and row.state == "rejected":
            raise WorkspaceError(f"adapter {replaced} was rejected since and cannot go live; activate another one")
        _make_live(connection, row, now, actor, reason.strip() or "rollback")
        return _record(_row(connection, replaced)) if replaced else None


def previous_name(workspace: Workspace) -> str | None:
    """Name of the version that a rollback leads to; empty for the embedded one, None when there is nothing to undo."""
    with workspace.reading() as connection:
        return _replaced(connection)


def reject(workspace: Workspace, name: str, *, actor: str, reason: str) -> AdapterVersion:
    """Note that a version must not go live; its files stay, with the reason.

    Raises
    ------
    UnknownRecord, WorkspaceError
        If there is no such version; if it is the live one, or no reason is given.
    """
    if not reason.strip():
        raise WorkspaceError("a version is rejected with a reason")
    now = now_utc()
    with workspace.writing() as connection:
        row = _row(connection, name)
        if row.state == "live":
            raise WorkspaceError(f"adapter {name} is live; go back to another one first")
        table = adapter_version
        connection.execute(update(table).where(table.c.id == row.id).values(state="rejected"))
        audit_chain.append(connection, now, actor, "adapter rejected", name, {"reason": reason.strip()})
        return _record(_row(connection, name))


def activations(workspace: Workspace) -> list[Activation]:
    """List who made which version live, the oldest first."""
    with workspace.reading() as connection:
        rows = connection.execute(select(adapter_activation).order_by(adapter_activation.c.id)).all()
    return [Activation(row.name, row.replaced, row.actor, row.at_utc, row.reason) for row in rows]


def _make_live(connection: Connection, row: Row[Any] | None, now: str, actor: str, reason: str) -> None:
    table = adapter_version
    before = connection.execute(select(table).where(table.c.state == "live")).one_or_none()
    name = row.name if row is not None else EMBEDDED
    replaced = before.name if before is not None else EMBEDDED
    if name == replaced:
        return
    connection.execute(update(table).where(table.c.state == "live").values(state="retired"))
    if row is not None:
        connection.execute(update(table).where(table.c.id == row.id).values(state="live"))
    connection.execute(
        insert(adapter_activation).values(name=name, replaced=replaced, actor=actor, at_utc=now, reason=reason)
    )
    detail = {"sha256": row.sha256 if row is not None else "", "replaced": replaced, "reason": reason}
    audit_chain.append(connection, now, actor, "adapter activated", name, detail)


def _replaced(connection: Connection) -> str | None:
    table = adapter_activation
    row = connection.execute(select(table.c.replaced).order_by(table.c.id.desc()).limit(1)).one_or_none()
    return str(row.replaced) if row is not None else None


def _is_let_through(connection: Connection, name: str) -> bool:
    """Whether the gate found last that a version is no worse."""
    table = adapter_judgement
    last = select(table.c.is_passed).where(table.c.adapter_name == name).order_by(table.c.id.desc()).limit(1)
    return bool(connection.execute(last).scalar_one_or_none())


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
