"""What the event changes in workflows, shown on GitHub by a job in which nothing runs that could do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from action.commands import JobLog
from action.interruption import Interruption
from orchestrator.errors import MyceliumError

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk


def show_changes(desk: Desk, deliveries: Sequence[Delivery], log: JobLog, interruption: Interruption) -> dict[str, str]:
    """Post check run and comment, here and now; what is not shown, and why, by subject.

    An event that changes no workflow writes nothing. GitHub's errors are told, and fail no job.
    """
    from orchestrator.definition.event import read_event
    from orchestrator.lifecycle.following.changes import until_changes_shown
    from orchestrator.lifecycle.intake.proposing import note_changes
    from orchestrator.lifecycle.projection.proposals import Proposals

    services = desk.services
    if desk.silent or services.comparison is None:
        return {}
    proposals = Proposals(services, desk.github, services.comparison)

    def step(longest: float) -> None:
        interruption.asked.wait(min(proposals.step(), longest))

    try:
        for each in deliveries:
            note_changes(desk, each, read_event(each.event, each.payload))
        return until_changes_shown(services, sleep=step, interrupted=interruption.asked.is_set)
    except MyceliumError as error:
        log.line(f"What this event changes in workflows is not shown: {error}")
        return {"the event": error.message}
