"""An approval is of one commit: a push before anything of what was approved has begun takes it back."""

from __future__ import annotations

from typing import Final

from orchestrator.definition.event import Event
from orchestrator.definition.model import Approval
from orchestrator.errors import Conflict
from orchestrator.execution.state import Execution, ExecutionStatus, NodeStatus
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.intake.occasion import Desk
from orchestrator.lifecycle.services import Services

MOST_LOOKED_AT: Final = 200
"""Executions that have not ended, among which those of a pull request are looked for."""

_OPEN: Final = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.WAITING)
_TO_COME: Final = (NodeStatus.PENDING, NodeStatus.QUEUED)


def lapse(desk: Desk, event: Event) -> None:
    """After a push to a pull request: cancel what was approved for an earlier head and has not begun.

    Deliveries come in any order, so GitHub is asked for the head.
    """
    if event.name != "pull_request" or event.action != "synchronize" or event.number is None:
        return
    found = [each for each in _of(desk.services, event.number) if _approved_only(desk.services, each)]
    if not found:
        return
    head = desk.github.pull_request(event.number).head_sha
    for execution in found:
        if execution.head != head:
            _cancel(desk.services, execution, head)


def _of(services: Services, number: int) -> list[Execution]:
    going = services.store.executions(statuses=_OPEN, limit=MOST_LOOKED_AT)
    return [each for each in going if each.target and each.target.number == number]


def _approved_only(services: Services, execution: Execution) -> bool:
    """Whether somebody has approved a node, and nothing that follows it has begun."""
    nodes = services.plan(execution.id).definition.nodes
    runs = {run.index: run for run in services.store.runs(execution.id)}
    completed = [run for run in runs.values() if run.status is NodeStatus.COMPLETED]
    approved = [run for run in completed if isinstance(nodes[run.node].action, Approval)]
    edges = services.store.edges(execution.id) if approved else []
    for run in approved:
        following = [runs[target] for source, target in edges if source == run.index]
        if following and all(each.status in _TO_COME and not each.attempt for each in following):
            return True
    return False


def _cancel(services: Services, execution: Execution, head: str) -> None:
    try:
        cancel(services, execution.id, f"the push of {head[:12]}: what was approved had not begun")
    except Conflict:
        return  # it has just ended
