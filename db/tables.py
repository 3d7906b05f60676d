"""The tables, in plain SQL types that any database has. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db import gaze_tables, learning_tables  # so that whoever knows the tables knows theirs too
from db.metadata import metadata

__all__ = ["gaze_tables", "learning_tables", "metadata"]

SCHEMA_REVISION = "0008"
"""The newest migration; kept here so that opening an up-to-date workspace need not load Alembic."""

patient = Table(
    "patient",
    metadata,
    Column("id", Integer, primary_key=True),
    # What makes two files one person, see studies.patient_identity.
    Column("identity", Text, nullable=False, unique=True),
    Column("patient_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", String(16), nullable=False),
    Column("sex", String(16), nullable=False),
)

study = Table(
    "study",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_uid", String(64), nullable=False, unique=True),
    Column("patient_id", ForeignKey("patient.id"), nullable=False, index=True),
    Column("age_years", Float),
    Column("study_date", String(16), nullable=False),
    Column("study_time", String(32), nullable=False),
    Column("accession_number", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("indication", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("ai_status", String(16), nullable=False),
    Column("ai_detail", Text, nullable=False),
    # What the images of the study say, kept here so that a worklist of thousands need not read them all.
    Column("modalities", Text, nullable=False),
    Column("views", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("imported_at_utc", String(32), nullable=False),
    Column("assigned_to", Text, nullable=False, server_default=""),
    # What the newest draft says about urgency, kept here for the same reason; NULL when it is not ranked.
    Column("ai_priority", Integer),
    Column("ai_priority_reason", Text, nullable=False, server_default=""),
    CheckConstraint(
        "status IN ('unread', 'in-progress', 'draft', 'preliminary', 'final', 'addended', 'corrected')",
        name="status_known",
    ),
    Index("ix_study_study_date_study_time", "study_date", "study_time"),
)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("series_uid", String(64), nullable=False, unique=True),
    Column("modality", String(16), nullable=False),
    Column("description", Text, nullable=False),
)

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False, index=True),
    Column("instance_uid", String(64), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("object_name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("view_position", Text, nullable=False),
    Column("header_json", Text, nullable=False),
    Column("imported_at_utc", String(32), nullable=False),
)

# Drawn on a film, in image pixels; values follow from the drawing and are not kept.
measurement = Table(
    "measurement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("key", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content_json", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("changed_at_utc", String(32), nullable=False),
    UniqueConstraint("instance_id", "key"),
)

calibration_line = Table(
    "calibration_line",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, unique=True),
    Column("x0_px", Float, nullable=False),
    Column("y0_px", Float, nullable=False),
    Column("x1_px", Float, nullable=False),
    Column("y1_px", Float, nullable=False),
    Column("length_mm", Float, nullable=False),
    Column("reader", Text, nullable=False),
    Column("drawn_at_utc", String(32), nullable=False),
)

key_image = Table(
    "key_image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, unique=True),
    Column("reader", Text, nullable=False),
    Column("marked_at_utc", String(32), nullable=False),
)

reading = Table(
    "reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("reader", Text, nullable=False),
    Column("opened_at_utc", String(32), nullable=False),
    Column("closed_at_utc", String(32)),
    Column("closed_because", Text, nullable=False),
    Column("saved_at_utc", String(32), nullable=False),
    Column("indication", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("impression", Text, nullable=False),
    Column("spans_json", Text, nullable=False),
    Column("purpose", String(16), nullable=False, server_default="report"),
    Column("technique", Text, nullable=False, server_default=""),
    Column("comparison", Text, nullable=False, server_default=""),
    Column("recommendation", Text, nullable=False, server_default=""),
    Column("communications_json", Text, nullable=False, server_default="[]"),
    Column("mode", String(16), nullable=False, server_default="ai-first"),
    Column("committed_at_utc", String(32), nullable=False, server_default=""),
    # One open reading per study: this is the lock.
    Index(
        "uq_reading_open",
        "study_id",
        unique=True,
        sqlite_where=text("closed_at_utc IS NULL"),
        postgresql_where=text("closed_at_utc IS NULL"),
    ),
)

draft = Table(
    "draft",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("reading_id", ForeignKey("reading.id")),
    Column("instance_uid", String(64), nullable=False),
    Column("pixel_sha256", String(64), nullable=False),
    Column("base_model", Text, nullable=False),
    Column("base_model_sha256", String(64), nullable=False),
    Column("adapter", Text, nullable=False),
    Column("adapter_sha256", String(64), nullable=False),
    Column("preprocessing_sha256", String(64), nullable=False),
    Column("code_version", Text, nullable=False),
    Column("gaze", String(16), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("latency_s", Float),
    Column("created_at_utc", String(32), nullable=False),
    Column("content_json", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
)

report = Table(
    "report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, unique=True),
    Column("created_at_utc", String(32), nullable=False),
)

report_version = Table(
    "report_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_id", ForeignKey("report.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reading_id", ForeignKey("reading.id")),
    Column("draft_id", ForeignKey("draft.id")),
    Column("indication", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("impression", Text, nullable=False),
    Column("addendum", Text, nullable=False),
    Column("spans_json", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("signer", Text, nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("created_at_utc", String(32), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("technique", Text, nullable=False, server_default=""),
    Column("comparison", Text, nullable=False, server_default=""),
    Column("recommendation", Text, nullable=False, server_default=""),
    Column("communications_json", Text, nullable=False, server_default="[]"),
    UniqueConstraint("report_id", "version"),
    CheckConstraint("kind IN ('preliminary', 'final', 'addendum', 'correction')", name="kind_known"),
)

# The text of an addendum while it is written, so that it outlives the end of the process; removed when it is signed.
addendum_work = Table(
    "addendum_work",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False),
    Column("reader", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("saved_at_utc", String(32), nullable=False),
    UniqueConstraint("study_id", "reader"),
)

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    # As it stands under reports; name_key is the same without case and spacing, so that no two look alike.
    Column("name", Text, nullable=False, unique=True),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_enabled", Boolean(create_constraint=False), nullable=False),
    Column("created_at_utc", String(32), nullable=False),
    Column("failed_logins", Integer, nullable=False),
    Column("last_failed_at_utc", String(32), nullable=False),
    CheckConstraint("role IN ('reader', 'resident', 'attending', 'researcher', 'admin')", name="role_known"),
)

adapter_version = Table(
    "adapter_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("folder", Text, nullable=False),
    Column("base_model", Text, nullable=False),
    Column("base_model_sha256", String(64), nullable=False),
    Column("parent", Text, nullable=False),
    Column("training_set_sha256", String(64), nullable=False),
    Column("code_version", Text, nullable=False),
    Column("metrics_json", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at_utc", String(32), nullable=False),
    CheckConstraint("state IN ('candidate', 'live', 'retired', 'rejected')", name="state_known"),
    Index(
        "uq_adapter_version_live",
        "state",
        unique=True,
        sqlite_where=text("state = 'live'"),
        postgresql_where=text("state = 'live'"),
    ),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_utc", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail_json", Text, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)

# The end of the audit chain, so that rows cut off at the end are missed too. One row.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
)
