"""A database from before agents were remembered knows of them what its settled node runs still tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, insert, make_url

from orchestrator.execution.experience import AgentRun
from orchestrator.lifecycle.ports import Scope
from orchestrator.store import upgrade
from orchestrator.store.engine import WRITE, build_engine
from orchestrator.store.opening import open_store, upgrade_store
from tests.fakes.postgres import PostgresDatabases

BEFORE = "0003"
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
USAGE = {
    "model": "sonnet-5",
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_read_tokens": 30,
    "cache_write_tokens": 40,
    "turns": 5,
    "cost_usd": 0.25,
    "replayed": False,
}


def node(kind: str, **action: object) -> dict[str, Any]:
    return {"action": {"kind": kind, **action}}


def ask(agent: str, engine: str = "claude", model: str | None = None) -> dict[str, Any]:
    return node("agent", agent=agent, engine=engine, model=model)


NODES = {
    "first": node("run", script="true"),
    "review": ask("code-reviewer"),
    "fix": ask("python-pro", "${{ inputs.engine }}", "${{ inputs.model }}"),
    "audit": ask("Auditor", model="opus"),
    "look": ask("Auditor"),
    "both": node("merge", nodes=["review", "fix"], resolver="python-pro", engine="claude", model=None),
    "all": node("merge", nodes=["review", "fix"], resolver="python-pro", engine="claude", model=None),
    "gate": node("approval", message="?"),
    "stopped": ask("Auditor"),
    "again": ask("Auditor"),
    "skipped": ask("Auditor"),
    "played": ask("python-pro", "replay"),
}
CHANGES = [{"path": "a.py", "status": "added"}, {"path": "b.py", "status": "modified"}]
AGENTS = {"code-reviewer": {"id": "code-reviewer", "model": "haiku"}, "Auditor": {"id": "auditor", "model": None}}
RUNS: Mapping[str, dict[str, Any]] = {
    "first": {"status": "completed", "epoch": 3, "outcome": {"exit_code": 0}},
    "review": {"status": "completed", "epoch": 2, "attempt": 2, "outcome": {"usage": USAGE, "outputs": {"text": "☃"}}},
    "fix": {"status": "completed", "outcome": {"usage": None, "commit": "c" * 40, "changes": CHANGES}},
    "audit": {"status": "failed", "outcome": {"failure": "timeout", "message": "too long", "usage": None}},
    "look": {"status": "cancelled", "outcome": {"cancelled": True, "usage": {**USAGE, "cost_usd": None}}},
    "both": {"status": "completed", "outcome": {"usage": USAGE, "commit": "d" * 40, "changes": CHANGES[:1]}},
    "all": {"status": "completed", "outcome": {"usage": None, "commit": "e" * 40}},
    "gate": {"status": "completed", "outcome": {}},
    "stopped": {"status": "cancelled", "outcome": {"cancelled": True, "usage": None}},
    "again": {"status": "queued", "completed_at": None, "outcome": {"failure": "overloaded", "usage": None}},
    "skipped": {"status": "skipped", "epoch": 0, "attempt": 0, "started_at": None, "outcome": None},
    "played": {"status": "completed", "outcome": {"usage": {**USAGE, "replayed": True}}},
}
EDGES = [("first", "review"), ("first", "fix"), ("review", "both"), ("fix", "both")]
INDEX = {name: index for index, name in enumerate(NODES)}


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def fill(connection: Connection) -> None:
    """Two executions as an older version wrote them: one with agents, and one without."""
    tables = MetaData()
    tables.reflect(connection)

    def add(table: str, *rows: dict[str, Any]) -> None:
        connection.execute(insert(tables.tables[table]), list(rows))

    for number, (ident, nodes) in enumerate({"01with": NODES, "02without": {"only": node("run")}}.items(), start=1):
        add("executions", _execution(ident, number))
        plan = {"definition": json.dumps({"id": "w", "nodes": nodes}), "source": "", "files": "{}"}
        add("plans", {"execution_id": ident, **plan, "agents": json.dumps(AGENTS)})
    add("node_runs", *(_run("01with", name, values) for name, values in RUNS.items()))
    add("node_runs", {**_run("02without", "first", RUNS["first"]), "node": "only"})
    add("edges", *({"execution_id": "01with", "source": INDEX[s], "target": INDEX[t]} for s, t in EDGES))


def _execution(ident: str, number: int) -> dict[str, Any]:
    words = ("workflow_name", "triggered_by", "event_name", "repository_path", "branch", "instance")
    counts = ("open_runs", "active_runs", "artifact_bytes")
    return {
        **dict.fromkeys(words, ""),
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("inputs", "event"), "{}"),
        **dict.fromkeys(("dirty", "cancel_requested"), False),
        "id": ident,
        "number": number,
        "workflow_id": "quality/review",
        "repository": "octo/repo",
        "status": "completed",
        "trigger": "manual",
        "created_at": micros(T0),
    }


def _run(ident: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
    started = micros(T0 + timedelta(minutes=INDEX[name]))
    row = {
        **dict.fromkeys(("lost", "waiting_for", "priority", "lease"), 0),
        **dict.fromkeys(("any_failed", "any_cancelled"), False),
        **dict.fromkeys(("instance", "heads"), ""),
        "execution_id": ident,
        "index": INDEX[name],
        "node": name,
        "key": name,
        "queue": "default",
        "matrix": "{}",
        "epoch": 1,
        "attempt": 1,
        "started_at": started,
        "completed_at": started + 30_500_000,
        **values,
    }
    return {**row, "outcome": json.dumps(row["outcome"]) if row["outcome"] is not None else None}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of an older version."""
    url = f"sqlite:///{tmp_path}/state.db"
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.create(tables=False)
    _within(url, lambda connection: (upgrade.migrate(connection, BEFORE), fill(connection)))
    return url


