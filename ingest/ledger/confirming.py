"""The gate: what of that which an index proposes is published at this moment, and may be answered from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from ingest.documents import Chunk, Readers, deep_link
from ingest.ledger import access
from ingest.ledger.collections import USED, kept_state
from ingest.ledger.locks import one_of
from ingest.ledger.restoring import RESTORED, held_since
from ingest.ledger.scanning import readers_of
from ingest.ledger.tables import chunks, documents
from ingest.ledger.working import chunk_of


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that the ledger confirmed as published, with what a citation needs."""

    chunk: Chunk
    position: int
    document: str
    """The ledger's id."""
    entry: str
    """The connector's id."""
    source: str
    title: str
    url: str | None
    """The deep link to the heading or page."""
    author: str | None
    updated_at: datetime | None
    readers: Readers

    @property
    def text(self) -> str:
        """What may be quoted."""
        return self.chunk.text


Confirmed = Row[Any]
"""What `confirm` brings of a chunk: its `id`, `document`, `text`, `readers`, and the rest of a passage."""

_CONFIRMED = (
    select(
        chunks,
        documents.c.entry,
        documents.c.source,
        documents.c.title,
        documents.c.url,
        documents.c.author,
        documents.c.updated_at,
        documents.c.readers,
    )
    .join(documents, documents.c.id == chunks.c.document)
    .where(documents.c.removed_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Look:
    """How things stand at one moment."""

    used: str | None
    """The collection in use."""
    restored: frozenset[str]
    """Sources that nothing is answered from before a sync: the ledger was restored from a backup."""
    aged: frozenset[str]
    """Sources that nothing is answered from before it could be looked up again who may read them."""

    @property
    def held(self) -> frozenset[str]:
        """Sources that nothing is answered from."""
        return self.restored | self.aged


def look(connection: Connection, sources: Collection[str], knowing: Collection[str]) -> Look:
    """How things stand with these sources, of which some know readers."""
    kept = kept_state(connection)
    return Look(
        used=kept.get(USED),
        restored=frozenset(held_since(connection, sources, kept.get(RESTORED))),
        aged=frozenset(access.aged(connection, set(knowing) & set(sources))),
    )


def confirm(connection: Connection, ids: Collection[str], sources: Collection[str]) -> dict[str, Confirmed]:
    """Those of the chunk ids that are published at this moment, in configured sources. Readers are not
    applied here: see `ingest.permissions`."""
    # Asked for sources too, SQLite begins with those: it walks every chunk there is, 17 ms in place of 3.
    rows = connection.execute(_CONFIRMED.where(one_of(connection, chunks.c.id, ids)))
    return {row.id: row for row in rows.all() if row.source in sources}


def sources_of(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """In which source each of the chunk ids is published: a tenth of what `confirm` takes, for whoever leaves
    most of them out."""
    query = select(chunks.c.id, documents.c.source).join(documents, documents.c.id == chunks.c.document)
    rows = connection.execute(
        query.where(documents.c.removed_at.is_(None), one_of(connection, chunks.c.id, ids))
    )
    return {row.id: row.source for row in rows}


def passage_of(row: Confirmed) -> Passage:
    """All of it, for what is shown."""
    return Passage(
        chunk=chunk_of(row),
        position=row.position,
        document=row.document,
        entry=row.entry,
        source=row.source,
        title=row.title,
        url=deep_link(row.url, row.anchor, row.page),
        author=row.author,
        updated_at=row.updated_at,
        readers=readers_of(row.readers) or frozenset(),
    )


def has_published(connection: Connection) -> bool:
    """Whether there is anything that could be answered from."""
    return connection.scalar(select(chunks.c.id).limit(1)) is not None
