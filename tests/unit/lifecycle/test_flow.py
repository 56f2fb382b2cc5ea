"""Executions from start to end over fakes: order, edges, outputs, failures."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.definition.model import Agent, EdgeCondition, Matrix, Need, Retry, RetryClass
from orchestrator.errors import InvalidDefinition, StaleClaim
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import ExecutionStatus, NodeStatus
from orchestrator.lifecycle import advance, transition
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import StoredEffect
from tests.fakes.world import World, agent, node, workflow

FAILED = Outcome(failure=FailureClass.EXIT, message="exit code 1", exit_code=1)
DIAMOND = workflow(node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c"))


def test_a_diamond_runs_in_order(world: World) -> None:
    execution = world.run(DIAMOND)
    assert execution.status is ExecutionStatus.COMPLETED
    assert [task.key for task in world.runner.tasks] == ["a", "b", "c", "d"]
    assert (execution.open_runs, execution.active_runs) == (0, 0)
    assert world.outbox() == 0
    assert not world.git.workspaces


def test_a_failure_skips_what_needs_it_and_names_itself(world: World) -> None:
    world.runner.deeds["b"] = FAILED
    execution = world.run(DIAMOND)
    assert execution.status is ExecutionStatus.FAILED
    assert world.statuses(execution) == {"a": "completed", "b": "failed", "c": "completed", "d": "skipped"}
    assert execution.error_message == "node `b` failed: exit code 1"
    assert world.node_run(execution, "b").error_code == "RUN_EXIT"


def test_continue_on_error_lets_the_execution_complete(world: World) -> None:
    world.runner.deeds["lint"] = FAILED
    execution = world.run(workflow(node("lint", continue_on_error=True), node("after", "lint")))
    assert execution.status is ExecutionStatus.COMPLETED
    assert world.statuses(execution) == {"lint": "failed", "after": "completed"}


def test_an_edge_on_failure_runs_and_the_execution_still_fails(world: World) -> None:
    world.runner.deeds["a"] = FAILED
    handler = node("handler", Need(node="a", when=EdgeCondition.ON_FAILURE), implied_success=False)
    execution = world.run(workflow(node("a"), handler))
    assert world.statuses(execution)["handler"] == "completed"
    assert execution.status is ExecutionStatus.FAILED


def test_outputs_of_a_matrix_are_merged_for_its_successors(world: World) -> None:
    world.runner.deeds["test (1)"] = Outcome(outputs={"found": "one", "only": "here"})
    world.runner.deeds["test (2)"] = Outcome(outputs={"found": "two", "only": ""})
    after = node("after", "test", env={"FOUND": "${{ needs.test.outputs.found }}/${{ needs.test.outputs.only }}"})
    execution = world.run(workflow(node("test", matrix=Matrix(axes={"v": [1, 2]})), after))
    assert execution.status is ExecutionStatus.COMPLETED
    assert world.runner.task("after").env["FOUND"] == "two/here"


def test_a_retry_waits_its_delay_and_keeps_count(world: World) -> None:
    world.runner.deeds["a"] = [FAILED, Outcome()]
    retry = Retry(attempts=2, delay_seconds=10, on=(RetryClass.EXIT,))
    execution = world.run(workflow(node("a", retry=retry)))
    assert world.node_run(execution, "a").status is NodeStatus.QUEUED
    assert world.wake.nudged, "the control loop sleeps past the time of the retry"
    assert world.work() == 0
    world.clock.advance(11)
    assert world.work() == 1
    run = world.node_run(execution, "a")
    assert (run.status, run.attempt, run.error_code) == (NodeStatus.COMPLETED, 2, None)


def test_a_missing_agent_stores_nothing(world: World) -> None:
    with pytest.raises(InvalidDefinition, match="agent `nobody` was not found"):
        world.start(workflow(node("a", action=Agent(agent="nobody"))))
    assert world.store.executions() == []


def test_a_late_result_of_a_lost_worker_is_refused(world: World) -> None:
    execution = world.start(workflow(node("a")))
    late = world.claim("dead")
    world.control.step()
    world.clock.advance(31)
    world.control.step()
    assert world.node_run(execution, "a").lost == 1
    assert world.claim("alive").epoch == late.epoch + 1
    with pytest.raises(StaleClaim):
        advance.settle(world.services, late, Outcome(), world.claimant("dead"))
    assert world.node_run(execution, "a").status is NodeStatus.RUNNING


def test_lost_workers_use_up_no_retry_and_end_after_three(world: World) -> None:
    execution = world.start(workflow(node("a")))
    for _ in range(4):
        assert world.claim().attempt == 1
        world.control.step()
        world.clock.advance(31)
        world.control.step()
    run = world.node_run(execution, "a")
    assert (run.status, run.error_code) == (NodeStatus.FAILED, "WORKER_LOST")


def test_too_large_outputs_fail_with_the_name_of_the_largest(world: World) -> None:
    world.runner.deeds["a"] = Outcome(outputs={"small": "x", "huge": "y" * 1_000_001})
    execution = world.run(workflow(node("a")))
    assert world.node_run(execution, "a").error_code == "RUN_BAD_OUTPUT"
    assert "`huge`" in (execution.error_message or "")


def test_a_broken_if_fails_its_node(world: World) -> None:
    execution = world.run(workflow(node("a", condition="fromJSON('{')")))
    assert world.statuses(execution) == {"a": "failed"}
    assert "`if` of node `a`" in (execution.error_message or "")


def test_a_long_cascade_of_skips_goes_on_through_the_outbox(world: World) -> None:
    names = [f"n{number}" for number in range(1_300)]
    chain = [node(name, before) for before, name in zip(["first", *names], names, strict=False)]
    world.runner.deeds["first"] = FAILED
    execution = world.run(workflow(node("first"), *chain))
    assert execution.status is ExecutionStatus.FAILED
    assert set(world.statuses(execution).values()) == {"failed", "skipped"}
    assert world.outbox() == 0


def test_a_cascade_that_two_perform_at_once_counts_down_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transition, "MAX_SETTLED", 1)
    edges = [Need(node=name, when=EdgeCondition.ALWAYS) for name in ("skipped", "slow")]
    joined = node("joined", *edges, implied_success=False)
    execution = world.start(workflow(node("first"), node("slow"), node("skipped", "first"), joined))
    claim = world.claim()
    effects = world.store.effects

    def effects_soon_stale(**asked: Any) -> list[StoredEffect]:
        rows = effects(**asked)
        if rows:
            monkeypatch.setattr(world.store, "effects", effects)
            perform(world.services, execution.id)
        return rows

    monkeypatch.setattr(world.store, "effects", effects_soon_stale)
    advance.settle(world.services, claim, FAILED, world.claimant())
    assert world.statuses(execution) == {"first": "failed", "slow": "queued", "skipped": "skipped", "joined": "pending"}
    assert world.node_run(execution, "joined").waiting_for == 1


def test_an_execution_says_when_it_starts_and_ends(world: World) -> None:
    world.run(workflow(node("a"), node("b", "a")))
    kinds = [event.event.value for event in world.events.published]
    assert kinds.count("execution_started") == 1
    assert kinds[-1] == "execution_completed"
    seqs = [event.seq for event in world.events.published]
    assert seqs == sorted(set(seqs))


def test_an_execution_begins_with_its_first_node_run(world: World) -> None:
    """Whichever worker tells first, and not only once it has told."""
    execution = world.start(workflow(node("a"), node("b")))
    first, second = world.claim("w1"), world.claim("w2")
    world.clock.advance(1)
    advance.start_running(world.services, second)
    advance.start_running(world.services, first)
    assert first.started_at
    assert world.store.execution(execution.id).started_at == first.started_at
    assert [event.event.value for event in world.events.published].count("execution_started") == 1


def test_agents_are_known_by_what_the_plan_kept(world: World) -> None:
    execution = world.run(workflow(node("a", action=Agent(agent="tester"))), agents={"tester": agent("tester")})
    assert execution.status is ExecutionStatus.COMPLETED
    assert world.outputs(execution, "a")["files_changed"] == []
