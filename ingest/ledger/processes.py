"""The processes of an installation that are there: each says so every now and then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from ingest.ledger import now
from ingest.ledger.tables import processes
from ingest.ledger.upserts import insert_if_absent

_REMEMBERED = timedelta(days=1)


def beat(connection: Connection, name: str, kind: str, *, consumed: bool) -> None:
    """Say that a process is there; `consumed`: and that it takes up what there is to do.

    Forgets those that have not said anything for a day.
    """
    moment = now()
    seen = {"seen_at": moment, **({"consumed_at": moment} if consumed else {})}
    new = {"name": name, "kind": kind, "started_at": moment, **seen}
    if not insert_if_absent(connection, processes, new):
        connection.execute(update(processes).where(processes.c.name == name).values(kind=kind, **seen))
    silent = (
        select(processes.c.name)
        .where(processes.c.seen_at < moment - _REMEMBERED)
        .with_for_update(skip_locked=True)
    )
    connection.execute(delete(processes).where(processes.c.name.in_(silent)))


def alive(connection: Connection, seconds: float) -> Sequence[Row[Any]]:
    """The rows of the processes that were seen within so many seconds, the oldest first."""
    return connection.execute(
        select(processes)
        .where(processes.c.seen_at >= now() - timedelta(seconds=seconds))
        .order_by(processes.c.started_at, processes.c.name)
    ).all()


def leave(connection: Connection, name: str) -> None:
    """Say that a process ends."""
    connection.execute(delete(processes).where(processes.c.name == name))
