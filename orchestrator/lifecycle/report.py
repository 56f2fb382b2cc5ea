"""An execution for people and programs: the view that renderings read, and the shape of the REST API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from orchestrator.definition.expressions import ExpressionError, interpolate_text
from orchestrator.definition.model import Agent, JsonValue, Workflow
from orchestrator.errors import MyceliumError
from orchestrator.execution import needs
from orchestrator.execution.amounts import Amounts, Unit, beyond, limits, value
from orchestrator.execution.budget import draws
from orchestrator.execution.commit import Commit
from orchestrator.execution.ledger import Ledger, Reservation, balance
from orchestrator.execution.publication import Publication
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.lifecycle import contexts
from orchestrator.lifecycle.archive.copies import copied_commits
from orchestrator.lifecycle.secrecy import mask_of
from orchestrator.lifecycle.services import Services
from orchestrator.report.duration import span_seconds
from orchestrator.report.view import ExecutionView, Links

TAIL_LINES: Final = 40

_MOST_TELLING: Final = (
    NodeStatus.FAILED,
    NodeStatus.WAITING,
    NodeStatus.RUNNING,
    NodeStatus.QUEUED,
    NodeStatus.PENDING,
    NodeStatus.CANCELLED,
    NodeStatus.COMPLETED,
    NodeStatus.SKIPPED,
)
"""A node shows the first of these that one of its runs has."""


def view(services: Services, execution_id: str, *, links: Links | None = None) -> ExecutionView:
    """Everything a rendering may show of an execution, as it is now. O(nodes)."""
    execution = services.store.execution(execution_id)
    runs = services.store.runs(execution_id)
    edges = services.store.edges(execution_id)
    plan = services.plan(execution_id)
    workflow = plan.definition
    reservations = _reservations(services, execution_id, workflow)
    failed = [run for run in runs if run.status is NodeStatus.FAILED]
    return ExecutionView(
        execution=execution,
        workflow=workflow,
        runs=tuple(runs),
        edges=tuple(edges),
        now=execution.completed_at or services.clock.now(),
        commits=_commits(services, execution),
        tails={run.index: tuple(services.logs.tail(execution_id, run.index, TAIL_LINES)) for run in failed},
        engines=_engines(execution, workflow, runs, edges),
        links=links or Links(),
        ledger=_ledger(workflow, reservations),
        # A later attempt takes the place of those before it.
        reservations={each.index: each for each in reservations or ()},
        last_valid=plan.last_valid,
        publications=tuple(services.store.publications(execution_id)) if workflow.publish else (),
    )


def as_json(seen: ExecutionView) -> dict[str, JsonValue]:
    """The execution as the REST API shows it."""
    execution = seen.execution
    return {
        "id": execution.id,
        "number": execution.number,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status.value,
        "trigger": execution.trigger.value,
        "triggered_by": execution.triggered_by,
        "input_params": execution.inputs,
        "created_at": _time(execution.created_at),
        "started_at": _time(execution.started_at),
        "completed_at": _time(execution.completed_at),
        "duration_seconds": _seconds(execution.started_at, execution.completed_at, seen.now),
        "node_statuses": {node: status.value for node, status in node_statuses(seen.runs).items()},
        "node_runs": [_run(run, seen) for run in seen.runs],
        "output_data": _output_data(seen),
        "error_message": execution.error_message,
        "budget": _budget(seen.ledger),
        "base": execution.base,
        "result": execution.result,
        "result_branch": execution.result_branch,
        "replayed": seen.replayed,
        "last_valid": seen.last_valid or None,
        "publications": [_publication(each) for each in seen.publications],
    }


def _publication(found: Publication) -> dict[str, JsonValue]:
    return {
        "target": found.target,
        "kind": found.kind.value,
        "node": found.node or None,
        "agents": list(found.agents),
        "state": found.state.value,
        "reason": found.reason or None,
        "title": found.title or None,
        "number": found.number,
        "url": found.url or None,
        "branch": found.branch or None,
        "commit": found.commit or None,
        "published_at": _time(found.published_at),
        "not_before": _time(found.not_before),
        "fate": found.fate.value if found.fate else None,
    }


def node_statuses(runs: Iterable[NodeRun]) -> dict[str, NodeStatus]:
    """One status for each node, the most telling of its runs'."""
    return {
        node: min((run.status for run in own), key=_MOST_TELLING.index) for node, own in needs.by_node(runs).items()
    }


