"""What agents have done, which outlives the executions it was learned from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table

from orchestrator.store.columns import Identifier, Moment, Words
from orchestrator.store.schema.base import metadata

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

ATTEMPT_COLUMNS = [column for column in agent_runs.c if column.name not in ("last", "failed_before")]
