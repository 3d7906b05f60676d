"""The rules of the life of a report, held by the database itself."""

from __future__ import annotations

from alembic import op

from db.sqlite.triggers import REVISION_0002

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the triggers."""
    for _, statement in REVISION_0002:
        op.execute(statement)


def downgrade() -> None:
    """Remove the triggers; no row changes."""
    for name, _ in REVISION_0002:
        op.execute(f"DROP TRIGGER {name}")
