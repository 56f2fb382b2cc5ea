"""All that a store has of an execution comes out of it, and goes into any other as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.definition.model import Node, Run, Workflow
from orchestrator.definition.publish import PublishKind
from orchestrator.errors import Conflict, NotFound, Place
from orchestrator.execution.amounts import Unit
from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.ledger import Reservation
from orchestrator.execution.outcome import Artifact, Outcome, Usage
from orchestrator.execution.publication import Fate, Publication, PublicationState
from orchestrator.execution.showing import COMMENT, Showing, Shown, Target
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan, Result, TriggerKind
from orchestrator.lifecycle.ports import Decision, Dossier, HeldStart, Hold, Ruling, Store, Vote
from orchestrator.store.opening import open_store
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 3, 1, 12, 30, 15, 123457, tzinfo=UTC)
ID, OTHER = "01aaaa", "01bbbb"
TARGET = Target(repository="acme/shop", head_sha="a" * 40, number=7, job_url="https://example.test/job")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = f"sqlite:///{tmp_path}/state.db"
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.create()
    opened = open_store(url, home=tmp_path)
    yield opened
    opened.close()


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def full(execution_id: str = ID, number: int = 3) -> Dossier:
    """An execution with something in every list."""
    node = Node(id="test", action=Run(script="make"), place=Place(file="workflows/ci.yaml"))
    execution = Execution(
        id=execution_id,
        number=number,
        workflow_id="ci",
        workflow_name="CI",
        status=ExecutionStatus.WAITING,
        trigger=TriggerKind.WEBHOOK,
        event_name="pull_request",
        event={"pull_request": {"number": 7, "title": "ü\u2028"}},
        target=TARGET,
        base="b" * 40,
        instance="here",
        open_runs=1,
        created_at=NOW,
        started_at=later(1),
    )
    outcome = Outcome(
        outputs={"findings": [{"line": 3}], "n": 1.5},
        artifacts=(Artifact(name="report.txt", digest="c" * 64, size=3),),
        usage=Usage(model="m", input_tokens=5, cost_usd=0.25),
        commit="d" * 40,
        bundle="e" * 64,
    )
    first = NodeRun(execution_id=execution_id, index=0, node="test", key="test (3.11)", matrix={"python": "3.11"})
    done = {"status": NodeStatus.COMPLETED, "result": Result.SUCCESS, "epoch": 2, "attempt": 1, "outcome": outcome}
    waiting = NodeRun(
        execution_id=execution_id,
        index=1,
        node="ask",
        key="ask",
        status=NodeStatus.WAITING,
        heads=("d" * 40,),
        started_at=later(9),
        deadline=later(900),
    )
    attempt = AgentRun(
        execution_id=execution_id,
        run=0,
        epoch=1,
        attempt=1,
        key="test (3.11)",
        workflow_id="ci",
        agent="writer",
        outcome="exit",
        started_at=later(1),
        ended_at=later(2),
        seconds=1.0,
    )
    published = Publication(
        execution_id=execution_id,
        target="comment",
        kind=PublishKind.COMMENT,
        agents=("reviewer", "writer"),
        workflow_id="ci",
        ended_at=later(5),
        state=PublicationState.PUBLISHED,
        fate=Fate.OPEN,
        published_at=later(6),
    )
    decision = Decision(
        delivery_id=f"delivery-{execution_id}",
        subject="ci",
        ruling=Ruling.MATCHED,
        rule="filter",
        reason="it fits",
        event="pull_request.opened",
        actor="ada",
        at=NOW,
        number=7,
        execution_id=execution_id,
        lines=("one", "two"),
    )
    held = HeldStart(
        delivery_id=f"delivery-{execution_id}",
        workflow_id="ci",
        state=Hold.STARTED,
        actor="ada",
        event_name="pull_request",
        event={},
        trigger=TriggerKind.WEBHOOK,
        inputs={},
        head_sha="a" * 40,
        fingerprint="f" * 64,
        at=NOW,
        number=7,
        group="ci-7",
        execution_id=execution_id,
    )
    return Dossier(
        execution=execution,
        plan=Plan(
            definition=Workflow(id="ci", path="workflows/ci.yaml", name="CI", nodes={"test": node}),
            source="name: CI\n",
            files={"test": "{}\n"},
        ),
        runs=(replace(first, **done), waiting),  # type: ignore[arg-type]
        edges=((0, 1),),
        reservations=(
            Reservation(index=0, epoch=1, reserved={Unit.TOKENS: 9}, spent=dict.fromkeys(Unit, 4), earlier=True),
            Reservation(index=0, epoch=2, reserved={}),
        ),
        effects=(Effect(kind="tell", payload={"runs": []}), Effect(kind="finish")),
        showing=Showing(
            execution_id=execution_id,
            workflow_id="ci",
            target=TARGET,
            changes=9,
            told=4,
            refused=("status",),
            trouble="?",
        ),
        shown=(
            Shown(place=COMMENT, github_id=77, digest="x", round=1),
            Shown(place="execution", github_id=5, begun=True),
        ),
        attempts=(attempt, replace(attempt, epoch=2, outcome="success")),
        publications=(published,),
        decisions=(decision, replace(decision, subject="/mycelium approve ask", delivery_id=f"other-{execution_id}")),
        held=(held,),
        votes=(
            Vote(execution_id=execution_id, index=1, since=later(9), by="zoe"),
            Vote(execution_id=execution_id, index=1, since=later(9), by="ada"),
        ),
        copies={"diff": "1" * 64, "commits": "2" * 64},
    )


def put(store: Store, dossier: Dossier) -> None:
    with store.begin() as tx:
        tx.put_dossier(dossier)


def taken(store: Store, execution_id: str = ID) -> Dossier:
    with store.begin() as tx:
        return tx.dossier(execution_id)


def test_a_dossier_comes_out_as_it_went_in(store: Store) -> None:
    put(store, full(OTHER, 4))
    put(store, full())
    assert taken(store) == full()
    assert store.copies(ID) == full().copies
    assert store.plan(ID) == full().plan
    assert [entry.reason for entry in in_thread(store)] == ["it fits"] * 4


def test_what_is_remembered_counts_as_if_it_had_happened_here(store: Store) -> None:
    put(store, full())
    with store.begin() as tx:
        tx.lock(ID)
        tx.remove(ID)
    put(store, full())
    assert taken(store) == full()


def test_removing_leaves_nothing_but_memory(store: Store) -> None:
    put(store, full())
    put(store, full(OTHER, 4))
    with store.begin() as tx:
        tx.lock(ID)
        tx.remove(ID)
    with pytest.raises(NotFound):
        taken(store)
    assert taken(store, OTHER) == full(OTHER, 4)
    assert store.publications(ID) == []
    assert store.copies(ID) == {}
    assert store.shown(ID) == []
    assert len(in_thread(store)) == 2
    with store.begin() as tx:
        assert tx.intake.group("ci-7").running == (OTHER,)
        assert tx.intake.votes(ID, 1, later(9)) == []


@pytest.mark.parametrize("again", [lambda: full(ID, 9), lambda: full(OTHER, 3)], ids=["id", "number"])
def test_what_is_there_is_not_overwritten(store: Store, again: Callable[[], Dossier]) -> None:
    put(store, full())
    with pytest.raises(Conflict):
        put(store, again())
    assert taken(store) == full()


def test_a_transaction_that_fails_leaves_what_it_removed(store: Store) -> None:
    put(store, full())
    with pytest.raises(Conflict):
        remove_and_put(store, full(OTHER, 4), full(OTHER, 4))
    assert taken(store) == full()


def remove_and_put(store: Store, *dossiers: Dossier) -> None:
    with store.begin() as tx:
        tx.lock(ID)
        tx.remove(ID)
        for dossier in dossiers:
            tx.put_dossier(dossier)


def in_thread(store: Store) -> list[Decision]:
    with store.begin() as tx:
        return tx.intake.of_thread(7)
