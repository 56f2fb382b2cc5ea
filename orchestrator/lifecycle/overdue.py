"""Approvals whose time was over while nobody ran their execution."""

from __future__ import annotations

from datetime import datetime

from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle import decide
from orchestrator.lifecycle.services import Services


def time_out(services: Services, execution_id: str, by: datetime) -> list[str]:
    """Apply `on-timeout` to what nobody had decided in time at `by`; the keys of those node runs.

    Whoever holds the execution does so before it goes on: the control loop would, at any moment after that.
    """
    late = [
        run
        for run in services.store.runs(execution_id)
        if run.status is NodeStatus.WAITING and run.deadline is not None and run.deadline <= by
    ]
    for run in late:
        decide.time_out(services, run)
    return [run.key for run in late]
