"""A scan's side of the ledger: who may scan, what is known, and the one transaction that decides."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from ingest.documents import Entry, Readers, document_id
from ingest.ledger import now
from ingest.ledger.owners import is_dead
from ingest.ledger.tables import chunks, documents, pending, quarantine, runs, sources, strays
from ingest.planning import Known, Plan

FETCH, REINDEX, READERS, SWEEP = "fetch", "reindex", "readers", "sweep"
"""What is due for a document: read its body; index its chunks anew under another title; copy its readers
into the index; take retired chunks out of the index."""


@dataclass(frozen=True, slots=True)
class ScanLease:
    """The right to plan one source: worthless once somebody else took it over."""

    source: str
    owner: str
    fence: int


def listing_of(entry: Entry) -> dict[str, Any]:
    """An entry as the ledger keeps it: everything but its id and readers, which have columns."""
    return {
        "revision": entry.revision,
        "title": entry.title,
        "media_type": entry.media_type,
        "url": entry.url,
        "updated_at": entry.updated_at.isoformat() if entry.updated_at else None,
        "author": entry.author,
        "size": entry.size,
    }


def entry_of(row: Row[Any]) -> Entry:
    """The entry that a document was last listed as."""
    listing = dict(row.listing)
    moment = listing.pop("updated_at")
    return Entry(
        id=row.entry,
        readers=readers_of(row.readers),
        updated_at=datetime.fromisoformat(moment) if moment else None,
        **listing,
    )


def readers_of(kept: Sequence[str] | None) -> Readers | None:
    """Readers as the ledger keeps them, as a set again."""
    return None if kept is None else frozenset(kept)


def _kept(readers: Readers | None) -> list[str] | None:
    return None if readers is None else sorted(readers)


def claim_scan(connection: Connection, source: str, owner: str, seconds: float) -> ScanLease | None:
    """The lease to scan a source, or None while somebody else holds it."""
    row = connection.execute(select(sources).where(sources.c.name == source).with_for_update()).first()
    until = now() + timedelta(seconds=seconds)
    if row is None:
        connection.execute(insert(sources).values(name=source, owner=owner, lease_until=until, fence=1))
        return ScanLease(source, owner, 1)
    if row.lease_until is not None and row.lease_until > now() and not is_dead(row.owner):
        return None
    fence = row.fence + 1
    connection.execute(
        update(sources).where(sources.c.name == source).values(owner=owner, lease_until=until, fence=fence)
    )
    return ScanLease(source, owner, fence)


def renew_scan(connection: Connection, lease: ScanLease, seconds: float) -> bool:
    """Keep the lease for `seconds` more; False when it was lost."""
    return _update_lease(connection, lease, now() + timedelta(seconds=seconds))


def release_scan(connection: Connection, lease: ScanLease) -> None:
    """Let somebody else scan."""
    _update_lease(connection, lease, None)


def _update_lease(connection: Connection, lease: ScanLease, until: datetime | None) -> bool:
    changed = connection.execute(
        update(sources)
        .where(sources.c.name == lease.source, sources.c.fence == lease.fence)
        .values(lease_until=until)
    )
    return changed.rowcount == 1


def open_run(connection: Connection, source: str, seconds: float) -> str | None:
    """The run of a source that somebody is still following to its end, if any."""
    row = connection.execute(
        select(runs.c.id, runs.c.owner, runs.c.seen_at).where(
            runs.c.source == source, runs.c.state == "working"
        )
    ).first()
    if row is None or row.seen_at < now() - timedelta(seconds=seconds) or is_dead(row.owner):
        return None
    run: str = row.id
    return run


def start_run(connection: Connection, source: str, owner: str, *, full: bool) -> str:
    """Open a run; scans of the same source that nobody will finish any more are closed."""
    connection.execute(
        update(runs)
        .where(runs.c.source == source, runs.c.state == "scanning")
        .values(state="failed", finished_at=now(), error="its process ended before the scan was complete")
    )
    run = str(uuid.uuid4())
    connection.execute(
        insert(runs).values(
            id=run, source=source, state="scanning", owner=owner, seen_at=now(), full=full, started_at=now()
        )
    )
    return run


def follow_run(connection: Connection, run: str) -> None:
    """Say that this run is still being followed to its end."""
    connection.execute(update(runs).where(runs.c.id == run).values(seen_at=now()))


def known(connection: Connection, source: str) -> list[Known]:
    """What the ledger knows of a source's documents, removed ones included."""
    rows = connection.execute(
        select(documents, quarantine.c.revision.label("quarantined"))
        .outerjoin(quarantine, quarantine.c.document == documents.c.id)
        .where(documents.c.source == source)
    )
    return [
        Known(
            document=row.id,
            entry=entry_of(row),
            readers=readers_of(row.readers),
            published=row.revision,
            recipe=row.recipe,
            removed=row.removed_at is not None,
            quarantined=row.quarantined,
        )
        for row in rows
    ]


