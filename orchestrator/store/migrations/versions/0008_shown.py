"""What GitHub shows of executions, and which of them it shows as they no longer are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BEHIND = sa.text("changes > told")


def upgrade() -> None:
    op.add_column("executions", sa.Column("target", sa.Text))
    op.create_table(
        "showings",
        sa.Column("execution_id", IDENTIFIER, sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
    )
    op.create_index("ix_showings_behind", "showings", ["execution_id"], sqlite_where=BEHIND, postgresql_where=BEHIND)
    op.create_index("ix_showings_subject", "showings", ["repository", "number", "workflow_id", "execution_id"])
    op.create_table(
        "shown",
        sa.Column(
            "execution_id", IDENTIFIER, sa.ForeignKey("showings.execution_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("github_id", sa.BigInteger),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("concluded", sa.Boolean, nullable=False),
        sa.Column("annotations", sa.Integer, nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
