"""What readers made of drafts, sentence by sentence: written with the signature, never changed.

The texts are those of the draft and of the signed version, which never change either; kept here is what became of which
stretch. Who wrote which character of the signed text is in the spans of the version.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, insert, select

from db.audit_chain import canonical_json
from db.database import Workspace
from db.learning_records import StoredEdit
from db.learning_tables import report_edit
from db.records import WorkingText
from db.tables import draft, report, report_version, study
from gaze2report.learning.edit_alignment import align_sentences

DRAFTED_SECTIONS = ("findings", "impression")


def record(connection: Connection, version_id: int, draft_id: int, text: WorkingText) -> None:
    """Keep what became of a draft, in the transaction of the signature."""
    drafted = _drafted_texts(connection, draft_id)
    rows: list[dict[str, Any]] = []
    for section in DRAFTED_SECTIONS:
        for edit in align_sentences(drafted.get(section, ""), str(getattr(text, section))):
            rows.append(
                {
                    "report_version_id": version_id,
                    "draft_id": draft_id,
                    "position": len(rows),
                    "section": section,
                    "kind": edit.kind,
                    "draft_start": edit.draft_span[0],
                    "draft_end": edit.draft_span[1],
                    "report_start": edit.report_span[0],
                    "report_end": edit.report_span[1],
                    "similarity": edit.similarity,
                    "observations_json": canonical_json(list(edit.observations)),
                }
            )
    if rows:
        connection.execute(insert(report_edit), rows)


def all_edits(workspace: Workspace, *, reader: str = "", adapter_sha256: str = "") -> list[StoredEdit]:
    """List what became of drafts, the oldest signature first.

    Parameters
    ----------
    reader : str
        Only reports signed by this reader; empty for all.
    adapter_sha256 : str
        Only drafts of this adapter version; empty for all.
    """
    query = (
        select(
            report_edit, study.c.study_uid, report_version.c.signer, report_version.c.created_at_utc,
            report_version.c.findings, report_version.c.impression, draft.c.adapter_sha256, draft.c.content_json,
        )
        .join_from(report_edit, report_version).join(report).join(study)
        .join(draft, draft.c.id == report_edit.c.draft_id)
        .order_by(report_edit.c.report_version_id, report_edit.c.position)
    )  # fmt: skip
    if reader:
        query = query.where(report_version.c.signer == reader)
    if adapter_sha256:
        query = query.where(draft.c.adapter_sha256 == adapter_sha256)
    with workspace.reading() as connection:
        rows = connection.execute(query).all()
    return [_edit(row) for row in rows]


def _drafted_texts(connection: Connection, draft_id: int) -> dict[str, str]:
    content = connection.execute(select(draft.c.content_json).where(draft.c.id == draft_id)).scalar_one()
    drafted = json.loads(content).get("report") or {}
    return {section: str(drafted.get(section, "")) for section in DRAFTED_SECTIONS}


def _edit(row: Any) -> StoredEdit:
    drafted = (json.loads(row.content_json).get("report") or {}).get(row.section, "")
    return StoredEdit(
        study_uid=row.study_uid,
        reader=row.signer,
        adapter_sha256=row.adapter_sha256,
        section=row.section,
        kind=row.kind,
        draft_text=drafted[row.draft_start : row.draft_end],
        report_text=getattr(row, row.section)[row.report_start : row.report_end],
        similarity=row.similarity,
        observations=tuple(json.loads(row.observations_json)),
        signed_at_utc=row.created_at_utc,
    )
