"""Rows that may be there already, or that several processes want to make at the same moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there already: whether it was not.

    Waits for a transaction under way that inserts the same.
    """
    statement = _insert(connection, table).values(**values).on_conflict_do_nothing()
    # Without the option there is no count for inserts on every database.
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1


def insert_or_replace(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those whose key is there already get the new values. In the order given."""
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _insert(connection: Connection, table: Table) -> Any:
    # Each vendor has a construct of its own for the same words.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)
