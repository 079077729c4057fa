"""Conversations of questions, and what language models cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("questions") as table:
        table.add_column(sa.Column("thread", sa.Text))
        table.add_column(sa.Column("message", sa.Text))
        table.add_column(sa.Column("standalone", sa.Text))
        table.create_index("ix_questions_thread", ["thread"])
    op.create_table(
        "spending",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("tokens_in", sa.BigInteger, nullable=False),
        sa.Column("tokens_out", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("spending")
    with op.batch_alter_table("questions") as table:
        table.drop_index("ix_questions_thread")
        for name in ("standalone", "message", "thread"):
            table.drop_column(name)
