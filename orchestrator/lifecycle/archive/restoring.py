"""Putting a record into the store, as an execution that nobody runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from orchestrator.errors import Conflict, NotFound
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.archive.record import Record
from orchestrator.lifecycle.ports import Dossier, Transaction
from orchestrator.lifecycle.services import Services

RESTORED: Final = "restored"
"""The instance of executions that came from the branch: no process tree has it, until one takes an execution up."""

_BATCH: Final = 1000


def restore(services: Services, record: Record) -> None:
    """Store it, in place of what the store has of the execution; `Conflict` where a process tree of here runs that.

    Its number is another one where this store has given that to another execution. The record has been checked.
    """
    execution_id = record.dossier.execution.id
    if not replaceable(services, execution_id):
        raise Conflict(f"execution {execution_id} is at work here", hint="wait for its end, or cancel it")
    for content in record.blobs.values():
        services.blobs.put(content)
    services.logs.forget(execution_id)
    lines = iter(record.log)
    while batch := list(islice(lines, _BATCH)):
        services.logs.append(execution_id, batch)
    services.logs.settle(execution_id)
    services.forget_plan(execution_id)
    execution = replace(record.dossier.execution, instance=RESTORED)
    with services.store.begin() as tx:
        _remove(tx, execution_id)
        _put(tx, replace(record.dossier, execution=execution))
        tx.intake.put_mark(mark_of(execution_id), record.saved_at)


def replaceable(services: Services, execution_id: str) -> bool:
    """Whether nothing of the execution would be lost here: it is unknown, has ended, came from the branch, or waits and
    has not moved since it was saved there."""
    try:
        known = services.store.execution(execution_id)
    except NotFound:
        return True
    if known.status.ended or known.instance == RESTORED:
        return True
    saved = saved_at(services, execution_id)
    if known.status is not ExecutionStatus.WAITING or saved is None:
        return False
    moments = ((run.started_at, run.completed_at) for run in services.store.runs(execution_id))
    return all(at is None or at <= saved for pair in moments for at in pair)


def saved_at(services: Services, execution_id: str) -> datetime | None:
    """Which record of an execution the store was brought to, or made last."""
    with services.store.begin() as tx:
        return tx.intake.mark(mark_of(execution_id))


def mark_of(execution_id: str) -> str:
    """The mark that tells which record of an execution the store agrees with."""
    return f"history {execution_id}"


def _remove(tx: Transaction, execution_id: str) -> None:
    try:
        tx.lock(execution_id)
    except NotFound:
        return
    tx.remove(execution_id)


def _put(tx: Transaction, dossier: Dossier) -> None:
    try:
        tx.put_dossier(dossier)
    except Conflict:
        execution = replace(dossier.execution, number=tx.next_number(dossier.execution.workflow_id))
        tx.put_dossier(replace(dossier, execution=execution))
