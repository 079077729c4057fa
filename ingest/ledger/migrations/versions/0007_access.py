"""Who may read what by a source's own word, its groups, and what a run warns of."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    name = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    entry = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    for column in ("permitted_at", "whole_at"):
        op.add_column("sources", sa.Column(column, sa.DateTime(timezone=True)))
    op.add_column("sources", sa.Column("said", sa.String(32)))
    op.add_column("sources", sa.Column("cursor", sa.Text))
    op.add_column("runs", sa.Column("warnings", sa.JSON))
    op.create_table(
        "grants",
        sa.Column("source", name, primary_key=True),
        sa.Column("id", entry, primary_key=True),
        sa.Column("container", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("readers", sa.JSON),
        sa.Column("parent", sa.Text),
        sa.Column("inheritance", sa.String(10), nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("source", name, primary_key=True),
        sa.Column("principal", entry, primary_key=True),
        sa.Column("member", entry, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_index("ix_members_member", "members", ["member"])


def downgrade() -> None:
    op.drop_table("members")
    op.drop_table("grants")
    for table, columns in {
        "runs": ["warnings"],
        "sources": ["cursor", "said", "whole_at", "permitted_at"],
    }.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
