"""What git had of executions that come from elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    owner = sa.ForeignKey("executions.id", ondelete="CASCADE")
    op.create_table(
        "copies",
        sa.Column("execution_id", IDENTIFIER, owner, primary_key=True, nullable=False),
        sa.Column("name", sa.String, primary_key=True, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
