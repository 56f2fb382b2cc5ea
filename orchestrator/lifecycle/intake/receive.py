"""A verified webhook becomes decisions: what starts, what waits, what was refused, and why.

It is safe to repeat: each decision is stored under the delivery's id, together with what it starts. An event that
concerns nobody writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from orchestrator.definition.authority import own
from orchestrator.definition.commands import Command, Misunderstood, Verb, command_line, parse_command
from orchestrator.definition.event import Event, read_event
from orchestrator.definition.explain import command_of, considered, is_for
from orchestrator.definition.matching import concerns, names_of
from orchestrator.definition.model import JsonValue, Trigger, Workflow
from orchestrator.definition.reasons import Reason, Rule, deciding, verdict
from orchestrator.definition.triggers import EVENTS
from orchestrator.errors import MyceliumError, NotFound
from orchestrator.lifecycle.intake.admission import enter, moved, reconsider
from orchestrator.lifecycle.intake.buttons import press
from orchestrator.lifecycle.intake.commanded import carry_out, not_understood, subject_of
from orchestrator.lifecycle.intake.deciding import OPEN, decision, drop, of_version, record
from orchestrator.lifecycle.intake.lapsing import lapse
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, account_of, occasion
from orchestrator.lifecycle.intake.proposing import note_changes
from orchestrator.lifecycle.intake.turns import next_in_turn
from orchestrator.lifecycle.ports import Decision, Hold, Ruling
from orchestrator.lifecycle.ports.github import Busy
from orchestrator.lifecycle.publishing.fates import heard

_LOG = logging.getLogger(__name__)
_COMMANDS = ("comment", "label")


def receive(desk: Desk, delivery: Delivery) -> list[Decision]:
    """Decide on a delivery and carry out what follows; the decisions that were made for it, now or before.

    `Busy` and `Unavailable` mean that nothing more could be decided now: receive it again later. What an event is about
    may be gone by the time it comes; then there is nothing to decide.
    """
    event = read_event(delivery.event, delivery.payload)
    heard(desk.services, delivery.event, delivery.payload)
    try:
        if event.pressed:
            return press(desk, delivery, event)
        made = _received(desk, delivery, event)
        if _here(desk, event.repository):
            note_changes(desk, delivery, event)
        return made
    except NotFound as error:
        _LOG.warning("delivery %s of %s is dropped: %s", delivery.id, delivery.event, error)
        return []


def _received(desk: Desk, delivery: Delivery, event: Event) -> list[Decision]:
    if not is_ours(desk, event):
        return []
    if event.name == "issue_comment":
        return _commented(desk, delivery, event)
    _forget_past_heads(desk, event)
    lapse(desk, event)
    found = occasion(desk, delivery)
    concerned = chosen(found)
    if not concerned:
        return []
    done = {each.subject: each for each in decided(desk, delivery)}
    made = [done.get(workflow.id) or _consider(found, workflow, triggers) for workflow, triggers in concerned]
    return [each for each in made if each]


def is_command(event: Event) -> bool:
    """Whether it is a new comment with a command on its first line."""
    said = event.comment
    return event.action == "created" and said is not None and command_line(said.body) is not None


def release(desk: Desk) -> list[Decision]:
    """Let those start whose turn has come."""
    made: list[Decision] = []
    trouble: MyceliumError | None = None
    for held in next_in_turn(desk):
        # What cannot start, because its commit is out of reach say, holds up its own group alone.
        try:
            decided = reconsider(desk, held)
        except Busy:
            raise
        except MyceliumError as error:
            trouble = trouble or error
        else:
            made += [decided] if decided else []
    if trouble:
        raise trouble
    return made


def is_ours(desk: Desk, event: Event) -> bool:
    """Whether it may concern anybody: an event that workflows can name, in this repository, and not our own doing.

    A push that deletes names no commit, from which anything could be read.
    """
    named = any(name in EVENTS for name in names_of(event)) and not event.gone
    return named and _here(desk, event.repository) and own(event, account_of(desk.github.me())) is None


def _here(desk: Desk, repository: str) -> bool:
    """A repository that was renamed since the settings were written answers to its old name, and sends its new one."""
    if not repository or repository.lower() == desk.github.repository.lower():
        return True
    return repository.lower() == desk.github.facts().full_name.lower()


def _commented(desk: Desk, delivery: Delivery, event: Event) -> list[Decision]:
    if event.comment is None or not is_command(event):
        return []
    found = occasion(desk, delivery)
    if not event.sender.is_person and not _listed_anywhere(found):
        return []
    done = {each.subject: each for each in decided(desk, delivery)}
    commands = _with_commands(found)
    names = [name for _, trigger in commands for name in command_of(trigger)[0]]
    aliases = [alias for _, trigger in commands for alias in command_of(trigger)[1]]
    match parse_command(event.comment.body, names, aliases):
        case Command(verb=Verb.START) as asked:
            mine = _named(asked, commands)
            return [done.get(w.id) or _ruled(found, w, trigger, asked.inputs) for w, trigger in mine]
        case Command() as asked:
            return [done.get(subject_of(asked.line)) or carry_out(found, asked)]
        case Misunderstood() as wrong:
            return [done.get(subject_of(wrong.line)) or not_understood(found, wrong)]
        case _:
            return []


def _listed_anywhere(found: Occasion) -> bool:
    """A bot that no workflow lists is not even answered: two bots that answer each other do not stop."""
    return any(found.event.sender.id in workflow.trust.bots for workflow in found.definitions.workflows.values())


def _named(asked: Command, commands: list[tuple[Workflow, Trigger]]) -> list[tuple[Workflow, Trigger]]:
    named = asked.name.lower()
    return [
        (workflow, trigger)
        for workflow, trigger in commands
        if named in [word.lower() for words in command_of(trigger) for word in words]
    ]


def _with_commands(found: Occasion) -> list[tuple[Workflow, Trigger]]:
    return [
        (workflow, trigger)
        for workflow in found.definitions.workflows.values()
        for trigger in workflow.triggers
        if trigger.event == "comment" and not workflow.is_template
    ]


def chosen(found: Occasion) -> list[tuple[Workflow, list[Trigger]]]:
    """The workflows that the event concerns, each with the triggers that say so."""
    only = found.delivery.only
    # Nobody has put a label on just now where an event is made anew.
    names = names_of(found.event) if only is None else (found.event.name,)
    pairs = [
        (workflow, [t for t in workflow.triggers if t.event in names and concerns(t, found.event)])
        for workflow in found.definitions.workflows.values()
        if not workflow.is_template and is_for(workflow, found.event.name, found.payload)
        if only is None or workflow.id in only
    ]
    return [(workflow, triggers) for workflow, triggers in pairs if triggers]


def _consider(found: Occasion, workflow: Workflow, triggers: list[Trigger]) -> Decision:
    # Whoever asked by a label is answered, also where the same event fits otherwise.
    asked_first = sorted(triggers, key=lambda trigger: trigger.event not in _COMMANDS)
    fitting = next((t for t in asked_first if verdict(reasons_for(found, workflow, t))), triggers[0])
    inputs = found.payload.get("inputs") if found.event.name == "workflow_dispatch" else None
    return _ruled(found, workflow, fitting, inputs if isinstance(inputs, dict) else {})


def _ruled(found: Occasion, workflow: Workflow, trigger: Trigger, inputs: Mapping[str, JsonValue]) -> Decision:
    reasons = reasons_for(found, workflow, trigger)
    asked = trigger.event in _COMMANDS
    if verdict(reasons):
        return enter(found, workflow, inputs, deciding(reasons), asked=asked)
    ruling = Ruling.DENIED if asked else Ruling.FILTERED
    comment = found.event.comment.id if found.event.comment else None
    label = found.event.label if trigger.event == "label" else ""
    reason = of_version(found, workflow.id, deciding(reasons))
    made = decision(found, workflow.id, ruling, reason, owed=asked, comment_id=comment, label=label)
    return record(found.desk, made)


def reasons_for(found: Occasion, workflow: Workflow, trigger: Trigger) -> list[Reason]:
    """The changed files are asked for only where everything else fits."""
    reasons = considered(workflow, trigger, found.event, found.payload)
    if verdict(reasons) is None:
        return considered(workflow, trigger, found.event, found.payload, found.changed)
    return reasons


def _forget_past_heads(desk: Desk, event: Event) -> None:
    """What waits to be allowed waits for one head, and for no closed pull request.

    Deliveries may come late and in any order, so that GitHub is asked where the event is not the end of it.
    """
    if event.name != "pull_request" or event.action not in ("synchronize", "closed") or event.number is None:
        return
    with desk.services.store.begin() as tx:
        waiting = tx.intake.held(OPEN, number=event.number)
    bound = [held for held in waiting if held.state is Hold.WAITING or held.allowed_by]
    if not bound:
        return
    now = desk.github.pull_request(event.number)
    closed = Reason(starts=False, text="the pull request was closed", rule=Rule.MOVED)
    with desk.services.store.begin() as tx:
        still = {held.id for held in tx.intake.held(OPEN, number=event.number)}
        for held in bound:
            if held.id in still and (now.state != "open" or held.head_sha != now.head_sha):
                drop(tx, held, Ruling.SUPERSEDED, closed if now.state != "open" else moved(now.head_sha))


def decided(desk: Desk, delivery: Delivery) -> list[Decision]:
    with desk.services.store.begin() as tx:
        return tx.intake.decided(delivery.id)
