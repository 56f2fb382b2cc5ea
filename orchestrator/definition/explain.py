"""Why an event would start a workflow, or would not: what the server decides, without GitHub to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.definition.authority import Standing, admitted
from orchestrator.definition.commands import Command, Misunderstood, Verb, parse_command
from orchestrator.definition.cron import parse_cron
from orchestrator.definition.event import Event, read_event
from orchestrator.definition.inputs import InvalidInputs, check_inputs
from orchestrator.definition.matching import Changed, fits, names_of
from orchestrator.definition.model import JsonValue, Trigger, Workflow
from orchestrator.definition.reader import nearest
from orchestrator.definition.reasons import Reason, Rule, verdict
from orchestrator.definition.roles import Role
from orchestrator.definition.triggers import EVENTS

_OTHERS = ("issue_comment",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a payload does not tell; None where nobody knows it."""

    changed: Changed | None = None
    role: Role | None = None


_NOTHING = Facts()


def explain(
    workflow: Workflow, event_name: str, payload: Mapping[str, JsonValue], facts: Facts = _NOTHING
) -> list[Reason]:
    """Why the event would start `workflow`, or would not; it starts where every reason says so.

    `payload` has the shape of GitHub's: `schedule` (the cron text) of `schedule`, `inputs` of `workflow_dispatch`,
    `action` (the event type) of `repository_dispatch`. For `schedule` it may instead have `at`, an ISO time with its
    offset. Without a `sender` nobody's permission is asked for.
    """
    if event_name not in EVENTS and event_name not in _OTHERS:
        known = nearest(event_name, EVENTS) or f"events are {', '.join(EVENTS)}"
        return [Reason(starts=False, text=f"there is no event `{event_name[:60]}` ({known})")]
    event = read_event("issue_comment" if event_name == "comment" else event_name, payload)
    triggers = [trigger for trigger in workflow.triggers if trigger.event in names_of(event)]
    if not triggers:
        return [_unnamed(workflow, event)]
    told = [_of_trigger(workflow, trigger, event, payload, facts) for trigger in triggers]
    return next((reasons for reasons in told if verdict(reasons) is not False), told[0])


def _unnamed(workflow: Workflow, event: Event) -> Reason:
    named = ", ".join(f"`{trigger.event}`" for trigger in workflow.triggers) or "no event"
    return Reason(starts=False, text=f"`on` does not name `{names_of(event)[0]}`; it names {named}")


def considered(
    workflow: Workflow,
    trigger: Trigger,
    event: Event,
    payload: Mapping[str, JsonValue],
    changed: Changed | None = None,
) -> list[Reason]:
    """What the trigger and the inputs say of the event; whether whoever did it is trusted is another question."""
    place = f" ({trigger.place})" if trigger.place else ""
    reasons = [Reason(starts=True, text=f"`on` names `{trigger.event}`{place}")]
    reasons += fits(trigger, event, changed)
    return [*reasons, *_asked(workflow, trigger, event, payload)]


def _of_trigger(
    workflow: Workflow, trigger: Trigger, event: Event, payload: Mapping[str, JsonValue], facts: Facts
) -> list[Reason]:
    reasons = considered(workflow, trigger, event, payload, facts.changed or _told(event))
    if verdict(reasons) is not False and "sender" in payload:
        reasons.append(_trusted(workflow, trigger, event, facts))
    return reasons


def _told(event: Event) -> Changed | None:
    return Changed(paths=event.touched) if event.touched is not None else None


def _asked(workflow: Workflow, trigger: Trigger, event: Event, payload: Mapping[str, JsonValue]) -> Iterator[Reason]:
    if not is_for(workflow, event.name, payload):
        yield Reason(starts=False, text=f"it is for `{str(payload['workflow'])[:100]}`")
        return
    match trigger.event:
        case "schedule":
            yield from _scheduled(trigger, payload)
        case "workflow_dispatch":
            yield from _inputs_fit(workflow, payload.get("inputs") or {})
        case "comment":
            yield from _commanded(workflow, trigger, event)


