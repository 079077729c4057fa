"""Row locks in the order that everybody keeps, see the package's docstring; SQLite has one writer anyway."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, String, any_, bindparam, func, select

from ingest.ledger.tables import documents, sources, strays
from ingest.ledger.upserts import insert_if_absent

T = TypeVar("T")


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


def groups(ids: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    """Lists short enough for a statement's parameters (SQLite allows 32,766, PostgreSQL 65,535)."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def one_of(connection: Connection, column: Column[str], ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a column is any of the ids, however many: as one parameter, so that the statement stays the
    same, and neither we nor the database read it anew (a fifth of the time of confirming 100 hits)."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == any_(bindparam(None, list(ids), type_=ARRAY(String)))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(each.c.value))
