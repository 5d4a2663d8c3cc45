"""Whom the operator lets in or keeps out, the turn of the webhook's secret, and what waits found by an index.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From 0002."""
    op.create_table(
        "access",
        sa.Column("telegram_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("telegram_id", name=op.f("pk_access")),
    )
    with op.batch_alter_table("doors") as doors:
        doors.add_column(sa.Column("secret_turn", sa.Integer(), server_default="0", nullable=False))
        doors.add_column(sa.Column("secret_turned_at", sa.DateTime(timezone=True), nullable=True))
    unsettled = sa.text("state <> 'done'")
    op.create_index(
        "ix_inbox_unsettled",
        "inbox",
        ["state", "received_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )


def downgrade() -> None:
    """Back to 0002."""
    op.drop_index("ix_inbox_unsettled", "inbox")
    with op.batch_alter_table("doors") as doors:
        doors.drop_column("secret_turned_at")
        doors.drop_column("secret_turn")
    op.drop_table("access")
