"""Looking: what is known of a document, and the reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, cast, func, or_, select, text

from ingest.documents import Readers, storable
from ingest.ledger import golden, now
from ingest.ledger.runs import GOOD, OPEN, SYNC
from ingest.ledger.runs import left as runs_left
from ingest.ledger.tables import chunks, documents, pending, quarantine, runs


def published_ids(connection: Connection) -> dict[str, str]:
    """Every published chunk id, with its document's."""
    return {row.id: row.document for row in connection.execute(select(chunks.c.id, chunks.c.document))}


def published_documents(connection: Connection, ids: Iterable[str] | None = None) -> list[Row[Any]]:
    """The rows of published documents: all of them, or those named."""
    query = select(documents).where(documents.c.removed_at.is_(None), documents.c.revision.is_not(None))
    if ids is not None:
        query = query.where(documents.c.id.in_(list(ids)))
    return list(connection.execute(query.order_by(documents.c.id)))


def published_texts(connection: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    """By document, the texts of its published chunks: what may be quoted of those named."""
    found: dict[str, list[str]] = {}
    query = select(chunks.c.document, chunks.c.text).where(chunks.c.document.in_(list(ids)))
    for row in connection.execute(query.order_by(chunks.c.document, chunks.c.position)):
        found.setdefault(row.document, []).append(row.text)
    return found


def some_texts(connection: Connection, count: int) -> list[tuple[str, str]]:
    """The texts of up to `count` published chunks, each with its language."""
    query = select(chunks.c.text, chunks.c.language).order_by(chunks.c.id).limit(count)
    return [(row.text, row.language) for row in connection.execute(query)]


def size(connection: Connection) -> int:
    """Bytes that the ledger takes on its disk; on a server, those of its database."""
    if connection.dialect.name == "sqlite":
        pages = connection.scalar(text("PRAGMA page_count")), connection.scalar(text("PRAGMA page_size"))
        return int(pages[0] or 0) * int(pages[1] or 0)
    return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def readers_by_source(connection: Connection) -> dict[str, list[Readers]]:
    """By source, who may read something of it: the readers of its published documents, each set once."""
    as_text = cast(documents.c.readers, Text)  # PostgreSQL compares no JSON
    live = documents.c.removed_at.is_(None), documents.c.revision.is_not(None)
    found: dict[str, list[Readers]] = {}
    for source, kept in connection.execute(select(documents.c.source, as_text).where(*live).distinct()):
        found.setdefault(source, []).append(frozenset(json.loads(kept or "null") or ()))
    return found


def synced_at(connection: Connection) -> dict[str, datetime]:
    """By source, when a sync last ended well."""
    good = and_(runs.c.state.in_(GOOD), runs.c.kind == SYNC)
    ended = select(runs.c.source, func.max(runs.c.finished_at)).where(good).group_by(runs.c.source)
    return {source: moment for source, moment in connection.execute(ended) if moment}


def find_documents(connection: Connection, words: str) -> list[Row[Any]]:
    """Documents that a person may mean by an id, a path, a title or an address; exact matches first."""
    words = storable(words)
    exact = or_(
        documents.c.id == words,
        documents.c.entry == words,
        documents.c.url == words,
        func.lower(documents.c.title) == words.lower(),
    )
    ending = documents.c.entry.iendswith("/" + words, autoescape=True)
    for which in (exact, ending):
        query = select(documents).where(which).order_by(documents.c.id).limit(10)
        if found := connection.execute(query).all():
            return list(found)
    return []


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
    """By source: published documents, chunks, pending, quarantined and held; of syncs, when the last good one
    began (`began_at`) and ended (`synced_at`), and the latest (`last_run`)."""
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
    good = and_(runs.c.state.in_(GOOD), runs.c.kind == SYNC)
    put("synced_at", select(runs.c.source, func.max(runs.c.finished_at)).where(good).group_by(runs.c.source))
    put("began_at", select(runs.c.source, func.max(runs.c.started_at)).where(good).group_by(runs.c.source))
    turn = func.row_number().over(partition_by=runs.c.source, order_by=runs.c.started_at.desc())
    latest = select(runs, turn.label("turn")).where(runs.c.kind == SYNC).subquery()
    for row in connection.execute(select(*latest.c[*runs.c.keys()]).where(latest.c.turn == 1)):
        result.setdefault(row.source, {})["last_run"] = row._asdict()
    return result


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    run: str
    source: str
    kind: str
    """`sync` or `permissions`."""
    state: str
    """`scanning`, `working`, `done`, `held`, `failed`."""
    started_at: datetime
    planned: int
    """Documents that were due when its plan was written."""
    left: int
    done: int
    failed: int
    """Those that were put into quarantine."""
    current: str | None
    """The title of the document that was worked on last."""
    rate: float | None
    """Documents a second since the plan was written; None while it is not known."""
    seconds_left: float | None
    """An estimate; None while it is not known."""
    error: str | None
    """Why it failed; of one that goes on, what stands in its way."""

    @property
    def ended(self) -> bool:
        """Whether it goes on no more."""
        return self.state not in OPEN


def progress(connection: Connection, run: str) -> Progress:
    """How far a run has come by now."""
    row = connection.execute(select(runs).where(runs.c.id == run)).one()
    left = runs_left(connection, run)
    failed = connection.scalar(
        select(func.count())
        .select_from(quarantine)
        .where(quarantine.c.source == row.source, quarantine.c.since >= (row.planned_at or row.started_at))
    )
    done = max(0, row.planned - left - (failed or 0)) if row.planned_at else 0
    seconds = ((row.finished_at or now()) - row.planned_at).total_seconds() if row.planned_at else 0
    dealt_with = max(0, row.planned - left)
    rate = dealt_with / seconds if dealt_with and seconds > 0 else None
    return Progress(
        run=row.id,
        source=row.source,
        kind=row.kind,
        state=row.state,
        started_at=row.started_at,
        planned=row.planned,
        left=left,
        done=done,
        failed=failed or 0,
        current=row.current,
        rate=rate,
        seconds_left=left / rate if rate else None,
        error=row.error,
    )


def run_report(connection: Connection, run: str) -> dict[str, Any]:
    """A run as `sync --json` prints it."""
    row = connection.execute(select(runs).where(runs.c.id == run)).one()
    failed = connection.execute(
        select(documents.c.entry, documents.c.title, quarantine.c.reason, quarantine.c.attempts)
        .join(documents, documents.c.id == quarantine.c.document)
        .where(quarantine.c.source == row.source)
        .order_by(documents.c.entry)
    )
    said = golden.verdict_after(connection, row.source, row.id)
    return {
        "run": row.id,
        "source": row.source,
        "kind": row.kind,
        "full": row.full,
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
        "warnings": row.warnings or [],
        "seconds": round(((row.finished_at or row.seen_at) - row.started_at).total_seconds(), 3),
        **({"golden": asdict(said)} if said else {}),
    }


def last_outcome(connection: Connection, source: str, but: str | None = None) -> str | None:
    """How the latest sync of a source ended, or its state while it goes on; None before the first. `but`: of
    those before that run."""
    outcome: str | None = connection.scalar(_latest(runs.c.state, source, but))
    return outcome


def last_run(connection: Connection, source: str) -> str | None:
    """The id of a source's latest sync."""
    run: str | None = connection.scalar(_latest(runs.c.id, source))
    return run


def _latest(column: Any, source: str, but: str | None = None) -> Any:
    return (
        select(column)
        .where(runs.c.source == source, runs.c.kind == SYNC, runs.c.id != (but or ""))
        .order_by(runs.c.started_at.desc())
        .limit(1)
    )
