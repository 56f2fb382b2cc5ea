"""Schedules: what is due of the default branch's workflows is received like any other event.

Until when they were looked at is kept, so that `catch-up` knows what was missed; and every time has a delivery's id of
its own, so that two control loops, or one that died, start nothing twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from orchestrator.definition.due import Due, due
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, occasion
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Decision

_MARK: Final = "schedules"


def fire(desk: Desk) -> list[Decision]:
    """Start what has come due since the last time; the first time only begins to look."""
    now = desk.services.clock.now().replace(second=0, microsecond=0)
    with desk.services.store.begin() as tx:
        since = tx.intake.mark(_MARK)
        if since is None:
            tx.intake.put_mark(_MARK, now)
    if since is None or since >= now:
        return []
    made = [each for workflow in _scheduled(desk) for each in _fired(desk, workflow, since, now)]
    with desk.services.store.begin() as tx:
        tx.intake.put_mark(_MARK, now)
    return made


def _scheduled(desk: Desk) -> list[Workflow]:
    definitions = occasion(desk, Delivery(id="", event="schedule", payload={})).definitions
    return [
        workflow
        for workflow in definitions.workflows.values()
        if not workflow.is_template and any(trigger.event == "schedule" for trigger in workflow.triggers)
    ]


def _fired(desk: Desk, workflow: Workflow, since: datetime, now: datetime) -> list[Decision]:
    times = [each for trigger in workflow.triggers if trigger.event == "schedule" for each in due(trigger, since, now)]
    return [made for time in times for made in receive(desk, _delivery(workflow, time))]


def _delivery(workflow: Workflow, time: Due) -> Delivery:
    payload: dict[str, JsonValue] = {
        "schedule": time.cron,
        "timezone": time.timezone,
        "scheduled_at": time.at.isoformat(),
        "workflow": workflow.id,
    }
    name = f"schedule {workflow.id} {time.at.isoformat()} {time.cron} {time.timezone}"
    return Delivery(id=name, event="schedule", payload=payload)
