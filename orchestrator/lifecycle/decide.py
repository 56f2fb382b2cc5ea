"""People's decisions on approvals, and what their silence means."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.definition.model import Approval
from orchestrator.errors import Conflict, NotFound
from orchestrator.execution import approval
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.lifecycle.perform import changing
from orchestrator.lifecycle.services import Services


def approve(services: Services, execution_id: str, node: str, by: str) -> None:
    """Let an approval pass; `node` is a node's id or a node run's key. `Conflict` when it does not wait."""
    _decide(services, execution_id, node, by, approval.approved)


def reject(services: Services, execution_id: str, node: str, by: str) -> None:
    """Stop at an approval: it fails with `APPROVAL_REJECTED`. `Conflict` when it does not wait."""
    _decide(services, execution_id, node, by, approval.rejected)


def time_out(services: Services, waiting: NodeRun) -> None:
    """Apply `on_timeout` to an approval whose deadline has passed, unless somebody just decided."""
    with changing(services, waiting.execution_id) as change:
        run = change.tx.run(waiting.execution_id, waiting.index)
        if run.status is not NodeStatus.WAITING or run.deadline is None or run.deadline > change.situation.now:
            return
        action = change.situation.workflow.nodes[run.node].action
        if not isinstance(action, Approval):
            raise Conflict(f"node `{run.node}` is no approval")
        change.settle(run, approval.timed_out(action), decided_by=approval.TIMEOUT)


def _decide(services: Services, execution_id: str, node: str, by: str, word: Callable[[str], Outcome]) -> None:
    known = [run for run in services.store.runs(execution_id) if node in (run.node, run.key)]
    if not known:
        raise NotFound(f"execution {execution_id} has no node `{node}`")
    with changing(services, execution_id) as change:
        runs = [change.tx.run(execution_id, run.index) for run in known]
        waiting = [run for run in runs if run.status is NodeStatus.WAITING]
        if not waiting:
            raise Conflict(f"node `{node}` waits for no decision: it is {runs[0].status.value}")
        for run in waiting:
            change.settle(run, word(by), decided_by=by)
