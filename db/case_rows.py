"""Gaze of cases as rows: fixations on films, what could be seen of a model meanwhile, and the gates' judgement."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from db.audit_chain import canonical_json
from db.database import Workspace
from db.gaze_tables import gaze_case, gaze_fixation, gaze_recording, gaze_view
from db.headers import header_from_json
from db.recording_rows import content_of, recording_row
from db.tables import instance, series, study
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.case_gaze import CaseGaze, cases_of, map_recording
from gaze2report.gaze.export_content import Exportable
from gaze2report.gaze.view_mapping import FixationOnFilm


@dataclass(frozen=True)
class Derived:
    """How much was derived from a recording."""

    n_cases: int
    n_fixations: int


def kept(workspace: Workspace, recording_id: str) -> Derived:
    """Say how much was derived from a recording already."""
    with workspace.reading() as connection:
        key = recording_row(connection, recording_id).id
        of_recording = select(gaze_case.c.id).where(gaze_case.c.recording_key == key)
        n_cases = connection.execute(select(func.count()).select_from(of_recording.subquery())).scalar_one()
        of_cases = select(func.count()).select_from(gaze_fixation).where(gaze_fixation.c.case_key.in_(of_recording))
        return Derived(int(n_cases), int(connection.execute(of_cases).scalar_one()))


def derive(workspace: Workspace, recording_id: str, *, study_uid: str = "") -> Derived:
    """Derive the gaze of each case of a recording and keep it in place of what was derived before.

    A recording from which nothing can be derived keeps the reason; its samples are kept all the same.

    Raises
    ------
    UnknownRecord
        If there is no such recording.
    """
    with workspace.reading() as connection:
        key = recording_row(connection, recording_id).id
    one = exportable(workspace, recording_id, study_uid=study_uid)
    cases, reason = one.cases, one.not_mapped
    if not cases and not reason:
        reason = "no film was shown while it was recorded" if len(one.content.samples) else "it holds no sample"
    with workspace.writing() as connection:
        remove(connection, key)
        n_fixations = sum(_keep_case(connection, key, number, case) for number, case in enumerate(cases))
        connection.execute(update(gaze_recording).where(gaze_recording.c.id == key).values(not_derived=reason))
    return Derived(len(cases), n_fixations)


def exportable(workspace: Workspace, recording_id: str, *, study_uid: str = "") -> Exportable:
    """Read a recording and derive the gaze of its cases, keeping nothing.

    Raises
    ------
    UnknownRecord
        If there is no such recording.
    """
    with workspace.reading() as connection:
        row = recording_row(connection, recording_id)
        content = content_of(connection, row)
        sizes, study_of_film = _films(connection, row.id)
        named = select(gaze_case.c.study_uid).where(gaze_case.c.recording_key == row.id)
        studies = set(connection.execute(named).scalars())
    study_uid = study_uid or (studies.pop() if len(studies) == 1 else "")
    try:
        mapped = map_recording(content, sizes)
        return Exportable(content, cases_of(content, mapped, study_of_film, study_uid=study_uid), mapped)
    except Gaze2ReportError as error:
        return Exportable(content, not_mapped=str(error))


def remove(connection: Connection, recording_key: int) -> dict[str, int]:
    """Delete what was derived from a recording; gives how many rows of each table."""
    keys = select(gaze_case.c.id).where(gaze_case.c.recording_key == recording_key)
    n_fixations = connection.execute(delete(gaze_fixation).where(gaze_fixation.c.case_key.in_(keys))).rowcount
    n_cases = connection.execute(delete(gaze_case).where(gaze_case.c.recording_key == recording_key)).rowcount
    return {"gaze_fixation": n_fixations, "gaze_case": n_cases}


def _films(connection: Connection, recording_key: int) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """Sizes and studies of the films that a recording's views name and the workspace holds."""
    bodies = connection.execute(select(gaze_view.c.body_json).where(gaze_view.c.recording_key == recording_key))
    named = {str(json.loads(body).get("image_uid", "")) for body in bodies.scalars()} - {""}
    rows = connection.execute(
        select(instance.c.instance_uid, instance.c.header_json, study.c.study_uid)
        .join_from(instance, series)
        .join(study)
        .where(instance.c.instance_uid.in_(sorted(named)))
    ).all()
    headers = {row.instance_uid: header_from_json(row.header_json) for row in rows}
    sizes = {uid: (header.columns, header.rows) for uid, header in headers.items() if header.columns and header.rows}
    return sizes, {row.instance_uid: row.study_uid for row in rows}


def _keep_case(connection: Connection, recording_key: int, number: int, case: CaseGaze) -> int:
    study_id = connection.execute(select(study.c.id).where(study.c.study_uid == case.study_uid)).scalar_one_or_none()
    key = connection.execute(
        insert(gaze_case).values(
            recording_key=recording_key,
            number=number,
            study_id=study_id,
            study_uid=case.study_uid,
            start_us=case.start_us,
            end_us=case.end_us,
            level=case.gates.level,
            gates_json=canonical_json([asdict(gate) for gate in case.gates.gates]),
            counts_json=canonical_json({**asdict(case.counts), **asdict(case.missing)}),
            classifier=case.classifier,
            error_dva=case.error_dva,
            valid_share=case.valid_share,
        )
    ).inserted_primary_key
    assert key is not None
    rows = [{"case_key": key[0], "number": n, **_columns(one)} for n, one in enumerate(case.fixations)]
    if rows:
        connection.execute(insert(gaze_fixation), rows)
    return len(rows)


def _columns(one: FixationOnFilm) -> dict[str, Any]:
    same = (
        *("instance_uid", "x_px", "y_px", "onset_ms", "offset_ms", "px_per_dva_x", "px_per_dva_y", "screen_x_px"),
        *("screen_y_px", "valid_share", "is_on_image", "is_part", "is_ai_overlay_visible", "is_draft_visible"),
        *("window_center", "window_width"),
    )
    image_px, screen_px = one.view.shown_rectangles
    return {
        **{name: getattr(one, name) for name in same},
        "shown_image_json": canonical_json(image_px),
        "shown_screen_json": canonical_json(screen_px),
    }
