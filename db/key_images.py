"""Key images: the films a reader marked as the ones that show what the report says."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from db import audit_chain
from db.database import Workspace, now_utc
from db.errors import UnknownRecord
from db.lifecycle import study_row
from db.tables import instance, key_image, series, study


def of_patient(workspace: Workspace, study_uid: str) -> frozenset[str]:
    """SOP Instance UIDs of the key images of a study and of the patient's other studies.

    Raises
    ------
    UnknownRecord
        If the study is not in the workspace.
    """
    with workspace.reading() as connection:
        patient_id = study_row(connection, study_uid).patient_id
        found = connection.execute(
            select(instance.c.instance_uid)
            .select_from(key_image)
            .join(instance, instance.c.id == key_image.c.instance_id)
            .join(series, series.c.id == instance.c.series_id)
            .join(study, study.c.id == series.c.study_id)
            .where(study.c.patient_id == patient_id)
        )
        return frozenset(found.scalars())


def set_key_image(workspace: Workspace, instance_uid: str, is_key: bool, reader: str) -> None:
    """Mark a film as a key image or take the mark away, with an audit event; no change leaves no event.

    Raises
    ------
    UnknownRecord
        If the film is not in the workspace.
    StorageFailed
        If the disk refuses.
    """
    now = now_utc()
    with workspace.writing() as connection:
        film = connection.execute(
            select(instance.c.id, study.c.study_uid)
            .join(series, series.c.id == instance.c.series_id)
            .join(study, study.c.id == series.c.study_id)
            .where(instance.c.instance_uid == instance_uid)
        ).one_or_none()
        if film is None:
            raise UnknownRecord("film", instance_uid)
        of_film = key_image.c.instance_id == film.id
        if (connection.execute(select(key_image.c.id).where(of_film)).first() is not None) == is_key:
            return
        if is_key:
            connection.execute(insert(key_image).values(instance_id=film.id, reader=reader, marked_at_utc=now))
        else:
            connection.execute(delete(key_image).where(of_film))
        action = "key image marked" if is_key else "key image unmarked"
        audit_chain.append(connection, now, reader, action, film.study_uid, {"instance_uid": instance_uid})
