"""What comes of an approval: a person's word, or silence until the deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.definition.model import Approval
from orchestrator.execution.outcome import FailureClass, Outcome

TIMEOUT = "timeout"
"""`decided_by` where nobody did."""


def deadline(approval: Approval, since: datetime) -> datetime | None:
    """When it stops waiting, if it began then; None where it waits as long as it takes."""
    minutes = approval.timeout_minutes
    return None if minutes is None else since + timedelta(minutes=minutes)


def approved(by: str) -> Outcome:
    """`by` let it pass."""
    return Outcome(outputs={"decided_by": by, "decision": "approved"})


def rejected(by: str) -> Outcome:
    """`by` stopped it."""
    return Outcome(
        failure=FailureClass.REJECTED,
        message=f"rejected by {by}",
        outputs={"decided_by": by, "decision": "rejected"},
    )


def timed_out(approval: Approval) -> Outcome:
    """Nobody decided in time; `on_timeout` says what that means."""
    if approval.on_timeout == "approve":
        return approved(TIMEOUT)
    message = f"nobody decided within {approval.timeout_minutes:g} minutes"
    return Outcome(failure=FailureClass.TIMEOUT, message=message, outputs={"decision": "rejected"})
