"""Looking: the gate that confirms hits, what is known of a document, and the reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select

from ingest.documents import Chunk, Readers, deep_link
from ingest.ledger.scanning import readers_of
from ingest.ledger.tables import chunks, documents, pending, quarantine, questions, runs, strays
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


def confirm(connection: Connection, ids: Collection[str], sources: Collection[str]) -> dict[str, Passage]:
    """Those of the chunk ids that are published at this moment, in configured sources. Readers are not
    applied here: see `ingest.permissions`."""
    rows = connection.execute(_passages().where(chunks.c.id.in_(ids), documents.c.source.in_(sources)))
    return {row.id: _passage(row) for row in rows}


def _passages() -> Any:
    return (
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


def _passage(row: Row[Any]) -> Passage:
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


def published_ids(connection: Connection) -> dict[str, str]:
    """Every published chunk id, with its document's."""
    return {row.id: row.document for row in connection.execute(select(chunks.c.id, chunks.c.document))}


def has_published(connection: Connection) -> bool:
    """Whether there is anything that could be answered from."""
    return connection.scalar(select(chunks.c.id).limit(1)) is not None


def stray_ids(connection: Connection) -> set[str]:
    """Every chunk id that somebody is about to publish or to sweep."""
    return set(connection.scalars(select(strays.c.chunk).where(~strays.c.swept)))


def published_documents(connection: Connection, ids: Iterable[str] | None = None) -> list[Row[Any]]:
    """The rows of published documents: all of them, or those named."""
    query = select(documents).where(documents.c.removed_at.is_(None), documents.c.revision.is_not(None))
    if ids is not None:
        query = query.where(documents.c.id.in_(list(ids)))
    return list(connection.execute(query.order_by(documents.c.id)))


def find_documents(connection: Connection, words: str) -> list[Row[Any]]:
    """Documents that a person may mean by an id, a path, a title or an address; exact matches first."""
    exact = or_(
        documents.c.id == words,
        documents.c.entry == words,
        documents.c.url == words,
        func.lower(documents.c.title) == words.lower(),
    )
    found = connection.execute(select(documents).where(exact).limit(10)).all()
    if found:
        return list(found)
    return list(
        connection.execute(
            select(documents).where(documents.c.entry.endswith("/" + words, autoescape=True)).limit(10)
        )
    )


def standing(connection: Connection, document: str) -> dict[str, Any]:
    """What else is known of a document: its chunk count, and its pending and quarantine rows if any."""
    work = connection.execute(select(pending).where(pending.c.document == document)).first()
    failed = connection.execute(select(quarantine).where(quarantine.c.document == document)).first()
    return {
        "chunks": connection.scalar(
            select(func.count()).select_from(chunks).where(chunks.c.document == document)
        ),
        "pending": work._asdict() if work else None,
        "quarantine": failed._asdict() if failed else None,
    }


def counts(connection: Connection) -> dict[str, dict[str, Any]]:
    """By source: published documents, chunks, pending, quarantined and held, and the last two runs."""
    result: dict[str, dict[str, Any]] = {}

    def put(key: str, query: Any) -> None:
        for source, value in connection.execute(query):
            result.setdefault(source, {})[key] = value

    live = documents.c.removed_at.is_(None)
    by_source = documents.c.source
    put(
        "documents",
        select(by_source, func.count()).where(live, documents.c.revision.is_not(None)).group_by(by_source),
    )
    put(
        "chunks",
        select(by_source, func.count())
        .join(chunks, chunks.c.document == documents.c.id)
        .where(live)
        .group_by(by_source),
    )
    put("pending", select(pending.c.source, func.count()).group_by(pending.c.source))
    put("quarantined", select(quarantine.c.source, func.count()).group_by(quarantine.c.source))
    put(
        "held",
        select(by_source, func.count())
        .where(live, documents.c.missing_since.is_not(None))
        .group_by(by_source),
    )
    put(
        "synced_at",
        select(runs.c.source, func.max(runs.c.finished_at))
        .where(runs.c.state.in_(("done", "held")))
        .group_by(runs.c.source),
    )
    for source in connection.scalars(select(runs.c.source).distinct()):
        last = connection.execute(
            select(runs).where(runs.c.source == source).order_by(runs.c.started_at.desc()).limit(1)
        ).one()
        result.setdefault(source, {})["last_run"] = last._asdict()
    return result


def run_report(connection: Connection, run: str) -> dict[str, Any]:
    """A run as `sync --json` prints it."""
    row = connection.execute(select(runs).where(runs.c.id == run)).one()
    failed = connection.execute(
        select(documents.c.entry, documents.c.title, quarantine.c.reason, quarantine.c.attempts)
        .join(documents, documents.c.id == quarantine.c.document)
        .where(quarantine.c.source == row.source)
        .order_by(documents.c.entry)
    )
    return {
        "run": row.id,
        "source": row.source,
        "outcome": row.state,
        "scanned": row.scanned,
        "new": row.new,
        "changed": row.changed,
        "retitled": row.retitled,
        "readers_changed": row.readers_changed,
        "unchanged": row.unchanged,
        "removed": row.removed,
        "held": row.held,
        "failed": [
            {"document": one.entry, "title": one.title, "reason": one.reason, "attempts": one.attempts}
            for one in failed
        ],
        "chunks_embedded": row.chunks_embedded,
        "chunks_reused": row.chunks_reused,
        "still_answerable": row.still_answerable,
        "error": row.error,
        "seconds": round(((row.finished_at or row.seen_at) - row.started_at).total_seconds(), 3),
    }


def keep_question(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write down a question with its outcome and answer."""
    connection.execute(insert(questions).values(**values))


def find_question(connection: Connection, words: str) -> Row[Any] | None:
    """The latest question of that reference or wording."""
    return connection.execute(
        select(questions)
        .where(or_(questions.c.id == words, questions.c.text == words))
        .order_by(questions.c.asked_at.desc())
        .limit(1)
    ).first()


def last_outcome(connection: Connection, source: str) -> str | None:
    """How the latest run of a source ended, or its state while it goes on; None before the first."""
    return connection.scalar(
        select(runs.c.state).where(runs.c.source == source).order_by(runs.c.started_at.desc()).limit(1)
    )


def last_run(connection: Connection, source: str) -> str | None:
    """The id of a source's latest run."""
    return connection.scalar(
        select(runs.c.id).where(runs.c.source == source).order_by(runs.c.started_at.desc()).limit(1)
    )
