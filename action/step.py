"""What one run of the action works with."""

from __future__ import annotations

from dataclasses import dataclass

from action.commands import JobLog
from action.inputs import Inputs
from action.interruption import Interruption
from action.job import Job
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the job gave it, and what it tells the job with."""

    inputs: Inputs
    job: Job
    settings: Settings
    log: JobLog
    interruption: Interruption
