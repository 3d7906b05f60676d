"""What readers draw on films: kept as a whole set per film, in one small transaction each time.

The end of the process at any moment leaves the set before or the set after, never a mixture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from db import audit_chain, readings
from db.audit_chain import canonical_json
from db.database import Workspace, now_utc
from db.errors import MeasurementsRefused, WorkspaceDamaged
from db.lifecycle import study_row
from db.tables import calibration_line, instance, measurement, reading, series, study
from gaze2report.imaging.calibration import LineCalibration
from gaze2report.imaging.measurements import FilmMarks, measurement_from_json, measurement_to_json


def save(workspace: Workspace, reading_id: int, instance_uid: str, marks: FilmMarks) -> None:
    """Keep what is drawn on a film in place of what was kept before; on return it outlives the end of the process.

    Parameters
    ----------
    reading_id : int
        The open reading in which it was drawn. The film may be of an earlier study of the same patient.

    Raises
    ------
    MeasurementsRefused
        If the film is not of the patient of this reading; nothing is kept.
    ReadingClosed, UnknownRecord, StorageFailed
        If the reading was closed, signed or taken over; if there is none; if the disk refuses.
    """
    now = now_utc()
    with workspace.writing() as connection:
        reading_ = readings.open_reading_row(connection, reading_id)
        film = _film_of_patient(connection, reading_, instance_uid)
        _replace_measurements(connection, film.id, reading_.reader, marks, now)
        _replace_line(connection, film, reading_.reader, marks.line, now)
        connection.execute(update(reading).where(reading.c.id == reading_id).values(saved_at_utc=now))


def of_patient(workspace: Workspace, study_uid: str) -> dict[str, FilmMarks]:
    """Give what is drawn on the films of a study and of the patient's other studies, by SOP Instance UID.

    Films with nothing on them are left out.

    Raises
    ------
    UnknownRecord, WorkspaceDamaged
        If there is no such study; if a drawing cannot be read.
    """
    with workspace.reading() as connection:
        patient_id = study_row(connection, study_uid).patient_id
        drawn = _of_films_of(connection, patient_id, measurement).order_by(measurement.c.position, measurement.c.id)
        rows = connection.execute(drawn).all()
        lines = connection.execute(_of_films_of(connection, patient_id, calibration_line)).all()
    marks: dict[str, FilmMarks] = {}
    try:
        for row in rows:
            before = marks.get(row.instance_uid, FilmMarks())
            one = measurement_from_json(json.loads(row.content_json))
            marks[row.instance_uid] = FilmMarks((*before.measurements, one))
        for row in lines:
            marks[row.instance_uid] = FilmMarks(marks.get(row.instance_uid, FilmMarks()).measurements, _line(row))
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceDamaged(workspace.database_path, f"a measurement cannot be read: {error}") from error
    return marks


def problems(connection: Connection) -> Iterator[str]:
    """Give a sentence for each drawing that cannot be read."""
    rows = connection.execute(
        select(measurement.c.id, measurement.c.key, measurement.c.kind, measurement.c.content_json).order_by(
            measurement.c.id
        )
    )
    for row in rows:
        try:
            one = measurement_from_json(json.loads(row.content_json))
        except (ValueError, KeyError, TypeError) as error:
            yield f"measurement {row.id} cannot be read: {error}"
        else:
            if (one.key, one.kind) != (row.key, row.kind):
                yield f"measurement {row.id} holds another one than its columns say"


def _of_films_of(connection: Connection, patient_id: int, table: Any) -> Any:
    return (
        select(instance.c.instance_uid, table)
        .select_from(table)
        .join(instance, instance.c.id == table.c.instance_id)
        .join(series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == series.c.study_id)
        .where(study.c.patient_id == patient_id)
    )


def _film_of_patient(connection: Connection, reading_: Row[Any], instance_uid: str) -> Any:
    own_patient = select(study.c.patient_id).where(study.c.id == reading_.study_id).scalar_subquery()
    film = connection.execute(
        select(instance.c.id, study.c.study_uid, instance.c.instance_uid)
        .select_from(instance)
        .join(series, series.c.id == instance.c.series_id)
        .join(study, study.c.id == series.c.study_id)
        .where(instance.c.instance_uid == instance_uid, study.c.patient_id == own_patient)
    ).one_or_none()
    if film is None:
        raise MeasurementsRefused("these measurements are on a film of another patient; they were not kept")
    return film


def _replace_measurements(connection: Connection, film_id: int, reader: str, marks: FilmMarks, now: str) -> None:
    """Write only rows that differ, so that each keeps who changed it last and when."""
    of_film = measurement.c.instance_id == film_id
    kept = {row.key: row for row in connection.execute(select(measurement).where(of_film))}
    gone = kept.keys() - {one.key for one in marks.measurements}
    if gone:
        connection.execute(delete(measurement).where(of_film, measurement.c.key.in_(gone)))
    for position, one in enumerate(marks.measurements):
        content = canonical_json(measurement_to_json(one))
        row = kept.get(one.key)
        if row is None:
            named = {"instance_id": film_id, "key": one.key, "kind": one.kind}
            changed = {"content_json": content, "reader": reader, "changed_at_utc": now, "position": position}
            connection.execute(insert(measurement).values(**named, **changed))
        elif row.content_json != content:
            changed = {"content_json": content, "reader": reader, "changed_at_utc": now, "position": position}
            connection.execute(update(measurement).where(measurement.c.id == row.id).values(**changed))
        elif row.position != position:
            connection.execute(update(measurement).where(measurement.c.id == row.id).values(position=position))


def _replace_line(connection: Connection, film: Any, reader: str, line: LineCalibration | None, now: str) -> None:
    """Keep a film's calibration; the audit log names who changed the scale of a film."""
    of_film = calibration_line.c.instance_id == film.id
    row = connection.execute(select(calibration_line).where(of_film)).one_or_none()
    if (None if row is None else _line(row)) == line:
        return
    connection.execute(delete(calibration_line).where(of_film))
    detail: dict[str, Any] = {"instance_uid": film.instance_uid}
    if line is None:
        audit_chain.append(connection, now, reader, "film calibration removed", film.study_uid, detail)
        return
    ends = {"x0_px": line.x0_px, "y0_px": line.y0_px, "x1_px": line.x1_px, "y1_px": line.y1_px}
    connection.execute(
        insert(calibration_line).values(
            instance_id=film.id, length_mm=line.length_mm, reader=line.by, drawn_at_utc=line.at_utc, **ends
        )
    )
    audit_chain.append(
        connection, now, reader, "film calibrated", film.study_uid, {**detail, "length_mm": line.length_mm}
    )


def _line(row: Row[Any]) -> LineCalibration:
    return LineCalibration(row.x0_px, row.y0_px, row.x1_px, row.y1_px, row.length_mm, row.reader, row.drawn_at_utc)
