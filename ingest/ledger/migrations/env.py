"""Alembic's entry: run the migrations on the connection that `migrate` holds."""

from alembic import context

from ingest.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transaction_per_migration=False,
)
context.run_migrations()
