"""The ledger's tables: what is published, who may read it, which work is due, and what happened.

The migrations in `migrations/` make exactly these tables; a test compares the two.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import (
    JSON,
    BigInteger,
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
    false,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from ingest.documents import storable


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


def read_json(text: bytes | str) -> Any:
    """Four times as fast as Python's own, which counts where a hundred hits bring two hundred values; but it
    refuses half a surrogate pair, which Python's own wrote."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


class Words(TypeDecorator[str]):
    """Text of whatever origin, without what a database cannot hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Texts are put right when they are written; those that decide something were so before."""
        return storable(value)


def _ordered(kind: type[String], length: int | None = None) -> TypeEngine[str]:
    """What rows are ordered and locked by: on every database, and in Python, in the same order."""
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


ID, NAME, ENTRY = _ordered(String, 36), _ordered(String, 200), _ordered(Text)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row a key: `collection` names the index collection that questions are answered from, `building` the one
# that a rebuild is filling, `retired` the one before it, which is kept for a while. See `collections`.
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
    Column("name", NAME, primary_key=True),
    Column("owner", NAME),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, default=0),
    Column("listed_at", Moment),  # when a plan was last recorded
    Column("refreshed_at", Moment),  # when permissions were last looked up apart from a plan
    Column("permitted_at", Moment),  # from when it is what the source said of who may read
    Column("whole_at", Moment),  # when it last began to list all that it has
    Column("said", String(32)),  # a digest of what is kept of it in `grants`
    Column("cursor", Words),  # from which its changes since can be asked for
)

# What a source said of who may read each thing that it listed, where readers come down from other things:
# documents (by the connector's id) and containers.
grants = Table(
    "grants",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("id", ENTRY, primary_key=True),
    Column("container", Boolean, nullable=False),
    Column("title", Words, nullable=False),
    Column("readers", JSON(none_as_null=True)),  # of this one alone; null: not said
    Column("parent", Words),
    Column("inheritance", String(10), nullable=False),
)

# Who is in which group that a source keeps, by way of groups in it as well.
members = Table(
    "members",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("principal", ENTRY, primary_key=True),
    Column("member", ENTRY, primary_key=True, index=True),
    Column("title", Words, nullable=False),  # what people call the group
)

