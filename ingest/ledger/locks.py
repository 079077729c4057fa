"""Row locks in the order that everybody keeps, see the package's docstring; SQLite has one writer anyway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from ingest.ledger.tables import documents, sources, strays
from ingest.ledger.upserts import insert_if_absent


def lock_source(connection: Connection, source: str) -> Row[Any]:
    """The row of a source, made if there is none, for whoever decides about the source; locked."""
    insert_if_absent(connection, sources, {"name": source, "fence": 0})
    return connection.execute(select(sources).where(sources.c.name == source).with_for_update()).one()


def lock_documents(connection: Connection, ids: Iterable[str]) -> None:
    """Lock documents, for whoever writes several of them or of what hangs on them."""
    if connection.dialect.name != "sqlite":
        for group in groups(sorted(set(ids))):
            connection.execute(
                select(documents.c.id)
                .where(documents.c.id.in_(group))
                .order_by(documents.c.id)
                .with_for_update()
            )


def ordered_strays(*conditions: Any) -> Select[tuple[str]]:
    """The chunk ids of strays, locked one after the other: for statements that write several of them."""
    return select(strays.c.chunk).where(*conditions).order_by(strays.c.chunk).with_for_update()


def groups(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    """Lists short enough for a statement's parameters (SQLite allows 32,766, PostgreSQL 65,535)."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
