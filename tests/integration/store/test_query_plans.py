"""Every query on the way of a node run goes through an index, so that its cost follows the degree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, make_url

from orchestrator.definition.model import Node, Run, Workflow
from orchestrator.errors import Place
from orchestrator.execution.amounts import Unit
from orchestrator.execution.effects import Effect
from orchestrator.execution.ledger import Reservation
from orchestrator.execution.machine import Situation
from orchestrator.execution.showing import Target
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan
from orchestrator.lifecycle.ports import AgentHistory, Lease, Scope
from orchestrator.lifecycle.transition import Transition
from orchestrator.store.engine import build_engine
from orchestrator.store.sql_store import SqlStore
from orchestrator.store.transaction import SqlTransaction
from orchestrator.store.upgrade import prepare

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLACE = Place(file="w.yaml")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "state.db"
    engine = build_engine(make_url(f"sqlite:///{path}"))
    prepare(engine, where=str(path), backups=tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    store = SqlStore(engine, "state.db")
    new = Execution(id="01", number=1, workflow_id="w", workflow_name="W", created_at=NOW, instance="here")
    runs = [
        NodeRun(execution_id="01", index=index, node="n", key=f"n{index}", status=NodeStatus.QUEUED, ready_at=NOW)
        for index in range(50)
    ]
    runs[1] = replace(runs[1], status=NodeStatus.RUNNING)
    with store.begin() as tx:
        plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
        tx.insert(new, plan, runs, [(index, index + 1) for index in range(49)])
    return store


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What SQLite itself is given to do, whoever asks for it."""
    seen: list[str] = []
    used: list[Any] = []

    def trace(connection: Any, *_rest: object) -> None:
        used.append(connection)
        connection.set_trace_callback(seen.append)

    event.listen(engine, "checkout", trace)
    yield seen
    event.remove(engine, "checkout", trace)
    for connection in used:
        connection.set_trace_callback(None)


def plans_of(engine: Engine, seen: list[str]) -> list[str]:
    """What SQLite would do for each statement, a line a step."""
    found = []
    with engine.connect() as connection:
        for statement in seen:
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
                found += [str(row.detail) for row in rows]
    return found


def test_a_scan_would_be_noticed(engine: Engine, store: SqlStore) -> None:
    with statements(engine) as seen, engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM node_runs WHERE node = 'n' ORDER BY worker")
    steps = plans_of(engine, seen)
    assert any("SCAN" in step for step in steps)
    assert any("TEMP B-TREE" in step for step in steps)
    assert store.runs("01")


TRANSITION: dict[str, Callable[[SqlTransaction], object]] = {
    "lock": lambda tx: tx.lock("01"),
    "run": lambda tx: tx.run("01", 3),
    "runs": lambda tx: tx.runs("01"),
    "successors": lambda tx: tx.successors("01", 3),
    "predecessors": lambda tx: tx.predecessors("01", [3, 9, 12]),
    "predecessors of one": lambda tx: tx.predecessors("01", [3]),
    "claim": lambda tx: tx.claim(labels=["default", "gpu"], instance="here", worker="w", now=NOW),
    "effects": lambda tx: tx.effects(instance="here"),
    "effects of one": lambda tx: tx.effects(instance="here", execution_id="01"),
    "remove_effect": lambda tx: tx.remove_effect(4),
    "next_number": lambda tx: tx.next_number("w"),
    "reservation": lambda tx: tx.reservation("01", 3, 1),
    "balance": lambda tx: tx.balance("01"),
    "balance of one": lambda tx: tx.balance("01", 3),
    "lead": lambda tx: tx.lead("control"),
}


@pytest.mark.parametrize("name", TRANSITION)
def test_a_transaction_reads_by_index(engine: Engine, store: SqlStore, name: str) -> None:
    with statements(engine) as seen, store.begin() as tx:
        TRANSITION[name](tx)
    steps = plans_of(engine, seen)
    assert steps
    allowed = ("SCAN outbox",) if name == "effects" else ()
    assert [step for step in steps if "SCAN" in step and step not in allowed] == []
    assert [step for step in steps if "TEMP B-TREE" in step] == []


def test_a_budget_reads_the_runs_of_its_execution_alone(engine: Engine, store: SqlStore) -> None:
    with statements(engine) as seen, store.begin() as tx:
        tx.coming("01")
        tx.short_of_budget("01")
    assert [step for step in plans_of(engine, seen) if "SCAN" in step] == []


def test_writing_finds_its_rows_by_index(engine: Engine, store: SqlStore) -> None:
    with statements(engine) as seen, store.begin() as tx:
        held = tx.lock("01")
        tx.save_runs([tx.run("01", 1)])
        tx.cancel_pending("01", NOW)
        tx.add_effects("01", [Effect(kind="wake")])
        tx.put_reservation("01", Reservation(index=1, epoch=1, reserved={}))
        tx.put_reservation("01", Reservation(index=1, epoch=1, reserved={}, spent={Unit.TOKENS: 1}))
        tx.begin_anew("01", [1])
        tx.save(Execution(**{**_fields(held), "status": ExecutionStatus.RUNNING, "instance": "there"}))
    steps = plans_of(engine, seen)
    assert [step for step in steps if "SCAN" in step] == []


