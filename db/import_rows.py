"""The rows of one imported file: patient, study, series and instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from db import audit_chain, headers
from db.database import now_utc
from db.errors import ImportRefused
from db.objects import IncomingCopy
from db.tables import instance, patient, series, study
from gaze2report.types import InstanceHeader


def is_known(connection: Connection, header: InstanceHeader, sha256: str, path: Path) -> bool:
    """Say whether the workspace holds this file; raises ImportRefused if it holds another one of the same UID."""
    known = connection.execute(
        select(instance.c.sha256).where(instance.c.instance_uid == header.instance_uid)
    ).scalar_one_or_none()
    if known is not None and known != sha256:
        raise ImportRefused(path, "the workspace holds another file with the same SOP Instance UID; it is kept")
    return known is not None


def add_rows(connection: Connection, header: InstanceHeader, copy: IncomingCopy, path: Path, actor: str) -> None:
    """Add what is new of a file; raises ImportRefused if it contradicts what is there."""
    now = now_utc()
    study_id = _find_or_add_study(connection, header, path, now)
    known_series = connection.execute(select(series).where(series.c.series_uid == header.series_uid)).one_or_none()
    if known_series is None:
        series_id = _insert(
            connection,
            series,
            study_id=study_id,
            series_uid=header.series_uid,
            modality=header.modality,
            description=header.series_description,
        )
    elif known_series.study_id != study_id:
        raise ImportRefused(path, "its Series Instance UID belongs to another study of the workspace")
    else:
        series_id = known_series.id
    _insert(
        connection,
        instance,
        series_id=series_id,
        instance_uid=header.instance_uid,
        sha256=copy.sha256,
        object_name=copy.object_name,
        size_bytes=copy.size_bytes,
        view_position=header.view_position,
        header_json=headers.header_to_json(header),
        imported_at_utc=now,
    )
    _describe_study(connection, study_id)
    detail = {"instance_uid": header.instance_uid, "sha256": copy.sha256}
    audit_chain.append(connection, now, actor, "instance imported", header.study_uid, detail)


def _find_or_add_study(connection: Connection, header: InstanceHeader, path: Path, now: str) -> int:
    known = connection.execute(
        select(study.c.id, patient.c.patient_id, patient.c.name, patient.c.birth_date)
        .join_from(study, patient)
        .where(study.c.study_uid == header.study_uid)
    ).one_or_none()
    if known is not None:
        conflict = headers.patient_conflict(header, known.patient_id, known.name, known.birth_date)
        if conflict:
            raise ImportRefused(path, f"its study belongs to another patient here ({conflict} differ)")
        return int(known.id)
    return _insert(
        connection,
        study,
        study_uid=header.study_uid,
        patient_id=_find_or_add_patient(connection, header),
        age_years=headers.age_years(header),
        study_date=header.study_date,
        study_time=header.study_time,
        accession_number=header.accession_number,
        description=header.study_description,
        indication=header.indication,
        status="unread",
        ai_status="",
        ai_detail="",
        modalities="",
        views="",
        instance_count=0,
        imported_at_utc=now,
    )


def _find_or_add_patient(connection: Connection, header: InstanceHeader) -> int:
    identity = headers.patient_identity(header)
    known = connection.execute(select(patient.c.id).where(patient.c.identity == identity)).scalar_one_or_none()
    if known is not None:
        return int(known)
    return _insert(
        connection,
        patient,
        identity=identity,
        patient_id=header.patient_id,
        name=header.patient_name,
        birth_date=header.patient_birth_date,
        sex=header.patient_sex,
    )


def study_description(connection: Connection, study_id: int) -> dict[str, Any]:
    """Give the columns of a study that say what images it has."""
    images = connection.execute(
        select(series.c.modality, instance.c.view_position)
        .join_from(series, instance)
        .where(series.c.study_id == study_id)
    ).all()
    return {
        "modalities": "/".join(sorted({image.modality for image in images} - {""})),
        "views": "/".join(sorted({image.view_position for image in images} - {""})),
        "instance_count": len(images),
    }


def _describe_study(connection: Connection, study_id: int) -> None:
    described = study_description(connection, study_id)
    connection.execute(update(study).where(study.c.id == study_id).values(**described))


def _insert(connection: Connection, table: Any, **values: Any) -> int:
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])
