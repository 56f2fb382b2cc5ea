"""What pull requests change in definitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("repository", sa.Text, primary_key=True, nullable=False),
        sa.Column("subject", sa.String, primary_key=True, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("before", sa.String, nullable=False),
        sa.Column("after", sa.String, nullable=False),
        sa.Column("instance", sa.String, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    behind = sa.text("changes > told")
    op.create_index("ix_proposals_behind", "proposals", ["instance"], sqlite_where=behind, postgresql_where=behind)
