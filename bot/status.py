"""How each source stands: what is published of it, what waits, what failed, and when it is synced next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from config.sections import SourceSettings
from ingest.documents import Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import access, now, processes, reading, requests, runs
from ingest.ledger.reading import Progress
from ingest.ledger.tables import documents, quarantine
from ingest.rebuilding import held_index
from workers.schedule import due_at

SEEN = 60.0
"""A process that was seen this many seconds ago counts as one that is there."""


@dataclass(frozen=True, slots=True)
class Run:
    """The latest sync of a source."""

    id: str
    outcome: str
    """`scanning` or `working` while it goes on; then `done`, `held` or `failed`."""
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    """Why it failed; of one that goes on, what stands in its way."""
    progress: Progress | None
    """How far it has come, while it goes on."""


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
class Process:
    """A process that serves, works, or both."""

    kind: str
    """`serve` or `work`."""
    name: str
    started_at: datetime
    seen_at: datetime


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
    """Whether a sync is wanted now: by the schedule, or by somebody who asked for one."""
    due_at: datetime | None
    """When a sync is or was wanted; None if it was never synced, or if the schedule never comes."""
    closed_since: datetime | None = None
    """From when it is who may read it, where that is too old to be believed: nothing is answered from it."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the whole installation stands."""

    sources: list[SourceStatus]
    collection: str | None
    """The index collection that questions are answered from."""
    held_index: str | None
    """Why another one, which was made anew, waits for a person's word; None where none does."""
    processes: list[Process]
    """Those that were there within the last minute."""


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
        going_on = [known["last_run"] for known in counts.values() if "last_run" in known]
        progress = {
            run["source"]: reading.progress(ledger, run["id"])
            for run in going_on
            if run["state"] in runs.OPEN
        }
        asked = set(requests.waiting(ledger))
        there = processes.alive(ledger, SEEN)
        closed = {name: access.aged_since(ledger, name) for name in kb.knowing}
    configured = {source.name: source for source in kb.settings.sources}
    gone = [name for name in sorted(counts) if name not in configured and counts[name].get("documents")]
    return Status(
        [
            _source(
                kb,
                configured.get(name),
                {
                    "name": name,
                    "progress": progress.get(name),
                    "asked": name in asked,
                    "closed": closed.get(name),
                    **counts.get(name, {}),
                },
                unread.get(name, []),
            )
            for name in (*configured, *gone)
        ],
        kb.ledger.collection(),
        held[1].in_words() if (held := held_index(kb)) else None,
        [Process(row.kind, row.name, row.started_at, row.seen_at) for row in there],
    )


def _source(
    kb: KnowledgeBase, source: SourceSettings | None, counts: Mapping[str, Any], unread: list[Unread]
) -> SourceStatus:
    name, schedule = counts["name"], kb.settings.schedule(source) if source else None
    synced_at, moment = counts.get("synced_at"), now()
    wanted = due_at(schedule, counts.get("began_at"), kb.settings.sync, moment) if schedule else None
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
        last_run=run
        and Run(
            run["id"],
            run["state"],
            run["started_at"],
            run["finished_at"],
            run["error"],
            counts["progress"],
        ),
        synced_at=synced_at,
        due=counts["asked"] or (wanted is not None and wanted <= moment),
        due_at=wanted if synced_at else None,
        closed_since=counts["closed"],
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
