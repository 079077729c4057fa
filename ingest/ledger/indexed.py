"""What an index should hold: published chunks by the thousand, and which documents changed since a look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from ingest.documents import Chunk, Readers
from ingest.ledger.locks import groups
from ingest.ledger.tables import chunks, documents, strays
from ingest.ledger.working import chunk_of

_PAGE = 5_000

Version = tuple[datetime | None, Readers]
"""Of a published document: when it was published, and who may read it."""


def each_published(connection: Connection) -> Iterator[Sequence[tuple[str, str]]]:
    """Every published chunk id with its document's, some thousand at a time."""
    query = select(chunks.c.id, chunks.c.document)
    found = connection.execute(query, execution_options={"yield_per": _PAGE})
    for page in found.partitions(_PAGE):
        yield [(row.id, row.document) for row in page]


def each_stray(connection: Connection) -> Iterator[Sequence[str]]:
    """Every chunk id that somebody is about to publish or to sweep, some thousand at a time."""
    query = select(strays.c.chunk).where(~strays.c.swept)
    for page in connection.execute(query, execution_options={"yield_per": _PAGE}).partitions(_PAGE):
        yield [row.chunk for row in page]


def unknown(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of the chunk ids that are neither published nor strays."""
    left = set(ids)
    for group in groups(sorted(left)):
        left.difference_update(connection.scalars(select(chunks.c.id).where(chunks.c.id.in_(group))))
        left.difference_update(
            connection.scalars(select(strays.c.chunk).where(strays.c.chunk.in_(group), ~strays.c.swept))
        )
    return left


def holders(connection: Connection, ids: Collection[str]) -> set[str]:
    """The documents that have any of these chunks published."""
    found: set[str] = set()
    for group in groups(sorted(set(ids))):
        found.update(connection.scalars(select(chunks.c.document).where(chunks.c.id.in_(group))))
    return found


def versions(connection: Connection) -> dict[str, Version]:
    """Every published document."""
    query = select(documents.c.id, documents.c.published_at, documents.c.readers)
    rows = connection.execute(
        query.where(documents.c.removed_at.is_(None), documents.c.revision.is_not(None))
    )
    return {row.id: (row.published_at, frozenset(row.readers or ())) for row in rows}


def contents(connection: Connection, ids: Sequence[str]) -> list[tuple[str, str, Readers, Sequence[Chunk]]]:
    """Of published documents: id, title, readers and chunks."""
    query = select(documents).where(documents.c.id.in_(ids)).order_by(documents.c.id)
    titles = connection.execute(
        query.where(documents.c.removed_at.is_(None), documents.c.revision.is_not(None))
    ).all()
    kept: dict[str, list[Chunk]] = {row.id: [] for row in titles}
    rows = connection.execute(
        select(chunks).where(chunks.c.document.in_(list(kept))).order_by(chunks.c.document, chunks.c.position)
    )
    for row in rows:
        kept[row.document].append(chunk_of(row))
    return [(row.id, row.title, frozenset(row.readers or ()), kept[row.id]) for row in titles]
