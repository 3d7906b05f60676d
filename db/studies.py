"""Studies: importing files, the worklist, and one study with its images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Row, func, literal, select, tuple_, update

from db import audit_chain, headers, import_rows, objects
from db.archives import files_to_read
from db.database import Workspace, now_utc
from db.files import Progress
from db.lifecycle import study_row
from db.records import (
    AI_STATUSES,
    AiStatus,
    ImportedInstance,
    ImportSummary,
    Instance,
    Patient,
    Series,
    Study,
    WorklistEntry,
)
from db.tables import instance, patient, reading, series, study
from gaze2report.errors import Gaze2ReportError, StorageFailed, UnreadableInput
from gaze2report.types import InstanceHeader


class HeaderReader(Protocol):
    """The part of ``gaze2report.imaging.intake.Intake`` that importing needs."""

    def read_header(self, path: Path, /) -> tuple[InstanceHeader, str]:
        """Give the header and the SHA-256 of the file."""


def import_file(
    workspace: Workspace, intake: HeaderReader, path: Path | str, *, actor: str = "system"
) -> ImportedInstance:
    """Copy one file into the workspace and list it.

    Parameters
    ----------
    actor : str
        Who imports it, for the audit log.

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
        if import_rows.is_known(connection, header, sha256, path):
            return ImportedInstance(header.study_uid, header.instance_uid, False, path)
    with objects.incoming_copy(workspace.objects_dir, path) as copy:
        if copy.sha256 != sha256:
            raise UnreadableInput(path, "the file changed while it was read")
        with workspace.writing() as connection:
            if import_rows.is_known(connection, header, sha256, path):
                return ImportedInstance(header.study_uid, header.instance_uid, False, path)
            import_rows.add_rows(connection, header, copy, path, actor)
            # Last before the commit: no row without its file; should the commit fail, the file is an orphan that the
            # next import of it takes up.
            objects.move_into_place(workspace.objects_dir, copy)
    return ImportedInstance(header.study_uid, header.instance_uid, True, path)


def import_paths(
    workspace: Workspace,
    intake: HeaderReader,
    paths: Iterable[Path | str],
    *,
    actor: str = "system",
    progress: Progress | None = None,
) -> ImportSummary:
    """Import files and what lies in folders and ZIP archives; a file that fails is listed and does not stop the others.

    Parameters
    ----------
    actor : str
        Who imports them, for the audit log.
    progress : callable, optional
        Called with (done, total) before each file and at the end. What it raises ends the import and is passed on;
        what was imported until then stays.

    Raises
    ------
    StorageFailed
        If the workspace itself cannot be written: going on would fail for every file.
    """
    imported: list[ImportedInstance] = []
    duplicates: list[ImportedInstance] = []
    with files_to_read(paths) as (files, failures):
        for done, path in enumerate(files):
            if progress is not None:
                progress(done, len(files))
            try:
                result = import_file(workspace, intake, path, actor=actor)
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
    entries = (  # in the order of the fields of WorklistEntry
        select(
            study.c.study_uid,
            patient.c.name,
            patient.c.patient_id,
            patient.c.sex,
            study.c.age_years,
            study.c.study_date,
            study.c.study_time,
            study.c.modalities,
            study.c.views,
            study.c.accession_number,
            study.c.description,
            study.c.status,
            study.c.ai_status,
            study.c.instance_count,
            study.c.imported_at_utc,
            study.c.assigned_to,
            study.c.ai_priority,
            study.c.ai_priority_reason,
            study.c.patient_id.label("person"),
        )
        .join_from(study, patient)
        .order_by(study.c.study_date.desc(), study.c.study_time.desc(), study.c.id.desc())
    )
    locks = (
        select(study.c.study_uid, reading.c.reader).join_from(study, reading).where(reading.c.closed_at_utc.is_(None))
    )
    with workspace.reading() as connection:
        rows: Sequence[Sequence[Any]] = connection.execute(entries).all()
        reader_of = {row.study_uid: row.reader for row in connection.execute(locks)}
    views_of = {views: tuple(views.split("/")) if views else () for views in {row[8] for row in rows}}
    priors = _prior_counts(rows)
    return [
        WorklistEntry._make(
            (*row[:8], views_of[row[8]], *row[9:14], reader_of.get(row[0], ""), row[14], prior_count, *row[15:18])
        )
        for row, prior_count in zip(rows, priors, strict=True)
    ]


