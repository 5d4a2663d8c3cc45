"""The index that the contact policy reads, and what the language model may cost in a day.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0001."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_index("ix_outbox_user_id")
        outbox.create_index("ix_outbox_user_id_class_sent_at", ["user_id", "class", "sent_at"])
    op.create_table(
        "token_totals",
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("used_on", name=op.f("pk_token_totals")),
    )
    op.create_table(
        "token_use",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_token_use_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "used_on", name=op.f("pk_token_use")),
    )


def downgrade() -> None:
    """Back to 0001."""
    op.drop_table("token_use")
    op.drop_table("token_totals")
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_index("ix_outbox_user_id_class_sent_at")
        outbox.create_index("ix_outbox_user_id", ["user_id"])
