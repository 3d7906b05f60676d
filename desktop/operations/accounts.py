"""Logging in, and the first account. Hashing a password takes a tenth of a second, so it happens in lane "db"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from db.records import Account
from desktop.background import Job
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace

OnFailure = Callable[[BaseException], None]


def list_accounts(*, services: Services, owner: QObject, on_success: Callable[[list[Account]], None]) -> Job:
    """Read the accounts of the workspace."""
    return services.background.run(owner, _list, services.workspace, lane="db", on_success=on_success)


def log_in(
    *,
    name: str,
    password: str,
    services: Services,
    owner: QObject,
    on_success: Callable[[Account], None],
    on_failure: OnFailure,
) -> Job:
    """Check a name and a password."""
    return services.background.run(
        owner, _log_in, services.workspace, name, password, lane="db", on_success=on_success, on_failure=on_failure
    )


def add_first_account(
    *,
    name: str,
    password: str,
    services: Services,
    owner: QObject,
    on_success: Callable[[Account], None],
    on_failure: OnFailure,
) -> Job:
    """Make the first account, an administrator."""
    return services.background.run(
        owner, _add_first, services.workspace, name, password, services.session.reader,
        lane="db", on_success=on_success, on_failure=on_failure, must_finish=True,
    )  # fmt: skip


def record_act(*, action: str, services: Services, owner: QObject) -> None:
    """Write into the audit log that the reader locked, unlocked or left."""
    if services.workspace is not None:
        services.background.run(
            owner, _record, services.workspace, services.session.reader, action, lane="db", must_finish=True
        )


def _list(workspace: Workspace) -> list[Account]:
    from db import accounts

    return accounts.list_all(workspace)


def _log_in(workspace: Workspace, name: str, password: str) -> Account:
    from db import accounts

    return accounts.log_in(workspace, name, password)


def _add_first(workspace: Workspace, name: str, password: str, actor: str) -> Account:
    from db import accounts

    return accounts.add(workspace, name, password, "admin", actor=actor)


def _record(workspace: Workspace, actor: str, action: str) -> None:
    from db import audit

    audit.record(workspace, actor, action)
