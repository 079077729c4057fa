"""Quarantine remembers how a document was tried, and lets go of what was merely not to be had."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("quarantine") as table:
        table.add_column(sa.Column("recipe", sa.String(100)))
        table.alter_column("revision", existing_type=sa.Text, nullable=True)


def downgrade() -> None:
    op.execute("UPDATE quarantine SET revision = '' WHERE revision IS NULL")
    with op.batch_alter_table("quarantine") as table:
        table.alter_column("revision", existing_type=sa.Text, nullable=False)
        table.drop_column("recipe")
