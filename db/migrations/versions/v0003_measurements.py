"""What readers draw on films."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of measurements and calibration lines."""
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content_json", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("changed_at_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_measurement_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
        sa.UniqueConstraint("instance_id", "key", name=op.f("uq_measurement_instance_id_key")),
    )
    op.create_table(
        "calibration_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("x0_px", sa.Float(), nullable=False),
        sa.Column("y0_px", sa.Float(), nullable=False),
        sa.Column("x1_px", sa.Float(), nullable=False),
        sa.Column("y1_px", sa.Float(), nullable=False),
        sa.Column("length_mm", sa.Float(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("drawn_at_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_calibration_line_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_line")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_calibration_line_instance_id")),
    )


def downgrade() -> None:
    """Remove both tables; an older release cannot show what is in them."""
    op.drop_table("calibration_line")
    op.drop_table("measurement")
