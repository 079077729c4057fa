"""How each source stands: what is published of it, what waits, what failed, and when it is synced next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from config.settings import SourceSettings
from ingest.documents import Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, reading
from ingest.ledger.tables import documents, quarantine
from workers.schedule import due_at


@dataclass(frozen=True, slots=True)
class Run:
    """The latest sync of a source."""

    id: str
    outcome: str
    """`scanning` or `working` while it goes on; then `done`, `held` or `failed`."""
    started_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A document in quarantine: what it says could not be brought in."""

    document: str
    """The connector's id."""
    title: str
    reason: str
    attempts: int
    since: datetime


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source stands."""

    name: str
    label: str
    type: str | None
    """None for a source that the configuration no longer names; its documents are not answered from."""
    schedule: str | None
    documents: int
    """Published ones; what the others count is in `pending`, `quarantined` and `held`."""
    chunks: int
    pending: int
    quarantined: list[Unread]
    held: int
    """Documents that the source does not list any more and whose removal waits for a person's word."""
    last_run: Run | None
    synced_at: datetime | None
    """When a sync last ended well."""
    due: bool
    due_at: datetime | None
    """When a sync is or was wanted; None if it was never synced, or if the schedule never comes."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the whole installation stands."""

    sources: list[SourceStatus]
    collection: str | None
    """The index collection that questions are answered from."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source as configured."""

    name: str
    label: str
    type: str
    schedule: str
    readers: Readers | None
    """Who may read what the source says nothing about; None: nobody."""


def status_of(kb: KnowledgeBase) -> Status:
    """How every source stands that is configured or that has documents in the ledger."""
    with kb.ledger.read() as ledger:
        counts = reading.counts(ledger)
        unread = _unread(ledger)
    configured = {source.name: source for source in kb.settings.sources}
    gone = [name for name in sorted(counts) if name not in configured and counts[name].get("documents")]
    return Status(
        [
            _source(kb, name, configured.get(name), counts.get(name, {}), unread.get(name, []))
            for name in (*configured, *gone)
        ],
        kb.ledger.collection(),
    )


def _source(
    kb: KnowledgeBase,
    name: str,
    source: SourceSettings | None,
    counts: Mapping[str, Any],
    unread: list[Unread],
) -> SourceStatus:
    schedule = kb.settings.schedule(source) if source else None
    synced_at = counts.get("synced_at")
    wanted = due_at(schedule, synced_at) if schedule else None
    run = counts.get("last_run")
    return SourceStatus(
        name=name,
        label=(source.label if source else None) or name,
        type=source.type if source else None,
        schedule=schedule,
        documents=counts.get("documents", 0),
        chunks=counts.get("chunks", 0),
        pending=counts.get("pending", 0),
        quarantined=unread,
        held=counts.get("held", 0),
        last_run=run and Run(run["id"], run["state"], run["started_at"], run["finished_at"], run["error"]),
        synced_at=synced_at,
        due=wanted is not None and wanted <= now(),
        due_at=wanted if synced_at else None,
    )


def _unread(ledger: Connection) -> dict[str, list[Unread]]:
    """What is in quarantine, by source."""
    rows = ledger.execute(
        select(quarantine, documents.c.entry, documents.c.title)
        .join(documents, documents.c.id == quarantine.c.document)
        .order_by(documents.c.entry)
    )
    found: dict[str, list[Unread]] = {}
    for row in rows:
        one = Unread(row.entry, row.title, row.reason, row.attempts, row.since)
        found.setdefault(row.source, []).append(one)
    return found


def sources_of(kb: KnowledgeBase) -> list[SourceInfo]:
    """The configured sources, in the order of the configuration."""
    return [
        SourceInfo(
            source.name,
            source.label or source.name,
            source.type,
            kb.settings.schedule(source),
            source.readers,
        )
        for source in kb.settings.sources
    ]


def waiting(kb: KnowledgeBase, source: str) -> int:
    """How many documents of a source are due to be worked on."""
    with kb.ledger.read() as ledger:
        count: int = reading.counts(ledger).get(source, {}).get("pending", 0)
        return count
