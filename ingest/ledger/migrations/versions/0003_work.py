"""Requests for syncs, progress of runs, chores, and the processes that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NAME = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
# By these rows are ordered and locked, which must not depend on how the server was set up.
ORDERED = {
    "sources": {"name": "VARCHAR(200)"},
    "documents": {"id": "VARCHAR(36)", "source": "VARCHAR(200)", "entry": "TEXT"},
    "chunks": {"id": "VARCHAR(36)", "document": "VARCHAR(36)"},
    "strays": {"chunk": "VARCHAR(36)", "document": "VARCHAR(36)", "run": "VARCHAR(36)"},
    "pending": {"document": "VARCHAR(36)", "source": "VARCHAR(200)", "run": "VARCHAR(36)"},
    "quarantine": {"document": "VARCHAR(36)", "source": "VARCHAR(200)"},
    "runs": {"id": "VARCHAR(36)", "source": "VARCHAR(200)"},
    "questions": {"id": "VARCHAR(36)"},
}


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("source", NAME, primary_key=True),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("requested_at", MOMENT, nullable=False),
    )
    op.create_table(
        "chores",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("source", NAME, primary_key=True),
        sa.Column("owner", NAME),
        sa.Column("lease_until", MOMENT),
        sa.Column("done_at", MOMENT),
        sa.Column("found", sa.JSON),
    )
    op.create_table(
        "processes",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
    )
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("listed_at", MOMENT))
        table.add_column(sa.Column("refreshed_at", MOMENT))
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("kind", sa.String(12), nullable=False, server_default="sync"))
        table.add_column(sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("asked_by", sa.Text))
        table.add_column(sa.Column("planned", sa.Integer, nullable=False, server_default="0"))
        table.add_column(sa.Column("planned_at", MOMENT))
        table.add_column(sa.Column("current", sa.Text))
    # Said by the id already; and PostgreSQL takes nothing longer than 2,700 bytes into an index.
    with op.batch_alter_table("documents") as table:
        table.drop_constraint("uq_documents_source", type_="unique")
    _collate("C")
    # Taking up work reads it in its turn, and stops; it sorted all that was due.
    for name in ("ix_pending_lease", "ix_pending_source"):
        op.drop_index(name, "pending")
    op.create_index("ix_pending_turn", "pending", ["source", "attempts", "document"])


def downgrade() -> None:
    # What an older version takes for syncs would be none.
    op.execute("DELETE FROM runs WHERE kind <> 'sync'")
    op.drop_index("ix_pending_turn", "pending")
    op.create_index("ix_pending_source", "pending", ["source"])
    op.create_index("ix_pending_lease", "pending", ["source", "not_before", "lease_until"])
    _collate("default")
    with op.batch_alter_table("documents") as table:
        table.create_unique_constraint("uq_documents_source", ["source", "entry"])
    with op.batch_alter_table("runs") as table:
        for column in ("current", "planned_at", "planned", "asked_by", "confirmed", "kind"):
            table.drop_column(column)
    with op.batch_alter_table("sources") as table:
        table.drop_column("refreshed_at")
        table.drop_column("listed_at")
    for name in ("processes", "chores", "requests"):
        op.drop_table(name)


def _collate(collation: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in ORDERED.items():
            for column, kind in columns.items():
                op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} COLLATE "{collation}"')
