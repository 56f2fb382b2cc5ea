"""Decisions on an event, written so that the same delivery decides once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.definition.reasons import Reason
from orchestrator.errors import Conflict
from orchestrator.lifecycle.intake.occasion import Desk, Occasion
from orchestrator.lifecycle.ports import Decision, HeldStart, Hold, Ruling, Transaction

OPEN = (Hold.WAITING, Hold.QUEUED)


def decision(occasion: Occasion, subject: str, ruling: Ruling, reason: Reason, **keys: Any) -> Decision:
    """A decision on the event, not stored; `keys` are further fields."""
    event = occasion.event
    return Decision(
        delivery_id=occasion.delivery.id,
        subject=subject,
        ruling=ruling,
        rule=reason.rule.value,
        reason=reason.text,
        event=f"{event.name}.{event.action}" if event.action else event.name,
        actor=event.sender.login,
        at=occasion.desk.services.clock.now(),
        number=event.number,
        head_sha=event.pull_request.head_sha if event.pull_request else "",
        **keys,
    )


def of_version(occasion: Occasion, workflow_id: str, reason: Reason) -> Reason:
    """The reason, and where the workflow's file is invalid, that its last valid version counts."""
    then = occasion.definitions.earlier.get(workflow_id)
    if then is None:
        return reason
    since = f"the file is invalid at {occasion.definitions.commit[:12]}"
    return replace(reason, text=f"{reason.text}; {since}, and its last valid version counts, of {then.commit[:12]}")


def ruled(found: Decision, ruling: Ruling, reason: Reason, **keys: Any) -> Decision:
    """The decision as it is now; who is owed an answer has to be told anew."""
    changes: dict[str, Any] = {"execution_id": "", "lines": (), "told": False, **keys}
    return replace(found, ruling=ruling, rule=reason.rule.value, reason=reason.text, **changes)


def settled(held: HeldStart, state: Hold, **keys: Any) -> HeldStart:
    """As it is kept once it has started or never will: the payload is needed no more."""
    return replace(held, state=state, event={}, inputs={}, **keys)


def keep(tx: Transaction, found: Decision, held: HeldStart | None = None) -> Decision:
    """Store a decision, and what is held of it. `Conflict` where it was decided, or settled, meanwhile."""
    if held and held.id:
        if held.id not in {each.id for each in tx.intake.held(OPEN, number=held.number)}:
            raise Conflict(f"the execution of {held.workflow_id} has been settled meanwhile")
        tx.intake.settle(held)
    elif held and (held.group or held.state in OPEN):
        tx.intake.hold(held)
    if found.id:
        tx.intake.amend(found)
        return found
    return tx.intake.record(found)


def record(desk: Desk, found: Decision, held: HeldStart | None = None) -> Decision:
    """`keep` in a transaction of its own; what this delivery decided before stands."""
    try:
        with desk.services.store.begin() as tx:
            return keep(tx, found, held)
    except Conflict:
        return known(desk, found)


def known(desk: Desk, found: Decision) -> Decision:
    """The stored decision of the same delivery on the same subject."""
    with desk.services.store.begin() as tx:
        return next((each for each in tx.intake.decided(found.delivery_id) if each.subject == found.subject), found)


def drop(tx: Transaction, held: HeldStart, ruling: Ruling, reason: Reason) -> None:
    """It never starts: its decision says so."""
    tx.intake.settle(settled(held, Hold.DROPPED))
    for each in tx.intake.decided(held.delivery_id):
        if each.subject == held.workflow_id:
            tx.intake.amend(ruled(each, ruling, reason))
