"""Who may scan a source, and who follows a run to its end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, delete, exists, func, insert, select, update

from ingest.ledger import now
from ingest.ledger.owners import is_dead
from ingest.ledger.tables import pending, runs, sources, strays

INDEX = "(index)"
"""Stands where a source's name does in the lease of whoever makes the index anew."""


@dataclass(frozen=True, slots=True)
class ScanLease:
    """The right to plan one source: worthless once somebody else took it over."""

    source: str
    owner: str
    fence: int


def claim_scan(connection: Connection, source: str, owner: str, seconds: float) -> ScanLease | None:
    """The lease to scan a source, or None while somebody else scans it or follows a run of it."""
    row = connection.execute(select(sources).where(sources.c.name == source).with_for_update()).first()
    until = now() + timedelta(seconds=seconds)
    if row is None:
        connection.execute(insert(sources).values(name=source, owner=owner, lease_until=until, fence=1))
        return ScanLease(source, owner, 1)
    if row.lease_until is not None and row.lease_until > now() and not is_dead(row.owner):
        return None
    if open_run(connection, source, seconds) is not None:
        return None
    fence = row.fence + 1
    connection.execute(
        update(sources).where(sources.c.name == source).values(owner=owner, lease_until=until, fence=fence)
    )
    return ScanLease(source, owner, fence)


def renew_scan(connection: Connection, lease: ScanLease, seconds: float) -> bool:
    """Keep the lease for `seconds` more; False when it was lost."""
    return _update_lease(connection, lease, now() + timedelta(seconds=seconds))


def release_scan(connection: Connection, lease: ScanLease) -> bool:
    """Let somebody else scan; False when the lease was lost."""
    return _update_lease(connection, lease, None)


def _update_lease(connection: Connection, lease: ScanLease, until: datetime | None) -> bool:
    changed = connection.execute(
        update(sources)
        .where(sources.c.name == lease.source, sources.c.fence == lease.fence)
        .values(lease_until=until)
    )
    return changed.rowcount == 1


def open_run(connection: Connection, source: str, seconds: float) -> str | None:
    """The run of a source that somebody is still following to its end, if any."""
    rows = connection.execute(
        select(runs.c.id, runs.c.owner, runs.c.seen_at)
        .where(runs.c.source == source, runs.c.state == "working")
        .order_by(runs.c.started_at.desc())
    )
    for row in rows:
        if row.seen_at >= now() - timedelta(seconds=seconds) and not is_dead(row.owner):
            run: str = row.id
            return run
    return None


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


def take_over(connection: Connection, source: str, run: str) -> None:
    """Make everything that earlier runs of a source left, work and proofs, that of `run`; and close them."""
    earlier = and_(runs.c.source == source, runs.c.state == "working", runs.c.id != run)
    unfinished = exists().where(pending.c.run == runs.c.id)
    connection.execute(
        update(runs)
        .where(earlier)
        .values(
            finished_at=now(),
            state=case((unfinished, "failed"), (runs.c.held > 0, "held"), else_="done"),
            error=case((unfinished, f"continued by run {run}"), else_=None),
        )
    )
    others = select(runs.c.id).where(runs.c.source == source, runs.c.id != run)
    connection.execute(update(strays).where(strays.c.run.in_(others)).values(run=run))
    connection.execute(update(pending).where(pending.c.source == source).values(run=run, not_before=None))


def follow_run(connection: Connection, run: str) -> None:
    """Say that this run is still being followed to its end."""
    connection.execute(update(runs).where(runs.c.id == run).values(seen_at=now()))


def left(connection: Connection, run: str) -> int:
    """How many documents a run still has to work on."""
    return connection.scalar(select(func.count()).select_from(pending).where(pending.c.run == run)) or 0


def swept(connection: Connection, run: str) -> Sequence[str]:
    """The chunk ids that a run took out of the index, for its proof."""
    return connection.scalars(select(strays.c.chunk).where(strays.c.run == run, strays.c.swept)).all()


def close_run(connection: Connection, run: str, outcome: str, **values: Any) -> bool:
    """Write a run's end; False when somebody else already did."""
    closed = connection.execute(
        update(runs)
        .where(runs.c.id == run, runs.c.state.in_(("scanning", "working")))
        .values(state=outcome, finished_at=now(), **values)
    )
    connection.execute(delete(strays).where(strays.c.run == run, strays.c.swept))
    return closed.rowcount == 1
