"""Drafts: what the model wrote, with all that made it. Never changed, never removed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from db import audit_chain, readings
from db.audit_chain import canonical_json
from db.database import Workspace, now_utc
from db.errors import DraftRefused, WorkspaceDamaged
from db.lifecycle import study_row
from db.records import DraftRecord
from db.tables import draft as draft_table
from db.tables import instance, series, study
from gaze2report.ai_priority import priority_of
from gaze2report.draft_json import draft_from_json, draft_to_json
from gaze2report.types import Draft


def add(workspace: Workspace, reading_id: int | None, study_uid: str, draft: Draft) -> DraftRecord:
    """Keep a draft; the study's ``ai_status`` becomes ready.

    Of a draft made from recorded gaze the fixations are not kept here: drafts are never removed, and whoever looked may
    withdraw. They lie with the recording.

    Parameters
    ----------
    reading_id : int or None
        The reading it was made for; None for a draft made in the background.

    Raises
    ------
    DraftRefused
        If the draft is of another study, of an image the workspace does not hold, or not of this reading's study.
    UnknownRecord
        If there is no such study or reading.
    """
    now = now_utc()
    if draft.gaze == "recorded":
        draft = dataclasses.replace(draft, scanpath=())
    content = canonical_json(draft_to_json(draft))
    with workspace.writing() as connection:
        study_ = study_row(connection, study_uid)
        _refuse_foreign(connection, study_, reading_id, draft)
        key = connection.execute(
            insert(draft_table).values(
                study_id=study_.id,
                reading_id=reading_id,
                created_at_utc=draft.created_at_utc or now,
                content_json=content,
                content_sha256=hashlib.sha256(content.encode()).hexdigest(),
                **_provenance_columns(draft),
            )
        ).inserted_primary_key
        assert key is not None
        connection.execute(
            update(study)
            .where(study.c.id == study_.id)
            .values(ai_status="ready", ai_detail="", **priority_columns(draft.observations))
        )
        detail = {"draft": key[0], "adapter_sha256": draft.provenance.adapter_sha256, "seed": draft.provenance.seed}
        audit_chain.append(connection, now, "model", "draft kept", study_uid, detail)
        row = connection.execute(select(draft_table).where(draft_table.c.id == key[0])).one()
    return _record(row, study_uid)


def of_study(workspace: Workspace, study_uid: str) -> list[DraftRecord]:
    """List the drafts of a study, the oldest first.

    Raises
    ------
    UnknownRecord, WorkspaceDamaged
        If there is no such study; if a draft cannot be read.
    """
    with workspace.reading() as connection:
        study_ = study_row(connection, study_uid)
        rows = connection.execute(
            select(draft_table).where(draft_table.c.study_id == study_.id).order_by(draft_table.c.id)
        ).all()
    try:
        return [_record(row, study_uid) for row in rows]
    except ValueError as error:
        raise WorkspaceDamaged(workspace.database_path, f"a draft of study {study_uid} is {error}") from error


def priority_columns(observations: Mapping[str, float | None]) -> dict[str, Any]:
    """Give the columns of a study that say how urgent its newest draft finds it."""
    ranked = priority_of(observations)
    if ranked is None:
        return {"ai_priority": None, "ai_priority_reason": ""}
    reason = f"{ranked.finding} {ranked.probability:.2f}" if ranked.finding else ""
    return {"ai_priority": ranked.rank, "ai_priority_reason": reason}


def _refuse_foreign(connection: Connection, study_: Row[Any], reading_id: int | None, draft: Draft) -> None:
    if draft.study_uid != study_.study_uid:
        raise DraftRefused(f"the draft is of study {draft.study_uid}, not of {study_.study_uid}; it was not kept")
    held = connection.execute(
        select(instance.c.id)
        .join_from(instance, series)
        .where(series.c.study_id == study_.id, instance.c.instance_uid == draft.instance_uid)
    ).scalar_one_or_none()
    if held is None:
        raise DraftRefused(f"the draft is of image {draft.instance_uid}, which this study does not have")
    if reading_id is not None and readings.reading_row(connection, reading_id).study_id != study_.id:
        raise DraftRefused("the draft was asked for in the reading of another study; it was not kept")


def _provenance_columns(draft: Draft) -> dict[str, Any]:
    made_by = draft.provenance
    return {
        "instance_uid": draft.instance_uid,
        "pixel_sha256": made_by.pixel_sha256,
        "base_model": made_by.base_model,
        "base_model_sha256": made_by.base_model_sha256,
        "adapter": made_by.adapter,
        "adapter_sha256": made_by.adapter_sha256,
        "preprocessing_sha256": made_by.preprocessing_sha256,
        "code_version": made_by.code_version,
        "gaze": draft.gaze,
        "seed": made_by.seed,
        "latency_s": draft.timing_s.get("total"),
    }


def _record(row: Row[Any], study_uid: str) -> DraftRecord:
    return DraftRecord(
        id=row.id,
        study_uid=study_uid,
        reading_id=row.reading_id,
        created_at_utc=row.created_at_utc,
        latency_s=row.latency_s,
        draft=draft_from_json(json.loads(row.content_json)),
        content_sha256=row.content_sha256,
    )
