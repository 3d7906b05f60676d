"""Learning from use: edits, consents, adapter versions that went live and what was measured of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from db.sqlite.triggers import REVISION_0008
from gaze2report.errors import StorageFailed

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    "adapter_activation",
    "adapter_judgement",
    "report_edit",
    "learning_consent",
    "film_release",
    "learning_setting",
    "training_export",
    "training_export_part",
)


def upgrade() -> None:
    """Make the tables and their rules."""
    _make_adapter_logs()
    _make_edits()
    _make_consents()
    _make_exports()
    for _, statement in REVISION_0008:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, unless they hold anything."""
    for table in _TABLES:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table}")).first():
            raise StorageFailed(
                "the older schema cannot hold what was learnt from use, so nothing was changed; restore the copy made "
                "before the migration"
            )
    for name, _ in REVISION_0008:
        op.execute(f"DROP TRIGGER {name}")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _make_adapter_logs() -> None:
    op.create_table(
        "adapter_activation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_activation")),
    )
    op.create_table(
        "adapter_judgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("adapter_name", sa.Text(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("reasons_json", sa.Text(), nullable=False),
        sa.Column("content_json", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_judgement")),
    )
    op.create_index(op.f("ix_adapter_judgement_adapter_name"), "adapter_judgement", ["adapter_name"], unique=False)


def _make_edits() -> None:
    op.create_table(
        "report_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_version_id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("draft_start", sa.Integer(), nullable=False),
        sa.Column("draft_end", sa.Integer(), nullable=False),
        sa.Column("report_start", sa.Integer(), nullable=False),
        sa.Column("report_end", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("observations_json", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('kept', 'changed', 'deleted', 'added')", name=op.f("ck_report_edit_kind_known")),
        sa.ForeignKeyConstraint(
            ["report_version_id"], ["report_version.id"], name=op.f("fk_report_edit_report_version_id")
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_report_edit_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_edit")),
    )
    op.create_index(op.f("ix_report_edit_report_version_id"), "report_edit", ["report_version_id"], unique=False)
    op.create_index("uq_report_edit_version_position", "report_edit", ["report_version_id", "position"], unique=True)


def _make_consents() -> None:
    op.create_table(
        "learning_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_consent")),
    )
    op.create_index(op.f("ix_learning_consent_reader"), "learning_consent", ["reader"], unique=False)
    op.create_table(
        "film_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("is_free_of_text", sa.Boolean(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_film_release_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_film_release")),
    )
    op.create_index(op.f("ix_film_release_instance_id"), "film_release", ["instance_id"], unique=False)
    op.create_table(
        "learning_setting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("hold_out_share", sa.Float(), nullable=False),
        sa.Column("made_at_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_setting")),
    )


def _make_exports() -> None:
    op.create_table(
        "training_export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("set_sha256", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("counts_json", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_export")),
    )
    op.create_index(op.f("ix_training_export_set_sha256"), "training_export", ["set_sha256"], unique=False)
    op.create_table(
        "training_export_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_export_id", sa.Integer(), nullable=False),
        sa.Column("report_version_id", sa.Integer(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["training_export_id"], ["training_export.id"], name=op.f("fk_training_export_part_training_export_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_version_id"], ["report_version.id"], name=op.f("fk_training_export_part_report_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_export_part")),
    )
    op.create_index(
        op.f("ix_training_export_part_training_export_id"), "training_export_part", ["training_export_id"], unique=False
    )
    op.create_index(op.f("ix_training_export_part_reader"), "training_export_part", ["reader"], unique=False)
