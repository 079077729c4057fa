"""A worker's side of the ledger: publish under the fence, retire what was, give up what cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from ingest.documents import Chunk, Kind
from ingest.ledger import now
from ingest.ledger.claims import Work, after, give_back, held
from ingest.ledger.locks import groups, lock_documents, ordered_strays
from ingest.ledger.tables import chunks, documents, pending, quarantine, runs, state, strays
from ingest.ledger.upserts import insert_or_replace
from ingest.planning import READERS, SWEEP


@dataclass(frozen=True, slots=True)
class Publication:
    """A document's new version, whole."""

    revision: str | None
    title: str
    chunks: Sequence[Chunk]
    body: Mapping[str, Any]
    author: str | None
    updated_at: datetime | None
    language: str
    recipe: str | None
    embedded: int
    """How many of the chunks had to be embedded for it."""


def published_chunks(connection: Connection, document: str) -> list[Chunk]:
    """A document's published chunks, in order."""
    rows = connection.execute(select(chunks).where(chunks.c.document == document).order_by(chunks.c.position))
    return [chunk_of(row) for row in rows]


def chunk_of(row: Row[Any]) -> Chunk:
    """A row of `chunks` as the value it keeps."""
    return Chunk(
        id=row.id,
        text=row.text,
        heading=tuple(row.heading),
        anchor=row.anchor,
        page=row.page,
        language=row.language,
        kind=Kind(row.kind),
        pivot=row.pivot,
    )


def set_pivots(connection: Connection, pivots: Mapping[str, str | None]) -> None:
    """Keep translations that were made after publishing, by chunk id."""
    # Whoever publishes one of these documents meanwhile has a list of its chunks of its own.
    whose: set[str] = set()
    for group in groups(sorted(pivots)):
        whose.update(connection.scalars(select(chunks.c.document).where(chunks.c.id.in_(group))))
    lock_documents(connection, whose)
    connection.execute(
        update(chunks).where(chunks.c.id == bindparam("b_id")).values(pivot=bindparam("b_pivot")),
        [{"b_id": chunk, "b_pivot": pivot} for chunk, pivot in pivots.items()],
    )


def note(connection: Connection, work: Work, ids: Sequence[str]) -> bool:
    """Note chunk ids that are about to be written to the index, and count the attempt.

    From here on a kill leaves nothing that is not written down. False: the work is no longer ours.
    """
    if (due := held(connection, work)) is None:
        return False
    _add_strays(connection, work, ids, due.run)
    connection.execute(
        update(pending).where(pending.c.document == work.document).values(attempts=pending.c.attempts + 1)
    )
    return True


def publish(connection: Connection, work: Work, new: Publication, collection: str) -> bool:
    """Make a new version the published one, all at once; what it retires is then due to be swept.

    False: the work is no longer ours, or another index collection than the one written to is in use.
    """
    due = held(connection, work)
    if due is None or not _is_used(connection, collection):
        return False
    before = set(connection.scalars(select(chunks.c.id).where(chunks.c.document == work.document)))
    after = [chunk.id for chunk in new.chunks]
    if before:
        connection.execute(delete(chunks).where(chunks.c.document == work.document))
    if new.chunks:
        connection.execute(insert(chunks), [_row(work.document, n, c) for n, c in enumerate(new.chunks)])
    _forget(connection, after)
    _add_strays(connection, work, before.difference(after), due.run)
    connection.execute(
        update(documents)
        .where(documents.c.id == work.document)
        .values(
            title=new.title,
            body=dict(new.body),
            author=new.author,
            updated_at=new.updated_at,
            language=new.language,
            revision=new.revision,
            recipe=new.recipe,
            indexed_readers=sorted(work.readers),
            published_at=now(),
        )
    )
    connection.execute(
        update(pending).where(pending.c.document == work.document).values(action=SWEEP, attempts=0)
    )
    connection.execute(
        update(runs)
        .where(runs.c.id == due.run)
        .values(
            chunks_embedded=runs.c.chunks_embedded + new.embedded,
            chunks_reused=runs.c.chunks_reused + len(after) - new.embedded,
        )
    )
    return True


def unswept(connection: Connection, document: str) -> list[str]:
    """Chunk ids of a document that the index may still hold although they are not published."""
    return list(
        connection.scalars(select(strays.c.chunk).where(strays.c.document == document, ~strays.c.swept))
    )


def finish(connection: Connection, work: Work, swept: Sequence[str], collection: str) -> bool:
    """The work is done: the index has the readers, and `swept` is out of it.

    False: the work is no longer ours, or another index collection is in use.
    """
    due = held(connection, work)
    if due is None or not _is_used(connection, collection):
        return False
    if work.action == READERS:
        connection.execute(
            update(documents)
            .where(documents.c.id == work.document)
            .values(indexed_readers=sorted(work.readers))
        )
    for group in groups(sorted(swept)):
        these = ordered_strays(strays.c.chunk.in_(group))
        connection.execute(update(strays).where(strays.c.chunk.in_(these)).values(swept=True, run=due.run))
    connection.execute(delete(pending).where(pending.c.document == work.document))
    return True


def fail(
    connection: Connection,
    work: Work,
    reason: str,
    *,
    limit: int,
    delay: float = 0,
    recipe: str | None = None,
) -> bool:
    """Count a failed attempt, to be repeated after `delay` seconds; at the limit the document goes into
    quarantine, until its revision or the `recipe` that it was read by changes; without one, until the next
    scan. False: the work is no longer ours."""
    if (due := held(connection, work)) is None:
        return False
    # An attempt that came as far as writing was counted by `note`.
    attempts = due.attempts + 1 if due.attempts == work.attempts else due.attempts
    if attempts < limit:
        give_back(connection, work, attempts=attempts, reason=reason, not_before=after(delay))
        return True
    connection.execute(delete(quarantine).where(quarantine.c.document == work.document))
    connection.execute(
        insert(quarantine).values(
            document=work.document,
            source=work.source,
            revision=None if recipe is None else work.entry.revision,
            recipe=recipe,
            reason=reason,
            attempts=min(attempts, limit),
            since=now(),
        )
    )
    if work.revision is not None and work.readers != work.indexed_readers:
        # What was readable before is published still, for the readers of now.
        give_back(connection, work, action=READERS, attempts=0)
    elif unswept(connection, work.document):
        give_back(connection, work, action=SWEEP, attempts=0)
    else:
        connection.execute(delete(pending).where(pending.c.document == work.document))
    return True


def _is_used(connection: Connection, collection: str) -> bool:
    """Whether questions are answered from this collection, and will be until the transaction ends."""
    used = select(state.c.value).where(state.c.key == "collection").with_for_update(read=True)
    return connection.scalar(used) == collection


def _add_strays(connection: Connection, work: Work, ids: Iterable[str], run: str) -> None:
    """Note chunk ids; those of chunks that were retired before and have come back are due again."""
    rows = [{"chunk": one, "document": work.document, "run": run, "swept": False} for one in sorted(ids)]
    if rows:
        insert_or_replace(connection, strays, rows)


def _forget(connection: Connection, ids: Iterable[str]) -> None:
    for group in groups(sorted(ids)):
        these = ordered_strays(strays.c.chunk.in_(group))
        connection.execute(delete(strays).where(strays.c.chunk.in_(these)))


def _row(document: str, position: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "id": chunk.id,
        "document": document,
        "position": position,
        "text": chunk.text,
        "heading": list(chunk.heading),
        "anchor": chunk.anchor,
        "page": chunk.page,
        "language": chunk.language,
        "kind": chunk.kind.value,
        "pivot": chunk.pivot,
    }
