"""Is the workspace whole? Every promise that it makes about its files and rows, tested one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, exists, func, select

from db import audit, measurements, objects
from db.database import Workspace
from db.drafts import priority_columns
from db.import_rows import study_description
from db.records import SIGNED_STATUSES
from db.sqlite import connection as sqlite
from db.sqlite.triggers import IN_FORCE
from db.tables import audit_event, draft, instance, reading, report, report_version, study
from db.texts import sha256_of_text, text_of, text_sha256

_REPORT_ACTIONS = ("report accepted", "report signed", "addendum signed", "correction signed")


@dataclass(frozen=True)
class CheckResult:
    """What a check found, as sentences. Notes are harmless, problems are not."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check(workspace: Workspace) -> CheckResult:
    """Check the database file, its rules, imported files, drafts, reports, statuses, measurements and the audit log.

    Raises
    ------
    WorkspaceDamaged, StorageFailed
        If the database cannot be read at all.
    """
    with workspace.reading() as connection:
        problems = sqlite.integrity_problems(connection)
        problems += sqlite.trigger_problems(connection, IN_FORCE)
        problems += _object_problems(connection, workspace.objects_dir)
        problems += _description_problems(connection)
        problems += _priority_problems(connection)
        problems += _draft_problems(connection)
        problems += _report_problems(connection)
        problems += _status_problems(connection)
        problems += measurements.problems(connection)
        problems += audit.chain_problems(connection)
        known = set(connection.execute(select(instance.c.object_name)).scalars())
    return CheckResult(tuple(problems), tuple(_orphans(workspace.objects_dir, known)))


def _object_problems(connection: Connection, objects_dir: Path) -> Iterator[str]:
    rows = connection.execute(select(instance.c.instance_uid, instance.c.object_name, instance.c.sha256))
    for uid, name, sha256 in rows:
        path = objects_dir / name
        try:
            if objects.sha256_of(path) != sha256:
                yield f"the file of image {uid} was changed: {path}"
        except FileNotFoundError:
            yield f"the file of image {uid} is missing: {path}"
        except OSError as error:
            yield f"the file of image {uid} cannot be read: {path} ({error.strerror or error})"


def _orphans(objects_dir: Path, known: set[str]) -> Iterator[str]:
    for path in sorted(objects_dir.rglob("*")):
        name = path.relative_to(objects_dir).as_posix()
        if path.is_dir() or name in known:
            continue
        if name.startswith(f"{objects.INCOMING_NAME}/"):
            yield f"left over from an import that was cut off, may be removed: {path}"
        else:
            yield f"no image of the workspace refers to this file: {path}"


def _description_problems(connection: Connection) -> Iterator[str]:
    rows = connection.execute(
        select(study.c.id, study.c.study_uid, study.c.modalities, study.c.views, study.c.instance_count)
    )
    for row in rows.all():
        described = study_description(connection, row.id)
        if any(getattr(row, name) != value for name, value in described.items()):
            yield f"the worklist entry of study {row.study_uid} does not fit its images"


def _priority_problems(connection: Connection) -> Iterator[str]:
    newest = select(func.max(draft.c.id)).group_by(draft.c.study_id)
    of_draft = {
        study_id: content
        for study_id, content in connection.execute(
            select(draft.c.study_id, draft.c.content_json).where(draft.c.id.in_(newest))
        )
    }
    rows = connection.execute(select(study.c.id, study.c.study_uid, study.c.ai_priority, study.c.ai_priority_reason))
    for row in rows.all():
        content = of_draft.get(row.id)
        expected = priority_columns(json.loads(content).get("observations", {}) if content is not None else {})
        if (row.ai_priority, row.ai_priority_reason) != tuple(expected.values()):
            yield f"the AI priority of study {row.study_uid} is not that of its newest draft"


def _draft_problems(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(draft)):
        if hashlib.sha256(row.content_json.encode()).hexdigest() != row.content_sha256:
            yield f"draft {row.id} was changed after it was kept"
            continue
        made_by = json.loads(row.content_json)["provenance"]
        names = ("base_model_sha256", "adapter_sha256", "preprocessing_sha256", "pixel_sha256", "seed")
        if any(made_by[name] != getattr(row, name) for name in names):
            yield f"draft {row.id} says two things about what made it"


def _report_problems(connection: Connection) -> Iterator[str]:
    events = connection.execute(
        select(audit_event.c.subject, audit_event.c.detail_json).where(audit_event.c.action.in_(_REPORT_ACTIONS))
    )
    recorded = {}
    for subject, detail_json in events:
        detail = json.loads(detail_json)
        recorded[(subject, detail["version"])] = (detail["text_sha256"], detail.get("reason_sha256"))
    rows = connection.execute(select(report_version, study.c.study_uid).join_from(report_version, report).join(study))
    for row in rows:
        what = f"version {row.version} of the report on study {row.study_uid}"
        if text_sha256(text_of(row), row.addendum) != row.text_sha256:
            yield f"{what} was changed after it was written"
        reason_sha256 = sha256_of_text(row.reason) if row.reason else None
        if recorded.pop((row.study_uid, row.version), None) != (row.text_sha256, reason_sha256):
            yield f"{what} is not the one that the audit log recorded"
    for study_uid, version in recorded:
        yield f"version {version} of the report on study {study_uid} is in the audit log but not there"


def _status_problems(connection: Connection) -> Iterator[str]:
    """Compare each status with the facts it stands for: two that disagree are a half-done act."""
    kinds = (
        select(report.c.study_id, report_version.c.kind, func.count().label("count"))
        .join_from(report, report_version)
        .group_by(report.c.study_id, report_version.c.kind)
    )
    versions: dict[int, dict[str, int]] = {}
    for study_id, kind, count in connection.execute(kinds):
        versions.setdefault(study_id, {})[kind] = count
    is_open = exists().where(
        reading.c.study_id == study.c.id, reading.c.closed_at_utc.is_(None), reading.c.purpose == "report"
    )
    for id_, uid, status, has_reading in connection.execute(
        select(study.c.id, study.c.study_uid, study.c.status, is_open)
    ):
        kinds_here = versions.get(id_, {})
        if status != _status_by_versions(status, kinds_here):
            yield f"study {uid} is {status}, its report says {_status_by_versions(status, kinds_here)}"
        if kinds_here.get("final", 0) > 1:
            yield f"study {uid} was signed more than once"
        if has_reading and status in {"unread", *SIGNED_STATUSES}:
            yield f"study {uid} is {status}, and yet somebody has it open"
        if not has_reading and status == "in-progress":
            yield f"study {uid} is in-progress, and nobody has it open"


def _status_by_versions(status: str, kinds: dict[str, int]) -> str:
    if kinds.get("correction"):
        return "corrected"
    if kinds.get("addendum"):
        return "addended"
    if kinds.get("final"):
        return "final"
    if kinds.get("preliminary"):
        return "preliminary"
    return "without a report" if status in {"preliminary", *SIGNED_STATUSES} else status
