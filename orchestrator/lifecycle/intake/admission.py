"""An event that fits is admitted, waits for somebody, or is denied. What waits is looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.definition.authority import Admission, Standing, admitted
from orchestrator.definition.model import JsonValue, Workflow
from orchestrator.definition.reasons import Reason, Rule
from orchestrator.errors import Conflict
from orchestrator.execution.state import TriggerKind
from orchestrator.lifecycle.definitions.committed import fingerprint
from orchestrator.lifecycle.intake.deciding import decision, drop, keep, known, of_version, record, ruled, settled
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, Occasion, occasion
from orchestrator.lifecycle.intake.remade import why_not_again
from orchestrator.lifecycle.intake.turns import take_turn
from orchestrator.lifecycle.ports import Decision, HeldStart, Hold, Ruling

SHOWN_SHA = 12
"""Digits of a commit that people type."""


def enter(
    found: Occasion, workflow: Workflow, inputs: Mapping[str, JsonValue], reason: Reason, *, asked: bool
) -> Decision:
    """Decide on a workflow that the event fits, for `reason`, and start it, or let it wait.

    `asked`: by a command or a label, whose author is told what became of it.
    """
    held = _held(found, workflow, inputs, asked)
    comment = found.event.comment.id if found.event.comment else None
    reason = of_version(found, workflow.id, reason)
    made = decision(
        found, workflow.id, Ruling.MATCHED, reason, owed=asked, comment_id=comment, label=_label(found, asked)
    )
    return _ruled_on(found, workflow, made, held)


def reconsider(desk: Desk, held: HeldStart) -> Decision | None:
    """Look again at what waits for its turn, or was allowed just now: everything must still be as it was then.

    None where its delivery has no decision any more.
    """
    found = occasion(desk, Delivery(id=held.delivery_id, event=held.event_name, payload=held.event))
    made = _decision_of(desk, held)
    if made is None:
        return None
    if lapsed := _lapsed(found, held):
        return record(desk, ruled(made, Ruling.SUPERSEDED, lapsed), settled(held, Hold.DROPPED))
    workflow = found.definitions.workflows[held.workflow_id]
    now = fingerprint(found.definitions, workflow.id)
    if now != held.fingerprint and held.allowed_by:
        reason = Reason(starts=None, text="the workflow has changed since; it is to be allowed anew", rule=Rule.MOVED)
        waiting = replace(held, state=Hold.WAITING, fingerprint=now, allowed_by="")
        return record(desk, ruled(made, Ruling.WAITING, reason, owed=True, lines=_how(found, held)), waiting)
    return _ruled_on(found, workflow, made, replace(held, fingerprint=now))


def _ruled_on(found: Occasion, workflow: Workflow, made: Decision, held: HeldStart) -> Decision:
    verdict = admitted(workflow.trust, found.event, found.role, asked=held.asked, allowed=bool(held.allowed_by))
    match verdict.standing:
        case Standing.ADMITTED:
            text = f"{made.reason}; {verdict.reason.text}" if not made.id else verdict.reason.text
            reason = Reason(starts=True, text=text, rule=verdict.reason.rule)
            return take_turn(found, ruled(made, Ruling.MATCHED, reason), held)
        case Standing.WAITING:
            waiting = ruled(made, Ruling.WAITING, verdict.reason, owed=True, lines=_how(found, held))
            return _let_wait(found.desk, waiting, replace(held, state=Hold.WAITING, allowed_by=""))
        case _:
            return _denied(found.desk, made, held, verdict)


def _let_wait(desk: Desk, made: Decision, held: HeldStart) -> Decision:
    """Of several events that would start the same on the same head, one waits: who allows it, allows one execution."""
    text = "a later event on the same head waits in its place"
    try:
        with desk.services.store.begin() as tx:
            kept = keep(tx, made, held)
            for other in tx.intake.held([Hold.WAITING], number=held.number):
                if other.delivery_id != held.delivery_id and _alike(other, held):
                    drop(tx, other, Ruling.SUPERSEDED, Reason(starts=False, text=text, rule=Rule.ALLOWED))
    except Conflict:
        return known(desk, made)
    return kept


def _alike(one: HeldStart, other: HeldStart) -> bool:
    return (one.workflow_id, one.head_sha, one.inputs) == (other.workflow_id, other.head_sha, other.inputs)


def _denied(desk: Desk, made: Decision, held: HeldStart, verdict: Admission) -> Decision:
    dropped = settled(held, Hold.DROPPED) if held.id else None
    return record(desk, ruled(made, Ruling.DENIED, verdict.reason), dropped)


def _lapsed(found: Occasion, held: HeldStart) -> Reason | None:
    """Why it can start no more. An allowance is for one head; without one an older head may still have its turn."""
    if held.workflow_id not in found.definitions.workflows:
        text = f"there is no valid workflow `{held.workflow_id}` any more at {found.definitions.commit[:SHOWN_SHA]}"
        return Reason(starts=False, text=text, rule=Rule.FILE)
    bound = held.number is not None and held.head_sha and (held.allowed_by or held.state is Hold.WAITING)
    if not bound or held.number is None:
        return None
    head = found.desk.github.pull_request(held.number).head_sha
    return None if head == held.head_sha else moved(head)


def moved(head: str) -> Reason:
    """What is said where the pull request has another head by now."""
    return Reason(starts=False, text=f"the pull request has a new head, {head[:SHOWN_SHA]}", rule=Rule.MOVED)


def _how(found: Occasion, held: HeldStart) -> tuple[str, ...]:
    """All digits: of fewer, two commits can be made."""
    never = why_not_again(found, asked=held.asked)
    return (never or f"A maintainer lets it start with `/mycelium allow {held.head_sha}`",)


def _decision_of(desk: Desk, held: HeldStart) -> Decision | None:
    with desk.services.store.begin() as tx:
        return next((each for each in tx.intake.decided(held.delivery_id) if each.subject == held.workflow_id), None)


def _held(found: Occasion, workflow: Workflow, inputs: Mapping[str, JsonValue], asked: bool) -> HeldStart:
    event = found.event
    return HeldStart(
        delivery_id=found.delivery.id,
        workflow_id=workflow.id,
        state=Hold.WAITING,
        actor=event.sender.login,
        event_name=event.name,
        event=dict(found.payload),
        trigger=_trigger(found),
        inputs=dict(inputs),
        head_sha=event.pull_request.head_sha if event.pull_request else "",
        fingerprint=fingerprint(found.definitions, workflow.id),
        at=found.desk.services.clock.now(),
        number=event.number,
        asked=asked,
        allowed_by=found.desk.allowed_by,
    )


def _trigger(found: Occasion) -> TriggerKind:
    if found.desk.job:
        return TriggerKind.GITHUB_ACTION
    return TriggerKind.SCHEDULED if found.event.name == "schedule" else TriggerKind.WEBHOOK


def _label(found: Occasion, asked: bool) -> str:
    return found.event.label if asked and found.event.action == "labeled" else ""
