"""Budgets in transactions: an attempt reserves before it starts, and what it leaves is free again when it has ended.

All of it happens under the lock of the execution, and for the claim that holds the node run. So whoever dies when, a
reservation is closed once: by whoever ends the claim.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from orchestrator.execution.amounts import Amounts, Unit, limits, total, used
from orchestrator.execution.budget import Reserved, Short, all_coming, draws, reserve
from orchestrator.execution.failure import SHORT_OF_BUDGET, error_code
from orchestrator.execution.ledger import Balance, Ledger, Reservation
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.retry import RetryDecision
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.again import queued_again
from orchestrator.lifecycle.perform import changing
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.transition import Transition

LOOK_AGAIN_SECONDS: Final = 60.0
"""When a run that waits for others looks by itself whether they have given back enough; they tell it, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Whether a claimed run may start: with `reserved` of what is limited (None: without a budget), or not, because it
    is `short` of something. Where that passes, the run is back in the queue."""

    reserved: Amounts | None = None
    short: Short | None = None


def start(services: Services, claim: NodeRun) -> Start:
    """Reserve for a claim; asking again changes nothing. `StaleClaim` when somebody else holds the run by now."""
    workflow = services.plan(claim.execution_id).definition
    if not draws(workflow, workflow.nodes[claim.node]):
        return Start()
    with changing(services, claim.execution_id) as change:
        return _start(change, change.claimed(claim))


def _start(change: Transition, run: NodeRun) -> Start:
    known = change.tx.reservation(run.execution_id, run.index, run.epoch)
    if known:
        return Start(reserved=known.reserved)
    decision = _Room(change).ask(run)
    if isinstance(decision, Short):
        if decision.passes:
            _wait(change, run)
        return Start(short=decision)
    reservation = Reservation(index=run.index, epoch=run.epoch, reserved=decision.amounts)
    change.tx.put_reservation(run.execution_id, reservation)
    if run.error_code in SHORT_OF_BUDGET:
        change.put([run], [replace(run, error_code=None)])
    return Start(reserved=decision.amounts)


def _wait(change: Transition, run: NodeRun) -> None:
    """Waiting uses up no attempt."""
    if change.execution.cancel_requested:
        change.settle(run, Outcome(cancelled=True))
        return
    decision = RetryDecision(again=True, delay_seconds=LOOK_AGAIN_SECONDS, counts=False)
    code = error_code(change.situation.workflow.nodes[run.node].kind, FailureClass.BUDGET)
    change.put([run], [replace(queued_again(run, decision, change.situation.now), error_code=code)])


def close(change: Transition, run: NodeRun, outcome: Outcome) -> None:
    """The attempt of a claim has ended, and all that follows from that is written: what it used is spent, and those
    who wait for the rest may go on."""
    workflow = change.situation.workflow
    if not draws(workflow, workflow.nodes[run.node]):
        return
    held = change.tx.reservation(run.execution_id, run.index, run.epoch)
    if held and held.open:
        change.tx.put_reservation(run.execution_id, ended(held, run, outcome, change.situation.now))
    _let_go_on(change)


def ended(held: Reservation, run: NodeRun, outcome: Outcome, now: datetime) -> Reservation:
    """What becomes of an open reservation of the claim of `run`."""
    seconds = (now - run.started_at).total_seconds() if run.started_at else 0.0
    return replace(held, spent=_spent(held.reserved, outcome, seconds), assumed=is_unknown(outcome))


def _spent(reserved: Amounts, outcome: Outcome, seconds: float) -> Amounts:
    """Where a process vanished, nobody may know what was used: then all that was reserved counts as spent."""
    spent = used(outcome.usage, seconds)
    if not is_unknown(outcome):
        return spent
    return {unit: reserved.get(unit, 0) for unit in Unit} | {
        Unit.MINUTES: min(reserved.get(Unit.MINUTES, 0), spent[Unit.MINUTES])
    }


def is_unknown(outcome: Outcome) -> bool:
    """Whether an attempt ended so that nobody can tell what it used."""
    return outcome.failure is FailureClass.LOST and outcome.usage is None


def reserved_by(change: Transition, run: NodeRun) -> Amounts | None:
    """What the claim of a run holds, where it has a budget."""
    workflow = change.situation.workflow
    if not draws(workflow, workflow.nodes[run.node]):
        return None
    held = change.tx.reservation(run.execution_id, run.index, run.epoch)
    return held.reserved if held and held.open else None


def begin_anew(change: Transition, indexes: set[int]) -> None:
    """Node runs start over with the whole of their own budgets. The execution's does not forget what was spent, but
    what was only assumed to be: somebody has decided to go on."""
    workflow = change.situation.workflow
    if any(draws(workflow, node) for node in workflow.nodes.values()):
        change.tx.begin_anew(change.execution.id, indexes)


def _let_go_on(change: Transition) -> None:
    """Make ready those who wait and would get what they need by now, or will never get it."""
    waiting = change.tx.short_of_budget(change.execution.id)
    if not waiting:
        return
    room = _Room(change)
    ready = [run for run in waiting if room.has_an_answer_for(run)]
    change.put(ready, [replace(run, not_before=None) for run in ready])


class _Room:
    """What is left in an execution, read once, and less with each run that it is asked for."""

    def __init__(self, change: Transition) -> None:
        self._tx = change.tx
        self._workflow = change.situation.workflow
        limit = limits(self._workflow.budget)
        execution_id = change.execution.id
        self._execution = Ledger(limit=limit, balance=self._tx.balance(execution_id) if limit else Balance())
        self._coming = self._tx.coming(execution_id) if limit else {}

    def ask(self, run: NodeRun) -> Reserved | Short:
        """What an attempt at `run` would get now."""
        limit = limits(self._workflow.nodes[run.node].budget)
        balance = self._tx.balance(run.execution_id, run.index) if limit else Balance()
        return reserve(self._execution, Ledger(limit=limit, balance=balance), all_coming(self._workflow, self._coming))

    def has_an_answer_for(self, run: NodeRun) -> bool:
        """Whether it need not wait any longer; what it would get is taken."""
        decision = self.ask(run)
        if isinstance(decision, Short):
            return not decision.passes
        balance = self._execution.balance
        reserved = total([balance.reserved, decision.amounts])
        self._execution = replace(self._execution, balance=replace(balance, reserved=reserved))
        self._coming = {**self._coming, run.node: self._coming[run.node] - 1}
        return True
