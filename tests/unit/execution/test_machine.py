"""The state machine, one neighbourhood at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.definition.model import Approval, EdgeCondition, Need, Node, Run, Workflow
from orchestrator.errors import Place
from orchestrator.execution import machine, needs
from orchestrator.execution.machine import Situation
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun, NodeStatus, Result

NOW = datetime(2026, 3, 1, tzinfo=UTC)
S, F, C, K = Result.SUCCESS, Result.FAILURE, Result.CANCELLED, Result.SKIPPED
STATUS = {S: NodeStatus.COMPLETED, F: NodeStatus.FAILED, C: NodeStatus.CANCELLED, K: NodeStatus.SKIPPED}
QUEUED, SKIPPED = NodeStatus.QUEUED, NodeStatus.SKIPPED


def run(index: int, node: str, result: Result | None = None, **keys: object) -> NodeRun:
    status = STATUS[result] if result else NodeStatus.PENDING
    return NodeRun(execution_id="x", index=index, node=node, key=node, status=status, result=result, **keys)  # type: ignore[arg-type]


def situation(target: Node) -> Situation:
    workflow = Workflow(id="w", path="w.yaml", name="W", nodes={target.id: target})
    return Situation(workflow=workflow, contexts={"inputs": {"deep": True}}, now=NOW)


def target(*edges: Need, **keys: object) -> Node:
    keys.setdefault("action", Run(script="true"))
    return Node(id="t", place=Place(file="w.yaml"), needs=edges, **keys)  # type: ignore[arg-type]


def arrived(node: Node, *before: NodeRun) -> NodeRun:
    return machine.arrive(run(9, "t"), before, situation(node))


def predecessors(results: Sequence[Result]) -> list[NodeRun]:
    return [run(index, "ab"[index], result) for index, result in enumerate(results)]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([S], S),
        ([S, S], S),
        ([S, F], F),
        ([C, F], F),
        ([S, C], C),
        ([S, K], S),
        ([K, K], K),
        ([K, C], C),
    ],
)
def test_the_result_of_a_matrix_node(results: list[Result], expected: Result) -> None:
    assert needs.aggregate([run(index, "m", result) for index, result in enumerate(results)]) is expected


@pytest.mark.parametrize(
    ("results", "expected"), [([S, S], QUEUED), ([S, F], SKIPPED), ([S, K], SKIPPED), ([C, S], SKIPPED)]
)
def test_a_list_of_needs_wants_all_to_succeed(results: list[Result], expected: NodeStatus) -> None:
    node = target(Need(node="a"), Need(node="b"))
    assert arrived(node, *predecessors(results)).status is expected


@pytest.mark.parametrize(
    ("when", "result", "expected"),
    [
        (EdgeCondition.ON_SUCCESS, S, QUEUED),
        (EdgeCondition.ON_SUCCESS, F, SKIPPED),
        (EdgeCondition.ON_SUCCESS, K, SKIPPED),
        (EdgeCondition.ON_FAILURE, F, QUEUED),
        (EdgeCondition.ON_FAILURE, S, SKIPPED),
        (EdgeCondition.ON_FAILURE, K, SKIPPED),
        (EdgeCondition.ON_FAILURE, C, SKIPPED),
        (EdgeCondition.ALWAYS, S, QUEUED),
        (EdgeCondition.ALWAYS, F, QUEUED),
        (EdgeCondition.ALWAYS, K, QUEUED),
        (EdgeCondition.ALWAYS, C, QUEUED),
    ],
)
def test_edges_with_conditions(when: EdgeCondition, result: Result, expected: NodeStatus) -> None:
    node = target(Need(node="a", when=when), implied_success=False)
    assert arrived(node, run(0, "a", result)).status is expected


@pytest.mark.parametrize(
    ("condition", "result", "any_failed", "expected"),
    [
        ("always()", F, False, QUEUED),
        ("success()", S, False, QUEUED),
        ("success()", S, True, SKIPPED),
        ("failure()", S, True, QUEUED),
        ("failure()", F, False, QUEUED),
        ("failure()", S, False, SKIPPED),
        ("failure()", K, True, QUEUED),
        ("cancelled()", C, False, QUEUED),
        ("!cancelled()", C, False, SKIPPED),
        ("inputs.deep && always()", K, False, QUEUED),
        ("needs.a.result == 'failure' && always()", F, False, QUEUED),
    ],
)
def test_status_functions(condition: str, result: Result, any_failed: bool, expected: NodeStatus) -> None:
    edge = Need(node="a", when=EdgeCondition.ALWAYS)
    node = target(edge, condition=condition, implied_success=False)
    assert arrived(node, run(0, "a", result, any_failed=any_failed)).status is expected


def test_both_the_edges_and_the_condition_must_hold() -> None:
    edge = Need(node="a", when=EdgeCondition.ON_FAILURE)
    assert arrived(target(edge, condition="!inputs.deep", implied_success=False), run(0, "a", F)).status is SKIPPED
    assert arrived(target(edge, condition="always()", implied_success=False), run(0, "a", S)).status is SKIPPED


def test_an_implied_success_stands_before_a_condition() -> None:
    node = target(Need(node="a"), condition="inputs.deep")
    assert arrived(node, run(0, "a", S)).status is QUEUED
    assert arrived(node, run(0, "a", S, any_failed=True)).status is SKIPPED


def test_what_ancestors_came_to_travels_on() -> None:
    skipped = arrived(target(Need(node="a"), Need(node="b")), run(0, "a", F), run(1, "b", S, any_cancelled=True))
    assert (skipped.status, skipped.any_failed, skipped.any_cancelled) == (SKIPPED, True, True)


def test_a_failure_under_continue_on_error_counts_as_success() -> None:
    node = target(continue_on_error=True)
    failed = machine.settled(run(0, "t"), Outcome(failure=FailureClass.EXIT), situation(node))
    assert (failed.status, failed.result, failed.error_code) == (NodeStatus.FAILED, S, "RUN_EXIT")


def test_heads_pass_through_what_committed_nothing() -> None:
    wrote = run(0, "a", S, outcome=Outcome(commit="c1"), heads=("base",))
    read = run(1, "b", S, heads=("c0", "c1"))
    node = target(Need(node="a"), Need(node="b"))
    assert arrived(node, read, wrote).heads == ("c1", "c0")


def test_an_approval_waits_until_its_deadline() -> None:
    waiting = arrived(target(action=Approval(timeout_minutes=5)))
    assert (waiting.status, waiting.deadline) == (NodeStatus.WAITING, NOW + timedelta(minutes=5))


def test_only_the_last_predecessor_lets_a_successor_go() -> None:
    node = target(Need(node="a"), Need(node="b"))
    one, two = predecessors([S, S])
    (nearer,) = machine.propagate([run(9, "t", waiting_for=2)], {}, situation(node))
    assert (nearer.status, nearer.waiting_for) == (NodeStatus.PENDING, 1)
    (there,) = machine.propagate([nearer], {9: [one, two]}, situation(node))
    assert (there.status, there.waiting_for, there.ready_at) == (QUEUED, 0, NOW)


def test_a_successor_that_was_cancelled_meanwhile_is_left_alone() -> None:
    assert machine.propagate([run(9, "t", C, waiting_for=1)], {}, situation(target(Need(node="a")))) == []


def test_a_condition_that_cannot_be_evaluated_fails_the_node() -> None:
    failed = arrived(target(condition="fromJSON('{')"))
    assert (failed.status, failed.error_code) == (NodeStatus.FAILED, "RUN_SETUP")
    assert failed.outcome is not None
    assert "`if` of node `t`" in failed.outcome.message


def test_outputs_of_runs_merge_by_index_and_empty_ones_lose() -> None:
    first = run(0, "m", S, outcome=Outcome(outputs={"a": 1, "b": "x", "c": ""}))
    second = run(1, "m", S, outcome=Outcome(outputs={"a": 0, "b": "", "d": None}))
    assert needs.merged_outputs([second, first]) == {"a": 0, "b": "x", "c": "", "d": None}
