"""Recorded gaze: consents, recordings, what is derived from them, and where it went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.sqlite.triggers import REVISION_0007
from gaze2report.errors import StorageFailed

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "gaze_consent",
    "gaze_recording",
    "gaze_segment",
    "gaze_chunk",
    "gaze_time_sync",
    "gaze_utc_anchor",
    "gaze_notification",
    "gaze_marker",
    "gaze_view",
    "gaze_audio",
    "gaze_calibration",
    "gaze_case",
    "gaze_fixation",
    "gaze_export",
    "gaze_export_part",
)


def upgrade() -> None:
    """Make the tables and their rules."""
    _make_consents_and_recordings()
    _make_recorded()
    _make_logs()
    _make_derived()
    _make_exports()
    for _, statement in REVISION_0007:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, unless there is a consent: what hangs on it would be lost."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM gaze_consent")).first():
        raise StorageFailed(
            "the older schema cannot hold recorded gaze, so nothing was changed; restore the copy made before the "
            "migration"
        )
    for name, _ in REVISION_0007:
        op.execute(f"DROP TRIGGER {name}")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _make_consents_and_recordings() -> None:
    op.create_table(
        "gaze_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("reader_pseudonym", sa.String(length=40), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("operator", sa.String(length=40), nullable=False),
        sa.Column("given_utc", sa.String(length=40), nullable=False),
        sa.Column("valid_until_utc", sa.String(length=40), nullable=False),
        sa.Column("withdrawn_at_utc", sa.String(length=32), nullable=False),
        sa.CheckConstraint("length(reader_pseudonym) >= 3", name=op.f("ck_gaze_consent_has_reader")),
        sa.CheckConstraint(
            "length(text_version) > 0 AND length(purpose) > 0", name=op.f("ck_gaze_consent_says_what_for")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_consent")),
        sa.UniqueConstraint("consent_id", name=op.f("uq_gaze_consent_consent_id")),
    )
    op.create_index(op.f("ix_gaze_consent_reader_pseudonym"), "gaze_consent", ["reader_pseudonym"], unique=False)
    op.create_table(
        "gaze_recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=64), nullable=False),
        sa.Column("consent_key", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("tracker_json", sa.Text(), nullable=False),
        sa.Column("frequency_hz", sa.Float(), nullable=False),
        sa.Column("display_area_json", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("layout_sha256", sa.String(length=64), nullable=False),
        sa.Column("versions_json", sa.Text(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("started_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("stored_us", sa.BigInteger(), nullable=False),
        sa.Column("is_degraded", sa.Boolean(), nullable=False),
        sa.Column("counts_json", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("imported_at_utc", sa.String(length=32), nullable=False),
        sa.Column("not_derived", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "source IN ('eye', 'simulation', 'replay', 'mouse')", name=op.f("ck_gaze_recording_source_known")
        ),
        sa.CheckConstraint(
            "state IN ('stopped', 'recovered', 'failed', 'withdrawn')", name=op.f("ck_gaze_recording_state_known")
        ),
        sa.ForeignKeyConstraint(["consent_key"], ["gaze_consent.id"], name=op.f("fk_gaze_recording_consent_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_recording")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_gaze_recording_recording_id")),
    )
    op.create_index(op.f("ix_gaze_recording_consent_key"), "gaze_recording", ["consent_key"], unique=False)
    op.create_table(
        "gaze_segment",
        sa.Column("recording_key", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("frequency_hz", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_segment_recording_key")),
        sa.PrimaryKeyConstraint("recording_key", "segment", name=op.f("pk_gaze_segment")),
    )


def _make_recorded() -> None:
    op.create_table(
        "gaze_chunk",
        sa.Column("recording_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("first_device_us", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("crc", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("n > 0", name=op.f("ck_gaze_chunk_holds_samples")),
        sa.ForeignKeyConstraint(
            ["recording_key", "segment"],
            ["gaze_segment.recording_key", "gaze_segment.segment"],
            name=op.f("fk_gaze_chunk_recording_key"),
        ),
        sa.PrimaryKeyConstraint("recording_key", "seq", name=op.f("pk_gaze_chunk")),
    )
    op.create_table(
        "gaze_time_sync",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_key", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("request_us", sa.BigInteger(), nullable=False),
        sa.Column("device_us", sa.BigInteger(), nullable=False),
        sa.Column("response_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_key", "segment"],
            ["gaze_segment.recording_key", "gaze_segment.segment"],
            name=op.f("fk_gaze_time_sync_recording_key"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_time_sync")),
    )
    op.create_index(op.f("ix_gaze_time_sync_recording_key"), "gaze_time_sync", ["recording_key"], unique=False)
    op.create_table(
        "gaze_utc_anchor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_key", sa.Integer(), nullable=False),
        sa.Column("system_us", sa.BigInteger(), nullable=False),
        sa.Column("utc_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_utc_anchor_recording_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_utc_anchor")),
    )
    op.create_index(op.f("ix_gaze_utc_anchor_recording_key"), "gaze_utc_anchor", ["recording_key"], unique=False)
    op.create_table(
        "gaze_notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_key", sa.Integer(), nullable=False),
        sa.Column("system_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_notification_recording_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_notification")),
    )
    op.create_index(op.f("ix_gaze_notification_recording_key"), "gaze_notification", ["recording_key"], unique=False)


def _make_logs() -> None:
    op.create_table(
        "gaze_marker",
        sa.Column("recording_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("system_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_marker_recording_key")),
        sa.PrimaryKeyConstraint("recording_key", "seq", name=op.f("pk_gaze_marker")),
    )
    op.create_table(
        "gaze_view",
        sa.Column("recording_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("system_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_view_recording_key")),
        sa.PrimaryKeyConstraint("recording_key", "seq", name=op.f("pk_gaze_view")),
    )
    op.create_table(
        "gaze_audio",
        sa.Column("recording_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sample_rate_hz", sa.Float(), nullable=False),
        sa.Column("n_frames", sa.BigInteger(), nullable=False),
        sa.Column("n_lost_frames", sa.BigInteger(), nullable=False),
        sa.Column("clock_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_audio_recording_key")),
        sa.PrimaryKeyConstraint("recording_key", "part", name=op.f("pk_gaze_audio")),
    )
    op.create_table(
        "gaze_calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_key", sa.Integer(), nullable=False),
        sa.Column("recording_key", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.Column("content_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["consent_key"], ["gaze_consent.id"], name=op.f("fk_gaze_calibration_consent_key")),
        sa.ForeignKeyConstraint(
            ["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_calibration_recording_key")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_calibration")),
        sa.UniqueConstraint(
            "consent_key",
            "kind",
            "at_utc",
            "content_json",
            name=op.f("uq_gaze_calibration_consent_key_kind_at_utc_content_json"),
        ),
    )
    op.create_index(op.f("ix_gaze_calibration_consent_key"), "gaze_calibration", ["consent_key"], unique=False)
    op.create_index(op.f("ix_gaze_calibration_recording_key"), "gaze_calibration", ["recording_key"], unique=False)


def _make_derived() -> None:
    op.create_table(
        "gaze_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_key", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("gates_json", sa.Text(), nullable=False),
        sa.Column("counts_json", sa.Text(), nullable=False),
        sa.Column("classifier", sa.Text(), nullable=False),
        sa.Column("error_dva", sa.Float(), nullable=True),
        sa.Column("valid_share", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "level IN ('green', 'yellow', 'red', 'not_measured')", name=op.f("ck_gaze_case_level_known")
        ),
        sa.ForeignKeyConstraint(["recording_key"], ["gaze_recording.id"], name=op.f("fk_gaze_case_recording_key")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_gaze_case_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_case")),
        sa.UniqueConstraint("recording_key", "number", name=op.f("uq_gaze_case_recording_key_number")),
    )
    op.create_index(op.f("ix_gaze_case_study_id"), "gaze_case", ["study_id"], unique=False)
    op.create_table(
        "gaze_fixation",
        sa.Column("case_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance_uid", sa.String(length=64), nullable=False),
        sa.Column("x_px", sa.Float(), nullable=False),
        sa.Column("y_px", sa.Float(), nullable=False),
        sa.Column("onset_ms", sa.Float(), nullable=False),
        sa.Column("offset_ms", sa.Float(), nullable=False),
        sa.Column("px_per_dva_x", sa.Float(), nullable=False),
        sa.Column("px_per_dva_y", sa.Float(), nullable=False),
        sa.Column("screen_x_px", sa.Float(), nullable=False),
        sa.Column("screen_y_px", sa.Float(), nullable=False),
        sa.Column("valid_share", sa.Float(), nullable=False),
        sa.Column("is_on_image", sa.Boolean(), nullable=False),
        sa.Column("is_part", sa.Boolean(), nullable=False),
        sa.Column("is_ai_overlay_visible", sa.Boolean(), nullable=False),
        sa.Column("is_draft_visible", sa.Boolean(), nullable=False),
        sa.Column("window_center", sa.Float(), nullable=True),
        sa.Column("window_width", sa.Float(), nullable=True),
        sa.Column("shown_image_json", sa.Text(), nullable=False),
        sa.Column("shown_screen_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_key"], ["gaze_case.id"], name=op.f("fk_gaze_fixation_case_key")),
        sa.PrimaryKeyConstraint("case_key", "number", name=op.f("pk_gaze_fixation")),
    )


def _make_exports() -> None:
    op.create_table(
        "gaze_export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at_utc", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("withdrawn_at_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaze_export")),
    )
    op.create_index(op.f("ix_gaze_export_sha256"), "gaze_export", ["sha256"], unique=False)
    op.create_table(
        "gaze_export_part",
        sa.Column("export_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recording_id", sa.String(length=64), nullable=False),
        sa.Column("reader_pseudonym", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["export_key"], ["gaze_export.id"], name=op.f("fk_gaze_export_part_export_key")),
        sa.PrimaryKeyConstraint("export_key", "recording_id", name=op.f("pk_gaze_export_part")),
    )
    op.create_index(
        op.f("ix_gaze_export_part_reader_pseudonym"), "gaze_export_part", ["reader_pseudonym"], unique=False
    )
