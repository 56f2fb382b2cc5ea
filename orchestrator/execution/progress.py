"""The status of a whole execution, from counters while it runs and from its node runs at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.execution.failure import sentence
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Result


def status(execution: Execution) -> ExecutionStatus:
    """The status while node runs are open."""
    if execution.active_runs == 0:
        return ExecutionStatus.WAITING
    return ExecutionStatus.RUNNING if execution.started_at else ExecutionStatus.PENDING


def ended(execution: Execution, runs: Sequence[NodeRun], now: datetime) -> Execution:
    """`execution`, whose node runs have all settled; `runs` are by index.

    A failure counts even where an `on_failure` edge dealt with it, as in GitHub Actions; one under
    `continue-on-error` does not.
    """
    final = _final(execution, runs)
    return replace(
        execution,
        status=final,
        result=_result(runs),
        started_at=_began(execution, runs, now),
        completed_at=now,
        error_message=execution.error_message or (_blame(runs) if final is ExecutionStatus.FAILED else None),
    )


def _began(execution: Execution, runs: Sequence[NodeRun], now: datetime) -> datetime:
    """No later than any node run: an approval begins to wait without being claimed."""
    moments = (execution.started_at, *(run.started_at for run in runs))
    return min((moment for moment in moments if moment), default=now)


def _blame(runs: Sequence[NodeRun]) -> str | None:
    """A failure of an earlier attempt still counts when another part of the execution was run again."""
    return next((sentence(run) for run in runs if run.result is Result.FAILURE), None)


def _final(execution: Execution, runs: Sequence[NodeRun]) -> ExecutionStatus:
    results = {run.result for run in runs}
    if execution.cancel_requested:
        return ExecutionStatus.CANCELLED
    if Result.FAILURE in results:
        return ExecutionStatus.FAILED
    return ExecutionStatus.CANCELLED if Result.CANCELLED in results else ExecutionStatus.COMPLETED


def _result(runs: Sequence[NodeRun]) -> str | None:
    done = (run for run in reversed(runs) if run.status is NodeStatus.COMPLETED)
    return next((run.outcome.commit for run in done if run.outcome and run.outcome.commit), None)