READS: dict[str, Callable[[SqlStore], object]] = {
    "execution": lambda store: store.execution("01"),
    "find": lambda store: store.find("latest"),
    "executions": lambda store: store.executions(workflow_id="w", before="02"),
    "plan": lambda store: store.plan("01"),
    "edges": lambda store: store.edges("01"),
    "reservations": lambda store: store.reservations("01"),
    "effects": lambda store: store.effects(instance="here", execution_id="01"),
    "beat": lambda store: store.beat([Lease(execution_id="01", index=1, epoch=0, beat=0)]),
    "leases": lambda store: store.leases("here"),
    "ready": lambda store: store.ready("here", NOW),
    "next_due": lambda store: store.next_due("here"),
    "overdue": lambda store: store.overdue("here", NOW + timedelta(days=1)),
    "publications": lambda store: store.publications("01"),
    "due_publications": lambda store: store.due_publications("here", NOW),
    "followed": lambda store: store.followed("octo/demo", before=NOW, limit=3),
    "followed_at": lambda store: store.followed_at("octo/demo", 7),
}


@pytest.mark.parametrize("name", READS)
def test_the_store_reads_by_index(engine: Engine, store: SqlStore, name: str) -> None:
    with statements(engine) as seen:
        READS[name](store)
    scans = [step for step in plans_of(engine, seen) if "SCAN" in step]
    # Over an index that holds nothing but the rows asked for, a scan is the answer itself.
    assert [step for step in scans if "USING" not in step] == []


SCOPES = {
    "ix_agent_runs_agent": Scope(agent="a", since=NOW),
    "ix_agent_runs_workflow": Scope(workflow_id="w", since=NOW),
}
QUESTIONS: dict[str, Callable[[AgentHistory, Scope], object]] = {
    "by_agent": lambda history, scope: history.by_agent(scope),
    "by_model": lambda history, scope: history.by_model(scope),
    "by_week": lambda history, scope: history.by_week(scope),
    "recent": lambda history, scope: history.recent(scope, limit=5),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("index", SCOPES)
def test_what_one_agent_or_workflow_did_is_found_by_index(
    engine: Engine, store: SqlStore, question: str, index: str
) -> None:
    with statements(engine) as seen:
        QUESTIONS[question](store.history(), SCOPES[index])
    steps = [step for step in plans_of(engine, seen) if "agent_runs" in step]
    assert steps
    assert [step for step in steps if not re.match(rf"SEARCH agent_runs USING (COVERING )?INDEX {index} ", step)] == []


@pytest.mark.parametrize("question", ["by_agent", "by_model", "by_week"])
def test_what_all_agents_did_lately_is_not_read_agent_by_agent(engine: Engine, store: SqlStore, question: str) -> None:
    with statements(engine) as seen:
        QUESTIONS[question](store.history(), Scope(since=NOW))
    steps = [step for step in plans_of(engine, seen) if "agent_runs" in step]
    assert steps[0] == "SEARCH agent_runs USING INDEX ix_agent_runs_ended (ended_at>?)"
    assert not [step for step in steps if step.startswith("SCAN") and "COVERING" not in step]


def test_the_newest_attempts_are_found_by_index(engine: Engine, store: SqlStore) -> None:
    with statements(engine) as seen:
        store.history().recent(Scope(since=NOW), limit=5)
        store.history().extent(Scope(replayed=True))
    steps = plans_of(engine, seen)
    assert len(steps) == 2
    assert all("INDEX ix_agent_runs_ended" in step for step in steps)


def _fields(execution: Execution) -> dict[str, Any]:
    return {name: getattr(execution, name) for name in execution.__slots__}


@pytest.mark.parametrize(("target", "extra"), [(None, 0), (Target(repository="octo/repo", number=7), 1)])
def test_telling_that_something_changed_costs_one_statement_where_somebody_looks(
    engine: Engine, store: SqlStore, target: Target | None, extra: int
) -> None:
    new = Execution(
        id="02",
        number=2,
        workflow_id="w",
        workflow_name="W",
        created_at=NOW,
        instance="here",
        target=target,
        open_runs=3,
    )
    runs = [NodeRun(execution_id="02", index=index, node="n", key=f"n{index}") for index in range(3)]
    definition = Workflow(
        id="w", path="w.yaml", name="W", nodes={"n": Node(id="n", action=Run(script="make"), place=PLACE)}
    )
    with store.begin() as tx:
        tx.insert(new, Plan(definition=definition, source=""), runs, [])

    situation = Situation(workflow=definition, contexts={}, now=NOW)
    with statements(engine) as seen, store.begin() as tx:
        change = Transition(tx, tx.lock("02"), situation)
        for run in runs:
            change.put([run], [replace(run, status=NodeStatus.WAITING)])
        change.close("here")
    assert sum("showings" in statement for statement in seen) == extra


def test_what_is_behind_is_found_by_index(engine: Engine, store: SqlStore) -> None:
    with statements(engine) as seen:
        store.behind("here")
        store.showing("01")
        store.shown("01")
        store.newest_shown("octo/repo", 7, "w", "comment")
    steps = plans_of(engine, seen)
    assert [step for step in steps if "SCAN" in step] == ["SCAN showings USING INDEX ix_showings_behind"]
    assert [step for step in steps if "TEMP B-TREE" in step] == []
