"""The text of an addendum while it is written; :func:`db.reports.add_addendum` signs it."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from db.database import Workspace, now_utc
from db.lifecycle import study_row
from db.tables import addendum_work
from db.texts import refuse_unstorable


def keep(workspace: Workspace, study_uid: str, reader: str, text: str) -> None:
    """Keep what a reader has written of an addendum; an empty text is forgotten.

    Raises
    ------
    ReportRefused, UnknownRecord
        If the text cannot be stored; if the study is not there.
    """
    refuse_unstorable(text)
    with workspace.writing() as connection:
        study_id = study_row(connection, study_uid).id
        mine = (addendum_work.c.study_id == study_id, addendum_work.c.reader == reader)
        if not text:
            connection.execute(delete(addendum_work).where(*mine))
            return
        kept = connection.execute(update(addendum_work).where(*mine).values(text=text, saved_at_utc=now_utc()))
        if not kept.rowcount:
            connection.execute(
                insert(addendum_work).values(study_id=study_id, reader=reader, text=text, saved_at_utc=now_utc())
            )


def kept(workspace: Workspace, study_uid: str, reader: str) -> str:
    """Give what a reader has written of an addendum that is not signed yet; raises UnknownRecord without a study."""
    with workspace.reading() as connection:
        study_id = study_row(connection, study_uid).id
        mine = (addendum_work.c.study_id == study_id, addendum_work.c.reader == reader)
        found = connection.execute(select(addendum_work.c.text).where(*mine)).scalar_one_or_none()
    return str(found or "")
