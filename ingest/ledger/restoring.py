"""A ledger that was restored from a backup says what was, not what is: nothing of a source is answered from
until it has been listed since, so what was deleted after the backup stays deleted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ingest.ledger import now
from ingest.ledger.tables import sources, state

_KEY = "restored"


def mark_restored(connection: Connection) -> None:
    """Say that the ledger was restored just now."""
    connection.execute(delete(state).where(state.c.key == _KEY))
    connection.execute(insert(state).values(key=_KEY, value=now().isoformat()))


def held_back(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of the sources that were not listed since the ledger was restored; none if it never was."""
    restored = connection.scalar(select(state.c.value).where(state.c.key == _KEY))
    if restored is None:
        return set()
    listed = select(sources.c.name).where(sources.c.listed_at > datetime.fromisoformat(restored))
    return set(names) - set(connection.scalars(listed))
