"""Alembic migrations, applied when a ledger is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from config.errors import ConfigError


def migrate(engine: Engine, target: str, *, down: bool = False) -> None:
    """Bring the database to `target`, in one transaction, holding off other processes that try the same.

    Raises `ConfigError` when the database stands at a migration that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection, _without_foreign_keys(connection):
        connection.execution_options(writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                # Any number, the same for all.
                connection.execute(text("SELECT pg_advisory_xact_lock(727462)"))
            config.attributes["connection"] = connection
            before = MigrationContext.configure(connection).get_current_revision()
            try:
                if down:
                    command.downgrade(config, target)
                elif before != target:
                    command.upgrade(config, target)
            except CommandError as error:
                raise ConfigError(
                    f"the ledger stands at migration {before}, which this version of Sabio does not know: it"
                    " was written by a newer one; install that, or restore the backup from before it"
                ) from error


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it, and dropping the old one would take all that refers to it along.

    The switch only works outside of a transaction (sqlite.org/pragma.html#pragma_foreign_keys), so it is
    thrown beneath SQLAlchemy, which would begin one.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.cursor()
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
        raw.close()
