"""What was decided of events, executions that wait for an allowance or their turn, and votes on approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", SERIAL, primary_key=True),
        sa.Column("delivery_id", sa.String, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("ruling", sa.String, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("head_sha", sa.Text, nullable=False),
        sa.Column("execution_id", IDENTIFIER, nullable=False),
        sa.Column("owed", sa.Boolean, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("comment_id", sa.BigInteger),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.UniqueConstraint("delivery_id", "subject", name="uq_decisions_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_thread", "decisions", ["number", "id"])
    untold = sa.text("owed AND NOT told")
    op.create_index("ix_decisions_untold", "decisions", ["id"], sqlite_where=untold, postgresql_where=untold)
    op.create_table(
        "held_starts",
        sa.Column("id", SERIAL, primary_key=True),
        sa.Column("delivery_id", sa.String, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("trigger", sa.String, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("head_sha", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("asked", sa.Boolean, nullable=False),
        sa.Column("allowed_by", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("waiting_limit", sa.Integer, nullable=False),
        sa.Column("cancels", sa.Boolean, nullable=False),
        sa.Column("execution_id", IDENTIFIER, nullable=False),
        sqlite_autoincrement=True,
    )
    open_ones = sa.text("state IN ('waiting', 'queued')")
    op.create_index(
        "ix_held_starts_open", "held_starts", ["number", "id"], sqlite_where=open_ones, postgresql_where=open_ones
    )
    started = sa.text("state IN ('queued', 'started')")
    op.create_index(
        "ix_held_starts_group", "held_starts", ["group", "id"], sqlite_where=started, postgresql_where=started
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "votes",
        sa.Column("execution_id", IDENTIFIER, sa.ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("by", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
