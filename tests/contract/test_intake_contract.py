"""Decisions, held starts and votes: the fake, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import Workflow
from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, Plan, TriggerKind
from orchestrator.lifecycle.ports import Decision, HeldStart, Hold, Ruling, Store, Vote
from orchestrator.store.opening import open_store
from tests.fakes import sqlite
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.store import MemoryStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAITING, QUEUED, STARTED, DROPPED = Hold.WAITING, Hold.QUEUED, Hold.STARTED, Hold.DROPPED


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.emptied()
    else:
        url = sqlite.with_tables(tmp_path)
    opened = open_store(url, home=tmp_path)
    yield opened
    opened.close()


def decision(delivery: str = "d1", subject: str = "review", **keys: Any) -> Decision:
    values: dict[str, Any] = {
        "ruling": Ruling.MATCHED,
        "rule": "types",
        "reason": "the type `opened` is one of `opened`",
        "event": "pull_request.opened",
        "actor": "octocat",
        "at": NOW,
        **keys,
    }
    return Decision(delivery_id=delivery, subject=subject, **values)


def held(state: Hold = WAITING, **keys: Any) -> HeldStart:
    values: dict[str, Any] = {
        "delivery_id": "d1",
        "workflow_id": "review",
        "actor": "octocat",
        "event_name": "pull_request",
        "event": {"action": "opened", "odd": "\ud800 \0"},
        "trigger": TriggerKind.WEBHOOK,
        "inputs": {"depth": "full"},
        "head_sha": "a" * 40,
        "fingerprint": "f" * 64,
        "at": NOW,
        **keys,
    }
    return HeldStart(state=state, **values)


def add_execution(store: Store, execution_id: str, status: ExecutionStatus = ExecutionStatus.RUNNING) -> None:
    execution = Execution(
        id=execution_id,
        number=int(execution_id, 36) % 10**6,
        workflow_id="review",
        workflow_name="Review",
        status=status,
        instance="here",
        created_at=NOW,
    )
    plan = Plan(definition=Workflow(id="review", path="review.yaml", name="Review", nodes={}), source="")
    run = NodeRun(execution_id=execution_id, index=0, node="gate", key="gate")
    with store.begin() as tx:
        tx.insert(execution, plan, [run], [])


def test_decisions_come_back_as_they_were(store: Store) -> None:
    given = [
        decision(lines=("a", "`b`\0"), number=7, head_sha="a" * 40, execution_id="01x"),
        decision(subject="/cancel", ruling=Ruling.DENIED, owed=True, comment_id=2**50, label="review me"),
        decision("d2", number=7, ruling=Ruling.WAITING),
    ]
    with store.begin() as tx:
        stored = [tx.intake.record(each) for each in given]
    with store.begin() as tx:
        of_first, of_thread = tx.intake.decided("d1"), tx.intake.of_thread(7)
        assert tx.intake.of_thread(7, limit=1) == of_thread[:1]
        assert tx.intake.of_thread(8) == []
    assert [each.id for each in stored] == sorted({each.id for each in stored})
    assert of_first[1] == stored[1]
    assert [each.delivery_id for each in of_thread] == ["d2", "d1"]
    assert of_first[0].lines[0] == "a"
    assert (of_first[0].at, of_first[0].ruling) == (NOW, Ruling.MATCHED)


def test_a_delivery_decides_once_on_a_subject(store: Store) -> None:
    with store.begin() as tx:
        tx.intake.record(decision())
    with pytest.raises(Conflict, match="has a decision on review already"):
        decide_again(store)
    with store.begin() as tx:
        assert [each.subject for each in tx.intake.decided("d1")] == ["review"]
        tx.intake.record(decision("d2"))


def decide_again(store: Store) -> None:
    with store.begin() as tx:
        tx.intake.record(decision(subject="other"))
        tx.intake.record(decision(ruling=Ruling.DENIED))


def test_who_asked_is_told_once(store: Store) -> None:
    with store.begin() as tx:
        tx.intake.record(decision("d0"))
        first = tx.intake.record(decision("d1", owed=True))
        second = tx.intake.record(decision("d2", owed=True))
    with store.begin() as tx:
        assert tx.intake.untold() == [first, second]
        assert tx.intake.untold(limit=1) == [first]
        tx.intake.amend(replace(first, told=True, reason="done"))
    with store.begin() as tx:
        assert tx.intake.untold() == [second]
        assert tx.intake.decided("d1")[0].reason == "done"
    with pytest.raises(NotFound), store.begin() as tx:
        tx.intake.amend(replace(first, id=10**6))


def test_held_starts(store: Store) -> None:
    with store.begin() as tx:
        first = tx.intake.hold(held(number=7))
        second = tx.intake.hold(held(QUEUED, number=8, group="g", cancels=True, waiting_limit=3, allowed_by="me"))
        tx.intake.hold(held(DROPPED, number=7))
    with store.begin() as tx:
        assert tx.intake.held([WAITING, QUEUED]) == [first, second]
        assert tx.intake.held([WAITING], number=7) == [first]
        assert tx.intake.held([WAITING], number=8) == []
        assert len(tx.intake.held([DROPPED, WAITING], number=7)) == 2
        tx.intake.settle(replace(first, state=STARTED, execution_id="01x"))
    with store.begin() as tx:
        assert tx.intake.held([WAITING]) == []
        assert first.event["action"] == "opened"
    with pytest.raises(NotFound), store.begin() as tx:
        tx.intake.settle(replace(first, id=10**6))


def test_a_group_has_what_has_not_ended_and_what_waits(store: Store) -> None:
    add_execution(store, "01run")
    add_execution(store, "01end", ExecutionStatus.COMPLETED)
    with store.begin() as tx:
        tx.intake.hold(held(STARTED, group="g", execution_id="01run"))
        tx.intake.hold(held(STARTED, group="g", execution_id="01end"))
        tx.intake.hold(held(STARTED, group="g", execution_id="01gone"))
        tx.intake.hold(held(STARTED, group="other", execution_id="01run"))
        first = tx.intake.hold(held(QUEUED, group="g"))
        second = tx.intake.hold(held(QUEUED, group="g"))
        tx.intake.hold(held(WAITING, group="g"))
    with store.begin() as tx:
        found = tx.intake.group("g")
        nothing = tx.intake.group("x")
    assert found.running == ("01run",)
    assert found.queued == (first, second)
    assert (nothing.running, nothing.queued) == ((), ())


def test_marks_stay_where_they_were_put(store: Store) -> None:
    with store.begin() as tx:
        assert tx.intake.mark("schedules") is None
        tx.intake.put_mark("schedules", NOW)
    with store.begin() as tx:
        tx.intake.put_mark("schedules", NOW + timedelta(minutes=1))
        assert tx.intake.mark("other") is None
    with store.begin() as tx:
        assert tx.intake.mark("schedules") == NOW + timedelta(minutes=1)


def test_votes_count_once_each_and_only_for_this_waiting(store: Store) -> None:
    add_execution(store, "01run")
    vote = Vote(execution_id="01run", index=0, since=NOW, by="zoe")
    with store.begin() as tx:
        for each in (vote, replace(vote, by="ann"), vote):
            tx.intake.vote(each)
    with store.begin() as tx:
        assert list(tx.intake.votes("01run", 0, NOW)) == ["zoe", "ann"]
        assert list(tx.intake.votes("01run", 0, NOW + timedelta(seconds=1))) == []
        assert list(tx.intake.votes("01run", 1, NOW)) == []


def fail_after_all(store: Store, known: Decision, kept: HeldStart) -> None:
    with store.begin() as tx:
        tx.intake.record(decision("d2"))
        tx.intake.amend(replace(known, reason="x"))
        tx.intake.hold(held())
        tx.intake.settle(replace(kept, state=DROPPED))
        tx.intake.vote(Vote(execution_id="01run", index=0, since=NOW, by="a"))
        raise ZeroDivisionError


def test_what_fails_leaves_nothing(store: Store) -> None:
    add_execution(store, "01run")
    with store.begin() as tx:
        kept, known = tx.intake.hold(held()), tx.intake.record(decision())
    with pytest.raises(ZeroDivisionError):
        fail_after_all(store, known, kept)
    with store.begin() as tx:
        assert tx.intake.decided("d2") == []
        assert tx.intake.decided("d1") == [known]
        assert tx.intake.held([WAITING]) == [kept]
        assert list(tx.intake.votes("01run", 0, NOW)) == []
