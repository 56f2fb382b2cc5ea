"""The first tables."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _executions()
    _plans()
    _node_runs()
    _edges()
    _outbox()
    _leads()


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("id", IDENTIFIER, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("workflow_name", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("trigger", sa.String, nullable=False),
        sa.Column("triggered_by", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("repository_path", sa.Text, nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("head", sa.String),
        sa.Column("base", sa.String),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.Column("result", sa.String),
        sa.Column("result_branch", sa.Text),
        sa.Column("instance", sa.String, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("open_runs", sa.Integer, nullable=False),
        sa.Column("active_runs", sa.Integer, nullable=False),
        sa.Column("artifact_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("error_message", sa.Text),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.UniqueConstraint("workflow_id", "number", name="uq_executions_number"),
    )
    op.create_index("ix_executions_workflow", "executions", ["workflow_id", "id"])
    _partial_index("ix_executions_unended", "executions", ["instance", "id"], "IN ('pending', 'running', 'waiting')")


def _plans() -> None:
    op.create_table(
        "plans",
        _execution_id(),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("agents", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
    )


def _node_runs() -> None:
    op.create_table(
        "node_runs",
        _execution_id(),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("instance", sa.String, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lost", sa.Integer, nullable=False),
        sa.Column("waiting_for", sa.Integer, nullable=False),
        sa.Column("any_failed", sa.Boolean, nullable=False),
        sa.Column("any_cancelled", sa.Boolean, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("priority", sa.BigInteger, nullable=False),
        sa.Column("ready_at", sa.BigInteger),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("deadline", sa.BigInteger),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("worker", sa.Text),
        sa.Column("result", sa.String),
        sa.Column("error_code", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("matrix", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
    )
    urgency: list[str | sa.TextClause] = [
        "instance",
        "queue",
        sa.text("priority DESC"),
        "ready_at",
        "execution_id",
        "index",
        "not_before",
    ]
    _partial_index("ix_node_runs_claim", "node_runs", urgency, "= 'queued'")
    _partial_index("ix_node_runs_retry", "node_runs", ["instance", "not_before"], "= 'queued'")
    _partial_index("ix_node_runs_leased", "node_runs", ["instance", "execution_id", "index"], "= 'running'")
    _partial_index("ix_node_runs_deadline", "node_runs", ["instance", "deadline"], "= 'waiting'")


def _edges() -> None:
    op.create_table(
        "edges",
        _execution_id(),
        sa.Column("source", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("target", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_edges_target", "edges", ["execution_id", "target", "source"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", SERIAL, primary_key=True),
        _execution_id(primary_key=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_execution", "outbox", ["execution_id", "id"])


def _leads() -> None:
    op.create_table(
        "leads",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
    )


def _execution_id(*, primary_key: bool = True) -> sa.Column[str]:
    owner = sa.ForeignKey("executions.id", ondelete="CASCADE")
    return sa.Column("execution_id", IDENTIFIER, owner, primary_key=primary_key, nullable=False)


def _partial_index(name: str, table: str, columns: Sequence[str | sa.TextClause], statuses: str) -> None:
    condition = sa.text(f"status {statuses}")
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
