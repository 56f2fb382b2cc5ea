"""What a job of Actions asks of an event besides `receive`: what may start at all, and a workflow that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrator.definition.authority import own
from orchestrator.definition.event import read_event
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.definition.reader import nearest
from orchestrator.definition.reasons import Reason, Rule, verdict
from orchestrator.errors import InvalidDefinition, NotFound, Problem
from orchestrator.lifecycle.intake.admission import enter
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, account_of, occasion
from orchestrator.lifecycle.intake.proposing import note_changes
from orchestrator.lifecycle.intake.receive import chosen, decided, is_command, is_ours, reasons_for
from orchestrator.lifecycle.ports import Decision
from orchestrator.lifecycle.ports.definitions import Definitions


@dataclass(frozen=True, kw_only=True, slots=True)
class Startable:
    """Workflows that may start; `problems` are those of files which nobody can say that of."""

    workflows: Sequence[Workflow] = ()
    problems: Sequence[Problem] = ()


def startable(desk: Desk, delivery: Delivery, *, name: str = "") -> Startable:
    """The workflows that the event may start, as far as its triggers say so; whom `trust` lets is another question.

    Of a command they are all of the repository's, since it may mean executions of any; with `name` it is that one, or
    `NotFound` and `InvalidDefinition` as from `start_named`. Nothing is decided or written.
    """
    event = read_event(delivery.event, delivery.payload)
    commented = event.name == "issue_comment"
    if commented and not is_command(event):
        return Startable()
    if name and not commented:
        return Startable(workflows=[named(occasion(desk, delivery).definitions, name)])
    if event.pressed or not is_ours(desk, event):
        return Startable()
    found = occasion(desk, delivery)
    fitting = [
        workflow
        for workflow, triggers in chosen(found)
        if any(verdict(reasons_for(found, workflow, trigger)) for trigger in triggers)
    ]
    everything = list(found.definitions.workflows.values())
    return Startable(workflows=everything if commented else fitting, problems=found.definitions.problems)


def start_named(desk: Desk, delivery: Delivery, name: str, inputs: Mapping[str, JsonValue]) -> Decision | None:
    """Decide on the workflow that whoever set the event up has named: its triggers are not asked, but its trust is.

    What the event changes in workflows is shown as always. None where the event is our own doing. `NotFound` where
    there is no such workflow, `InvalidDefinition` where it has problems.
    """
    event = read_event(delivery.event, delivery.payload)
    note_changes(desk, delivery, event)
    if own(event, account_of(desk.github.me())):
        return None
    found = occasion(desk, delivery)
    workflow = named(found.definitions, name)
    done = {each.subject: each for each in decided(desk, delivery)}
    reason = Reason(starts=True, text="the job names it", rule=Rule.EVENT)
    return done.get(workflow.id) or enter(found, workflow, inputs, reason, asked=False)


def named(definitions: Definitions, name: str) -> Workflow:
    """The workflow with that id, or of that file."""
    for workflow in definitions.workflows.values():
        if name in (workflow.id, workflow.path):
            return workflow
    if wrong := [each for each in definitions.problems if each.place and _means(each.place.file, name)]:
        raise InvalidDefinition(wrong)
    hint = nearest(name, definitions.workflows) or f"known ids: {', '.join(definitions.workflows) or 'none'}"
    raise NotFound(f"there is no workflow `{name[:100]}` at {definitions.commit[:12]}", hint=hint)


def _means(path: str, name: str) -> bool:
    return path == name or PurePosixPath(path).with_suffix("").as_posix().endswith(f"/{name}")
