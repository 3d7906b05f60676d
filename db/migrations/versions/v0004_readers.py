"""Named accounts, corrections, the order of the worklist."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from db.sqlite.triggers import REVISION_0002, REVISION_0004
from gaze2report.ai_priority import priority_of
from gaze2report.errors import StorageFailed

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATUSES = "status IN ('unread', 'in-progress', 'draft', 'preliminary', 'final', 'addended'{})"
_KINDS = "kind IN ('preliminary', 'final', 'addendum'{})"


def upgrade() -> None:
    """Add accounts, the work on addenda, reasons, corrections and what the worklist sorts by."""
    _drop_rules(REVISION_0002)
    with op.batch_alter_table("study", recreate="always") as study:
        study.add_column(sa.Column("assigned_to", sa.Text(), nullable=False, server_default=""))
        study.add_column(sa.Column("ai_priority", sa.Integer(), nullable=True))
        study.add_column(sa.Column("ai_priority_reason", sa.Text(), nullable=False, server_default=""))
        study.create_check_constraint(op.f("ck_study_status_known"), _STATUSES.format(", 'corrected'"))
    with op.batch_alter_table("report_version", recreate="always") as version:
        version.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        version.create_check_constraint(op.f("ck_report_version_kind_known"), _KINDS.format(", 'correction'"))
    op.add_column("reading", sa.Column("purpose", sa.String(length=16), nullable=False, server_default="report"))
    _make_tables()
    _rank_drafts()
    for _, statement in REVISION_0004:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, unless something would be lost that the older schema cannot hold."""
    for table in ("account", "addendum_work", "report_version WHERE reason <> ''", "reading WHERE purpose <> 'report'"):
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table}")).first():
            raise StorageFailed(
                "the older schema cannot hold accounts, corrections and reasons, so nothing was changed; "
                "restore the copy made before the migration"
            )
    _drop_rules(REVISION_0004)
    op.drop_table("account")
    op.drop_table("addendum_work")
    op.drop_column("reading", "purpose")
    with op.batch_alter_table("report_version", recreate="always") as version:
        version.drop_column("reason")
        version.create_check_constraint(op.f("ck_report_version_kind_known"), _KINDS.format(""))
    with op.batch_alter_table("study", recreate="always") as study:
        for name in ("assigned_to", "ai_priority", "ai_priority_reason"):
            study.drop_column(name)
        study.create_check_constraint(op.f("ck_study_status_known"), _STATUSES.format(""))
    for _, statement in REVISION_0002:
        op.execute(statement)


def _drop_rules(rules: list[tuple[str, str]]) -> None:
    for name, _ in rules:
        op.execute(f"DROP TRIGGER {name}")


def _make_tables() -> None:
    op.create_table(
        "addendum_work",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_at_utc", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_addendum_work_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addendum_work")),
        sa.UniqueConstraint("study_id", "reader", name=op.f("uq_addendum_work_study_id_reader")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at_utc", sa.String(length=32), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("last_failed_at_utc", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "role IN ('reader', 'resident', 'attending', 'researcher', 'admin')", name=op.f("ck_account_role_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
        sa.UniqueConstraint("name_key", name=op.f("uq_account_name_key")),
    )


def _rank_drafts() -> None:
    connection = op.get_bind()
    newest = "SELECT study_id, content_json FROM draft WHERE id IN (SELECT max(id) FROM draft GROUP BY study_id)"
    for study_id, content_json in connection.execute(sa.text(newest)).all():
        ranked = priority_of(json.loads(content_json)["observations"])
        if ranked is not None:
            reason = f"{ranked.finding} {ranked.probability:.2f}" if ranked.finding else ""
            connection.execute(
                sa.text("UPDATE study SET ai_priority = :rank, ai_priority_reason = :reason WHERE id = :id"),
                {"rank": ranked.rank, "reason": reason, "id": study_id},
            )
