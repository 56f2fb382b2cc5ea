"""Whether node runs stand where the state machine brings them: for those that somebody else has written down.

Nothing here has rules of its own. `machine.arrive` says what becomes of a node run whose predecessors have settled, and
what is written down has to have come from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from orchestrator.definition.expressions import parse, references
from orchestrator.definition.model import Node, Workflow
from orchestrator.execution.machine import Situation, arrive
from orchestrator.execution.outcome import FailureClass
from orchestrator.execution.state import NodeRun, NodeStatus, Result

_ENDS: Final = frozenset({NodeStatus.COMPLETED, NodeStatus.FAILED})
_AFTER: Final = {
    NodeStatus.QUEUED: _ENDS | {NodeStatus.QUEUED, NodeStatus.RUNNING},
    NodeStatus.WAITING: _ENDS | {NodeStatus.WAITING},
    NodeStatus.SKIPPED: frozenset({NodeStatus.SKIPPED}),
    NodeStatus.FAILED: frozenset({NodeStatus.FAILED}),
}
"""By what becomes of a node run when its turn comes, what it may be later."""

_UNARRIVED: Final = frozenset({NodeStatus.PENDING, NodeStatus.CANCELLED})
"""Whoever cancels asks no predecessor."""

_NUMBERS: Final = (("execution", "number"), ("github", "run_number"))
"""Where conditions find the number of the execution."""

_OF_PEOPLE: Final = frozenset({FailureClass.REJECTED, FailureClass.TIMEOUT})


def misplaced(
    runs: Sequence[NodeRun], edges: Iterable[tuple[int, int]], situations: Sequence[Situation]
) -> Iterator[NodeRun]:
    """Those of all `runs` of an execution that cannot be where they are, after what comes before them.

    Each has to have come about in one of the `situations`; these differ in what conditions may have come to.
    """
    before: list[list[NodeRun]] = [[] for _ in runs]
    for source, target in edges:
        before[target].append(runs[source])
    for run in runs:
        if run.status not in _UNARRIVED and not any(_came_about(run, before[run.index], each) for each in situations):
            yield run


def either_way(workflow: Workflow) -> tuple[Workflow, ...]:
    """`workflow`, and where there are any, the same with each condition that reads the execution's number true, and
    with each of them false.

    Nobody can say what such a one saw: an execution has no number when it starts, one of its own store until it is
    first saved, then that of the branch, and another where it came into a store that has given this one away.
    """
    asking = [node for node in workflow.nodes.values() if node.condition and _reads_number(node.condition)]
    if not asking:
        return (workflow,)
    said = ({node.id: replace(node, condition=each) for node in asking} for each in ("true", "false"))
    return workflow, *(replace(workflow, nodes={**workflow.nodes, **nodes}) for nodes in said)


def _reads_number(condition: str) -> bool:
    """Also with a whole context, or with what is looked up in it by a computed name."""
    paths = [tuple(map(str.lower, each.path)) for each in references(parse(condition))]
    return any(path == number[: len(path)] or path[: len(number)] == number for path in paths for number in _NUMBERS)


def result_of(run: NodeRun, node: Node) -> Result | None:
    """The result that goes with the status of a node run."""
    match run.status:
        case NodeStatus.COMPLETED:
            return Result.SUCCESS
        case NodeStatus.FAILED:
            return Result.SUCCESS if node.continue_on_error else Result.FAILURE
        case NodeStatus.SKIPPED:
            return Result.SKIPPED
        case NodeStatus.CANCELLED:
            return Result.CANCELLED
        case _:
            return None


def _came_about(run: NodeRun, predecessors: Sequence[NodeRun], situation: Situation) -> bool:
    if not all(before.status.settled for before in predecessors):
        return False
    arrived = arrive(run, predecessors, situation)
    known = (run.any_failed, run.any_cancelled, run.heads)
    if known != (arrived.any_failed, arrived.any_cancelled, arrived.heads) or run.status not in _AFTER[arrived.status]:
        return False
    failure = run.outcome.failure if run.outcome else None
    if run.status is NodeStatus.FAILED and arrived.status is NodeStatus.WAITING:
        return failure in _OF_PEOPLE
    return arrived.status is not NodeStatus.FAILED or failure is FailureClass.SETUP
