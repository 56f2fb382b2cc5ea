"""A worker's work: claim a ready node run, carry it out, settle it, and go on with the next."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.definition.model import NodeKind
from orchestrator.errors import BadInput, SetupError, StaleClaim
from orchestrator.execution.failure import error_code
from orchestrator.execution.state import Execution, ExecutionStatus, FailureClass, Level, NodeRun, Outcome
from orchestrator.lifecycle import advance, contexts, live
from orchestrator.lifecycle.attempt import Attempt
from orchestrator.lifecycle.attend import Attendance
from orchestrator.lifecycle.carry_out import carry_out
from orchestrator.lifecycle.logbook import Logbook
from orchestrator.lifecycle.masking import Mask
from orchestrator.lifecycle.ports import Control, StopReason, StopSignals
from orchestrator.lifecycle.services import Services

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """Who claims, and what for."""

    name: str
    labels: Sequence[str]
    signals: StopSignals

    def open_labels(self) -> Sequence[str]:
        """The queues it still claims from: none once it drains."""
        return () if self.signals.draining() else self.labels


def work(services: Services, *, labels: Sequence[str], worker: str, signals: StopSignals) -> int:
    """Claim and run until nothing is ready for `labels`, or the worker drains; how many attempts it made."""
    claimant = Worker(name=worker, labels=labels, signals=signals)
    attempts = 0
    claim = _claim(services, claimant)
    while claim:
        attempts += 1
        claim = _take_on(services, claim, claimant) or _claim(services, claimant)
    return attempts


def _claim(services: Services, worker: Worker) -> NodeRun | None:
    labels = worker.open_labels()
    if not labels:
        return None
    with services.store.begin() as tx:
        now = services.clock.now()
        return tx.claim(labels=labels, instance=services.instance, worker=worker.name, now=now)


def _take_on(services: Services, claim: NodeRun, worker: Worker) -> NodeRun | None:
    """Carry a claim through to its end; the next claim, where settling brought one."""
    try:
        with Attendance(services, claim, worker.signals) as control:
            outcome = _attempted(services, claim, control)
            if outcome.cancelled and control.reason() is StopReason.DRAIN:
                advance.requeue(services, claim)
                return None
            labels = worker.open_labels()
            return advance.settle(services, claim, outcome, labels=labels, worker=worker.name)
    except StaleClaim as stale:
        _LOG.info("the work on %s of execution %s is dropped: %s", claim.key, claim.execution_id, stale)
        return None


def _attempted(services: Services, claim: NodeRun, control: Control) -> Outcome:
    execution = _started(services, claim)
    predecessors = services.store.predecessors(claim.execution_id, claim.index)
    plan = services.plan(claim.execution_id)
    mask = Mask(services.secrets.values())
    with Logbook(services, claim, mask) as log, _scratch() as scratch:
        try:
            seen = contexts.of_node(execution, plan.definition, claim, predecessors, services.secrets)
        except BadInput as error:
            outcome = Outcome(failure=FailureClass.SETUP, message=mask.text(f"`env` cannot be evaluated: {error}"))
        else:
            attempt = Attempt(
                services=services,
                execution=execution,
                plan=plan,
                run=claim,
                predecessors=predecessors,
                contexts=seen,
                log=log,
                mask=mask,
                control=control,
                scratch=scratch,
            )
            outcome = carry_out(attempt)
        _report_failure(log, plan.definition.nodes[claim.node].kind, outcome)
        return outcome


def _started(services: Services, claim: NodeRun) -> Execution:
    live.announce(services, claim.execution_id, live.described(claim))
    execution = services.store.execution(claim.execution_id)
    if execution.status is ExecutionStatus.RUNNING and not _began_before(claim, execution):
        return execution
    advance.start_running(services, claim)
    return services.store.execution(claim.execution_id)


def _began_before(claim: NodeRun, execution: Execution) -> bool:
    """Of two workers that claim at the same time, the later one may be the first to tell."""
    return bool(claim.started_at and execution.started_at and claim.started_at < execution.started_at)


def _report_failure(log: Logbook, kind: NodeKind, outcome: Outcome) -> None:
    if outcome.failure:
        log.say(outcome.message, level=Level.ERROR, error_code=error_code(kind, outcome.failure))


@contextmanager
def _scratch() -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix="mycelium-"))
    except OSError as error:
        hint = "make room, check permissions, or set TMPDIR to another folder"
        raise SetupError(f"no folder for temporary files can be made: {error.strerror}", hint=hint) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
