"""Live events: what watchers are told, and the number that orders it."""

from __future__ import annotations

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.lifecycle.services import Services

_ENDS = {
    ExecutionStatus.COMPLETED: LiveEventKind.EXECUTION_COMPLETED,
    ExecutionStatus.FAILED: LiveEventKind.EXECUTION_FAILED,
    ExecutionStatus.CANCELLED: LiveEventKind.EXECUTION_CANCELLED,
}


def event(
    services: Services,
    kind: LiveEventKind,
    execution_id: str,
    *,
    node: str | None = None,
    status: str | None = None,
    data: dict[str, JsonValue] | None = None,
) -> LiveEvent:
    """An event to be published now; `seq` is the time in microseconds.

    An event is published after what it tells was committed, so one whose `seq` is not above the time at which a
    snapshot was begun is already part of that snapshot.
    """
    now = services.clock.now()
    return LiveEvent(
        seq=int(now.timestamp() * 1_000_000),
        event=kind,
        execution_id=execution_id,
        timestamp=now,
        node_id=node,
        status=status,
        data=data or {},
    )


def described(run: NodeRun) -> dict[str, JsonValue]:
    """A node run as an event's payload."""
    return {
        "index": run.index,
        "node": run.node,
        "key": run.key,
        "status": run.status.value,
        "attempt": run.attempt,
        "error_code": run.error_code,
    }


def started(services: Services, execution_id: str) -> LiveEvent:
    """An execution has its first node run at work."""
    return event(services, LiveEventKind.EXECUTION_STARTED, execution_id, status=ExecutionStatus.RUNNING.value)


def status_of(services: Services, execution_id: str, run: dict[str, JsonValue]) -> LiveEvent:
    """The status of a node run, from what `described` gave."""
    kind = LiveEventKind.NODE_STATUS_UPDATE
    return event(services, kind, execution_id, node=str(run["node"]), status=str(run["status"]), data=run)


def announce_end(services: Services, execution: Execution) -> None:
    """Publish that an execution has ended."""
    services.events.publish(event(services, _ENDS[execution.status], execution.id, status=execution.status.value))
