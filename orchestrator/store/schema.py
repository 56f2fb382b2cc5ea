"""The tables as they are now. `migrations/` has how they came to be, and a test keeps the two equal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.sql.elements import ColumnElement, TextClause

from orchestrator.definition.publish import PublishKind
from orchestrator.execution.amounts import Unit
from orchestrator.execution.publication import Fate, PublicationState
from orchestrator.execution.state import ExecutionStatus, NodeStatus, Result, TriggerKind
from orchestrator.lifecycle.ports.intake import Hold, Ruling
from orchestrator.store.columns import (
    Commits,
    Identifier,
    Json,
    Lines,
    Moment,
    OutcomeJson,
    Serial,
    Status,
    TargetJson,
    Words,
)

metadata = MetaData()

# Literal SQL, because a planner uses a partial index only where the query repeats its condition word for word.
QUEUED = text("status = 'queued'")
RUNNING = text("status = 'running'")
WAITING = text("status = 'waiting'")
BEHIND = text("changes > told")
PLANNED = text("state = 'planned'")
FOLLOWED = text("state = 'published' AND fate IS NOT NULL AND NOT final")
UNTOLD = text("owed AND NOT told")
HELD = text("state IN ('waiting', 'queued')")
GROUPED = text("state IN ('queued', 'started')")


def _partial(name: str, columns: tuple[ColumnElement[Any], ...], condition: TextClause) -> Index:
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


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
_partial(
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
_partial(
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
_partial("ix_node_runs_retry", (node_runs.c.instance, node_runs.c.not_before), QUEUED)
_partial("ix_node_runs_leased", (node_runs.c.instance, node_runs.c.execution_id, node_runs.c.index), RUNNING)
_partial("ix_node_runs_deadline", (node_runs.c.instance, node_runs.c.deadline), WAITING)

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

# Only executions that GitHub shows have a row. Whoever changes one counts up `changes`; what that was when GitHub last
# agreed is `told`. The target is the execution's, taken apart to be searched.
showings = Table(
    "showings",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("workflow_id", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("number", Integer),
    Column("changes", BigInteger, nullable=False),
    Column("told", BigInteger, nullable=False),
    Column("refused", Words, nullable=False),
    Column("trouble", Words, nullable=False),
)
_partial("ix_showings_behind", (showings.c.execution_id,), BEHIND)
Index("ix_showings_subject", *(showings.c[name] for name in ("repository", "number", "workflow_id", "execution_id")))

shown = Table(
    "shown",
    metadata,
    Column("execution_id", Identifier, ForeignKey("showings.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("place", String, primary_key=True),
    Column("github_id", BigInteger),
    Column("digest", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("concluded", Boolean, nullable=False),
    Column("annotations", Integer, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("refused", Words, nullable=False),
    sqlite_with_rowid=False,
)

leads = Table(
    "leads",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("beat", BigInteger, nullable=False),
)

# No foreign key: what was learned of an agent outlives the executions it was learned from. Kept in the order of its
# key, because whoever adds one looks at those before it. `last` and `failed_before` tell of attempts at one node run
# that were given the same: they are one run of the agent, and count where its last attempt does.
agent_runs = Table(
    "agent_runs",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("given", BigInteger, nullable=False),
    Column("key", Words, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("engine", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("outcome", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("cost_usd", Float),
    Column("cost_estimated", Boolean, nullable=False),
    Column("files_changed", Integer, nullable=False),
    Column("committed", Boolean, nullable=False),
    Column("replayed", Boolean, nullable=False),
    Column("last", Boolean, nullable=False),
    Column("failed_before", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
# With all that counting outcomes asks for, so that it need not look at the rows.
Index("ix_agent_runs_agent", *(agent_runs.c[name] for name in ("agent", "ended_at", "outcome", "replayed")))
Index("ix_agent_runs_workflow", agent_runs.c.workflow_id, agent_runs.c.ended_at)
Index("ix_agent_runs_ended", agent_runs.c.ended_at)

# No foreign key either: what people did with an agent's work outlives the execution. What is still to go out is due
# only as long as there is one.
publications = Table(
    "publications",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("target", Identifier, primary_key=True),
    Column("kind", Status(PublishKind), nullable=False),
    Column("node", Words, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("state", Status(PublicationState), nullable=False),
    Column("reason", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("number", Integer),
    Column("remote_id", BigInteger),
    Column("url", Words, nullable=False),
    Column("branch", Words, nullable=False),
    Column("commit", String, nullable=False),
    Column("not_before", Moment),
    Column("tries", Integer, nullable=False),
    Column("published_at", Moment),
    Column("fate", Status(Fate)),
    Column("final", Boolean, nullable=False),
    Column("checked_at", Moment),
    Column("replayed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
_partial(
    "ix_publications_planned",
    (publications.c.execution_id, publications.c.target, publications.c.not_before),
    PLANNED,
)
_partial("ix_publications_followed", (publications.c.repository, publications.c.checked_at), FOLLOWED)
Index("ix_publications_number", publications.c.repository, publications.c.number)

publication_agents = Table(
    "publication_agents",
    metadata,
    Column("execution_id", Identifier, primary_key=True),
    Column("target", Identifier, primary_key=True),
    Column("agent", Words, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_publication_agents_agent", publication_agents.c.agent)
# No foreign keys: what was decided outlives the executions that came of it.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", String, nullable=False),
    Column("subject", Words, nullable=False),
    Column("ruling", Status(Ruling), nullable=False),
    Column("rule", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("event", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", BigInteger),
    Column("head_sha", Words, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    Column("owed", Boolean, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("comment_id", BigInteger),
    Column("label", Words, nullable=False),
    Column("lines", Lines, nullable=False),
    UniqueConstraint("delivery_id", "subject", name="uq_decisions_subject"),
    sqlite_autoincrement=True,
)
Index("ix_decisions_thread", decisions.c.number, decisions.c.id)
_partial("ix_decisions_untold", (decisions.c.id,), UNTOLD)

held_starts = Table(
    "held_starts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("delivery_id", String, nullable=False),
    Column("workflow_id", Words, nullable=False),
    Column("state", Status(Hold), nullable=False),
    Column("actor", Words, nullable=False),
    Column("event_name", Words, nullable=False),
    Column("event", Json, nullable=False),
    Column("trigger", Status(TriggerKind), nullable=False),
    Column("inputs", Json, nullable=False),
    Column("head_sha", Words, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", BigInteger),
    Column("asked", Boolean, nullable=False),
    Column("allowed_by", Words, nullable=False),
    Column("group", Words, nullable=False),
    Column("waiting_limit", Integer, nullable=False),
    Column("cancels", Boolean, nullable=False),
    Column("execution_id", Identifier, nullable=False),
    sqlite_autoincrement=True,
)
_partial("ix_held_starts_open", (held_starts.c.number, held_starts.c.id), HELD)
_partial("ix_held_starts_group", (held_starts.c.group, held_starts.c.id), GROUPED)

# Until when something was seen to, by its name.
marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Moment, nullable=False),
)

# `since` is when the node run began to wait: one that waits anew has no votes.
votes = Table(
    "votes",
    metadata,
    Column("execution_id", Identifier, ForeignKey("executions.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("since", Moment, primary_key=True, autoincrement=False),
    Column("by", Words, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

ATTEMPT_COLUMNS = [column for column in agent_runs.c if column.name not in ("last", "failed_before")]
RUN_COLUMNS = [column for column in node_runs.c if column.name != "instance"]