# Syncs that somebody asked for and that have not begun: one a source.
requests = Table(
    "requests",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("full", Boolean, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("by", Words),
    Column("requested_at", Moment, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", ID, primary_key=True),  # made of the two below, so that these need no index of their own
    Column("source", NAME, nullable=False, index=True),
    Column("entry", ENTRY, nullable=False),  # the connector's id, of any length
    Column("listing", JSON, nullable=False),  # the entry as last listed, see scanning.listing_of
    Column("readers", JSON(none_as_null=True)),  # sorted principals; null: unknown, so nobody
    Column("indexed_readers", JSON),  # what the index filters by, until it is told the above
    Column("body", JSON),  # the title, author and date that the body itself gives; they win over the listed
    Column("title", Words, nullable=False),
    Column("url", Words),
    Column("author", Words),
    Column("updated_at", Moment),
    Column("language", String(8)),
    Column("revision", Words),  # the published one; null: never published
    Column("recipe", String(100)),  # how the published chunks were cut
    Column("published_at", Moment),
    Column("removed_at", Moment),
    Column("missing_since", Moment),  # not listed any more, removal held
    Column("fence", Integer, nullable=False, default=0),
)

# The published chunks, and only those: a row here is what may be quoted.
chunks = Table(
    "chunks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("text", Words, nullable=False),
    Column("heading", JSON, nullable=False),
    Column("anchor", Words),
    Column("page", Integer),
    Column("language", String(8), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("pivot", Words),
)

# Chunk ids that the index may hold without their being published: noted before they are written,
# and when a newer version or a removal retires them. `swept` ones wait for their run's proof.
strays = Table(
    "strays",
    metadata,
    Column("chunk", ID, primary_key=True),
    Column("document", ID, nullable=False, index=True),
    Column("run", ID, nullable=False, index=True),
    Column("swept", Boolean, nullable=False, default=False),
)

# The work that is due: one row a document. Claimed by lease; a commit must show the document's fence.
pending = Table(
    "pending",
    metadata,
    Column("document", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("source", NAME, nullable=False),
    Column("run", ID, nullable=False, index=True),
    Column("action", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Words),
    Column("not_before", Moment),
    Column("owner", NAME),
    Column("lease_until", Moment),
    Index("ix_pending_turn", "source", "attempts", "document"),  # the order of `claims.claim`
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("document", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("source", NAME, nullable=False, index=True),
    Column("revision", Words),  # what could not be read; null: it could not be had, so the next scan retries
    Column("recipe", String(100)),  # how it was tried; another parser may do better
    Column("reason", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("source", NAME, nullable=False, index=True),
    Column("state", String(10), nullable=False),  # scanning, working, done, held, failed
    # What old processes, during an upgrade, do not set has defaults in the database as well.
    Column("kind", String(12), nullable=False, default="sync", server_default="sync"),  # sync, permissions
    Column("owner", NAME, nullable=False),  # who follows the run to its end, if still alive
    Column("seen_at", Moment, nullable=False),
    Column("full", Boolean, nullable=False, default=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("error", Words),  # of one that goes on: what stands in its way
    Column("confirmed", Boolean, nullable=False, default=False, server_default=false()),
    Column("asked_by", Words),
    Column("planned", Integer, nullable=False, default=0, server_default="0"),  # documents due by the plan
    Column("planned_at", Moment),
    Column("current", Words),  # the title of the document that was worked on last
    Column("warnings", JSON(none_as_null=True)),  # sentences about what is probably not meant
    *(
        Column(count, Integer, nullable=False, default=0)
        for count in (
            "scanned", "new", "changed", "unchanged", "retitled", "readers_changed", "removed", "held",
            "chunks_embedded", "chunks_reused", "still_answerable",
        )
    ),
)  # fmt: skip

# What is done every so often, by whichever process comes first; '' is the source of what concerns them all.
chores = Table(
    "chores",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("source", NAME, primary_key=True),
    Column("owner", NAME),
    Column("lease_until", Moment),
    Column("done_at", Moment),
    Column("found", JSON(none_as_null=True)),  # what it saw when it was last done
)

# The processes of this installation that say from time to time that they are there.
processes = Table(
    "processes",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("kind", String(10), nullable=False),  # serve, work, beat
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("consumed_at", Moment),  # when it last took up something to do
)

questions = Table(
    "questions",
    metadata,
    Column("id", ID, primary_key=True),  # the reference that a person can quote
    Column("asked_at", Moment, nullable=False, index=True),
    Column("person", Words),
    Column("platform", String(20), nullable=False),
    Column("text", Words, nullable=False),
    Column("language", String(8), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("thread", Words, index=True),  # the conversation, with its platform
    Column("message", Words),  # the platform's name of it, which stays when it is edited
    Column("standalone", Words),  # as it was searched for; null where that is the text itself
)

# What chat platforms delivered, from before it is acknowledged until long after it was answered.
events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),  # the same for every delivery of the same thing
    Column("platform", String(20), nullable=False),
    Column("content", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("owner", NAME),
    Column("lease_until", Moment),  # of an event that is nobody's: not to be taken before
    Column("reply", Text),  # the platform's name of the message that answers it
    Column("done_at", Moment, index=True),
)

# What people think of the answers that they were given: one row a person and question.
feedback = Table(
    "feedback",
    metadata,
    Column("question", ID, ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Words, primary_key=True),  # an e-mail; empty for everybody without one
    Column("up", Boolean, nullable=False),  # false: the answer was no good
    Column("reason", String(20)),  # wrong, outdated, incomplete, other; null: not said
    Column("comment", Words),
    Column("given_at", Moment, nullable=False, index=True),
    Column("closed_at", Moment),  # when an admin had seen to it
    Column("closed_by", Words),
)

spending = Table(
    "spending",
    metadata,
    Column("day", String(10), primary_key=True),  # in UTC, as 2026-03-01
    Column("person", Words, primary_key=True),  # an e-mail; empty for everybody without one
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),  # in the currency of the settings' prices
)
