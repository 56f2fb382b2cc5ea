"""Node runs move on: the outcome of an attempt, a lost worker, a drained one, each in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrator.execution.failure import error_code
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.retry import RetryDecision, decide
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.lifecycle import budgets
from orchestrator.lifecycle.again import queued_again
from orchestrator.lifecycle.claim import Claim, Claimant, claim_within, tell_claimed
from orchestrator.lifecycle.perform import changing
from orchestrator.lifecycle.ports import Lease
from orchestrator.lifecycle.remember import remember
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.transition import Transition
from orchestrator.report.budget import forfeit

STOPPED: Final = Outcome(cancelled=True)


def settle(services: Services, run: NodeRun, outcome: Outcome, claimant: Claimant) -> Claim | None:
    """Record how the claimed `run` ended, make ready what waited for it, and claim the next run for the same worker.

    The next run is the first in the order of every claim, so a chain stays with its worker and yet nothing older or
    more urgent is passed over. Raises `StaleClaim`, and changes nothing, when somebody else holds the run by now.
    """
    with changing(services, run.execution_id) as change:
        _conclude(services, change, change.claimed(run), outcome)
        following = claim_within(change.tx, services, claimant, change.known_predecessors)
        stays = following is not None and following.run.execution_id == run.execution_id
        if following and stays:
            change.taken(following.run)
    if following and stays:
        return replace(following, execution=change.execution)
    if following:
        tell_claimed(services, following.run)
    return following


def requeue(services: Services, claim: NodeRun, outcome: Outcome = STOPPED) -> None:
    """Give back what a draining worker could not end; that uses up no retry. Raises `StaleClaim`.

    `outcome` tells which agent was called until then, and what it used: that counts for its budget.
    """
    with changing(services, claim.execution_id) as change:
        run = change.claimed(claim)
        remember(services, change, run, outcome)
        if change.execution.cancel_requested:
            change.settle(run, outcome)
        else:
            again = queued_again(run, RetryDecision(again=True, counts=False), change.situation.now)
            change.put([run], [again])
        budgets.close(change, run, outcome)


def lose(services: Services, lease: Lease) -> bool:
    """Take a node run from a worker that stopped beating; false where it beat, or ended, meanwhile."""
    with changing(services, lease.execution_id) as change:
        run = change.tx.run(lease.execution_id, lease.index)
        if run.status is not NodeStatus.RUNNING or (run.epoch, run.lease) != (lease.epoch, lease.beat):
            return False
        message = f"worker {run.worker} vanished while it ran `{run.key}` (attempt {run.attempt})"
        if held := budgets.reserved_by(change, run):
            message += f"; {forfeit(held)}"
        _conclude(services, change, run, Outcome(failure=FailureClass.LOST, message=message))
    return True


def lose_all_of(services: Services, seat: str) -> None:
    """Take the node runs of whoever worked at a seat before its present worker: they have ended, and nobody waits.

    Workers are named `<seat>.<something>`, and a seat has one worker at a time.
    """
    for lease in services.store.leases(services.instance):
        if lease.worker and lease.worker.rpartition(".")[0] == seat:
            lose(services, lease)


def start_running(services: Services, claim: NodeRun) -> Execution:
    """The execution, which has a node run at work: it is `running`, since its first one was claimed.

    Raises `StaleClaim`.
    """
    with changing(services, claim.execution_id) as change:
        change.claimed(claim)
        since = change.execution.started_at
        if since is None:
            change.began()
        moments = [moment for moment in (since, claim.started_at) if moment]
        change.execution = replace(change.execution, started_at=min(moments, default=change.situation.now))
    return change.execution


def _conclude(services: Services, change: Transition, run: NodeRun, outcome: Outcome) -> None:
    remember(services, change, run, outcome)
    node = change.situation.workflow.nodes[run.node]
    decision = decide(node.retry, run, outcome, services.jitter())
    if outcome.failure is FailureClass.LOST and change.execution.cancel_requested:
        change.settle(run, replace(outcome, failure=None, cancelled=True))
    elif decision.again and not change.execution.cancel_requested:
        again = queued_again(run, decision, change.situation.now)
        lost = run.lost + (outcome.failure is FailureClass.LOST)
        code = error_code(node.kind, outcome.failure) if outcome.failure else None
        change.put([run], [replace(again, outcome=outcome, error_code=code, lost=lost)])
    else:
        change.settle(run, outcome)
    budgets.close(change, run, outcome)