def _within(url: str, deed: Callable[[Connection], object]) -> None:
    engine: Engine = build_engine(make_url(url))
    with engine.execution_options(**WRITE).begin() as connection:
        deed(connection)
    engine.dispose()


def expected(name: str, **values: Any) -> AgentRun:
    started = T0 + timedelta(minutes=INDEX[name])
    known: dict[str, Any] = {
        "execution_id": "01with",
        "run": INDEX[name],
        "epoch": 1,
        "attempt": 1,
        "key": name,
        "workflow_id": "quality/review",
        "repository": "octo/repo",
        "engine": "claude",
        "outcome": "success",
        "started_at": started,
        "ended_at": started + timedelta(seconds=30.5),
        "seconds": 30.5,
    }
    return AgentRun(**(known | values))


def test_settled_attempts_of_agents_are_remembered(old: str, tmp_path: Path) -> None:
    assert upgrade_store(old, home=tmp_path) == upgrade.HEAD
    store = open_store(old, home=tmp_path)
    found = store.history().recent(Scope(replayed=True), limit=99)
    store.close()
    used = {key: value for key, value in USAGE.items() if key != "replayed"}
    assert found[::-1] == [
        expected("review", agent="code-reviewer", epoch=2, attempt=2, given=3, **used),
        expected("fix", agent="python-pro", engine="", given=3, files_changed=2, committed=True),
        expected("audit", agent="auditor", model="opus", outcome="timeout"),
        expected("look", agent="auditor", outcome="cancelled", **{**used, "cost_usd": None}),
        expected("both", agent="python-pro", given=3, files_changed=1, committed=True, **used),
        expected("played", agent="python-pro", engine="replay", replayed=True, **used),
    ]


def test_the_attempt_of_a_rerun_comes_on_top(old: str, tmp_path: Path) -> None:
    upgrade_store(old, home=tmp_path)
    store = open_store(old, home=tmp_path)
    with store.begin() as tx:
        tx.lock("01with")
        tx.remember(expected("audit", agent="auditor", epoch=2))
    (found,) = store.history().by_agent(Scope(agent="auditor", workflow_id="quality/review"))
    store.close()
    assert (found.runs, found.attempts, found.succeeded, found.flaky) == (2, 3, 1, 1)
