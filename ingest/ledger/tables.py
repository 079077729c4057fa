"""The ledger's tables: what is published, who may read it, which work is due, and what happened.

The migrations in `migrations/` make exactly these tables; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware time, always UTC. SQLite keeps no time zones, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time whose zone is unknown."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be kept: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Times come back aware."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row a key: `collection` names the index collection that questions are answered from, `building` the one
# that a rebuild is filling, `retired` the one before it, which is removed when nobody reads it any more.
state = Table(
    "state",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

# Whoever scans a source holds its lease; the fence refuses a scanner that came back too late. Whoever makes
# the index anew holds that of a source whose name nobody can configure.
sources = Table(
    "sources",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(200)),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, default=0),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(200), nullable=False, index=True),
    Column("entry", Text, nullable=False),  # the connector's id
    Column("listing", JSON, nullable=False),  # the entry as last listed, see scanning.listing_of
    Column("readers", JSON(none_as_null=True)),  # sorted principals; null: unknown, so nobody
    Column("indexed_readers", JSON),  # what the index filters by, until it is told the above
    Column("body", JSON),  # the title, author and date that the body itself gives; they win over the listed
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("author", Text),
    Column("updated_at", Moment),
    Column("language", String(8)),
    Column("revision", Text),  # the published one; null: never published
    Column("recipe", String(100)),  # how the published chunks were cut
    Column("published_at", Moment),
    Column("removed_at", Moment),
    Column("missing_since", Moment),  # not listed any more, removal held
    Column("fence", Integer, nullable=False, default=0),
    UniqueConstraint("source", "entry"),
)

# The published chunks, and only those: a row here is what may be quoted.
chunks = Table(
    "chunks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column(
        "document", String(36), ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("position", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("heading", JSON, nullable=False),
    Column("anchor", Text),
    Column("page", Integer),
    Column("language", String(8), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("pivot", Text),
)

# Chunk ids that the index may hold without their being published: noted before they are written,
# and when a newer version or a removal retires them. `swept` ones wait for their run's proof.
strays = Table(
    "strays",
    metadata,
    Column("chunk", String(36), primary_key=True),
    Column("document", String(36), nullable=False, index=True),
    Column("run", String(36), nullable=False, index=True),
    Column("swept", Boolean, nullable=False, default=False),
)

# The work that is due: one row a document. Claimed by lease; a commit must show the document's fence.
pending = Table(
    "pending",
    metadata,
    Column("document", String(36), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(200), nullable=False, index=True),
    Column("run", String(36), nullable=False, index=True),
    Column("action", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("not_before", Moment),
    Column("owner", String(200)),
    Column("lease_until", Moment),
    Index("ix_pending_lease", "source", "not_before", "lease_until"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("document", String(36), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(200), nullable=False, index=True),
    Column("revision", Text),  # what could not be read; null: it could not be had, so the next scan retries
    Column("recipe", String(100)),  # how it was tried; another parser may do better
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(200), nullable=False, index=True),
    Column("state", String(10), nullable=False),  # scanning, working, done, held, failed
    Column("owner", String(200), nullable=False),  # who follows the run to its end, if still alive
    Column("seen_at", Moment, nullable=False),
    Column("full", Boolean, nullable=False, default=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("error", Text),
    *(
        Column(count, Integer, nullable=False, default=0)
        for count in (
            "scanned", "new", "changed", "unchanged", "retitled", "readers_changed", "removed", "held",
            "chunks_embedded", "chunks_reused", "still_answerable",
        )
    ),
)  # fmt: skip

questions = Table(
    "questions",
    metadata,
    Column("id", String(36), primary_key=True),  # the reference that a person can quote
    Column("asked_at", Moment, nullable=False, index=True),
    Column("person", Text),
    Column("platform", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
)
