"""A ledger that was restored from a backup says what was, not what is: nothing of a source is answered from
until it has been listed since, so what was deleted after the backup stays deleted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ingest.ledger import now
from ingest.ledger.tables import sources, state

RESTORED = "restored"
"""Under which the table `state` keeps when that was."""


def mark_restored(connection: Connection) -> None:
    """Say that the ledger was restored just now."""
    connection.execute(delete(state).where(state.c.key == RESTORED))
    connection.execute(insert(state).values(key=RESTORED, value=now().isoformat()))


def held_back(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of the sources that were not listed since the ledger was restored; none if it never was."""
    restored = connection.scalar(select(state.c.value).where(state.c.key == RESTORED))
    return held_since(connection, names, restored)


def held_since(connection: Connection, names: Collection[str], restored: str | None) -> set[str]:
    """The same, for whoever has read already when that was."""
    if restored is None:
        return set()
    listed = select(sources.c.name).where(sources.c.listed_at > datetime.fromisoformat(restored))
    return set(names) - set(connection.scalars(listed))
