"""The ledger: the SQL record that decides what is published, readable and due.

`Ledger` opens the database and brings it to the current migration; the modules beside this one hold the
queries by journey: `scanning` (what a scan changes), `working` (leases, publishing, sweeping), `reading`
(confirming hits, explaining, reporting). SQLite when embedded, PostgreSQL in production, same queries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from config.errors import ConfigError, UnavailableError
from ingest.ledger.tables import state

# The newest migration. Opening a ledger that already stands here costs one query and no Alembic import.
HEAD = "0001"
_MIGRATIONS = Path(__file__).parent / "migrations"


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """An open ledger. Cheap to share between threads; each process opens its own.

    Raises `ConfigError` when `url` is none that can be opened, and `UnavailableError` whenever the database
    is down, locked for too long, or its disk is full.
    """

    def __init__(self, url: str, *, migrate: bool = True) -> None:
        """`url` is an SQLAlchemy URL, as `sqlite:////var/lib/sabio/ledger.db`."""
        self._engine = _open(url)
        with _translated(self._engine):
            if migrate and self.revision() != HEAD:
                self.upgrade(HEAD)

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
        with self._engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version

    def upgrade(self, target: str = HEAD) -> None:
        """Apply migrations up to `target`. Several processes may try at once; one does it."""
        from ingest.ledger.migrations import migrate

        migrate(self._engine, target)

    def downgrade(self, target: str = "base") -> None:
        """Take migrations back to `target`: for tests and for a roll-back of the product."""
        from ingest.ledger.migrations import migrate

        migrate(self._engine, target, down=True)

    def collection(self) -> str | None:
        """The index collection that questions are answered from, if one was made yet."""
        with self.read() as connection:
            return connection.scalar(select(state.c.value).where(state.c.key == "collection"))

    def set_collection(self, name: str, instead_of: str | None) -> bool:
        """Answer from `name` from now on, unless somebody else changed it from `instead_of` meanwhile."""
        with self.write() as connection:
            current = connection.scalar(select(state.c.value).where(state.c.key == "collection"))
            if current != instead_of:
                return False
            connection.execute(state.delete().where(state.c.key == "collection"))
            connection.execute(state.insert().values(key="collection", value=name))
            return True

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _open(url: str) -> Engine:
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
    engine = create_engine(parsed, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the BEGINs are ours, below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # safe in WAL against kills; see sqlite.org/wal.html
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=30000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if not isinstance(error, OperationalError) and not error.connection_invalidated:
            raise  # a broken constraint or a wrong statement is our own mistake
        raise UnavailableError(
            f"the ledger ({engine.url.render_as_string(hide_password=True)}) cannot be used: {error.orig}"
        ) from error
