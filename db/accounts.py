"""Named accounts of the people who use a workspace: passwords, roles, logging in.

A workspace without accounts belongs to whoever opens it, and nobody is asked for a password. With accounts, only they
write and sign. An account is disabled, never removed: its name stands under reports.
"""

from __future__ import annotations

import datetime as dt
import functools
import unicodedata
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select, update

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import AccountRefused, LoginRefused, LoginThrottled, NotAllowed, UnknownRecord
from db.records import Account
from db.roles import ROLES, Right, Role, may
from db.tables import account

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FREE_ATTEMPTS = 5
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
LEAST_PASSWORD_LENGTH = 8
LONGEST_NAME = 64
_LONGEST_PASSWORD = 1024  # far above any passphrase; keeps a pasted file from being hashed


def add(workspace: Workspace, name: str, password: str, role: Role, *, actor: str) -> Account:
    """Add an account; the first one must be an administrator.

    Parameters
    ----------
    actor : str
        Who adds it, for the audit log.

    Raises
    ------
    AccountRefused
        If the name is empty, too long or taken, the password too short, the role unknown or not the first one's.
    """
    name = _clean_name(name)
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role; the roles are {', '.join(ROLES)}")
    password_hash = _hash(password)
    now = now_utc()
    with workspace.writing() as connection:
        known = _all(connection)
        if not known and role != "admin":
            raise AccountRefused("the first account must be an admin, who can add the others")
        if _key(name) in {row.name_key for row in known}:
            raise AccountRefused(f"there is an account of the name {name} already")
        connection.execute(
            insert(account).values(
                name=name, name_key=_key(name), role=role, password_hash=password_hash, is_enabled=True,
                created_at_utc=now, failed_logins=0, last_failed_at_utc="",
            )
        )  # fmt: skip
        audit_chain.append(connection, now, actor, "account added", name, {"role": role})
        return _account_of(_row(connection, name))


def list_all(workspace: Workspace) -> list[Account]:
    """List the accounts in order of name."""
    with workspace.reading() as connection:
        return [_account_of(row) for row in _all(connection)]


def set_role(workspace: Workspace, name: str, role: Role, *, actor: str) -> Account:
    """Give an account another role.

    Raises
    ------
    AccountRefused, UnknownRecord
        If there is no such role, or no administrator would be left; if there is no such account.
    """
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role; the roles are {', '.join(ROLES)}")
    return _change(workspace, name, actor, "account role changed", {"role": role}, role=role)


def set_enabled(workspace: Workspace, name: str, is_enabled: bool, *, actor: str) -> Account:
    """Let an account log in, or not any more; its reports stay.

    Raises
    ------
    AccountRefused, UnknownRecord
        If no administrator would be left; if there is no such account.
    """
    action = "account enabled" if is_enabled else "account disabled"
    return _change(workspace, name, actor, action, {}, is_enabled=is_enabled)


def set_password(workspace: Workspace, name: str, password: str, *, actor: str) -> Account:
    """Give an account another password; waiting after failed logins ends.

    Raises
    ------
    AccountRefused, UnknownRecord
        If the password is too short; if there is no such account.
    """
    new = {"password_hash": _hash(password), "failed_logins": 0, "last_failed_at_utc": ""}
    return _change(workspace, name, actor, "account password changed", {}, **new)


def log_in(workspace: Workspace, name: str, password: str) -> Account:
    """Check a name and a password. After five failures in a row an account waits, longer each time, up to 15 minutes.

    Takes about 0.1 s, whether or not there is such an account.

    Raises
    ------
    LoginThrottled
        If the account has to wait; the password was not looked at.
    LoginRefused
        If name or password is wrong, or the account disabled; which of them is not said.
    """
    with workspace.reading() as connection:
        row = connection.execute(select(account).where(account.c.name_key == _key(name))).one_or_none()
    if row is not None:
        wait_s = waiting_s(row.failed_logins, row.last_failed_at_utc, now_utc())
        if wait_s > 0:
            raise LoginThrottled(wait_s)
    is_right = _verify(row.password_hash if row is not None else None, password)
    now = now_utc()
    with workspace.writing() as connection:
        if row is None:  # the name is not kept: it may be a password in the wrong field
            audit_chain.append(connection, now, "unknown", "login failed", "", {})
        elif not (is_right and row.is_enabled):
            failed = {"failed_logins": account.c.failed_logins + 1, "last_failed_at_utc": now}
            connection.execute(update(account).where(account.c.id == row.id).values(**failed))
            audit_chain.append(connection, now, row.name, "login failed", row.name, {})
        else:
            new: dict[str, Any] = {"failed_logins": 0, "last_failed_at_utc": ""}
            if _hasher().check_needs_rehash(row.password_hash):
                new["password_hash"] = _hasher().hash(_normal(password))
            connection.execute(update(account).where(account.c.id == row.id).values(**new))
            audit_chain.append(connection, now, row.name, "logged in", row.name, {"role": row.role})
            return _account_of(row)
    raise LoginRefused


