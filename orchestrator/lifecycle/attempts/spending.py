"""One call of an agent within the budget of its attempt: the time it has, and what is said of what it used."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.definition.model import Node
from orchestrator.execution.amounts import Unit
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.ports import AgentTask, ShellTask, Task
from orchestrator.report.budget import exactly


def seconds_allowed(node: Node, action: ShellTask | AgentTask) -> float:
    """Until when a call is stopped: by its node's `timeout-minutes`, or before that by its budget."""
    seconds = node.timeout_minutes * 60
    allowed = action.allowance if isinstance(action, AgentTask) else None
    return seconds if allowed is None or allowed.minutes is None else min(seconds, allowed.minutes * 60)


def counted(attempt: Attempt, task: Task, outcome: Outcome) -> Outcome:
    """Add what a call used to what its attempt did; a time-out that its budget brought about is none."""
    attempt.tally.add(outcome.usage)
    if outcome.failure is FailureClass.TIMEOUT and task.timeout_seconds < attempt.node.timeout_minutes * 60:
        minutes = exactly(Unit.MINUTES, round(task.timeout_seconds * 1_000))
        return replace(outcome, failure=FailureClass.BUDGET, message=f"it was stopped after {minutes}, by its budget")
    return outcome
