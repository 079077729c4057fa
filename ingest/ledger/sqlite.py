"""The ledger in a file: SQLite, with one writer at a time and readers beside it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from config.errors import ConfigError, SabioError, UnavailableError
from ingest.ledger.tables import read_json

READS: Mapping[str, Any] = {}
# Said before the transaction begins, so that the write lock is taken at once: upgrading a read lock later
# fails instead of waiting.
WRITES: Mapping[str, Any] = {"writes": True}
"""What a connection is told before it begins a transaction of either sort."""
_PATIENCE = 30.0
"""Seconds to wait for another writer; `?timeout=` in the URL says otherwise."""


def open_engine(url: URL) -> Engine:
    """An engine on that file, whose folder is made. Raises `UnavailableError` where that is not possible."""
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                f"the ledger's folder {Path(url.database).parent} cannot be made: {error.strerror}"
            ) from error
    # What the connection is made with wins over what the URL says.
    engine = create_engine(
        url,
        json_deserializer=read_json,
        connect_args={} if "timeout" in url.query else {"timeout": _PATIENCE},
    )
    patience = float(str(url.query.get("timeout", _PATIENCE)))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the BEGINs are ours, below
        try:
            _use_wal(connection, time.monotonic() + patience)
            # Safe in WAL against kills; see sqlite.org/wal.html.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error:
            connection.close()  # the pool does not know it yet
            raise

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def version(_connection: Connection) -> str:
    """What the database is, for people."""
    return f"SQLite {sqlite3.sqlite_version}"


def translated(error: Exception, ledger: str, *, known: bool) -> SabioError | None:  # noqa: ARG001
    """What an error of the database means; None for a mistake of ours, as a broken constraint is.

    `ledger` is how a message names the database, `known` whether it was reached before.
    """
    # What a connection says while it is being made ready comes without SQLAlchemy around it.
    cause = error.orig if isinstance(error, DBAPIError) else error
    if type(cause) is sqlite3.DatabaseError:
        return ConfigError(
            f"{ledger} is damaged: {cause}. Restore it from a backup, or move it away: the next sync then"
            " reads every document anew"
        )
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, OperationalError | sqlite3.OperationalError):
        return UnavailableError(f"{ledger} cannot be used: {cause}")
    return None


def _use_wal(connection: sqlite3.Connection, until: float) -> None:
    """Switch to write-ahead logging, for which SQLite does not wait while others have the file open."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
