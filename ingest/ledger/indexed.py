"""What an index should hold: published chunks by the thousand, and which documents changed since a look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from ingest.documents import Chunk, Readers
from ingest.ledger.locks import groups
from ingest.ledger.tables import chunks, documents, strays
from ingest.ledger.working import chunk_of

_PAGE = 5_000

Version = tuple[datetime | None, Readers]
"""Of a published document: when it was published, and who may read it."""


def each_published(connection: Connection) -> Iterator[Sequence[str]]:
    """Every published chunk id, some thousand at a time."""
    for page in connection.execute(select(chunks.c.id), execution_options={"yield_per": _PAGE}).partitions():
        yield [row.id for row in page]


def count_published(connection: Connection) -> int:
    """How many chunks are published."""
    return connection.scalar(select(func.count()).select_from(chunks)) or 0


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


def published(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Those of the chunk ids that are published, with the documents that they are of."""
    found: dict[str, str] = {}
    for group in groups(sorted(set(ids))):
        rows = connection.execute(select(chunks.c.id, chunks.c.document).where(chunks.c.id.in_(group)))
        found.update((row.id, row.document) for row in rows)
    return found


def versions(connection: Connection, sources: Collection[str] | None = None) -> dict[str, Version]:
    """Every published document; of `sources`, every one that was there when they were last listed."""
    query = select(documents.c.id, documents.c.published_at, documents.c.readers).where(
        documents.c.removed_at.is_(None), documents.c.revision.is_not(None)
    )
    if sources is not None:
        query = query.where(documents.c.missing_since.is_(None), documents.c.source.in_(sources))
    rows = connection.execute(query)
    return {row.id: (row.published_at, frozenset(row.readers or ())) for row in rows}


def listed(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Those of the published documents that were there when their source was last listed, with the source."""
    found: dict[str, str] = {}
    query = select(documents.c.id, documents.c.source).where(
        documents.c.removed_at.is_(None), documents.c.missing_since.is_(None)
    )
    for group in groups(sorted(ids)):
        found.update(
            (row.id, row.source) for row in connection.execute(query.where(documents.c.id.in_(group)))
        )
    return found


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
