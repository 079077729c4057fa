"""Who may scan a source, and who follows a run to its end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, exists, func, insert, select, update

from ingest.ledger import now
from ingest.ledger.locks import lock_source, ordered_strays
from ingest.ledger.owners import is_dead
from ingest.ledger.requests import is_person, take_request
from ingest.ledger.tables import pending, runs, sources, strays

SYNC, PERMISSIONS = "sync", "permissions"
"""What a run does: bring a source's documents in, or only who may read them."""
GOOD = ("done", "held")
"""How runs end that end well."""
OPEN = ("scanning", "working")
"""What a run is in before that."""

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
    row = lock_source(connection, source)
    if row.lease_until is not None and row.lease_until > now() and not is_dead(row.owner):
        return None
    if open_run(connection, source, seconds) is not None:
        return None
    until, fence = now() + timedelta(seconds=seconds), row.fence + 1
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


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that has begun, and what was asked of it."""

    run: str
    full: bool
    confirmed: bool
    by_hand: bool
    """A person asked for it."""


def begin_sync(
    connection: Connection, source: str, owner: str, *, full: bool = False, confirmed: bool = False
) -> Begun:
    """Begin a sync, for which the caller holds the lease: it does all that anybody has asked for so far.

    That is `full` and `confirmed`, the wishes of the request that waits, and those of scans of the same
    source that nobody will finish any more; these are closed.
    """
    asked = take_request(connection, source)
    lost = connection.execute(select(runs).where(runs.c.source == source, runs.c.state == "scanning")).all()
    connection.execute(
        update(runs)
        .where(runs.c.id.in_([row.id for row in lost]))
        .values(state="failed", finished_at=now(), error="its process ended before the scan was complete")
    )
    full = full or any(one.full for one in (asked, *lost) if one)
    confirmed = confirmed or any(one.confirmed for one in (asked, *lost) if one)
    # Empty for a person whom nobody named, and null where it was nobody.
    asking = [asked.by or "" if asked else None, *(row.asked_by for row in lost)]
    people = [one for one in asking if one is not None and is_person(one)]
    by = next((one for one in (*people, *asking) if one is not None), None)
    run = start_run(connection, source, owner, full=full, confirmed=confirmed, asked_by=by)
    return Begun(run, full, confirmed, bool(people))


def start_run(
    connection: Connection,
    source: str,
    owner: str,
    *,
    kind: str = SYNC,
    full: bool = False,
    confirmed: bool = False,
    asked_by: str | None = None,
) -> str:
    """Open a run."""
    run = str(uuid.uuid4())
    connection.execute(
        insert(runs).values(
            id=run,
            source=source,
            kind=kind,
            state="scanning",
            owner=owner,
            seen_at=now(),
            full=full,
            confirmed=confirmed,
            asked_by=asked_by,
            started_at=now(),
        )
    )
    return run


def take_over(connection: Connection, source: str, run: str) -> dict[str, bool]:
    """Make everything that earlier runs of a source left, work and proofs, that of `run`.

    Returned are those of them that are to be closed by `close_earlier`, and whether they left work.
    """
    left = exists().where(pending.c.run == runs.c.id)
    earlier = connection.execute(
        select(runs.c.id, left).where(runs.c.source == source, runs.c.state == "working", runs.c.id != run)
    )
    found = {row.id: bool(row[1]) for row in earlier}
    others = select(runs.c.id).where(runs.c.source == source, runs.c.id != run)
    connection.execute(
        update(strays).where(strays.c.chunk.in_(ordered_strays(strays.c.run.in_(others)))).values(run=run)
    )
    connection.execute(update(pending).where(pending.c.source == source).values(run=run, not_before=None))
    return found


def close_earlier(connection: Connection, earlier: Mapping[str, bool], run: str) -> None:
    """End the runs that `run` took over: well, if they left no work."""
    for one, left in sorted(earlier.items()):
        connection.execute(
            update(runs)
            .where(runs.c.id == one, runs.c.state == "working")
            .values(
                finished_at=now(),
                current=None,
                state="failed" if left else case((runs.c.held > 0, "held"), else_="done"),
                error=f"continued by run {run}" if left else None,
            )
        )


def follow_run(
    connection: Connection, run: str, current: str | None = None, *, trouble: str | None = None
) -> None:
    """Say that this run is still being followed to its end, which document was worked on last (None: as
    before), and what stands in its way (None: nothing does)."""
    said = {"seen_at": now(), "error": trouble, **({} if current is None else {"current": current})}
    connection.execute(update(runs).where(runs.c.id == run, runs.c.state.in_(OPEN)).values(**said))


def unfinished(connection: Connection) -> Sequence[Row[Any]]:
    """The rows of the runs whose work is not done, the oldest first."""
    return connection.execute(
        select(runs).where(runs.c.state == "working").order_by(runs.c.started_at, runs.c.id)
    ).all()


def scanning(connection: Connection) -> set[str]:
    """The sources that somebody who is alive is listing at this moment."""
    rows = connection.execute(select(sources).where(sources.c.lease_until > now()))
    return {row.name for row in rows if not is_dead(row.owner)}


def latest(connection: Connection) -> dict[str, dict[str, Any]]:
    """By source, how its latest sync stands (`state`, `finished_at`) and when the last good one began
    (`began_at`): what its schedule is held against."""
    good = and_(runs.c.state.in_(GOOD), runs.c.kind == SYNC)
    began = select(runs.c.source, func.max(runs.c.started_at)).where(good).group_by(runs.c.source)
    turn = func.row_number().over(partition_by=runs.c.source, order_by=runs.c.started_at.desc())
    columns = (runs.c.source, runs.c.state, runs.c.finished_at)
    ranked = select(*columns, turn.label("turn")).where(runs.c.kind == SYNC).subquery()
    found = {
        row.source: {"state": row.state, "finished_at": row.finished_at}
        for row in connection.execute(select(ranked).where(ranked.c.turn == 1))
    }
    for source, moment in connection.execute(began):
        found[source]["began_at"] = moment
    return found


def left(connection: Connection, run: str) -> int:
    """How many documents a run still has to work on."""
    return connection.scalar(select(func.count()).select_from(pending).where(pending.c.run == run)) or 0


def swept(connection: Connection, run: str) -> Sequence[str]:
    """The chunk ids that a run took out of the index, for its proof."""
    return connection.scalars(select(strays.c.chunk).where(strays.c.run == run, strays.c.swept)).all()


def close_run(connection: Connection, run: str, outcome: str, **values: Any) -> bool:
    """Write a run's end; False when somebody else already did."""
    proven = ordered_strays(strays.c.run == run, strays.c.swept)
    connection.execute(delete(strays).where(strays.c.chunk.in_(proven)))
    closed = connection.execute(
        update(runs)
        .where(runs.c.id == run, runs.c.state.in_(OPEN))
        .values(**{"state": outcome, "finished_at": now(), "current": None, "error": None, **values})
    )
    return closed.rowcount == 1


def forget_old(connection: Connection, days: float = 90) -> int:
    """Forget runs that ended so many days ago, but for each source's latest one and latest good sync: how
    many were."""
    latest = select(func.max(runs.c.started_at)).group_by(runs.c.source)
    good = latest.where(runs.c.state.in_(GOOD), runs.c.kind == SYNC)
    old = (
        select(runs.c.id)
        .where(
            runs.c.finished_at < now() - timedelta(days=days),
            runs.c.started_at.not_in(latest),
            runs.c.started_at.not_in(good),
        )
        .with_for_update(skip_locked=True)
    )
    return connection.execute(delete(runs).where(runs.c.id.in_(old))).rowcount
