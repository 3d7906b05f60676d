"""A recording of the workspace as the science takes it: samples to the bit, and every row beside them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, select

from db.errors import UnknownRecord
from db.gaze_tables import (
    gaze_chunk,
    gaze_consent,
    gaze_marker,
    gaze_notification,
    gaze_recording,
    gaze_segment,
    gaze_time_sync,
    gaze_utc_anchor,
    gaze_view,
)
from gaze2report.gaze.clock_map import TimeSync
from gaze2report.gaze.recording_content import LogEntry, RecordingContent, Segment
from gaze2report.gaze.sample_layout import SAMPLE_DTYPE


def joined_recordings() -> Any:
    """Query of recordings, each with the pseudonym of its reader."""
    return select(gaze_recording, gaze_consent.c.reader_pseudonym).join_from(gaze_recording, gaze_consent)


def recording_row(connection: Connection, recording_id: str) -> Row[Any]:
    """Find a recording that was imported whole, with the pseudonym of its reader; raises UnknownRecord."""
    query = joined_recordings().where(gaze_recording.c.recording_id == recording_id, gaze_recording.c.is_complete)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownRecord("recording", recording_id)
    return row


def content_of(connection: Connection, row: Row[Any]) -> RecordingContent:
    """Read all of a recording; ``row`` as :func:`recording_row` gives it."""
    key = row.id
    of_chunks = select(gaze_chunk.c.segment, gaze_chunk.c.n, gaze_chunk.c.data)
    chunks = connection.execute(of_chunks.where(gaze_chunk.c.recording_key == key).order_by(gaze_chunk.c.seq)).all()
    samples = np.frombuffer(b"".join(chunk.data for chunk in chunks), SAMPLE_DTYPE)
    segments = np.repeat(
        np.array([chunk.segment for chunk in chunks], dtype=np.int64), np.array([chunk.n for chunk in chunks], np.int64)
    )
    return RecordingContent(
        recording_id=row.recording_id,
        reader=row.reader_pseudonym,
        source=row.source,
        state=row.state,
        ended=row.ended,
        tracker=json.loads(row.tracker_json),
        frequency_hz=row.frequency_hz,
        display_area=json.loads(row.display_area_json),
        versions=json.loads(row.versions_json),
        counts=json.loads(row.counts_json),
        is_degraded=row.is_degraded,
        started_us=row.started_us,
        started_utc_us=row.started_utc_us,
        samples=samples,
        sample_segments=segments,
        segments=tuple(
            Segment(one.segment, one.started_us, one.frequency_hz, one.reason)
            for one in _rows(connection, gaze_segment, key, gaze_segment.c.segment)
        ),
        exchanges=tuple(
            TimeSync(one.request_us, one.device_us, one.response_us)
            for one in _rows(connection, gaze_time_sync, key, gaze_time_sync.c.id)
            if one.response_us >= one.request_us
        ),
        anchors=tuple(
            (one.system_us, one.utc_us) for one in _rows(connection, gaze_utc_anchor, key, gaze_utc_anchor.c.id)
        ),
        notices=tuple(
            (one.system_us, one.kind, one.text)
            for one in _rows(connection, gaze_notification, key, gaze_notification.c.id)
        ),
        markers=_log(connection, gaze_marker, key),
        views=_log(connection, gaze_view, key),
    )


def _log(connection: Connection, table: Any, key: int) -> tuple[LogEntry, ...]:
    return tuple(
        LogEntry(one.seq, one.system_us, one.kind, json.loads(one.body_json))
        for one in _rows(connection, table, key, table.c.seq)
    )


def _rows(connection: Connection, table: Any, key: int, order: Any) -> list[Row[Any]]:
    return list(connection.execute(select(table).where(table.c.recording_key == key).order_by(order)))
