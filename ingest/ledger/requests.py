"""Syncs that people asked for: at most one waits for each source, however often it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, delete, literal, or_, select, update

from ingest.ledger import now
from ingest.ledger.tables import Words, requests
from ingest.ledger.upserts import insert_if_absent

AUDIT, WORKERS = "audit", "workers"
"""Who asks where no person does."""


@dataclass(frozen=True, slots=True)
class Request:
    """A sync that waits to begin."""

    source: str
    full: bool
    confirmed: bool
    by: str | None
    """Who asked first: a person before any of Sabio's own."""
    requested_at: datetime


def is_person(by: str | None) -> bool:
    """Whether whoever asked is somebody; nobody's name is told on the command line."""
    return by not in (AUDIT, WORKERS)


def request_sync(
    connection: Connection,
    source: str,
    *,
    full: bool = False,
    confirmed: bool = False,
    by: str | None = None,
) -> bool:
    """Ask for a sync. True: it waits now. False: it joined one that waits already, which does what any of
    them wanted."""
    wanted = {"source": source, "full": full, "confirmed": confirmed, "by": by, "requested_at": now()}
    while not insert_if_absent(connection, requests, wanted):
        joined = connection.execute(
            update(requests)
            .where(requests.c.source == source)
            .values(
                full=or_(requests.c.full, literal(full)),
                confirmed=or_(requests.c.confirmed, literal(confirmed)),
                by=case((requests.c.by.in_([AUDIT, WORKERS]), literal(by, Words())), else_=requests.c.by),
            )
        )
        if joined.rowcount:
            return False
        # It was taken up at this very moment, so another has to wait.
    return True


def take_request(connection: Connection, source: str) -> Request | None:
    """The request that waits for a source, which then waits no more: to be called in the transaction that
    begins the run."""
    row = connection.execute(select(requests).where(requests.c.source == source).with_for_update()).first()
    if row is None:
        return None
    connection.execute(delete(requests).where(requests.c.source == source))
    return Request(**row._asdict())


def waiting(connection: Connection) -> dict[str, Request]:
    """The requests that wait, by source."""
    return {row.source: Request(**row._asdict()) for row in connection.execute(select(requests))}
