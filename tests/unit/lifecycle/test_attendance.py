"""A running attempt hears of cancellation, drain and loss; a draining worker gives its work back."""

from __future__ import annotations

import select
import threading

import pytest

from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.attempts import attend
from orchestrator.lifecycle.attempts.attend import Attendant
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.ports import Control, Lease, LogSink, StopReason, Task
from tests.fakes.checkout import eventually
from tests.fakes.world import World, node, workflow

PATIENCE = 10.0


def stopped(task: Task, log: LogSink, control: Control) -> Outcome:
    """Wait, as runners do, until something is to be heard; the limit only keeps a broken test from hanging."""
    assert select.select([control], [], [], PATIENCE)[0], "nothing was heard"
    return Outcome(cancelled=True)


def test_a_cancellation_reaches_the_node_that_runs(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        cancel(world.services, task.execution_id, "alice")
        outcome = stopped(task, log, control)
        assert control.reason() is StopReason.CANCELLED
        return outcome

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a"), node("b", "a")))
    assert execution.status is ExecutionStatus.CANCELLED
    assert world.statuses(execution) == {"a": "cancelled", "b": "cancelled"}


def test_a_drained_run_goes_back_without_using_up_an_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attend, "DRAIN_SECONDS", 0.0)

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.signals.drain()
        return stopped(task, log, control)

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a"), node("b")))
    run = world.node_run(execution, "a")
    assert (run.status, run.attempt, run.epoch, run.worker) == (NodeStatus.QUEUED, 0, 1, None)
    assert world.node_run(execution, "b").epoch == 0


def test_a_hurried_worker_gives_back_what_runs_at_once(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.signals.drain(hurry=True)
        return stopped(task, log, control)

    world.runner.deeds["a"] = deed
    run = world.node_run(world.run(workflow(node("a"))), "a")
    assert (run.status, run.attempt, run.lost) == (NodeStatus.QUEUED, 0, 0)


def test_a_draining_worker_claims_nothing_more(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.signals.drain()
        return Outcome()

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a"), node("b", "a")))
    assert world.statuses(execution) == {"a": "completed", "b": "queued"}
    assert world.wake.tokens["default"] >= 1


def test_a_worker_that_lost_its_claim_stops_and_writes_nothing(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        (lease,) = world.store.leases("here")
        while not advance.lose(world.services, lease):
            (lease,) = world.store.leases("here")
        world.runner.deeds["a"] = Outcome(outputs={"by": "the second"})
        world.signals.notify()
        outcome = stopped(task, log, control)
        assert control.reason() is StopReason.STALE
        return outcome

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a")))
    assert execution.status is ExecutionStatus.COMPLETED
    assert world.outputs(execution, "a")["by"] == "the second"


def test_attending_beats_the_lease_and_leaves_no_thread(world: World) -> None:
    world.start(workflow(node("a")))
    claim = world.claim()
    before = threading.active_count()
    with Attendant(world.services, world.signals) as attendant, attendant.attending(claim) as control:
        world.signals.notify()
        assert eventually(lambda: world.store.leases("here")[0].beat > 0, "a beat")
        assert control.reason() is None
        assert not select.select([control], [], [], 0)[0]
    assert threading.active_count() == before
    (lease,) = world.store.leases("here")
    assert lease == Lease(execution_id=claim.execution_id, index=0, epoch=1, beat=lease.beat, worker="w1")
