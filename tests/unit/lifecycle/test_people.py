"""What people do to an execution: approve, reject, cancel, rerun, resume; and what their silence does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.model import Approval, EdgeCondition, Need, Retry, RetryClass, WorkspaceMode
from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.decide import approve, reject
from orchestrator.lifecycle.ports import Lead
from orchestrator.lifecycle.rerun import rerun
from orchestrator.lifecycle.resume import resume
from tests.fakes.runner import writes
from tests.fakes.world import World, node, workflow

FAILED = Outcome(failure=FailureClass.EXIT, message="exit code 1", exit_code=1)
GATED = workflow(node("a"), node("gate", "a", action=Approval(timeout_minutes=5)), node("b", "gate"))


def test_an_approval_holds_no_worker_and_lets_go_on(world: World) -> None:
    execution = world.run(GATED)
    assert execution.status is ExecutionStatus.WAITING
    assert world.store.leases("here") == []
    approve(world.services, execution.id, "gate", "alice")
    world.work()
    assert world.statuses(execution) == {"a": "completed", "gate": "completed", "b": "completed"}
    assert world.node_run(execution, "gate").decided_by == "alice"
    with pytest.raises(Conflict, match="waits for no decision: it is completed"):
        approve(world.services, execution.id, "gate", "bob")


def test_the_time_an_approval_waits_is_the_executions_too(world: World) -> None:
    execution = world.run(workflow(node("gate", action=Approval()), node("a", "gate")))
    world.clock.advance(60)
    approve(world.services, execution.id, "gate", "alice")
    world.work()
    assert world.store.execution(execution.id).started_at == world.node_run(execution, "gate").started_at


def test_a_rejection_fails_with_its_name(world: World) -> None:
    execution = world.run(GATED)
    reject(world.services, execution.id, "gate", "alice")
    run = world.node_run(execution, "gate")
    assert (run.status, run.error_code, run.decided_by) == (NodeStatus.FAILED, "APPROVAL_REJECTED", "alice")
    ended = world.store.execution(execution.id)
    assert (ended.status, ended.error_message) == (ExecutionStatus.FAILED, "node `gate` failed: rejected by alice")


def test_a_decision_wants_a_node_that_exists_and_waits(world: World) -> None:
    execution = world.start(GATED)
    with pytest.raises(NotFound, match="no node `gates`"):
        approve(world.services, execution.id, "gates", "alice")
    with pytest.raises(Conflict, match="it is pending"):
        reject(world.services, execution.id, "gate", "alice")


@pytest.mark.parametrize(("on_timeout", "status"), [("reject", "failed"), ("approve", "completed")])
def test_silence_until_the_deadline_decides(world: World, on_timeout: str, status: str) -> None:
    execution = world.run(workflow(node("gate", action=Approval(timeout_minutes=5, on_timeout=on_timeout))))
    world.clock.advance(299)
    assert world.control.step() <= 1
    assert world.statuses(execution) == {"gate": "waiting"}
    world.clock.advance(2)
    world.control.step()
    assert world.statuses(execution) == {"gate": status}
    assert world.node_run(execution, "gate").decided_by == "timeout"


def test_commits_pass_through_an_approval(world: World) -> None:
    world.runner.deeds["a"] = writes(new_txt="text")
    definition = replace(
        GATED,
        nodes={**GATED.nodes, "a": node("a", workspace=WorkspaceMode.WRITE), "b": node("b", "gate")},
    )
    execution = world.run(definition)
    approve(world.services, execution.id, "gate", "alice")
    seen: list[bool] = []
    world.runner.deeds["b"] = lambda task, log, control: Outcome(
        exit_code=int(not seen.append((task.workspace / "new.txt").exists()))
    )
    world.work()
    assert seen == [True]


def test_cancelling_settles_what_has_not_begun_and_stops_what_runs(world: World) -> None:
    execution = world.start(workflow(node("a"), node("b"), node("c", "a")))
    claim = world.claim()
    cancel(world.services, execution.id, "alice")
    assert world.wake.stopped == [execution.id]
    assert world.statuses(execution) == {"a": "running", "b": "cancelled", "c": "cancelled"}
    assert world.work() == 0
    advance.settle(world.services, claim, Outcome(cancelled=True), world.claimant())
    ended = world.store.execution(execution.id)
    assert (ended.status, ended.error_message) == (ExecutionStatus.CANCELLED, "cancelled by alice")
    with pytest.raises(Conflict, match="already ended"):
        cancel(world.services, execution.id, "alice")


def test_a_cancelled_execution_retries_nothing(world: World) -> None:
    retry = Retry(attempts=3, delay_seconds=0, on=tuple(RetryClass))
    execution = world.start(workflow(node("a", retry=retry)))
    claim = world.claim()
    cancel(world.services, execution.id, "alice")
    advance.settle(world.services, claim, FAILED, world.claimant())
    assert world.store.execution(execution.id).status is ExecutionStatus.CANCELLED


def test_a_rerun_of_what_failed_keeps_the_rest(world: World) -> None:
    world.runner.deeds["b"] = FAILED
    execution = world.run(workflow(node("a"), node("b", "a"), node("c", "b"), node("d", "a")))
    world.runner.deeds["b"] = Outcome()
    world.runner.tasks.clear()
    again = rerun(world.services, execution.id, failed_only=True)
    assert (again.id, again.status, again.error_message) == (execution.id, ExecutionStatus.RUNNING, None)
    world.work()
    assert [task.key for task in world.runner.tasks] == ["b", "c"]
    assert world.store.execution(execution.id).status is ExecutionStatus.COMPLETED
    assert world.node_run(execution, "b").epoch == 2


def test_after_a_rerun_an_execution_lasts_from_the_first_run_whose_result_stands(world: World) -> None:
    execution = world.run(workflow(node("a"), node("b", "a")))
    first = world.node_run(execution, "a").started_at
    world.clock.advance(60)
    rerun(world.services, execution.id, failed_only=False, node="b")
    world.work()
    assert world.store.execution(execution.id).started_at == first
    world.clock.advance(60)
    again = rerun(world.services, execution.id, failed_only=False, node="a")
    assert (again.status, again.started_at) == (ExecutionStatus.PENDING, None)
    world.work()
    assert world.store.execution(execution.id).started_at == world.node_run(execution, "a").started_at


def test_a_rerun_of_a_node_runs_it_and_all_that_follow(world: World) -> None:
    execution = world.run(workflow(node("a"), node("b", "a"), node("c", "b"), node("d")))
    world.runner.tasks.clear()
    rerun(world.services, execution.id, failed_only=False, node="b")
    world.work()
    assert [task.key for task in world.runner.tasks] == ["b", "c"]


def test_what_runs_again_behind_a_cancelled_node_knows_what_came_before_that(world: World) -> None:
    world.runner.deeds["a"] = writes(new_txt="text")
    definition = workflow(
        node("a", workspace=WorkspaceMode.WRITE),
        node("b", "a"),
        node("c", "b"),
        node("d", Need(node="c", when=EdgeCondition.ALWAYS), implied_success=False, condition="failure()"),
    )
    world.runner.deeds["b"] = lambda task, log, control: cancel(world.services, execution.id, "alice") or FAILED
    execution = world.start(definition)
    world.work()
    assert world.statuses(execution) == {"a": "completed", "b": "failed", "c": "cancelled", "d": "cancelled"}
    seen: list[bool] = []
    world.runner.deeds["d"] = lambda task, log, control: Outcome(
        exit_code=int(not seen.append((task.workspace / "new.txt").exists()))
    )
    rerun(world.services, execution.id, failed_only=False, node="d")
    world.work()
    assert world.statuses(execution)["d"] == "completed"
    assert seen == [True]


def test_two_reruns_at_once_run_nothing_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.runner.deeds["b"] = FAILED
    execution = world.run(workflow(node("a"), node("b", "a")))
    world.runner.deeds["b"] = Outcome()
    edges = world.store.edges

    def edges_late(execution_id: str) -> list[tuple[int, int]]:
        monkeypatch.undo()
        rerun(world.services, execution.id, failed_only=True)
        world.work()
        return edges(execution_id)

    monkeypatch.setattr(world.store, "edges", edges_late)
    with pytest.raises(Conflict, match="nothing failed"):
        rerun(world.services, execution.id, failed_only=True)
    assert world.store.execution(execution.id).status is ExecutionStatus.COMPLETED
    assert world.node_run(execution, "b").epoch == 2


def test_a_branch_made_late_is_not_taken_for_that_of_the_rerun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.runner.deeds["a"] = writes(new_txt="one")
    execution = world.start(workflow(node("a", workspace=WorkspaceMode.WRITE)))
    create = world.git.create_branch

    def create_late(name: str, commit: str) -> None:
        monkeypatch.undo()
        world.runner.deeds["a"] = writes(new_txt="two")
        rerun(world.services, execution.id, failed_only=False, node="a")
        create(name, commit)

    monkeypatch.setattr(world.git, "create_branch", create_late)
    world.work()
    ended = world.store.execution(execution.id)
    assert ended.result_branch == "mycelium/demo/1-2"
    assert ended.result == world.git.branches["mycelium/demo/1-2"] != world.git.branches["mycelium/demo/1"]


def test_a_rerun_of_everything_is_a_new_execution(world: World) -> None:
    execution = world.run(workflow(node("a")))
    again = rerun(world.services, execution.id, failed_only=False)
    assert (again.number, again.base) == (execution.number + 1, execution.base)
    assert again.id != execution.id


def test_a_rerun_wants_an_end_and_a_failure(world: World) -> None:
    execution = world.start(workflow(node("a")))
    with pytest.raises(Conflict, match="has not ended"):
        rerun(world.services, execution.id, failed_only=True)
    world.work()
    with pytest.raises(Conflict, match="nothing failed"):
        rerun(world.services, execution.id, failed_only=True)


def test_a_second_result_gets_a_branch_of_its_own(world: World) -> None:
    world.runner.deeds["a"] = writes(new_txt="one")
    execution = world.run(workflow(node("a", workspace=WorkspaceMode.WRITE)))
    world.runner.deeds["a"] = writes(new_txt="two")
    rerun(world.services, execution.id, failed_only=False, node="a")
    world.work()
    ended = world.store.execution(execution.id)
    assert ended.result_branch == "mycelium/demo/1-2"
    assert world.git.branches["mycelium/demo/1-2"] == ended.result
    assert "mycelium/demo/1" in world.git.branches


def test_a_dead_instance_is_taken_over(world: World, tmp_path: Path) -> None:
    execution = world.start(workflow(node("a"), node("b", "a")))
    dead = world.claim()
    heir = World(tmp_path / "heir", instance="heir")
    services = replace(world.services, instance="heir", wake=heir.wake)
    resume(services, execution.id)
    run = world.node_run(execution, "a")
    assert (run.status, run.lost, run.attempt) == (NodeStatus.QUEUED, 1, 0)
    assert heir.wake.tokens["default"] >= 1
    assert run.epoch == dead.epoch
    with pytest.raises(Conflict, match="belongs to this instance"):
        resume(services, execution.id)
    with pytest.raises(Conflict, match="another process has taken up"):
        resume(replace(services, instance="too late"), execution.id, of=execution.instance)


def test_the_next_worker_of_a_seat_makes_what_the_dead_one_ran_ready(world: World) -> None:
    execution = world.start(workflow(node("a"), node("b")))
    world.claim("host.pool.worker-1.77")
    world.claim("host.pool.worker-11.78")
    advance.lose_all_of(world.services, "host.pool.worker-1")
    assert world.statuses(execution) == {"a": "queued", "b": "running"}
    assert world.node_run(execution, "a").lost == 1


def test_one_control_loop_leads_until_it_is_silent(world: World) -> None:
    other = ControlLoop(world.services, "other")
    execution = world.start(workflow(node("a")))
    world.control.step()
    world.claim()
    world.wake.tokens.clear()
    other.step()
    world.clock.advance(31)
    other.step()
    with world.store.begin() as tx:
        lead = tx.lead("control:here")
    assert lead is not None
    assert lead.beat == 2
    other.step()
    world.clock.advance(31)
    other.step()
    assert world.node_run(execution, "a").lost == 1


def test_a_control_loop_leads_at_once_where_another_one_died(world: World) -> None:
    world.control.step()
    ControlLoop(world.services, "control").step()
    with world.store.begin() as tx:
        assert tx.lead("control:here") == Lead(holder="control", beat=2)


def test_effects_of_a_dead_process_are_performed_by_the_loop(world: World) -> None:
    execution = world.start(workflow(node("a", workspace=WorkspaceMode.WRITE)))
    world.runner.deeds["a"] = writes(new_txt="text")
    create, world.git.create_branch = world.git.create_branch, _no_disk  # type: ignore[method-assign]
    world.work()
    assert world.outbox() > 0
    world.git.create_branch = create  # type: ignore[method-assign]
    world.control.step()
    assert world.outbox() == 0
    assert world.store.execution(execution.id).result_branch == "mycelium/demo/1"


def _no_disk(name: str, commit: str) -> None:
    from orchestrator.errors import SetupError

    raise SetupError("the disk is full")
