"""A node run that was at work goes back to the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.execution.retry import RetryDecision
from orchestrator.execution.state import NodeRun, NodeStatus


def queued_again(run: NodeRun, decision: RetryDecision, now: datetime) -> NodeRun:
    """`run` behind the others of its urgency; an attempt that does not count is taken back."""
    not_before = now + timedelta(seconds=decision.delay_seconds) if decision.delay_seconds > 0 else None
    return replace(
        run,
        status=NodeStatus.QUEUED,
        ready_at=now,
        not_before=not_before,
        attempt=run.attempt if decision.counts else run.attempt - 1,
        worker=None,
    )