def _prior_counts(rows: Sequence[Sequence[Any]]) -> list[int]:
    """For each row, newest first: how many dated studies of the same patient are strictly earlier."""
    seen: dict[int, tuple[tuple[str, str], int, int]] = {}  # person: newest moment so far, before it, in all
    counts = []
    for row in reversed(rows):
        moment, person = (row[5], row[6]), row[-1]
        if not row[5]:
            counts.append(0)
            continue
        newest, before, total = seen.get(person, (moment, 0, 0))
        if moment != newest:
            newest, before = moment, total
        seen[person] = (newest, before, total + 1)
        counts.append(before)
    return counts[::-1]


def get(workspace: Workspace, study_uid: str) -> Study:
    """Give one study with its images.

    Raises
    ------
    UnknownRecord
        If it is not in the workspace.
    """
    with workspace.reading() as connection:
        return _study_of(workspace, connection, study_row(connection, study_uid))


def prior_studies(workspace: Workspace, study_uid: str) -> tuple[Study, ...]:
    """Give the earlier studies of the same patient with their images, the most recent first.

    Earlier means by study date and, on the same day, study time. A study without a date has no priors and is nobody's
    prior: which of two films came first is never guessed.

    Raises
    ------
    UnknownRecord
        If the study is not in the workspace.
    """
    with workspace.reading() as connection:
        row = study_row(connection, study_uid)
        is_earlier = tuple_(study.c.study_date, study.c.study_time) < tuple_(
            literal(row.study_date), literal(row.study_time)
        )
        found = connection.execute(
            select(study)
            .where(study.c.patient_id == row.patient_id, study.c.study_date != "", is_earlier)
            .order_by(study.c.study_date.desc(), study.c.study_time.desc(), study.c.id.desc())
        ).all()
        return tuple(_study_of(workspace, connection, one) for one in found)


def assign(workspace: Workspace, study_uid: str, reader: str, *, actor: str) -> None:
    """Say for which reader a study is meant; an empty name means for anybody. Others may read it all the same.

    Raises
    ------
    UnknownRecord
        If the study is not in the workspace.
    """
    with workspace.writing() as connection:
        row = study_row(connection, study_uid)
        connection.execute(update(study).where(study.c.id == row.id).values(assigned_to=reader))
        audit_chain.append(connection, now_utc(), actor, "study assigned", study_uid, {"to": reader})


def studies_of_same_id(workspace: Workspace, study_uid: str) -> tuple[Study, ...]:
    """Give the studies under the same PatientID whose name or birth date differ, the most recent first.

    They may be of the same person under an earlier name, or of somebody else: only a reader can tell.

    Raises
    ------
    UnknownRecord
        If the study is not in the workspace.
    """
    with workspace.reading() as connection:
        row = study_row(connection, study_uid)
        patient_id = connection.execute(select(patient.c.patient_id).where(patient.c.id == row.patient_id)).scalar_one()
        if not patient_id.strip():
            return ()
        found = connection.execute(
            select(study)
            .join_from(study, patient)
            .where(func.trim(patient.c.patient_id) == patient_id.strip(), patient.c.id != row.patient_id)
            .order_by(study.c.study_date.desc(), study.c.study_time.desc(), study.c.id.desc())
        ).all()
        return tuple(_study_of(workspace, connection, one) for one in found)


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


def _study_of(workspace: Workspace, connection: Connection, row: Row[Any]) -> Study:
    images = (
        select(series.c.series_uid, series.c.modality, series.c.description, instance)
        .join_from(series, instance)
        .order_by(series.c.id, instance.c.id)
    )
    person = connection.execute(select(patient).where(patient.c.id == row.patient_id)).one()
    image_rows = connection.execute(images.where(series.c.study_id == row.id)).all()
    return Study(
        study_uid=row.study_uid,
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
