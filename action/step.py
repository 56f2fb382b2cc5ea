"""What one run of the action works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from action.commands import JobLog
from action.inputs import Inputs
from action.interruption import Interruption
from action.job import Job
from orchestrator.settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the job gave it, and what it tells the job with. It `began` when this process did."""

    inputs: Inputs
    job: Job
    settings: Settings
    log: JobLog
    interruption: Interruption
    began: datetime = field(default_factory=_now)
