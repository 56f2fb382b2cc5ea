"""The state machine of node runs: how one settles, and what that means for those that wait for it.

Everything here looks at a neighbourhood only: a run, its successors, and the predecessors of those it was the last
to hold up. So a transition costs O(degree), however many nodes there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from orchestrator.definition.expressions import ExpressionError, evaluate, is_truthy, parse
from orchestrator.definition.model import Approval, EdgeCondition, JsonValue, Node, Workflow
from orchestrator.execution import approval, needs
from orchestrator.execution.failure import error_code
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun, NodeStatus, Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What a decision rests on beside the neighbourhood.

    `contexts` are those of every node alike: `github inputs vars execution`.
    """

    workflow: Workflow
    contexts: Mapping[str, JsonValue]
    now: datetime


def settled(run: NodeRun, outcome: Outcome, situation: Situation) -> NodeRun:
    """`run` at its end, as `outcome` says."""
    node = situation.workflow.nodes[run.node]
    ended = replace(run, outcome=outcome, completed_at=situation.now, not_before=None, deadline=None)
    if outcome.cancelled:
        return replace(ended, status=NodeStatus.CANCELLED, result=Result.CANCELLED, error_code=None)
    if outcome.failure is None:
        return replace(ended, status=NodeStatus.COMPLETED, result=Result.SUCCESS, error_code=None)
    return replace(
        ended,
        status=NodeStatus.FAILED,
        result=Result.SUCCESS if node.continue_on_error else Result.FAILURE,
        error_code=error_code(node.kind, outcome.failure),
    )


def propagate(
    successors: Sequence[NodeRun],
    predecessors: Mapping[int, Sequence[NodeRun]],
    situation: Situation,
) -> list[NodeRun]:
    """The successors of a run that has settled, as they are now.

    `predecessors` has an entry for each successor that waited for `run` alone. A successor comes back `pending`,
    `queued` or `waiting`, or itself settled, and then its own successors are next. Runs that settled meanwhile,
    by a cancellation, are left alone.
    """
    changed = []
    for successor in successors:
        if successor.status is not NodeStatus.PENDING:
            continue
        nearer = replace(successor, waiting_for=successor.waiting_for - 1)
        changed.append(nearer if nearer.waiting_for else arrive(nearer, predecessors[nearer.index], situation))
    return changed


def arrive(run: NodeRun, predecessors: Sequence[NodeRun], situation: Situation) -> NodeRun:
    """`run`, whose predecessors have all settled: ready, waiting for a person, skipped, or failed by its `if`."""
    node = situation.workflow.nodes[run.node]
    informed = with_ancestors(run, predecessors)
    try:
        wanted = _edges_hold(node, predecessors) and _condition_holds(node, informed, predecessors, situation)
    except ExpressionError as error:
        message = f"`if` of node `{run.node}` cannot be evaluated: {error}"
        return settled(informed, Outcome(failure=FailureClass.SETUP, message=message), situation)
    if not wanted:
        return skipped(informed, situation.now)
    return _ready(informed, node, situation.now)


def skipped(run: NodeRun, now: datetime) -> NodeRun:
    """`run`, not wanted."""
    return replace(run, status=NodeStatus.SKIPPED, result=Result.SKIPPED, completed_at=now)


def with_ancestors(run: NodeRun, predecessors: Sequence[NodeRun]) -> NodeRun:
    """`run`, knowing what became of all its ancestors, and which commits come from them."""
    return replace(
        run,
        any_failed=any(before.any_failed or before.result is Result.FAILURE for before in predecessors),
        any_cancelled=any(before.any_cancelled or before.result is Result.CANCELLED for before in predecessors),
        heads=needs.heads(predecessors),
    )


def _edges_hold(node: Node, predecessors: Sequence[NodeRun]) -> bool:
    results = needs.results(predecessors)
    return all(_edge_holds(need.when, results[need.node]) for need in node.needs)


def _edge_holds(when: EdgeCondition, result: Result) -> bool:
    match when:
        case EdgeCondition.ALWAYS:
            return True
        case EdgeCondition.ON_SUCCESS:
            return result is Result.SUCCESS
        case EdgeCondition.ON_FAILURE:
            return result is Result.FAILURE


def _condition_holds(node: Node, run: NodeRun, predecessors: Sequence[NodeRun], situation: Situation) -> bool:
    status = needs.status(run, predecessors)
    if node.implied_success and not status.success:
        return False
    if node.condition is None:
        return True
    contexts = {**situation.contexts, "needs": needs.context(predecessors), "matrix": run.matrix}
    return is_truthy(evaluate(parse(node.condition), contexts, status))


def _ready(run: NodeRun, node: Node, now: datetime) -> NodeRun:
    if not isinstance(node.action, Approval):
        return replace(run, status=NodeStatus.QUEUED, ready_at=now)
    until = approval.deadline(node.action, now)
    return replace(run, status=NodeStatus.WAITING, ready_at=now, started_at=now, deadline=until)
