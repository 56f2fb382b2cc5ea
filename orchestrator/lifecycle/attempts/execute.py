"""A worker's work: claim a ready node run, carry it out, settle it, and go on with the next."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from orchestrator.definition.model import NodeKind
from orchestrator.errors import BadInput, StaleClaim
from orchestrator.execution.failure import error_code
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import Execution, ExecutionStatus, Plan
from orchestrator.lifecycle import advance, budgets, contexts
from orchestrator.lifecycle.attempts.attempt import Attempt, AttemptFailed
from orchestrator.lifecycle.attempts.attend import Attendant
from orchestrator.lifecycle.attempts.carry_out import carry_out
from orchestrator.lifecycle.attempts.logbook import Logbook
from orchestrator.lifecycle.attempts.tally import Tally
from orchestrator.lifecycle.attempts.temporary import Folders
from orchestrator.lifecycle.claim import Claim, Claimant, claim
from orchestrator.lifecycle.outage import through_outage
from orchestrator.lifecycle.ports import Control, StopReason, StopSignals
from orchestrator.lifecycle.secrecy import mask_of, secrets_for
from orchestrator.lifecycle.services import Services
from orchestrator.report.budget import forfeit, refusal, waiting

_LOG = logging.getLogger(__name__)


def work(services: Services, *, labels: Sequence[str], worker: str, signals: StopSignals) -> int:
    """Claim and run until nothing is ready for `labels`, or the worker drains; how many attempts it made."""
    claimant = Claimant(name=worker, labels=labels, signals=signals)
    attempts = 0
    with Attendant(services, signals) as attendant, Folders() as folders:
        ours = claim(services, claimant)
        while ours:
            attempts += 1
            ours = _take_on(services, ours, claimant, attendant, folders) or claim(services, claimant)
    return attempts


def _take_on(
    services: Services, ours: Claim, claimant: Claimant, attendant: Attendant, folders: Folders
) -> Claim | None:
    """Carry a claim through to its end; the next claim, where settling brought one."""
    try:
        with attendant.attending(ours.run) as control:
            try:
                outcome = _attempted(services, ours, control, folders)
            finally:
                folders.clear()
            if outcome is None:
                return None
            if outcome.cancelled and control.reason() is StopReason.DRAIN:
                through_outage(lambda: advance.requeue(services, ours.run, outcome))
                return None
            return through_outage(lambda: advance.settle(services, ours.run, outcome, claimant))
    except StaleClaim as stale:
        _LOG.info("the work on %s of execution %s is dropped: %s", ours.run.key, ours.run.execution_id, stale)
        return None


def _attempted(services: Services, ours: Claim, control: Control, folders: Folders) -> Outcome | None:
    """How the attempt ended; None where it has to wait for others, and the run is back in the queue."""
    run, execution = ours.run, through_outage(lambda: _started(services, ours))
    plan = through_outage(lambda: services.plan(run.execution_id))
    start = through_outage(lambda: budgets.start(services, run))
    mask = mask_of(services)
    tally = Tally(start.reserved, run.started_at, services.clock)
    with Logbook(services, run, mask) as log:
        if start.short and start.short.passes:
            log.say(waiting(start.short))
            return None
        try:
            seen = _seen(services, ours, execution, plan, start)
        except AttemptFailed as failed:
            outcome = Outcome(failure=failed.failure, message=mask.text(failed.message))
        else:
            attempt = Attempt(
                services=services,
                execution=execution,
                plan=plan,
                run=run,
                predecessors=ours.predecessors,
                contexts=seen,
                log=log,
                mask=mask,
                control=control,
                folders=folders,
                tally=tally,
            )
            outcome = carry_out(attempt)
        _report(log, plan.definition.nodes[run.node].kind, outcome, tally)
        return outcome


def _seen(services: Services, ours: Claim, execution: Execution, plan: Plan, start: budgets.Start) -> contexts.Contexts:
    """What the texts of the node see. Raises `AttemptFailed` where it may not start, or cannot."""
    if start.short:
        raise AttemptFailed(FailureClass.BUDGET, refusal(start.short))
    try:
        secrets = secrets_for(services, execution)
        return contexts.of_node(execution, plan.definition, ours.run, ours.predecessors, secrets)
    except BadInput as error:
        raise AttemptFailed(FailureClass.SETUP, f"`env` cannot be evaluated: {error}") from error


def _started(services: Services, ours: Claim) -> Execution:
    if ours.execution.status is ExecutionStatus.RUNNING and not _began_before(ours):
        return ours.execution
    return advance.start_running(services, ours.run)


def _began_before(ours: Claim) -> bool:
    """Of two workers that claim at the same time, the later one may be the first to tell."""
    began, known = ours.run.started_at, ours.execution.started_at
    return bool(began and known and began < known)


def _report(log: Logbook, kind: NodeKind, outcome: Outcome, tally: Tally) -> None:
    for overshoot in tally.overshoots():
        log.say(overshoot, level=Level.WARNING)
    if tally.reserved and budgets.is_unknown(outcome):
        log.say(forfeit(tally.reserved), level=Level.WARNING)
    if outcome.failure:
        log.say(outcome.message, level=Level.ERROR, error_code=error_code(kind, outcome.failure))
