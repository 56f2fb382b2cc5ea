"""What attempts reserved of budgets, and spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
UNITS = ("usd", "tokens", "turns", "minutes")


def upgrade() -> None:
    owner = sa.ForeignKey("executions.id", ondelete="CASCADE")
    op.create_table(
        "reservations",
        sa.Column("execution_id", IDENTIFIER, owner, primary_key=True, nullable=False),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("assumed", sa.Boolean, nullable=False),
        sa.Column("earlier", sa.Boolean, nullable=False),
        *(sa.Column(f"reserved_{unit}", sa.BigInteger) for unit in UNITS),
        *(sa.Column(f"spent_{unit}", sa.BigInteger) for unit in UNITS),
        sqlite_with_rowid=False,
    )
