"""The tables of learning from use: edits, consents to learn from them, and what became of adapter versions."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from db.metadata import metadata

# Which version new drafts are made with, and which one it took the place of; '' is the one that comes with the program.
adapter_activation = Table(
    "adapter_activation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("replaced", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_utc", String(32), nullable=False),
    Column("reason", Text, nullable=False),
)

# What the gate measured of a candidate, and why it was let through or not. The page itself lies beside the version.
adapter_judgement = Table(
    "adapter_judgement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("adapter_name", Text, nullable=False, index=True),
    Column("is_passed", Boolean(create_constraint=False), nullable=False),
    Column("reasons_json", Text, nullable=False),
    Column("content_json", Text, nullable=False),
    Column("at_utc", String(32), nullable=False),
)

# One sentence of a draft or of the report that was signed after it: what became of it. Texts are those of the draft and
# the version, which never change; here is only where.
report_edit = Table(
    "report_edit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_version_id", ForeignKey("report_version.id"), nullable=False, index=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("section", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("draft_start", Integer, nullable=False),
    Column("draft_end", Integer, nullable=False),
    Column("report_start", Integer, nullable=False),
    Column("report_end", Integer, nullable=False),
    Column("similarity", Float, nullable=False),
    Column("observations_json", Text, nullable=False),
    CheckConstraint("kind IN ('kept', 'changed', 'deleted', 'added')", name="kind_known"),
    Index("uq_report_edit_version_position", "report_version_id", "position", unique=True),
)

# A reader agrees that signed reports of theirs teach the model, or no longer does. The newest row of a reader counts.
learning_consent = Table(
    "learning_consent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reader", Text, nullable=False, index=True),
    Column("is_given", Boolean(create_constraint=False), nullable=False),
    Column("text_version", Text, nullable=False),
    Column("at_utc", String(32), nullable=False),
)

# A person has looked whether a film has text burned into its pixels.
film_release = Table(
    "film_release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, index=True),
    Column("is_free_of_text", Boolean(create_constraint=False), nullable=False),
    Column("reader", Text, nullable=False),
    Column("at_utc", String(32), nullable=False),
)

# Drawn once: who is held out is decided by the hash of salt and patient and never changes. One row.
learning_setting = Table(
    "learning_setting",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("salt", String(64), nullable=False),
    Column("hold_out_share", Float, nullable=False),
    Column("made_at_utc", String(32), nullable=False),
)

# Training sets that were written, and which readings each holds, so that a withdrawal finds them.
training_export = Table(
    "training_export",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("set_sha256", String(64), nullable=False, index=True),
    Column("folder", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("counts_json", Text, nullable=False),
    Column("at_utc", String(32), nullable=False),
)

training_export_part = Table(
    "training_export_part",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("training_export_id", ForeignKey("training_export.id"), nullable=False, index=True),
    Column("report_version_id", ForeignKey("report_version.id"), nullable=False),
    Column("reader", Text, nullable=False, index=True),
    Column("split", String(8), nullable=False),
)
