"""Where node runs may stand: a table of what somebody may have written down, and what the rules make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.definition.model import Approval, EdgeCondition, Need, Node
from orchestrator.execution.approval import rejected
from orchestrator.execution.machine import Situation
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.standing import either_way, misplaced, result_of
from orchestrator.execution.state import NodeRun, NodeStatus
from tests.fakes.world import node, workflow

AT = datetime(2026, 11, 28, tzinfo=UTC)
OUT = Outcome(failure=FailureClass.EXIT)
UNSURE = Outcome(failure=FailureClass.SETUP)
SKIPPED = {"any_failed": True}


def run(of: Node, index: int, status: str, **keys: Any) -> NodeRun:
    made = NodeRun(execution_id="e", index=index, node=of.id, key=of.id, status=NodeStatus(status), **keys)
    return replace(made, result=result_of(made, of))


GATE, JOB = node("first", action=Approval()), node("first")


@pytest.mark.parametrize(
    ("first", "before", "then", "after", "fits"),
    [
        (JOB, "completed", {}, "queued", True),
        (JOB, "completed", {}, "running", True),
        (JOB, "completed", {}, "failed", True),
        (JOB, "completed", {}, "cancelled", True),
        (JOB, "completed", {}, "waiting", False),
        (JOB, "completed", {}, "skipped", False),
        (JOB, "failed", {}, "queued", False),
        (JOB, "failed", {}, "skipped", False),
        (JOB, "failed", SKIPPED, "skipped", True),
        (JOB, "running", {}, "pending", True),
        (JOB, "running", {}, "cancelled", True),
        (JOB, "running", {}, "queued", False),
        (JOB, "running", {}, "skipped", False),
        (JOB, "skipped", {}, "skipped", False),
        (GATE, "waiting", {}, "pending", True),
        (GATE, "waiting", {}, "queued", False),
        (GATE, "queued", {}, "pending", False),
        (GATE, "running", {}, "pending", False),
        (GATE, "skipped", {}, "skipped", False),
        (GATE, "completed", {}, "completed", True),
        (GATE, "completed", {"heads": ("a" * 40,)}, "completed", False),
        (GATE, "failed", SKIPPED, "skipped", False),
        (replace(JOB, condition="false"), "skipped", {}, "skipped", True),
        (replace(JOB, condition="false"), "completed", {}, "queued", False),
        (replace(GATE, condition="fromJSON('{')"), "completed", {}, "queued", False),
    ],
)
def test_what_may_be_after_what(first: Node, before: str, then: dict[str, Any], after: str, fits: bool) -> None:
    second = node("second", "first", implied_success=True)
    situation = Situation(workflow=workflow(first, second), contexts={}, now=AT)
    runs = [run(first, 0, before), run(second, 1, after, **then)]
    assert (list(misplaced(runs, [(0, 1)], [situation])) == []) is fits


@pytest.mark.parametrize(
    ("first", "outcome", "fits"),
    [
        (GATE, rejected("ann"), True),
        (GATE, Outcome(failure=FailureClass.TIMEOUT), True),
        (GATE, OUT, False),
        (GATE, UNSURE, False),
        (GATE, None, False),
        (JOB, OUT, True),
        (replace(GATE, condition="fromJSON('{')"), UNSURE, True),
        (replace(GATE, condition="fromJSON('{')"), rejected("ann"), False),
    ],
)
def test_an_approval_fails_by_people_or_by_its_condition(first: Node, outcome: Outcome | None, fits: bool) -> None:
    situation = Situation(workflow=workflow(first), contexts={}, now=AT)
    assert (list(misplaced([run(first, 0, "failed", outcome=outcome)], [], [situation])) == []) is fits


def test_a_condition_may_have_seen_either_situation() -> None:
    first = node("first", condition="github.sha == '0'")
    told = [Situation(workflow=workflow(first), contexts={"github": {"sha": each}}, now=AT) for each in "07"]
    queued = [run(first, 0, "queued")]
    assert list(misplaced(queued, [], told)) == []
    assert list(misplaced(queued, [], told[1:])) == queued


@pytest.mark.parametrize(
    ("condition", "either"),
    [
        ("execution.number > 7", True),
        ("Execution.Number == 7 && always()", True),
        ("github['run_number'] == '7'", True),
        ("contains(toJSON(github), '7')", True),
        ("execution[inputs.name] == 7", True),
        ("contains(fromJSON('[7]'), execution.number)", True),
        ("execution.workflow == 'x'", False),
        ("inputs.number == 7", False),
        ("github.run_id == '7'", False),
    ],
)
def test_what_a_condition_on_the_number_came_to_is_believed_and_nothing_else(condition: str, either: bool) -> None:
    second, gate = node("second", "first", condition=condition, implied_success=True), node("gate", action=Approval())
    taken = either_way(workflow(JOB, gate, second))
    assert len(taken) == (3 if either else 1)

    def stand(first: str, then: str, of_gate: str = "waiting", **keys: Any) -> bool:
        runs = [run(JOB, 0, first), run(gate, 1, of_gate), run(second, 2, then, **keys)]
        situations = [Situation(workflow=each, contexts={}, now=AT) for each in taken]
        return list(misplaced(runs, [(0, 2)], situations)) == []

    assert stand("completed", "skipped")
    assert stand("completed", "running") is either
    assert stand("failed", "skipped", **SKIPPED)
    assert not stand("failed", "running", **SKIPPED)
    assert not stand("failed", "skipped")
    assert not stand("running", "running")
    assert not stand("completed", "waiting")
    assert not stand("completed", "skipped", of_gate="skipped")


def test_what_edges_ask_for_is_asked() -> None:
    last = node("last", Need(node="first", when=EdgeCondition.ON_FAILURE), implied_success=False)
    situation = Situation(workflow=workflow(JOB, last), contexts={}, now=AT)
    failed = [run(JOB, 0, "failed", outcome=OUT), run(last, 1, "running", any_failed=True)]
    assert list(misplaced(failed, [(0, 1)], [situation])) == []
    done = [run(JOB, 0, "completed"), run(last, 1, "running")]
    assert list(misplaced(done, [(0, 1)], [situation])) == done[1:]
