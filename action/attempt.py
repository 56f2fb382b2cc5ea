"""Earlier attempts of the same run of Actions: "Re-run jobs" sends the same event once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from action.job import Job

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk


def of_earlier_attempt(desk: Desk, job: Job, delivery: Delivery) -> Delivery:
    """The delivery as the last attempt of this run of Actions had it that decided something on it which was brought
    back; else as it is. Then only what is not decided yet is decided."""
    from orchestrator.lifecycle.intake.receive import decided

    for earlier in job.earlier:
        same = replace(delivery, id=delivery.id.replace(job.delivery, earlier, 1))
        if decided(desk, same):
            return same
    return delivery
