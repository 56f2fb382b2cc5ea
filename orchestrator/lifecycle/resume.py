"""Taking up an execution whose process tree has died."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.errors import Conflict
from orchestrator.execution.showing import Proposal
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import Transaction
from orchestrator.lifecycle.services import Services


def owes(services: Services, execution: Execution) -> bool:
    """Whether something is still to be done for it that was committed already, or GitHub is behind."""
    effects = services.store.effects(instance=execution.instance, limit=1, execution_id=execution.id)
    pending = any(each.pending for each in services.store.publications(execution.id))
    return bool(effects) or pending or _is_behind(services, execution.id)


def _is_behind(services: Services, execution_id: str) -> bool:
    """Whether GitHub has yet to be told of it, by somebody who can."""
    if services.github is None:
        return False
    showing = services.store.showing(execution_id)
    return (showing is not None and showing.behind) or _changes(services, execution_id) is not None


def _changes(services: Services, execution_id: str) -> Proposal | None:
    """What its pull request changes in workflows, where that was to be shown by whoever ran it, and is not yet."""
    execution = services.store.execution(execution_id)
    if execution.target is None or execution.target.number is None:
        return None
    subject = Proposal(repository=execution.target.repository, number=execution.target.number).subject
    found = services.store.proposal(execution.target.repository, subject)
    return found if found and found.behind and found.instance == execution.instance else None


def resume(services: Services, execution_id: str, *, of: str | None = None) -> None:
    """Make this instance the owner; node runs that were at work count as lost and start anew.

    The caller has made sure that `of`, the instance which owned it, is dead. `Conflict` where another instance has
    taken it up since, or when the execution has ended, unless its processes died before they had made its branch, told
    its end, here and to GitHub, and sent what it publishes: that is done now.
    """
    behind, changes = _is_behind(services, execution_id), _changes(services, execution_id)
    with services.store.begin() as tx:
        execution = tx.lock(execution_id)
        if execution.status.ended and not (behind or _owes(tx, execution)):
            raise Conflict(f"execution {execution_id} has already ended: {execution.status.value}")
        if execution.instance == services.instance:
            raise Conflict(f"execution {execution_id} belongs to this instance already, and goes on")
        if of not in (None, execution.instance):
            raise Conflict(f"another process has taken up execution {execution_id} just now")
        tx.save(replace(execution, instance=services.instance))
        if changes:
            tx.propose(replace(changes, instance=services.instance))
    for lease in services.store.leases(services.instance):
        if lease.execution_id == execution_id:
            advance.lose(services, lease)
    perform(services, execution_id)
    for label, count in services.store.ready(services.instance, services.clock.now()).items():
        services.wake.workers(label, count)


def _owes(tx: Transaction, execution: Execution) -> bool:
    effects = tx.effects(instance=execution.instance, limit=1, execution_id=execution.id)
    return bool(effects) or any(each.pending for each in tx.publications(execution.id))
