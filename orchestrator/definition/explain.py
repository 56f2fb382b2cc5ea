"""Why an event would start a workflow, or would not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.definition.cron import parse_cron
from orchestrator.definition.inputs import InvalidInputs, check_inputs
from orchestrator.definition.model import JsonValue, Trigger, Workflow
from orchestrator.definition.reader import nearest
from orchestrator.definition.triggers import EVENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One fact that speaks for (`starts`) or against starting; None where it is not known."""

    starts: bool | None
    text: str

    def __str__(self) -> str:
        return self.text


def explain(workflow: Workflow, event_name: str, event: Mapping[str, JsonValue]) -> list[Reason]:
    """Why `event` would start `workflow`, or would not; it starts where every reason says so.

    `event` has the shape of GitHub's payload: `schedule` (the cron text) of `schedule`, `inputs` of
    `workflow_dispatch`, `action` (the event type) of `repository_dispatch`. For `schedule` it may instead have `at`,
    an ISO time with its offset.
    """
    if event_name not in EVENTS:
        known = nearest(event_name, EVENTS) or f"events are {', '.join(EVENTS)}"
        return [Reason(starts=False, text=f"there is no event `{event_name[:60]}` ({known})")]
    trigger = next((trigger for trigger in workflow.triggers if trigger.event == event_name), None)
    if trigger is None:
        named = ", ".join(f"`{trigger.event}`" for trigger in workflow.triggers) or "no event"
        return [Reason(starts=False, text=f"`on` does not name `{event_name}`; it names {named}")]
    place = f" ({trigger.place})" if trigger.place else ""
    return [Reason(starts=True, text=f"`on` names `{event_name}`{place}"), *_filtered(workflow, trigger, event)]


def _filtered(workflow: Workflow, trigger: Trigger, event: Mapping[str, JsonValue]) -> Iterator[Reason]:
    match trigger.event:
        case "schedule":
            yield from _scheduled(trigger, event)
        case "workflow_dispatch":
            yield from _dispatched(workflow, event)
        case "repository_dispatch":
            yield _typed(trigger, event)
        case name:
            yield Reason(starts=None, text=f"the filters of `{name}` are not matched yet")


def _dispatched(workflow: Workflow, event: Mapping[str, JsonValue]) -> Iterator[Reason]:
    given = event.get("inputs") or {}
    if not isinstance(given, dict):
        yield Reason(starts=False, text="`inputs` of the event is no object")
        return
    try:
        values = check_inputs(workflow, given)
    except InvalidInputs as error:
        yield from (Reason(starts=False, text=str(problem)) for problem in error.problems)
    else:
        yield Reason(starts=True, text=f"its inputs fit ({', '.join(values)})" if values else "it takes no inputs")


def _typed(trigger: Trigger, event: Mapping[str, JsonValue]) -> Reason:
    types, action = trigger.filters.get("types"), event.get("action")
    if not isinstance(types, list) or not types:
        return Reason(starts=True, text="every event type starts it")
    listed = ", ".join(f"`{name}`" for name in types)
    if action in types:
        return Reason(starts=True, text=f"the event type `{action}` is one of {listed}")
    return Reason(starts=False, text=f"the event type `{action}` is not one of {listed}")


def _scheduled(trigger: Trigger, event: Mapping[str, JsonValue]) -> Iterator[Reason]:
    entries = trigger.filters.get("entries")
    matches = [_due(entry, event) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if any(reason.starts for reason in matches):
        yield from (reason for reason in matches if reason.starts)
    else:
        yield from matches


def _due(entry: Mapping[str, JsonValue], event: Mapping[str, JsonValue]) -> Reason:
    text, zone = str(entry.get("cron")), str(entry.get("timezone", "UTC"))
    if not isinstance(at := event.get("at"), str):
        same = event.get("schedule") == text
        return Reason(starts=same, text=f"the event's schedule is {'' if same else 'not '}`{text}`")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return Reason(starts=False, text=f"`{at[:40]}` is no ISO time")
    if moment.tzinfo is None:
        return Reason(starts=False, text=f"`{at}` has no offset; write `{at}+00:00`")
    return _due_at(text, zone, moment.replace(second=0, microsecond=0))


def _due_at(text: str, zone: str, minute: datetime) -> Reason:
    cron = parse_cron(text, zone)
    following = cron.next_after(minute - timedelta(seconds=1))
    if following == minute:
        return Reason(starts=True, text=f"`{text}` ({zone}) is due at {minute.isoformat()}")
    local = following.astimezone(cron.zone).isoformat()
    return Reason(starts=False, text=f"`{text}` ({zone}) is not due at {minute.isoformat()}; next at {local}")
