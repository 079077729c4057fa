"""Who asked for a sync, and which run serves them: told from the ledger, so a process that was killed in
between goes on from where it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from ingest.ledger import requests
from ingest.ledger.locks import lock_source
from ingest.ledger.requests import Request
from ingest.ledger.runs import OPEN, SYNC
from ingest.ledger.tables import runs

_AT_ONCE = timedelta(seconds=1)
"""Between the end of a run that another one takes over and the beginning of that one, at the most."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody has who asked for a sync of a source."""

    source: str
    run: str | None = None
    """The run that serves them, where one had begun by then."""
    request: Request | None = None
    """Else the request that they wait with."""
    new: bool = False
    """They are the first who wait with it."""
    after: datetime | None = None
    """When the source's latest run by then began; it serves them not."""
    ahead: str | None = None
    """That run, if it was going on."""


def ask(
    connection: Connection,
    source: str,
    *,
    since: datetime,
    full: bool = False,
    confirmed: bool = False,
    by: str | None = None,
) -> Ticket:
    """Ask for a sync as of `since`: a run that has begun after that and does what is wanted is enough, so
    whoever asks the same thing once more with the same `since` starts nothing."""
    lock_source(connection, source)  # from here to the commit no run of it begins
    wanted = [runs.c.full] * full + [runs.c.confirmed] * confirmed
    begun = connection.execute(
        _syncs(source).where(runs.c.started_at >= since, *wanted).order_by(runs.c.started_at).limit(1)
    ).first()
    if begun is not None:
        return Ticket(source, run=begun.id)
    new = requests.request_sync(connection, source, full=full, confirmed=confirmed, by=by)
    latest = connection.execute(_syncs(source).order_by(runs.c.started_at.desc()).limit(1)).first()
    return Ticket(
        source,
        request=requests.waiting(connection)[source],
        new=new,
        after=latest.started_at if latest else None,
        ahead=latest.id if latest and latest.state in OPEN else None,
    )


def serving(connection: Connection, ticket: Ticket) -> Row[Any] | None:
    """The row of the run that serves a ticket; None while the request waits. One that was taken over is
    served by the run that did."""
    if ticket.run is not None:
        run = connection.execute(select(runs).where(runs.c.id == ticket.run)).first()
    elif waits(connection, ticket):
        return None
    else:
        run = _next(connection, ticket.source, ticket.after)
    while run is not None and run.state == "failed":
        follower = _next(connection, ticket.source, run.started_at)
        if follower is None or follower.started_at > run.finished_at + _AT_ONCE:
            return run
        run = follower
    return run


def waits(connection: Connection, ticket: Ticket) -> bool:
    """Whether the request of a ticket was not taken up yet."""
    request = requests.waiting(connection).get(ticket.source)
    mine = ticket.request
    return request is not None and mine is not None and request.requested_at == mine.requested_at


def ahead(connection: Connection, ticket: Ticket) -> Row[Any] | None:
    """The row of the run that a ticket's request waits for, as long as it goes on."""
    going_on = select(runs).where(runs.c.id == ticket.ahead, runs.c.state.in_(OPEN))
    return connection.execute(going_on).first() if ticket.ahead else None


def _next(connection: Connection, source: str, after: datetime | None) -> Row[Any] | None:
    later = [] if after is None else [runs.c.started_at > after]
    return connection.execute(_syncs(source).where(*later).order_by(runs.c.started_at).limit(1)).first()


def _syncs(source: str) -> Any:
    return select(runs).where(runs.c.source == source, runs.c.kind == SYNC)
