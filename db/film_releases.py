"""What a person said of text burned into films: headers cannot prove that there is none."""

from __future__ import annotations

from sqlalchemy import insert, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.learning_tables import film_release
from db.lifecycle import study_row
from db.tables import instance, series


def note(workspace: Workspace, study_uid: str, *, is_free_of_text: bool, reader: str) -> int:
    """Note what a person saw on the films of a study; returns how many films there are.

    Raises
    ------
    UnknownRecord
        If the study is not there.
    """
    now = now_utc()
    with workspace.writing() as connection:
        study_ = study_row(connection, study_uid)
        films = connection.execute(
            select(instance.c.id).join_from(instance, series).where(series.c.study_id == study_.id)
        ).scalars()
        rows = [
            {"instance_id": key, "is_free_of_text": is_free_of_text, "reader": reader, "at_utc": now} for key in films
        ]
        if rows:
            connection.execute(insert(film_release), rows)
        audit_chain.append(connection, now, reader, "films looked at for text", study_uid, {"free": is_free_of_text})
    return len(rows)