def record(connection: Connection, lease: ScanLease, run: str, plan: Plan) -> bool:
    """Write a plan, all of it or nothing: False when the lease was lost to another scanner.

    From this commit on removed documents cannot be cited and lost permissions are in force; the rest is
    work for `ledger.working`.
    """
    if not _update_lease(connection, lease, now()):
        return False
    # Work that an earlier run left is this run's now, and is tried again at once.
    connection.execute(
        update(pending).where(pending.c.source == lease.source).values(run=run, not_before=None)
    )
    connection.execute(
        update(runs)
        .where(runs.c.source == lease.source, runs.c.state == "working", runs.c.id != run)
        .values(state="failed", finished_at=now(), error=f"continued by run {run}")
    )
    _record_new(connection, lease.source, run, plan.new)
    due = [(one.document, FETCH) for one, _ in plan.changed]
    relisted = [*plan.changed, *plan.relisted]
    _relist(connection, relisted)
    for one, entry in plan.relisted:
        # A title that the body gives stands above the listed one, so only workers can tell whether the
        # embedded text changes: they index anew what does.
        if one.entry.title != entry.title:
            due.append((one.document, REINDEX))
        elif one.readers != entry.readers:
            due.append((one.document, READERS))
    _remove(connection, run, plan.gone)
    due += [(one.document, SWEEP) for one in plan.gone]
    _make_due(connection, lease.source, run, due)
    _set_missing(connection, lease.source, [one.document for one in plan.held])
    connection.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(
            state="working",
            scanned=plan.scanned,
            new=len(plan.new),
            changed=len(plan.changed),
            unchanged=len(plan.unchanged) + len(plan.relisted),
            retitled=sum(1 for one, entry in plan.relisted if one.entry.title != entry.title),
            readers_changed=sum(1 for one, entry in relisted if one.readers != entry.readers),
            removed=sum(1 for one in plan.gone if one.published is not None),
            held=len(plan.held),
        )
    )
    return True


def _record_new(connection: Connection, source: str, run: str, entries: Sequence[Entry]) -> None:
    rows = [
        {
            "id": document_id(source, entry.id),
            "source": source,
            "entry": entry.id,
            "listing": listing_of(entry),
            "readers": _kept(entry.readers),
            "title": entry.title,
            "url": entry.url,
            "fence": 0,
        }
        for entry in entries
    ]
    if not rows:
        return
    there = set(
        connection.scalars(select(documents.c.id).where(documents.c.source == source))
    )  # removed ones, come back, and ones that were never published
    fresh = [row for row in rows if row["id"] not in there]
    if fresh:
        connection.execute(insert(documents), fresh)
    again = [
        {"b_" + key: row[key] for key in ("id", "listing", "readers", "title", "url")}
        for row in rows
        if row["id"] in there
    ]
    if again:
        connection.execute(
            update(documents)
            .where(documents.c.id == bindparam("b_id"))
            .values(
                listing=bindparam("b_listing"),
                readers=bindparam("b_readers"),
                title=bindparam("b_title"),
                url=bindparam("b_url"),
                removed_at=None,
            ),
            again,
        )
    _make_due(connection, source, run, [(str(row["id"]), FETCH) for row in rows])


def _relist(connection: Connection, relisted: Sequence[tuple[Known, Entry]]) -> None:
    if not relisted:
        return
    connection.execute(
        update(documents)
        .where(documents.c.id == bindparam("b_id"))
        .values(listing=bindparam("b_listing"), readers=bindparam("b_readers"), url=bindparam("b_url")),
        [
            {
                "b_id": one.document,
                "b_listing": listing_of(entry),
                "b_readers": _kept(entry.readers),
                "b_url": entry.url,
            }
            for one, entry in relisted
        ],
    )


def _remove(connection: Connection, run: str, gone: Sequence[Known]) -> None:
    for group in _groups([one.document for one in gone]):
        retired = connection.execute(
            select(chunks.c.id, chunks.c.document).where(chunks.c.document.in_(group))
        ).all()
        connection.execute(delete(strays).where(strays.c.document.in_(group), strays.c.swept))
        if retired:
            connection.execute(
                insert(strays),
                [{"chunk": row.id, "document": row.document, "run": run, "swept": False} for row in retired],
            )
        connection.execute(delete(chunks).where(chunks.c.document.in_(group)))
        connection.execute(delete(quarantine).where(quarantine.c.document.in_(group)))
        connection.execute(
            update(documents)
            .where(documents.c.id.in_(group))
            .values(removed_at=now(), revision=None, published_at=None, missing_since=None)
        )


def _make_due(connection: Connection, source: str, run: str, due: Sequence[tuple[str, str]]) -> None:
    """Set the one pending row of each document; whoever works on an older one is fenced off."""
    for group in _groups([document for document, _ in due]):
        connection.execute(delete(pending).where(pending.c.document.in_(group)))
        connection.execute(delete(quarantine).where(quarantine.c.document.in_(group)))
        connection.execute(
            update(documents).where(documents.c.id.in_(group)).values(fence=documents.c.fence + 1)
        )
    if due:
        connection.execute(
            insert(pending),
            [
                {"document": document, "source": source, "run": run, "action": action, "attempts": 0}
                for document, action in due
            ],
        )


def _set_missing(connection: Connection, source: str, held: Sequence[str]) -> None:
    """Remember since when each held document has been missing, and forget it for those that came back."""
    missing = set(
        connection.scalars(
            select(documents.c.id).where(documents.c.source == source, documents.c.missing_since.is_not(None))
        )
    )
    for group in _groups(sorted(missing.difference(held))):
        connection.execute(update(documents).where(documents.c.id.in_(group)).values(missing_since=None))
    for group in _groups(sorted(set(held) - missing)):
        connection.execute(update(documents).where(documents.c.id.in_(group)).values(missing_since=now()))


def _groups(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    """Lists short enough for a statement's parameters (SQLite allows 32,766, PostgreSQL 65,535)."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