def _output_data(seen: ExecutionView) -> dict[str, JsonValue]:
    """The outputs of the last nodes: those that no other waits for."""
    sources = {source for source, _ in seen.edges}
    last = needs.by_node(run for run in seen.runs if run.index not in sources)
    return {node: needs.merged_outputs(runs) for node, runs in last.items()}


def _run(run: NodeRun, seen: ExecutionView) -> dict[str, JsonValue]:
    outcome, reservation = run.outcome, seen.reservations.get(run.index)
    usage: JsonValue = asdict(outcome.usage) if outcome and outcome.usage else None
    artifacts: list[JsonValue] = [asdict(artifact) for artifact in outcome.artifacts] if outcome else []
    return {
        "index": run.index,
        "node": run.node,
        "key": run.key,
        "matrix": run.matrix,
        "status": run.status.value,
        "result": run.result.value if run.result else None,
        "attempt": run.attempt,
        "started_at": _time(run.started_at),
        "completed_at": _time(run.completed_at),
        "duration_seconds": _seconds(run.started_at, run.completed_at, seen.now),
        "outputs": outcome.outputs if outcome else {},
        "error_code": run.error_code,
        "error_message": outcome.message if outcome and outcome.failure else None,
        "usage": usage,
        "sandbox": outcome.sandbox or None if outcome else None,
        "budget": _attempt(reservation) if reservation else None,
        "commit": outcome.commit if outcome else None,
        "artifacts": artifacts,
        "decided_by": run.decided_by,
    }


def _reservations(services: Services, execution_id: str, workflow: Workflow) -> list[Reservation] | None:
    """Those of all attempts; None where nobody has a budget."""
    if not any(draws(workflow, node) for node in workflow.nodes.values()):
        return None
    return services.store.reservations(execution_id)


def _ledger(workflow: Workflow, reservations: Sequence[Reservation] | None) -> Ledger | None:
    if reservations is None:
        return None
    return Ledger(limit=limits(workflow.budget), balance=balance(reservations))


def _budget(ledger: Ledger | None) -> JsonValue:
    """What all attempts come to; `over` is what was spent beyond the limit."""
    if ledger is None:
        return None
    spent = ledger.balance.spent
    return {
        "limit": _amounts(ledger.limit),
        "spent": _amounts(spent),
        "reserved": _amounts(ledger.balance.reserved),
        "over": _amounts(beyond(ledger.limit, spent)),
    }


def _attempt(reservation: Reservation) -> JsonValue:
    """What the latest attempt was allowed, and what it used, once it has ended."""
    spent = reservation.spent
    return {
        "limit": _amounts(reservation.reserved),
        "spent": None if spent is None else _amounts(spent),
        "over": _amounts(beyond(reservation.reserved, spent or {})),
    }


def _amounts(amounts: Amounts) -> dict[str, JsonValue]:
    return {unit.value: value(unit, amounts[unit]) for unit in Unit if unit in amounts}


def _engines(
    execution: Execution, workflow: Workflow, runs: Sequence[NodeRun], edges: Iterable[tuple[int, int]]
) -> dict[int, str]:
    """The engine of each agent that has begun, evaluated as its worker does, but without secrets."""
    before: dict[int, list[NodeRun]] = {run.index: [] for run in runs}
    for source, target in edges:
        before[target].append(runs[source])
    engines = {}
    for run in runs:
        action = workflow.nodes[run.node].action
        if not isinstance(action, Agent) or run.started_at is None:
            continue
        try:
            seen = contexts.of_node(execution, workflow, run, before[run.index], {})
            engines[run.index] = interpolate_text(action.engine, seen)
        except ExpressionError:
            continue  # the node itself fails on it, and says so
    return engines


def _commits(services: Services, execution: Execution) -> tuple[Commit, ...]:
    if execution.comparison is None:
        return ()
    try:
        found = services.git.log(*execution.comparison)
    except MyceliumError:
        # An old execution's commits may have been swept, and those of one that came from elsewhere were never here.
        return copied_commits(services, execution.id)
    mask = mask_of(services)
    return tuple(mask.commit(each) for each in found)


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _seconds(start: datetime | None, end: datetime | None, now: datetime) -> float | None:
    seconds = span_seconds(start, end, now)
    return None if seconds is None else round(seconds, 3)
