"""Consents of readers to the recording of their gaze: without one that holds, nothing of them is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import NoConsent
from db.gaze_tables import gaze_consent

TERMS = ("consent_id", "reader_pseudonym", "text_version", "purpose", "operator", "given_utc", "valid_until_utc")


@dataclass(frozen=True)
class ReaderConsent:
    """What a reader agreed to, as it was kept.

    Attributes
    ----------
    reader_pseudonym, operator : str
        3 to 40 letters, digits, "-" or "_"; never a name.
    valid_until_utc : str
        Empty without end.
    withdrawn_at_utc : str
        Empty while it holds.
    """

    consent_id: str
    reader_pseudonym: str
    text_version: str
    purpose: str
    operator: str
    given_utc: str
    valid_until_utc: str
    withdrawn_at_utc: str


def keep(workspace: Workspace, terms: Mapping[str, str], *, actor: str) -> ReaderConsent:
    """Keep a consent; the same one again changes nothing.

    Parameters
    ----------
    terms : mapping
        ``consent_id, reader_pseudonym, text_version, purpose, operator, given_utc, valid_until_utc``, all texts.

    Raises
    ------
    NoConsent
        If it is not whole, differs from the one kept under its id, or the reader has withdrawn since.
    """
    with workspace.writing() as connection:
        row = consent_row(connection, terms, actor)
    return _record(row)


def of_reader(workspace: Workspace, reader_pseudonym: str) -> list[ReaderConsent]:
    """Consents of a reader, the oldest first."""
    query = select(gaze_consent).where(gaze_consent.c.reader_pseudonym == reader_pseudonym).order_by(gaze_consent.c.id)
    with workspace.reading() as connection:
        return [_record(row) for row in connection.execute(query)]


def consent_row(connection: Connection, terms: Mapping[str, str], actor: str) -> Row[Any]:
    """Find or add the row of a consent that holds; raises as :func:`keep`."""
    wanted = {name: str(terms.get(name, "")) for name in TERMS}
    _refuse_unless_whole(wanted)
    query = select(gaze_consent).where(gaze_consent.c.consent_id == wanted["consent_id"])
    row = connection.execute(query).one_or_none()
    if row is not None:
        if row.withdrawn_at_utc:
            raise NoConsent(f"consent {row.consent_id} was withdrawn on {row.withdrawn_at_utc[:10]}")
        if any(getattr(row, name) != value for name, value in wanted.items()):
            raise NoConsent(f"another consent is kept as {row.consent_id}; consents are never replaced")
        return row
    _refuse_after_withdrawal(connection, wanted)
    connection.execute(insert(gaze_consent).values(**wanted, withdrawn_at_utc=""))
    detail = {name: wanted[name] for name in ("reader_pseudonym", "text_version", "given_utc")}
    audit_chain.append(connection, now_utc(), actor, "consent kept", wanted["consent_id"], detail)
    return connection.execute(query).one()


def refuse_unless_valid_at(terms: Mapping[str, str], utc_us: int) -> None:
    """Refuse a consent that did not hold at a wall-clock time, in microseconds since 1970.

    Raises
    ------
    NoConsent
        If it was given later, had ended, or was withdrawn.
    """
    when = dt.datetime.fromtimestamp(utc_us / 1e6, dt.timezone.utc)
    if terms.get("withdrawn_utc"):
        raise NoConsent(f"the consent to it was withdrawn on {terms['withdrawn_utc'][:10]}")
    if when < _moment("given_utc", terms["given_utc"]):
        raise NoConsent(f"the consent was given on {terms['given_utc'][:10]}, after it was recorded")
    if terms["valid_until_utc"] and when > _moment("valid_until_utc", terms["valid_until_utc"]):
        raise NoConsent(f"the consent ended on {terms['valid_until_utc'][:10]}, before it was recorded")


def _refuse_unless_whole(wanted: Mapping[str, str]) -> None:
    for name in ("consent_id", "text_version", "purpose"):
        if not wanted[name].strip():
            raise NoConsent(f"the consent lacks its {name}; nothing is kept without it")
    for name in ("reader_pseudonym", "operator"):
        text = wanted[name]
        if not (3 <= len(text) <= 40 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()):
            raise NoConsent(f"the {name} of a consent is a pseudonym of 3 to 40 letters, digits, '-' or '_'")
    for name in ("given_utc", "valid_until_utc"):
        if wanted[name] or name == "given_utc":
            _moment(name, wanted[name])


def _refuse_after_withdrawal(connection: Connection, wanted: Mapping[str, str]) -> None:
    """A consent given before the reader withdrew does not come in again by a file that was left somewhere."""
    query = select(gaze_consent.c.withdrawn_at_utc).where(
        gaze_consent.c.reader_pseudonym == wanted["reader_pseudonym"], gaze_consent.c.withdrawn_at_utc != ""
    )
    for withdrawn_at_utc in connection.execute(query).scalars():
        if _moment("withdrawn_at_utc", withdrawn_at_utc) >= _moment("given_utc", wanted["given_utc"]):
            reader = wanted["reader_pseudonym"]
            raise NoConsent(f"{reader} withdrew on {withdrawn_at_utc[:10]}, after giving this consent")


def _moment(name: str, text: str) -> dt.datetime:
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        raise NoConsent(f"the {name} of the consent is not a time: {text!r}") from None
    if when.tzinfo is None:
        raise NoConsent(f"the {name} of the consent needs its offset from UTC: {text!r}")
    return when


def _record(row: Row[Any]) -> ReaderConsent:
    return ReaderConsent(*(str(getattr(row, name)) for name in (*TERMS, "withdrawn_at_utc")))
