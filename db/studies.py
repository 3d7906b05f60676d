"""Studies: importing files, the worklist, and one study with its images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Row, func, insert, select, update

from db import audit_chain, headers, objects
from db.database import Workspace, now_utc
from db.errors import IllegalTransition, ImportRefused, UnknownRecord
from db.files import Progress, files_under
from db.records import (
    AI_STATUSES,
    AiStatus,
    ImportedInstance,
    ImportSummary,
    Instance,
    Patient,
    Series,
    Study,
    StudyStatus,
    WorklistEntry,
)
from db.tables import instance, patient, reading, series, study
from gaze2report.errors import Gaze2ReportError, StorageFailed, UnreadableInput
from gaze2report.types import InstanceHeader

LEGAL_TRANSITIONS: dict[str, frozenset[str]] = {
    "unread": frozenset({"in-progress"}),
    "in-progress": frozenset({"unread", "draft", "preliminary", "final"}),  # unread: closed with nothing written
    "draft": frozenset({"preliminary", "final"}),
    "preliminary": frozenset({"final"}),
    "final": frozenset({"addended"}),
    "addended": frozenset(),
}


class HeaderReader(Protocol):
    """The part of ``gaze2report.imaging.intake.Intake`` that importing needs."""

    def read_header(self, path: Path, /) -> tuple[InstanceHeader, str]:
        """Give the header and the SHA-256 of the file."""


def import_file(workspace: Workspace, intake: HeaderReader, path: Path | str) -> ImportedInstance:
    """Copy one file into the workspace and list it.

    Raises
    ------
    UnreadableInput
        If the file is no radiograph or cannot be read.
    ImportRefused
        If it contradicts what is there: other content under the same UID, or another patient in the same study.
    StorageFailed
        If the disk refuses. In each case the workspace is as it was.
    """
    path = Path(path)
    header, sha256 = intake.read_header(path)
    if not (header.study_uid and header.series_uid and header.instance_uid):
        raise UnreadableInput(path, "it has no Study, Series or SOP Instance UID")
    with workspace.reading() as connection:
        if _is_known(connection, header, sha256, path):
            return ImportedInstance(header.study_uid, header.instance_uid, False, path)
    with objects.incoming_copy(workspace.objects_dir, path) as copy:
        if copy.sha256 != sha256:
            raise UnreadableInput(path, "the file changed while it was read")
        with workspace.writing() as connection:
            if _is_known(connection, header, sha256, path):
                return ImportedInstance(header.study_uid, header.instance_uid, False, path)
            _add_rows(connection, header, copy, path)
            # Last before the commit: no row without its file; should the commit fail, the file is an orphan that the
            # next import of it takes up.
            objects.move_into_place(workspace.objects_dir, copy)
    return ImportedInstance(header.study_uid, header.instance_uid, True, path)


def import_paths(
    workspace: Workspace, intake: HeaderReader, paths: Iterable[Path | str], *, progress: Progress | None = None
) -> ImportSummary:
    """Import files and what lies in folders; a file that fails is listed and does not stop the others.

    Parameters
    ----------
    progress : callable, optional
        Called with (done, total) before each file and at the end. What it raises ends the import and is passed on;
        what was imported until then stays.

    Raises
    ------
    StorageFailed
        If the workspace itself cannot be written: going on would fail for every file.
    """
    files, failures = files_under(paths)
    imported: list[ImportedInstance] = []
    duplicates: list[ImportedInstance] = []
    for done, path in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        try:
            result = import_file(workspace, intake, path)
        except StorageFailed:
            raise
        except Gaze2ReportError as error:
            failures.append((path, str(error)))
        else:
            (imported if result.is_new else duplicates).append(result)
    if progress is not None:
        progress(len(files), len(files))
    return ImportSummary(tuple(imported), tuple(duplicates), tuple(failures))


def worklist(workspace: Workspace) -> list[WorklistEntry]:
    """List all studies, the newest first."""
    studies = (
        select(
            study.c.id,
            study.c.study_uid,
            patient.c.name,
            patient.c.patient_id,
            patient.c.sex,
            study.c.age_years,
            study.c.study_date,
            study.c.study_time,
            study.c.accession_number,
            study.c.description,
            study.c.status,
            study.c.ai_status,
            reading.c.reader,
        )
        .join_from(study, patient)
        .outerjoin(reading, (reading.c.study_id == study.c.id) & reading.c.closed_at_utc.is_(None))
        .order_by(study.c.study_date.desc(), study.c.study_time.desc(), study.c.id.desc())
    )
    images = (
        select(series.c.study_id, series.c.modality, instance.c.view_position, func.count())
        .join_from(series, instance)
        .group_by(series.c.study_id, series.c.modality, instance.c.view_position)
    )
    with workspace.reading() as connection:
        study_rows = connection.execute(studies).all()
        image_rows = connection.execute(images).all()
    counts: dict[int, int] = defaultdict(int)
    modalities: dict[int, set[str]] = defaultdict(set)
    views: dict[int, set[str]] = defaultdict(set)
    for study_id, modality, view, count in image_rows:
        counts[study_id] += count
        modalities[study_id].add(modality)
        views[study_id].add(view)
    return [
        WorklistEntry(
            study_uid=uid,
            patient_name=name,
            patient_id=patient_id,
            sex=sex,
            age_years=age,
            study_date=date,
            study_time=time,
            modality="/".join(sorted(modalities[id_] - {""})),
            views=tuple(sorted(views[id_] - {""})),
            accession_number=accession,
            description=description,
            status=status,
            ai_status=ai_status,
            instance_count=counts[id_],
            locked_by=reader or "",
        )
        for (
            id_, uid, name, patient_id, sex, age, date, time, accession, description, status, ai_status, reader
        ) in study_rows
    ]  # fmt: skip


def get(workspace: Workspace, study_uid: str) -> Study:
    """Give one study with its images.

    Raises
    ------
    UnknownRecord
        If it is not in the workspace.
    """
    images = (
        select(series.c.series_uid, series.c.modality, series.c.description, instance)
        .join_from(series, instance)
        .order_by(series.c.id, instance.c.id)
    )
    with workspace.reading() as connection:
        row = study_row(connection, study_uid)
        person = connection.execute(select(patient).where(patient.c.id == row.patient_id)).one()
        image_rows = connection.execute(images.where(series.c.study_id == row.id)).all()
    return Study(
        study_uid=study_uid,
        patient=Patient(person.patient_id, person.name, person.birth_date, person.sex),
        age_years=row.age_years,
        study_date=row.study_date,
        study_time=row.study_time,
        accession_number=row.accession_number,
        description=row.description,
        indication=row.indication,
        status=row.status,
        ai_status=row.ai_status,
        ai_detail=row.ai_detail,
        series=_group_series(workspace, image_rows),
    )


def set_ai_status(workspace: Workspace, study_uid: str, ai_status: AiStatus, detail: str = "") -> None:
    """Keep how far the model is with a study; ``detail`` is the reason where it refused or failed.

    Raises
    ------
    UnknownRecord
        If the study is not in the workspace.
    """
    if ai_status not in AI_STATUSES:
        raise ValueError(f"{ai_status!r} is not one of {AI_STATUSES}")
    with workspace.writing() as connection:
        row = study_row(connection, study_uid)
        connection.execute(update(study).where(study.c.id == row.id).values(ai_status=ai_status, ai_detail=detail))


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


def _is_known(connection: Connection, header: InstanceHeader, sha256: str, path: Path) -> bool:
    known = connection.execute(
        select(instance.c.sha256).where(instance.c.instance_uid == header.instance_uid)
    ).scalar_one_or_none()
    if known is not None and known != sha256:
        raise ImportRefused(path, "the workspace holds another file with the same SOP Instance UID; it is kept")
    return known is not None


def _add_rows(connection: Connection, header: InstanceHeader, copy: objects.IncomingCopy, path: Path) -> None:
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
    detail = {"instance_uid": header.instance_uid, "sha256": copy.sha256}
    audit_chain.append(connection, now, "system", "instance imported", header.study_uid, detail)


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


def _insert(connection: Connection, table: Any, **values: Any) -> int:
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _group_series(workspace: Workspace, rows: Iterable[Row[Any]]) -> tuple[Series, ...]:
    grouped: dict[str, tuple[Row[Any], list[Instance]]] = {}
    for row in rows:
        found = Instance(
            instance_uid=row.instance_uid,
            series_uid=row.series_uid,
            object_path=workspace.objects_dir / row.object_name,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            header=headers.header_from_json(row.header_json),
            imported_at_utc=row.imported_at_utc,
        )
        grouped.setdefault(row.series_uid, (row, []))[1].append(found)
    return tuple(
        Series(row.series_uid, row.modality, row.description, tuple(instances)) for row, instances in grouped.values()
    )
