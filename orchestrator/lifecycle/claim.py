"""Claiming: a worker takes the first ready node run, and with it all that its attempt starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle import live
from orchestrator.lifecycle.notice import Notice, tell
from orchestrator.lifecycle.ports import StopSignals, Transaction
from orchestrator.lifecycle.services import Services

Predecessors = Callable[[NodeRun], Sequence[NodeRun] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimant:
    """Who claims, and what for."""

    name: str
    labels: Sequence[str]
    signals: StopSignals

    def open_labels(self) -> Sequence[str]:
        """The queues it still claims from: none once it drains."""
        return () if self.signals.draining() else self.labels


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A node run that is ours as of its epoch, with its execution and its predecessors, by index."""

    run: NodeRun
    execution: Execution
    predecessors: Sequence[NodeRun]


def claim(services: Services, claimant: Claimant) -> Claim | None:
    """Take the first run that is ready, and tell that it runs; None where nothing is, or the claimant drains."""
    if not claimant.open_labels():
        return None
    with services.store.begin() as tx:
        found = claim_within(tx, services, claimant)
    if found:
        tell_claimed(services, found.run)
    return found


def claim_within(
    tx: Transaction, services: Services, claimant: Claimant, known: Predecessors = lambda _run: None
) -> Claim | None:
    """The same as part of a transaction; telling is left to the caller.

    `known` gives the predecessors of a run where the transaction has read them already.
    """
    labels = claimant.open_labels()
    if not labels:
        return None
    run = tx.claim(labels=labels, instance=services.instance, worker=claimant.name, now=services.clock.now())
    if run is None:
        return None
    before = known(run) or tx.predecessors(run.execution_id, [run.index])[run.index]
    execution = tx.execution(run.execution_id)
    if execution.target:
        tx.changed(run.execution_id)
    return Claim(run=run, execution=execution, predecessors=before)


def tell_claimed(services: Services, run: NodeRun) -> None:
    """Let the watchers know that a claimed run is running."""
    tell(services, run.execution_id, Notice(runs=[live.described(run)]))
