"""Executions, their node runs, and what the control loop is asked to do for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from orchestrator.execution.amounts import Unit
from orchestrator.execution.state import ExecutionStatus, NodeStatus, Result, TriggerKind
from orchestrator.store.columns import Commits, Identifier, Json, Moment, OutcomeJson, Serial, Status, TargetJson, Words
from orchestrator.store.schema.base import metadata, partial_index

# Literal SQL, because a planner uses a partial index only where the query repeats its condition word for word.
QUEUED = text("status = 'queued'")
RUNNING = text("status = 'running'")
WAITING = text("status = 'waiting'")

executions = Table(
    "executions",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("workflow_name", Words, nullable=False),
    Column("status", Status(ExecutionStatus), nullable=False),
    Column("trigger", Status(TriggerKind), nullable=False),
    Column("triggered_by", Words, nullable=False),
    Column("event_name", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("repository_path", Words, nullable=False),
    Column("branch", Words, nullable=False),
    Column("head", String),
    Column("base", String),
    Column("dirty", Boolean, nullable=False),
    Column("result", String),
    Column("result_branch", Words),
    Column("instance", String, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("open_runs", Integer, nullable=False),
    Column("active_runs", Integer, nullable=False),
    Column("artifact_bytes", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("completed_at", Moment),
    Column("error_message", Words),
    Column("inputs", Json, nullable=False),
    Column("event", Json, nullable=False),
    Column("target", TargetJson),
    UniqueConstraint("workflow_id", "number", name="uq_executions_number"),
)
Index("ix_executions_workflow", executions.c.workflow_id, executions.c.id)
partial_index(
    "ix_executions_unended",
    (executions.c.instance, executions.c.id),
    text("status IN ('pending', 'running', 'waiting')"),
)

plans = Table(
    "plans",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("definition", Text, nullable=False),
    Column("source", Words, nullable=False),
    Column("agents", Text, nullable=False),
    Column("files", Json, nullable=False),
    Column("base_bundle", String),
    Column("project", Text),
    Column("record", Boolean, nullable=False, server_default=false()),
    Column("last_valid", String, nullable=False, server_default=""),
)

# `instance` repeats the execution's, so that a claim reads one index and no foreign rows.
node_runs = Table(
    "node_runs",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("instance", String, nullable=False),
    Column("node", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("status", Status(NodeStatus), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("waiting_for", Integer, nullable=False),
    Column("any_failed", Boolean, nullable=False),
    Column("any_cancelled", Boolean, nullable=False),
    Column("heads", Commits, nullable=False),
    Column("queue", Words, nullable=False),
    Column("priority", BigInteger, nullable=False),
    Column("ready_at", Moment),
    Column("not_before", Moment),
    Column("deadline", Moment),
    Column("lease", Integer, nullable=False),
    Column("started_at", Moment),
    Column("completed_at", Moment),
    Column("worker", Words),
    Column("result", Status(Result)),
    Column("error_code", Words),
    Column("decided_by", Words),
    Column("matrix", Json, nullable=False),
    Column("outcome", OutcomeJson),
)
partial_index(
    "ix_node_runs_claim",
    (
        node_runs.c.instance,
        node_runs.c.queue,
        node_runs.c.priority.desc(),
        node_runs.c.ready_at,
        node_runs.c.execution_id,
        node_runs.c.index,
        node_runs.c.not_before,
    ),
    QUEUED,
)
partial_index("ix_node_runs_retry", (node_runs.c.instance, node_runs.c.not_before), QUEUED)
partial_index("ix_node_runs_leased", (node_runs.c.instance, node_runs.c.execution_id, node_runs.c.index), RUNNING)
partial_index("ix_node_runs_deadline", (node_runs.c.instance, node_runs.c.deadline), WAITING)

edges = Table(
    "edges",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Integer, primary_key=True, autoincrement=False),
    Column("target", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("ix_edges_target", edges.c.execution_id, edges.c.target, edges.c.source)

# What an attempt spent is NULL while it is at work, and what it reserved where nothing limits that.
reservations = Table(
    "reservations",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("assumed", Boolean, nullable=False),
    Column("earlier", Boolean, nullable=False),
    *(Column(f"reserved_{unit}", BigInteger) for unit in Unit),
    *(Column(f"spent_{unit}", BigInteger) for unit in Unit),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    Column("payload", Json, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_outbox_execution", outbox.c.execution_id, outbox.c.id)

# What git had of an execution that comes from elsewhere: digests of blobs.
copies = Table(
    "copies",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("digest", String, nullable=False),
    sqlite_with_rowid=False,
)

leads = Table(
    "leads",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("beat", BigInteger, nullable=False),
)

RUN_COLUMNS = [column for column in node_runs.c if column.name != "instance"]
