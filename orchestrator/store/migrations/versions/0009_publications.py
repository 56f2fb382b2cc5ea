"""What was published where, by which agents, and what people did with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
PLANNED = sa.text("state = 'planned'")
FOLLOWED = sa.text("state = 'published' AND fate IS NOT NULL AND NOT final")


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("execution_id", IDENTIFIER, primary_key=True, nullable=False),
        sa.Column("target", IDENTIFIER, primary_key=True, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("remote_id", sa.BigInteger),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("commit", sa.String, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("published_at", sa.BigInteger),
        sa.Column("fate", sa.String),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("checked_at", sa.BigInteger),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    _partial("ix_publications_planned", ["execution_id", "target", "not_before"], PLANNED)
    _partial("ix_publications_followed", ["repository", "checked_at"], FOLLOWED)
    op.create_index("ix_publications_number", "publications", ["repository", "number"])
    op.create_table(
        "publication_agents",
        sa.Column("execution_id", IDENTIFIER, primary_key=True, nullable=False),
        sa.Column("target", IDENTIFIER, primary_key=True, nullable=False),
        sa.Column("agent", sa.Text, primary_key=True, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_publication_agents_agent", "publication_agents", ["agent"])


def _partial(name: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(name, "publications", columns, sqlite_where=condition, postgresql_where=condition)