def is_for(workflow: Workflow, event_name: str, payload: Mapping[str, JsonValue]) -> bool:
    """Whether an event that names one workflow, as a dispatch or a due schedule does, names this one."""
    named = payload.get("workflow") if event_name in ("schedule", "workflow_dispatch") else None
    return not isinstance(named, str) or named in (workflow.id, workflow.path)


def _trusted(workflow: Workflow, trigger: Trigger, event: Event, facts: Facts) -> Reason:
    found = admitted(workflow.trust, event, facts.role, asked=trigger.event in ("comment", "label"))
    if found.standing is not Standing.WAITING:
        return found.reason
    sha = event.pull_request.head_sha if event.pull_request else ""
    text = f"it waits until a maintainer types `/mycelium allow {sha}`: {found.reason.text}"
    return Reason(starts=None, text=text, rule=found.reason.rule)


def command_of(trigger: Trigger) -> tuple[list[str], list[str]]:
    """The names and aliases under which comments may ask for a workflow."""
    command, alias = trigger.filters.get("command"), trigger.filters.get("alias")
    return [command] if isinstance(command, str) else [], [alias] if isinstance(alias, str) else []


def _commanded(workflow: Workflow, trigger: Trigger, event: Event) -> Iterator[Reason]:
    if event.action != "created":
        yield Reason(starts=False, text=f"only new comments count, and this one was {event.action}", rule=Rule.COMMAND)
        return
    asked = parse_command(event.comment.body if event.comment else "", *command_of(trigger))
    match asked:
        case Command(verb=Verb.START):
            yield Reason(starts=True, text=f"the comment asks for it: `{asked.line[:100]}`", rule=Rule.COMMAND)
            yield from _inputs_fit(workflow, dict(asked.inputs))
        case Misunderstood():
            hint = f" ({asked.hint})" if asked.hint else ""
            yield Reason(starts=False, text=f"{asked.problem}{hint}", rule=Rule.COMMAND)
        case _:
            names = " or ".join(f"`{name}`" for name in spellings(trigger))
            yield Reason(starts=False, text=f"the comment does not begin with {names}", rule=Rule.COMMAND)


def spellings(trigger: Trigger) -> list[str]:
    """How its command is written."""
    names, aliases = command_of(trigger)
    return [*(f"/mycelium {name}" for name in names), *aliases]


def _inputs_fit(workflow: Workflow, given: JsonValue) -> Iterator[Reason]:
    if not isinstance(given, dict):
        yield Reason(starts=False, text="`inputs` of the event is no object", rule=Rule.INPUTS)
        return
    try:
        values = check_inputs(workflow, given)
    except InvalidInputs as error:
        yield from (Reason(starts=False, text=str(problem), rule=Rule.INPUTS) for problem in error.problems)
    else:
        text = f"its inputs fit ({', '.join(values)})" if values else "it takes no inputs"
        yield Reason(starts=True, text=text, rule=Rule.INPUTS)


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
        return _of_schedule(same, f"the event's schedule is {'' if same else 'not '}`{text}`")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return _of_schedule(False, f"`{at[:40]}` is no ISO time")
    if moment.tzinfo is None:
        return _of_schedule(False, f"`{at}` has no offset; write `{at}+00:00`")
    return _due_at(text, zone, moment.replace(second=0, microsecond=0))


def _due_at(text: str, zone: str, minute: datetime) -> Reason:
    cron = parse_cron(text, zone)
    following = cron.next_after(minute - timedelta(seconds=1))
    if following == minute:
        return _of_schedule(True, f"`{text}` ({zone}) is due at {minute.isoformat()}")
    local = following.astimezone(cron.zone).isoformat()
    return _of_schedule(False, f"`{text}` ({zone}) is not due at {minute.isoformat()}; next at {local}")


def _of_schedule(starts: bool, text: str) -> Reason:
    return Reason(starts=starts, text=text, rule=Rule.SCHEDULE)
