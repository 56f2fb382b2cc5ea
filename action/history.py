"""Executions that outlive their job, where the repository keeps a history: the seam between the action and it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from action.commands import JobLog
from action.inputs import Inputs
from action.job import Job
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.services import Services


class History(Protocol):
    """Of one repository, as one job sees it. What it cannot do it tells, and never keeps an execution from running."""

    def bring(self, desk: Desk, deliveries: Sequence[Delivery]) -> None:
        """Bring back the executions that the events may be about, and go on with those it may decide on."""
        ...

    def bring_all(self) -> None:
        """Bring back every execution, for their pages."""
        ...

    def keep(self, ids: Sequence[str]) -> None:
        """Keep these executions as they are now."""
        ...


class NoHistory:
    """Where a job's executions end with it."""

    def bring(self, desk: Desk, deliveries: Sequence[Delivery]) -> None:
        """There is nothing."""

    def bring_all(self) -> None:
        """There is nothing."""

    def keep(self, ids: Sequence[str]) -> None:
        """They are forgotten."""


def history(_inputs: Inputs, _job: Job, _settings: Settings, _services: Services, _log: JobLog) -> History:
    """That of the repository."""
    return NoHistory()
