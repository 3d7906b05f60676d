"""Gaze of cases as the workstation shows it: on a film, as something to draft from, and with how good it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from db.database import Workspace
from db.gaze_tables import gaze_case, gaze_consent, gaze_fixation, gaze_recording
from db.recordings import utc_text
from gaze2report.gaze.quality_gates import Gate, GateResult
from gaze2report.gaze.recorded_gaze import GazeProvenance, GazeQuality, RecordedFixation, RecordedGaze


@dataclass(frozen=True)
class RecordedCase:
    """One case of a recording, as it was judged.

    Attributes
    ----------
    started_at_utc : str
    gates : GateResult
        What the reader was told at its end.
    counts : dict of str to float
        What became of the fixations, and samples expected, valid, invalid and absent.
    n_fixations : int
        On films.
    """

    recording_id: str
    reader_pseudonym: str
    source: str
    study_uid: str
    started_at_utc: str
    duration_s: float
    gates: GateResult
    counts: dict[str, float]
    error_dva: float | None
    valid_share: float | None
    n_fixations: int


def cases_of_study(workspace: Workspace, study_uid: str) -> list[RecordedCase]:
    """Cases recorded on a study, the oldest first."""
    with workspace.reading() as connection:
        return [_case(connection, row) for row in _case_rows(connection, gaze_case.c.study_uid == study_uid)]


def cases_of_recording(workspace: Workspace, recording_id: str) -> list[RecordedCase]:
    """Cases of one recording, in order."""
    with workspace.reading() as connection:
        rows = _case_rows(connection, gaze_recording.c.recording_id == recording_id)
        return [_case(connection, row) for row in rows]


def recorded_gaze_of(workspace: Workspace, study_uid: str) -> list[RecordedGaze]:
    """Gaze recorded on a study: for each case and each film looked at, the oldest first.

    Fixations say when they were relative to the begin of their case, and whether anything that a model made could be
    seen. The provenance names simulated trackers and the mouse as such.
    """
    with workspace.reading() as connection:
        found: list[RecordedGaze] = []
        for row in _case_rows(connection, gaze_case.c.study_uid == study_uid):
            found += _gaze_of_case(connection, row)
    return found


def _case_rows(connection: Connection, condition: Any) -> list[Row[Any]]:
    columns = (gaze_recording.c.recording_id, gaze_recording.c.source, gaze_recording.c.tracker_json)
    clocks = (gaze_recording.c.started_us, gaze_recording.c.started_utc_us)
    query = (
        select(gaze_case, *columns, *clocks, gaze_consent.c.reader_pseudonym)
        .join_from(gaze_case, gaze_recording)
        .join(gaze_consent)
        .where(condition)
        .order_by(gaze_recording.c.started_utc_us, gaze_case.c.number)
    )
    return list(connection.execute(query))


def _case(connection: Connection, row: Row[Any]) -> RecordedCase:
    return RecordedCase(
        row.recording_id,
        row.reader_pseudonym,
        row.source,
        row.study_uid,
        _started_at_utc(row),
        (row.end_us - row.start_us) / 1e6,
        GateResult(tuple(Gate(**gate) for gate in json.loads(row.gates_json))),
        json.loads(row.counts_json),
        row.error_dva,
        row.valid_share,
        len(_fixations(connection, row)),
    )


def _gaze_of_case(connection: Connection, row: Row[Any]) -> list[RecordedGaze]:
    of_film: dict[str, list[RecordedFixation]] = {}
    for one in _fixations(connection, row):
        if one.offset_ms > one.onset_ms:
            of_film.setdefault(one.instance_uid, []).append(_fixation(one, row.start_us / 1000.0))
    model = str(json.loads(row.tracker_json).get("model", ""))
    tracker = model if row.source == "eye" else f"{row.source}: {model}"
    return [
        RecordedGaze(
            tuple(fixations),
            instance_uid=film,
            reader=row.reader_pseudonym,
            quality=GazeQuality(row.error_dva, row.valid_share),
            provenance=GazeProvenance(tracker, row.classifier, f"recording {row.recording_id}"),
            started_at_utc=_started_at_utc(row),
        )
        for film, fixations in of_film.items()
    ]


def _fixations(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    query = select(gaze_fixation).where(gaze_fixation.c.case_key == row.id).order_by(gaze_fixation.c.number)
    return list(connection.execute(query))


def _fixation(one: Row[Any], start_ms: float) -> RecordedFixation:
    return RecordedFixation(
        x_px=one.x_px,
        y_px=one.y_px,
        duration_ms=one.offset_ms - one.onset_ms,
        onset_ms=one.onset_ms - start_ms,
        px_per_dva=(one.px_per_dva_x * one.px_per_dva_y) ** 0.5,
        ai_visible=bool(one.is_ai_overlay_visible or one.is_draft_visible),
    )


def _started_at_utc(row: Row[Any]) -> str:
    return utc_text(row.started_utc_us + row.start_us - row.started_us)
