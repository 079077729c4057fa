"""The ledger: the SQL record that decides what is published, readable and due.

`Ledger` opens the database and brings it to the current migration; the modules beside this one hold the
queries by journey: `runs` (who scans and follows a run), `scanning` (what a scan changes), `claims` (whose
the due work is), `working` (publishing, sweeping), `reading` (confirming hits, explaining, reporting). SQLite
when embedded, PostgreSQL in production, same queries.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from config.errors import ConfigError, UnavailableError
from ingest.ledger.tables import state

# The newest migration. Opening a ledger that already stands here costs one query and no Alembic import.
HEAD = "0002"
_PATIENCE = 30.0
"""Seconds to wait for another writer; `?timeout=` in the URL says otherwise."""


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """An open ledger. Cheap to share between threads; each process opens its own.

    Raises `UnavailableError` whenever the database is down, locked for too long, or its disk is full, and
    `ConfigError` when a person must act: `url` is none that can be opened, the file is damaged, or it was
    written by a newer version.
    """

    def __init__(self, url: str | URL, *, migrate: bool = True) -> None:
        """`url` is an SQLAlchemy URL, as `sqlite:////var/lib/sabio/ledger.db`."""
        self._engine = _open(url)
        try:
            with _translated(self._engine):
                if migrate and self.revision() != HEAD:
                    self.upgrade(HEAD)
        except BaseException:
            self.close()  # nobody gets this ledger to close it
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look: a transaction that writes nothing."""
        with _translated(self._engine), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: everything in it happens, or nothing."""
        with _translated(self._engine), self._engine.connect() as connection:
            # Said before the transaction begins, so that SQLite takes its write lock at once: upgrading a
            # read lock later fails instead of waiting.
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def revision(self) -> str | None:
        """The migration that the database stands at; None for an empty one."""
        with _translated(self._engine), self._engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version

    def upgrade(self, target: str = HEAD) -> None:
        """Apply migrations up to `target`. Several processes may try at once; one does it."""
        from ingest.ledger.migrations import migrate

        with _translated(self._engine):
            migrate(self._engine, target)

    def downgrade(self, target: str = "base") -> None:
        """Take migrations back to `target`: for tests and for a roll-back of the product."""
        from ingest.ledger.migrations import migrate

        with _translated(self._engine):
            migrate(self._engine, target, down=True)

    def collection(self) -> str | None:
        """The index collection that questions are answered from, if one was made yet."""
        with self.read() as connection:
            return connection.scalar(select(state.c.value).where(state.c.key == "collection"))

    def leftovers(self) -> list[str]:
        """Collections that a rebuild began or replaced, and that were not removed yet."""
        with self.read() as connection:
            return list(connection.scalars(select(state.c.value).where(state.c.key != "collection")))

    def begin_collection(self, name: str) -> None:
        """Note a collection before it is made, to answer from later."""
        with self.write() as connection:
            _put(connection, "building", name)

    def set_collection(self, name: str, instead_of: str | None) -> bool:
        """Answer from `name` from now on, which was begun; false when somebody else got ahead meanwhile."""
        with self.write() as connection:
            kept = {row.key: row.value for row in connection.execute(select(state))}
            if kept.get("collection") != instead_of or (instead_of and kept.get("building") != name):
                return False
            connection.execute(state.delete().where(state.c.key == "building"))
            _put(connection, "collection", name)
            if instead_of:
                _put(connection, "retired", instead_of)
            return True

    def forget_collection(self, name: str) -> None:
        """Say that a left-over collection was removed."""
        with self.write() as connection:
            connection.execute(state.delete().where(state.c.key != "collection", state.c.value == name))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _put(connection: Connection, key: str, value: str) -> None:
    connection.execute(state.delete().where(state.c.key == key))
    connection.execute(state.insert().values(key=key, value=value))


def _open(url: str | URL) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"ledger: {url!r} is not a database URL; use `sqlite` or `postgresql://…`"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                f"the ledger's folder {Path(parsed.database).parent} cannot be made: {error.strerror}"
            ) from error
    # What the connection is made with wins over what the URL says.
    engine = create_engine(parsed, connect_args={} if "timeout" in parsed.query else {"timeout": _PATIENCE})
    patience = float(str(parsed.query.get("timeout", _PATIENCE)))

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


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error, PoolTimeoutError) as error:
        # What a connection says while it is being made ready comes without SQLAlchemy around it.
        cause = error.orig if isinstance(error, DBAPIError) else error
        ledger = f"the ledger ({engine.url.render_as_string(hide_password=True)})"
        if type(cause) is sqlite3.DatabaseError:
            raise ConfigError(
                f"{ledger} is damaged: {cause}. Restore it from a backup, or move it away: the next sync then"
                " reads every document anew"
            ) from error
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if lost or isinstance(error, OperationalError | sqlite3.OperationalError | PoolTimeoutError):
            raise UnavailableError(f"{ledger} cannot be used: {cause}") from error
        raise  # a broken constraint or a wrong statement is our own mistake
