"""More sections, who was told of a critical result, and in which mode a study was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXT_COLUMNS = {"technique": "", "comparison": "", "recommendation": "", "communications_json": "[]"}


def upgrade() -> None:
    """Add the columns; older reports say nothing in them, and were read with the draft in sight."""
    for table in ("reading", "report_version"):
        for name, default in _TEXT_COLUMNS.items():
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.add_column("reading", sa.Column("mode", sa.String(length=16), nullable=False, server_default="ai-first"))
    op.add_column("reading", sa.Column("committed_at_utc", sa.String(length=32), nullable=False, server_default=""))


def downgrade() -> None:
    """Remove the columns with what is in them."""
    for name in ("mode", "committed_at_utc"):
        op.drop_column("reading", name)
    for table in ("reading", "report_version"):
        for name in _TEXT_COLUMNS:
            op.drop_column(table, name)
