"""What is remembered of agents, beginning with what the node runs that have settled still tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String().with_variant(sa.String(collation="C"), "postgresql")
USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "turns")

EXECUTIONS = sa.text(
    "SELECT executions.id, executions.workflow_id, executions.repository, plans.definition, plans.agents "
    "FROM executions JOIN plans ON plans.execution_id = executions.id WHERE executions.id > :after "
    "ORDER BY executions.id LIMIT 1"
)
RUNS = sa.text(
    'SELECT "index", node, key, status, epoch, attempt, started_at, completed_at, outcome FROM node_runs '
    "WHERE execution_id = :execution_id AND status IN ('completed', 'failed', 'cancelled') "
    "AND started_at IS NOT NULL AND completed_at IS NOT NULL AND outcome IS NOT NULL"
)
GIVEN = sa.text(
    "SELECT COALESCE(SUM(node_runs.epoch), 0) FROM edges JOIN node_runs "
    'ON node_runs.execution_id = edges.execution_id AND node_runs."index" = edges.source '
    "WHERE edges.execution_id = :execution_id AND edges.target = :target"
)


def upgrade() -> None:
    table = op.create_table(
        "agent_runs",
        sa.Column("execution_id", IDENTIFIER, primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("given", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger, nullable=False),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Float),
        sa.Column("cost_estimated", sa.Boolean, nullable=False),
        sa.Column("files_changed", sa.Integer, nullable=False),
        sa.Column("committed", sa.Boolean, nullable=False),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("last", sa.Boolean, nullable=False),
        sa.Column("failed_before", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_agent_runs_agent", "agent_runs", ["agent", "ended_at", "outcome", "replayed"])
    op.create_index("ix_agent_runs_workflow", "agent_runs", ["workflow_id", "ended_at"])
    op.create_index("ix_agent_runs_ended", "agent_runs", ["ended_at"])
    _fill(op.get_bind(), table)


def _fill(connection: sa.Connection, table: sa.Table) -> None:
    """The last attempt of each settled node run of an agent; of earlier ones nothing was kept.

    One execution at a time: a plan may be large.
    """
    after = ""
    while found := connection.execute(EXECUTIONS, {"after": after}).mappings().one_or_none():
        after = found["id"]
        if rows := list(_attempts(connection, found)):
            connection.execute(table.insert(), rows)


def _attempts(connection: sa.Connection, execution: Mapping[Any, Any]) -> Iterator[dict[str, Any]]:
    nodes = json.loads(execution["definition"])["nodes"]
    actions = {name: node["action"] for name, node in nodes.items() if node["action"]["kind"] in ("agent", "merge")}
    if not actions:
        return
    agents = json.loads(execution["agents"])
    for run in connection.execute(RUNS, {"execution_id": execution["id"]}).mappings().all():
        action = actions.get(run["node"])
        outcome = json.loads(run["outcome"])
        usage = outcome.get("usage")
        # Without usage a merge needed no agent, and what was cancelled did not get to one.
        if action is None or (usage is None and (action["kind"] == "merge" or outcome.get("cancelled"))):
            continue
        named = {"execution_id": execution["id"], "target": run["index"]}
        yield {
            "execution_id": execution["id"],
            "given": connection.execute(GIVEN, named).scalar_one(),
            "workflow_id": execution["workflow_id"],
            "repository": execution["repository"],
            **_of_run(run, outcome),
            **_of_agent(action, usage or {}, agents),
        }


def _of_run(run: Mapping[Any, Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
    committed = outcome.get("commit") is not None
    ended = max(run["started_at"], run["completed_at"])
    return {
        "run": run["index"],
        "epoch": run["epoch"],
        "attempt": run["attempt"],
        "key": run["key"],
        "outcome": "cancelled" if outcome.get("cancelled") else outcome.get("failure") or "success",
        "started_at": run["started_at"],
        "ended_at": ended,
        "seconds": (ended - run["started_at"]) / 1_000_000,
        "files_changed": len(outcome.get("changes") or ()) if committed else 0,
        "committed": committed,
        "last": True,
        "failed_before": False,
    }


def _of_agent(action: Mapping[str, Any], usage: Mapping[str, Any], agents: Mapping[str, Any]) -> dict[str, Any]:
    named = action["agent"] if action["kind"] == "agent" else action["resolver"]
    definition = agents.get(named) or {}
    asked = action.get("model") or definition.get("model") or ""
    replayed = bool(usage.get("replayed"))
    return {
        "agent": definition.get("id") or named or "",
        "engine": "replay" if replayed else _plain(action["engine"]),
        "model": usage.get("model") or _plain(asked),
        "cost_usd": usage.get("cost_usd"),
        "cost_estimated": False,
        "replayed": replayed or action["engine"] == "replay",
        **{name: usage.get(name) or 0 for name in USAGE},
    }


def _plain(text: str) -> str:
    """What stands in a workflow; of an expression nobody knows any more what it gave."""
    return "" if "${{" in text else text
