"""Which readers agree that reports they signed, and their gaze, teach the model. Without a word from them: none."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import WorkspaceError
from db.learning_records import LearningConsent
from db.learning_tables import learning_consent

TEXT_VERSION = "1"
TEXT = (
    "Reports that I sign, what I changed of drafts and, where I also agreed to its recording, my gaze may be used, "
    "without names and dates, to train further versions of the model of this workspace. I can take this back at any "
    "time: from then on no further training set holds anything of mine."
)


def give(workspace: Workspace, reader: str, *, actor: str) -> LearningConsent:
    """Note that a reader agrees."""
    return _note(workspace, reader, is_given=True, actor=actor)


def withdraw(workspace: Workspace, reader: str, *, actor: str) -> LearningConsent:
    """Note that a reader no longer agrees; the next training sets leave everything of theirs out, and say so."""
    return _note(workspace, reader, is_given=False, actor=actor)


def of_all(workspace: Workspace) -> list[LearningConsent]:
    """What each reader said last, by name."""
    with workspace.reading() as connection:
        return newest(connection)


def newest(connection: Connection) -> list[LearningConsent]:
    """What each reader said last, inside a transaction."""
    table = learning_consent
    last = select(func.max(table.c.id)).group_by(table.c.reader)
    rows = connection.execute(select(table).where(table.c.id.in_(last)).order_by(table.c.reader)).all()
    return [LearningConsent(row.reader, bool(row.is_given), row.text_version, row.at_utc) for row in rows]


def _note(workspace: Workspace, reader: str, *, is_given: bool, actor: str) -> LearningConsent:
    if not reader.strip():
        raise WorkspaceError("a consent needs the name of a reader")
    now = now_utc()
    with workspace.writing() as connection:
        connection.execute(
            insert(learning_consent).values(reader=reader, is_given=is_given, text_version=TEXT_VERSION, at_utc=now)
        )
        action = "learning consent given" if is_given else "learning consent withdrawn"
        audit_chain.append(connection, now, actor, action, reader, {"text_version": TEXT_VERSION})
    return LearningConsent(reader, is_given, TEXT_VERSION, now)
