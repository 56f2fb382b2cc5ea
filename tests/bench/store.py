"""How long the store by itself takes for an execution of 10,000 nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from orchestrator.definition.model import Workflow
from orchestrator.execution.effects import Effect
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import Execution, NodeRun, NodeStatus, Plan, Result
from orchestrator.lifecycle.ports import NewLogLine, Store
from orchestrator.store.logs import open_logs
from orchestrator.store.opening import open_store
from tests.bench.options import Options
from tests.bench.scene import Scene
from tests.bench.table import figure, table

NODES = 10_000
WIDTH = 100
SETTLED = 300
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def insert(store: Store) -> None:
    """A layered graph: every node waits for two of the layer before."""
    runs = [
        NodeRun(
            execution_id="01",
            index=index,
            node=f"n{index}",
            key=f"n{index}",
            status=NodeStatus.QUEUED if index < WIDTH else NodeStatus.PENDING,
            ready_at=NOW if index < WIDTH else None,
            waiting_for=0 if index < WIDTH else 2,
        )
        for index in range(NODES)
    ]
    edges = [(index - WIDTH, index) for index in range(WIDTH, NODES)]
    edges += [(index - WIDTH, index + 1) for index in range(WIDTH, NODES - 1) if (index + 1) % WIDTH]
    plan = Plan(definition=Workflow(id="w", path="w.yaml", name="W", nodes={}), source="")
    with store.begin() as tx:
        new = Execution(
            id="01", number=1, workflow_id="w", workflow_name="W", created_at=NOW, instance="i", open_runs=NODES
        )
        tx.insert(new, plan, runs, edges)


def settle(store: Store, claim: NodeRun) -> NodeRun:
    """The transaction of `lifecycle.advance`, without deciding anything; the next claim."""
    outcome = Outcome(outputs={"summary": "done", "exit-code": 0}, exit_code=0)
    with store.begin() as tx:
        held = tx.lock("01")
        run = tx.run("01", claim.index)
        successors = tx.successors("01", claim.index)
        tx.predecessors("01", [each.index for each in successors if each.waiting_for == 1])
        told = [
            replace(each, waiting_for=each.waiting_for - 1, status=NodeStatus.QUEUED, ready_at=NOW)
            for each in successors
        ]
        done = replace(run, status=NodeStatus.COMPLETED, result=Result.SUCCESS, completed_at=NOW, outcome=outcome)
        tx.save_runs([done, *told])
        tx.save(replace(held, open_runs=held.open_runs - 1))
        tx.add_effects("01", [Effect(kind="announce", payload={"runs": [claim.index]}), Effect(kind="wake")])
        following = tx.claim(labels=["default"], instance="i", worker="w", now=NOW)
    assert following is not None
    return following


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return (perf_counter() - start) * 1_000


def measure(_options: Options, scene: Scene) -> dict[str, float]:
    folder = scene.folder
    url = f"sqlite:///{folder}/state.db"
    found = {
        "create the database": timed(lambda: open_store(url, home=folder).close()),
        "open it again": timed(lambda: open_store(url, home=folder).close()),
    }
    store = open_store(url, home=folder)
    found[f"insert {NODES:,} node runs"] = timed(lambda: insert(store))
    found[f"read {NODES:,} node runs"] = timed(lambda: store.runs("01"))
    found["settle a node run"] = median(settled(store))
    store.close()
    return {**found, **_logs(folder)}


def settled(store: Store) -> list[float]:
    with store.begin() as tx:
        claim = tx.claim(labels=["default"], instance="i", worker="w", now=NOW)
    times = []
    for _ in range(SETTLED):
        assert claim is not None
        start = perf_counter()
        claim = settle(store, claim)
        times.append((perf_counter() - start) * 1_000)
    return times


def _logs(folder: Path) -> dict[str, float]:
    logs = open_logs(folder / "logs.db")
    line = NewLogLine(run=0, key="n0", attempt=1, at=NOW, level=Level.INFO, stream="stdout", text="x" * 120)
    append = median([timed(lambda: logs.append("01", [line] * 500)) for _ in range(100)])
    search = timed(lambda: logs.read("01", query="needle"))
    logs.close()
    return {"append 60 KB of log": append, "search 50,000 lines of log": search}


def show(found: Mapping[str, float], _options: Options) -> str:
    rows = [[name, figure(value)] for name, value in found.items()]
    return table("The store by itself (SQLite)", ["milliseconds", ""], rows)