def waiting_s(failed_logins: int, last_failed_at_utc: str, now: str) -> float:
    """Give the seconds an account has to wait after so many failures in a row; 0 when it need not."""
    if failed_logins < FREE_ATTEMPTS or not last_failed_at_utc:
        return 0.0
    wait_s: float = min(FIRST_WAIT_S * 2.0 ** min(failed_logins - FREE_ATTEMPTS, 10), LONGEST_WAIT_S)
    gone_s = (dt.datetime.fromisoformat(now) - dt.datetime.fromisoformat(last_failed_at_utc)).total_seconds()
    return max(0.0, wait_s - max(gone_s, 0.0))  # a clock set back does not lengthen the wait


def refuse_without(connection: Connection, name: str, right: Right) -> None:
    """Refuse an act inside a transaction unless this person has the right; without accounts everybody has.

    Raises
    ------
    NotAllowed
        With a sentence that says why.
    """
    known = _all(connection)
    if not known:
        return
    row = next((row for row in known if row.name == name), None)
    if row is None or not row.is_enabled:
        raise NotAllowed(f"{name or 'nobody'} is not an enabled account of this workspace; log in first")
    if not may(row.role, right):
        raise NotAllowed(refusal(row.name, row.role, right))


def refusal(name: str, role: str, right: Right) -> str:
    """Say why somebody of this role may not do something."""
    if right == "finalise" and role == "resident":
        return f"{name} is a resident: residents keep preliminary reports, an attending signs them"
    what = {"write": "write reports", "finalise": "sign reports", "manage accounts": "manage accounts"}[right]
    return f"{name} has the role {role}, which may not {what}"


def _change(
    workspace: Workspace, name: str, actor: str, action: str, detail: dict[str, Any], **columns: Any
) -> Account:
    now = now_utc()
    with workspace.writing() as connection:
        row = _row(connection, name)
        if _ends_admins(connection, row, columns):
            raise AccountRefused(f"{row.name} is the last enabled admin; make another one first")
        connection.execute(update(account).where(account.c.id == row.id).values(**columns))
        audit_chain.append(connection, now, actor, action, row.name, detail)
        return _account_of(_row(connection, row.name))


def _ends_admins(connection: Connection, row: Row[Any], columns: dict[str, Any]) -> bool:
    stays = columns.get("role", row.role) == "admin" and columns.get("is_enabled", row.is_enabled)
    others = [one for one in _all(connection) if one.id != row.id and one.role == "admin" and one.is_enabled]
    return row.role == "admin" and bool(row.is_enabled) and not stays and not others


def _row(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(account).where(account.c.name_key == _key(name))).one_or_none()
    if row is None:
        raise UnknownRecord("account", name)
    return row


def _all(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(account).order_by(account.c.name_key)))


def _account_of(row: Row[Any]) -> Account:
    return Account(row.name, row.role, bool(row.is_enabled), row.created_at_utc)


def _clean_name(name: str) -> str:
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise AccountRefused(f"an account needs a name of 1 to {LONGEST_NAME} printable characters")
    return cleaned


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _hash(password: str) -> str:
    if len(password) < LEAST_PASSWORD_LENGTH:
        raise AccountRefused(f"a password has at least {LEAST_PASSWORD_LENGTH} characters")
    if len(password) > _LONGEST_PASSWORD:
        raise AccountRefused(f"a password has at most {_LONGEST_PASSWORD} characters")
    return _hasher().hash(_normal(password))


def _normal(password: str) -> str:
    """The same password typed on another keyboard may be composed otherwise (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@functools.cache
def _hasher() -> PasswordHasher:
    """Argon2id with 64 MiB and three passes, the second choice of RFC 9106: about 0.1 s."""
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


def _verify(password_hash: str | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > _LONGEST_PASSWORD:
        return False
    if password_hash is None:
        _hasher().hash(_normal(password))  # so that a wrong name takes as long as a wrong password
        return False
    try:
        return _hasher().verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
