"""Cancelling an execution: nothing new starts, and what runs is stopped."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.errors import Conflict
from orchestrator.execution.state import CANCELLED_BY
from orchestrator.lifecycle.perform import changing
from orchestrator.lifecycle.services import Services


def cancel(services: Services, execution_id: str, by: str, *, why: str = "") -> None:
    """Settle all that has not begun as cancelled, in one statement, and have the running node runs stopped.

    The execution ends when the last of those has, and says `why`. Cancelling twice is one cancellation; `Conflict` when
    it has ended.
    """
    with changing(services, execution_id) as change:
        if change.execution.status.ended:
            raise Conflict(f"execution {execution_id} has already ended: {change.execution.status.value}")
        if change.execution.cancel_requested:
            return
        settled = change.tx.cancel_pending(execution_id, change.situation.now)
        running = change.execution.open_runs - settled
        change.execution = replace(
            change.execution,
            cancel_requested=True,
            open_runs=running,
            active_runs=running,
            error_message=change.execution.error_message or why or f"{CANCELLED_BY} {by}",
        )
        change.stop()
