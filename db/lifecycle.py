"""The life of a study: which status follows which. The triggers of the database hold the same rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from db.errors import IllegalTransition, UnknownRecord
from db.records import StudyStatus
from db.tables import study

LEGAL_TRANSITIONS: dict[str, frozenset[str]] = {
    "unread": frozenset({"in-progress"}),
    "in-progress": frozenset({"unread", "draft", "preliminary", "final"}),  # unread: closed with nothing written
    "draft": frozenset({"preliminary", "final"}),
    "preliminary": frozenset({"final"}),
    "final": frozenset({"addended", "corrected"}),
    "addended": frozenset({"corrected"}),
    "corrected": frozenset(),  # stays corrected, whatever is added: that the signed text was replaced is the news
}


def study_row(connection: Connection, study_uid: str) -> Row[Any]:
    """Find a study inside a transaction; raises UnknownRecord."""
    row = connection.execute(select(study).where(study.c.study_uid == study_uid)).one_or_none()
    if row is None:
        raise UnknownRecord("study", study_uid)
    return row


def change_status(connection: Connection, row: Row[Any], status: StudyStatus) -> None:
    """Move a study along its life inside a transaction; the same status again is no change.

    Raises
    ------
    IllegalTransition
        If the life of a report has no such step.
    """
    if row.status == status:
        return
    if status not in LEGAL_TRANSITIONS[row.status]:
        raise IllegalTransition(row.study_uid, row.status, status)
    connection.execute(update(study).where(study.c.id == row.id).values(status=status))
