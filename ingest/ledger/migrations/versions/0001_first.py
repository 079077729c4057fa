"""The first ledger: state, sources, documents, chunks, strays, pending, quarantine, runs, questions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "state",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", MOMENT),
        sa.Column("fence", sa.Integer, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("listing", sa.JSON, nullable=False),
        sa.Column("readers", sa.JSON),
        sa.Column("indexed_readers", sa.JSON),
        sa.Column("body", sa.JSON),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("author", sa.Text),
        sa.Column("updated_at", MOMENT),
        sa.Column("language", sa.String(8)),
        sa.Column("revision", sa.Text),
        sa.Column("recipe", sa.String(100)),
        sa.Column("published_at", MOMENT),
        sa.Column("removed_at", MOMENT),
        sa.Column("missing_since", MOMENT),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.UniqueConstraint("source", "entry", name="uq_documents_source"),
    )
    op.create_index("ix_documents_source", "documents", ["source"])
    op.create_table(
        "chunks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "document",
            sa.String(36),
            sa.ForeignKey("documents.id", ondelete="CASCADE", name="fk_chunks_document_documents"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heading", sa.JSON, nullable=False),
        sa.Column("anchor", sa.Text),
        sa.Column("page", sa.Integer),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("pivot", sa.Text),
    )
    op.create_index("ix_chunks_document", "chunks", ["document"])
    op.create_table(
        "strays",
        sa.Column("chunk", sa.String(36), primary_key=True),
        sa.Column("document", sa.String(36), nullable=False),
        sa.Column("run", sa.String(36), nullable=False),
        sa.Column("swept", sa.Boolean, nullable=False),
    )
    op.create_index("ix_strays_document", "strays", ["document"])
    op.create_index("ix_strays_run", "strays", ["run"])
    op.create_table(
        "pending",
        sa.Column(
            "document",
            sa.String(36),
            sa.ForeignKey("documents.id", ondelete="CASCADE", name="fk_pending_document_documents"),
            primary_key=True,
        ),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("run", sa.String(36), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("not_before", MOMENT),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", MOMENT),
    )
    op.create_index("ix_pending_source", "pending", ["source"])
    op.create_index("ix_pending_run", "pending", ["run"])
    op.create_index("ix_pending_lease", "pending", ["source", "not_before", "lease_until"])
    op.create_table(
        "quarantine",
        sa.Column(
            "document",
            sa.String(36),
            sa.ForeignKey("documents.id", ondelete="CASCADE", name="fk_quarantine_document_documents"),
            primary_key=True,
        ),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
    )
    op.create_index("ix_quarantine_source", "quarantine", ["source"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("error", sa.Text),
        sa.Column("scanned", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("retitled", sa.Integer, nullable=False),
        sa.Column("readers_changed", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("chunks_embedded", sa.Integer, nullable=False),
        sa.Column("chunks_reused", sa.Integer, nullable=False),
        sa.Column("still_answerable", sa.Integer, nullable=False),
    )
    op.create_index("ix_runs_source", "runs", ["source"])
    op.create_table(
        "questions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_index("ix_questions_asked_at", "questions", ["asked_at"])


def downgrade() -> None:
    for table in (
        "questions", "runs", "quarantine", "pending", "strays", "chunks", "documents", "sources", "state",
    ):  # fmt: skip
        op.drop_table(table)
