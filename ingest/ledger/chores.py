"""What is done every so often: due by the ledger, so that it is done once however many processes look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from ingest.ledger import now
from ingest.ledger.owners import is_dead
from ingest.ledger.tables import chores
from ingest.ledger.upserts import insert_if_absent

AUDIT = "audit"
"""The comparison of the index with the ledger."""


def claim_chore(
    connection: Connection, name: str, source: str, owner: str, *, every: float, lease: float
) -> bool:
    """Take up a chore of a source (`""`: of them all) for `lease` seconds, if it is due: when it was last
    done more than `every` seconds ago, or never, and nobody alive is at it."""
    insert_if_absent(connection, chores, {"name": name, "source": source})
    row = connection.execute(select(chores).where(*_is(name, source)).with_for_update()).one()
    moment = now()
    if row.done_at is not None and row.done_at > moment:
        # A clock went wrong when it was done, and waiting for that moment may take years.
        connection.execute(update(chores).where(*_is(name, source)).values(done_at=moment))
        return False
    if not _is_due(row, every, moment):
        return False
    connection.execute(
        update(chores)
        .where(*_is(name, source))
        .values(owner=owner, lease_until=moment + timedelta(seconds=lease))
    )
    return True


def finish_chore(
    connection: Connection, name: str, source: str, owner: str, found: Mapping[str, Any] | None
) -> bool:
    """Say that a chore was done just now, and what it `found`; False when somebody else took it up since."""
    done = connection.execute(
        update(chores)
        .where(*_is(name, source), chores.c.owner == owner)
        .values(owner=None, lease_until=None, done_at=now(), found=None if found is None else dict(found))
    )
    return done.rowcount == 1


def overdue(connection: Connection, every: Mapping[tuple[str, str], float]) -> list[tuple[str, str]]:
    """Those of the chores, given by name and source with their seconds, that somebody should claim now."""
    rows = {(row.name, row.source): row for row in connection.execute(select(chores))}
    moment = now()
    return [
        chore
        for chore, seconds in every.items()
        if (row := rows.get(chore)) is None
        or (row.done_at is not None and row.done_at > moment)
        or _is_due(row, seconds, moment)
    ]


def last_found(connection: Connection, name: str) -> dict[str, tuple[datetime, Mapping[str, Any] | None]]:
    """By source, when a chore was last done and what it found."""
    rows = connection.execute(select(chores).where(chores.c.name == name, chores.c.done_at.is_not(None)))
    return {row.source: (row.done_at, row.found) for row in rows}


def _is(name: str, source: str) -> Any:
    return chores.c.name == name, chores.c.source == source


def _is_due(row: Row[Any], every: float, moment: datetime) -> bool:
    held = row.lease_until is not None and row.lease_until > moment and not is_dead(row.owner)
    return not held and (row.done_at is None or row.done_at <= moment - timedelta(seconds=every))
