"""A training set of what readers signed: ``python -m db export-training-set``.

What may teach is decided reading by reading, and what is left out is told with its reason: only signed reports, of
readers who agree, de-identified. Who is held out is decided once for all by a hash of the patient, so no round ever
draws another split; and the hold-out is made of readings in which the reader wrote before seeing the draft: texts
edited from the live version's own drafts would favour it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from db import audit_chain, gaze_exports, learning_consents
from db.database import Workspace, now_utc
from db.errors import WorkspaceError
from db.learning_tables import film_release, learning_setting, report_edit, training_export, training_export_part
from db.tables import draft, instance, patient, reading, report, report_version, series, study
from db.training_example import Films, SignedReading, make_example
from gaze2report.data.training_set import Dropped, SetDescription
from gaze2report.data.training_set_writer import TrainingSetWriter

HOLD_OUT_SHARE = 0.2
VALIDATION_SHARE = 0.15
UNCHANGED_WEIGHT = 0.25
MOST_PER_READER = 400
LEARNING_LICENCE = "for use inside the department that made it; not to be handed on"


@dataclass(frozen=True)
class TrainingExport:
    """What was written.

    Attributes
    ----------
    counts : dict
        Studies by split.
    left_out : dict
        Studies by reason.
    """

    folder: Path
    set_sha256: str
    counts: dict[str, int]
    left_out: dict[str, int]


@dataclass(frozen=True)
class ExportOptions:
    """How a set is made.

    Attributes
    ----------
    unchanged_weight : float
        What a reading counts in which the draft was signed as it came: it may have been read, or not.
    most_per_reader : int
        Of one reader's readings that train, the newest so many; nobody's style outweighs the others'.
    """

    unchanged_weight: float = UNCHANGED_WEIGHT
    most_per_reader: int = MOST_PER_READER


def export_training_set(
    workspace: Workspace, folder: Path, *, actor: str, options: ExportOptions | None = None
) -> TrainingExport:
    """Write a training set of the workspace's signed reports; the folder appears whole or not at all.

    Raises
    ------
    StorageFailed
        If the folder exists or the disk refuses.
    WorkspaceError
        If nothing may be learnt from: there is no signed report of a reader who agrees.
    """
    options = options or ExportOptions()
    salt, share = _setting(workspace)
    with workspace.reading() as connection:
        agreed = {one.reader: one.is_given for one in learning_consents.newest(connection)}
        signed = _signed_readings(connection)
    chosen, left_out = _choose(signed, agreed, salt, share, options)
    if not chosen:
        reasons = ", ".join(f"{count} {reason}" for (_, reason), count in _reasons(left_out).items())
        raise WorkspaceError(f"there is nothing to learn from: {reasons or 'no report is signed'}")
    parts: list[tuple[SignedReading, str]] = []
    recordings: dict[str, str] = {}
    with (
        TrainingSetWriter(folder, _description(salt, share, options, agreed)) as writer,
        _films(workspace, salt) as films,
    ):
        for dropped in left_out:
            writer.add_dropped(dropped)
        for one, split in chosen:
            made = make_example(workspace, one, split, salt, films, writer.aside, options.unchanged_weight)
            for dropped in made.dropped:
                writer.add_dropped(dropped)
            if made.example is not None:
                writer.add(made.example)
                parts.append((one, split))
                recordings.update(made.recordings)
        manifest = writer.finish()
    if recordings:
        gaze_exports.keep(workspace, "training-set", folder, manifest.sha256, recordings, actor=actor)
    counts = Counter(split for _, split in parts)
    left = {reason: row["count"] for row in manifest.dropped for reason in [str(row["reason"])]}
    _note(workspace, manifest.sha256, folder, parts, dict(counts), actor)
    return TrainingExport(folder, manifest.sha256, dict(counts), left)


def split_of(identity: str, salt: str, hold_out_share: float) -> str:
    """Say which split a patient is in, always the same one: ``test`` is the hold-out.

    A hash of the salt and the patient, as a number from 0 to 1, decides; nothing that is added or removed later moves
    anybody.
    """
    digest = hashlib.sha256(f"hold-out {salt} {identity}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < hold_out_share:
        return "test"
    return "val" if place < hold_out_share + (1 - hold_out_share) * VALIDATION_SHARE else "train"


def _choose(
    signed: list[SignedReading], agreed: dict[str, bool], salt: str, share: float, options: ExportOptions
) -> tuple[list[tuple[SignedReading, str]], list[Dropped]]:
    chosen: list[tuple[SignedReading, str]] = []
    left_out: list[Dropped] = []
    per_reader: Counter[str] = Counter()
    for one in sorted(signed, key=lambda one: one.signed_at_utc, reverse=True):
        split = split_of(one.identity, salt, share)
        reason = ""
        if one.reader not in agreed:
            reason = "its reader has not agreed that it teaches the model"
        elif not agreed[one.reader]:
            reason = "its reader has withdrawn the consent"
        elif split == "test" and one.mode != "reader-first":
            reason = "its patient is held out, and the reader did not write first"
        elif split == "train" and per_reader[one.reader] >= options.most_per_reader:
            reason = f"its reader has {options.most_per_reader} newer ones in the set"
        if reason:
            left_out.append(Dropped(record=f"version {one.version_id}", what="reading", reason=reason))
            continue
        per_reader[one.reader] += split == "train"
        chosen.append((one, split))
    return sorted(chosen, key=lambda pair: pair[0].version_id), left_out


def _reasons(left_out: list[Dropped]) -> Counter[tuple[str, str]]:
    return Counter((one.what, one.reason) for one in left_out)


def _signed_readings(connection: Connection) -> list[SignedReading]:
    """The newest signed text of each study, with how it came to be."""
    newest = (
        select(func.max(report_version.c.id))
        .where(report_version.c.kind.in_(("final", "correction")))
        .group_by(report_version.c.report_id)
    )
    rows = connection.execute(
        select(
            report_version, report.c.study_id, study.c.study_uid, study.c.accession_number, study.c.age_years,
            patient.c.identity, patient.c.patient_id.label("patient_number"), patient.c.name.label("patient_name"),
            patient.c.sex, reading.c.mode, draft.c.adapter_sha256,
        )
        .select_from(report_version).join(report, report.c.id == report_version.c.report_id)
        .join(study, study.c.id == report.c.study_id).join(patient, patient.c.id == study.c.patient_id)
        .outerjoin(reading, reading.c.id == report_version.c.reading_id)
        .outerjoin(draft, draft.c.id == report_version.c.draft_id)
        .where(report_version.c.id.in_(newest)).order_by(report_version.c.id)
    ).all()  # fmt: skip
    return [_signed_reading(connection, row) for row in rows]


def _signed_reading(connection: Connection, row: Row[Any]) -> SignedReading:
    kinds = set(
        connection.execute(select(report_edit.c.kind).where(report_edit.c.report_version_id == row.id)).scalars()
    )
    released = select(film_release.c.instance_id, film_release.c.is_free_of_text).order_by(film_release.c.id)
    said = {key: bool(value) for key, value in connection.execute(released)}
    films = connection.execute(
        select(instance.c.id, instance.c.object_name, instance.c.header_json, instance.c.view_position)
        .join_from(instance, series).where(series.c.study_id == row.study_id).order_by(instance.c.id)
    ).all()  # fmt: skip
    return SignedReading(
        version_id=row.id,
        study_uid=row.study_uid,
        identity=row.identity,
        reader=row.signer,
        mode=row.mode or "",
        signed_at_utc=row.created_at_utc,
        sections={
            name: str(getattr(row, name))
            for name in ("indication", "technique", "comparison", "findings", "impression")
        },
        names=(row.patient_number, row.patient_name, row.accession_number, row.signer, row.author),
        is_unchanged=bool(kinds) and kinds == {"kept"} and row.mode != "reader-first",
        adapter_sha256=row.adapter_sha256 or "",
        films=tuple(
            (one.object_name, one.view_position, json.loads(one.header_json), said.get(one.id)) for one in films
        ),
    )


def _films(workspace: Workspace, salt: str) -> Films:
    return Films(workspace.objects_dir, salt)


def _description(salt: str, share: float, options: ExportOptions, agreed: dict[str, bool]) -> SetDescription:
    return SetDescription(
        name="signed reports of a workspace",
        kind="workspace",
        source="reports signed in the workstation, with the films they are about",
        citation="",
        licence=LEARNING_LICENCE,
        may_be_shared=False,
        split_unit="patient",
        split_rule=(
            f"by a hash of the patient: {share:.0%} held out (test), from readings in which the reader wrote first; of "
            f"the others {VALIDATION_SHARE:.0%} validation; the same in every round"
        ),
        notes=(
            "Readings whose draft was signed unchanged count less: key weight.",
            "Gaze recorded while a draft or overlay of the model could be seen is left out.",
        ),
        options={
            "unchanged_weight": options.unchanged_weight,
            "most_per_reader": options.most_per_reader,
            "hold_out": hashlib.sha256(f"{salt} {share}".encode()).hexdigest(),
            "readers": sum(agreed.values()),
            "withdrawn_readers": sum(not is_given for is_given in agreed.values()),
        },
    )


def _setting(workspace: Workspace) -> tuple[str, float]:
    """Salt and share of the hold-out, drawn when they are first needed and never again."""
    with workspace.writing() as connection:
        row = connection.execute(select(learning_setting)).one_or_none()
        if row is not None:
            return str(row.salt), float(row.hold_out_share)
        salt, now = secrets.token_hex(32), now_utc()
        connection.execute(
            insert(learning_setting).values(id=1, salt=salt, hold_out_share=HOLD_OUT_SHARE, made_at_utc=now)
        )
        audit_chain.append(connection, now, "system", "hold-out drawn", "", {"share": HOLD_OUT_SHARE})
    return salt, HOLD_OUT_SHARE


def _note(
    workspace: Workspace, sha256: str, folder: Path, parts: list[tuple[SignedReading, str]], counts: Any, actor: str
) -> None:
    now = now_utc()
    with workspace.writing() as connection:
        added = connection.execute(
            insert(training_export).values(
                set_sha256=sha256, folder=str(folder.resolve()), actor=actor,
                counts_json=audit_chain.canonical_json(counts), at_utc=now,
            )
        )  # fmt: skip
        assert added.inserted_primary_key is not None
        rows = [
            {
                "training_export_id": added.inserted_primary_key[0],
                "report_version_id": one.version_id,
                "reader": one.reader,
                "split": split,
            }
            for one, split in parts
        ]
        if rows:
            connection.execute(insert(training_export_part), rows)
        audit_chain.append(connection, now, actor, "training set exported", sha256, counts)
