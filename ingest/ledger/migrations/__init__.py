"""Alembic migrations, applied when a ledger is opened."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text


def migrate(engine: Engine, target: str, *, down: bool = False) -> None:
    """Bring the database to `target`, in one transaction, holding off other processes that try the same."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(727462)")
                )  # any number, the same for all
            config.attributes["connection"] = connection
            if down:
                command.downgrade(config, target)
            elif _revision(connection) != target:
                command.upgrade(config, target)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
