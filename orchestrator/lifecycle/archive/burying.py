"""The record of an execution that nobody may go on with, and whose job was killed: as it is, and cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from orchestrator.errors import Conflict
from orchestrator.execution import progress
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun, NodeStatus, Result
from orchestrator.lifecycle import budgets
from orchestrator.lifecycle.archive.codec import Body
from orchestrator.lifecycle.archive.entry import Entry
from orchestrator.lifecycle.archive.holders import IsGone, refuse_held
from orchestrator.lifecycle.archive.index import INDEX, dump, index_of
from orchestrator.lifecycle.archive.reading import read
from orchestrator.lifecycle.archive.record import Damaged, Record
from orchestrator.lifecycle.ports.record_branch import Change, RecordBranch, Tip


def bury(branch: RecordBranch, execution_id: str, mine: str, why: str, *, gone: IsGone, at: datetime) -> bool:
    """As `Keeper.bury`."""
    done = False

    def decide(tip: Tip) -> Change | None:
        nonlocal done
        index = index_of(tip)
        entry = index.entries.get(execution_id)
        done = entry is not None and entry.holder not in ("", mine) and _is_free(entry, mine, gone, at)
        if entry is None or not done:
            return None
        put, buried = {}, replace(entry, holder="", held_at=None)
        if record := _to_bury(entry, tip):
            ended = _cancelled(record, why, entry.later(at))
            body = Body(ended)
            put[entry.path] = body.encode(ended)
            status, digest = ended.dossier.execution.status, body.digest(ended)
            buried = replace(buried, status=status, saved_at=ended.saved_at, saved_by=mine, due=None, digest=digest)
        put[INDEX] = dump(replace(index, entries={**index.entries, execution_id: buried}))
        return Change(message=f"Let go of {execution_id}", put=put)

    branch.write(decide)
    return done


def _is_free(entry: Entry, mine: str, gone: IsGone, at: datetime) -> bool:
    try:
        refuse_held(entry, mine, gone, at)
    except Conflict:
        return False
    return True


def _to_bury(entry: Entry, tip: Tip) -> Record | None:
    """None where it cannot be read, or has ended."""
    try:
        record = read(entry, tip.read([entry.path]).get(entry.path))
    except Damaged:
        return None
    return None if record.dossier.execution.status.ended else record


def _cancelled(record: Record, why: str, at: datetime) -> Record:
    dossier = record.dossier
    runs = tuple(run if run.status.settled else _stopped(run, at) for run in dossier.runs)
    lost = Outcome(failure=FailureClass.LOST, message=why)
    # What stays reserved would be missing in the budget for ever, whoever runs it again.
    reservations = tuple(
        budgets.ended(each, dossier.runs[each.index], lost, at) if each.open else each for each in dossier.reservations
    )
    message = f"its job was killed, and it does not go on: {why}"
    counted = replace(
        dossier.execution, cancel_requested=True, open_runs=0, active_runs=0, error_message=message, completed_at=None
    )
    execution = progress.ended(counted, runs, at)
    buried = replace(dossier, execution=execution, runs=runs, reservations=reservations, effects=())
    return replace(record, dossier=buried, saved_at=at)


def _stopped(run: NodeRun, at: datetime) -> NodeRun:
    return replace(
        run,
        status=NodeStatus.CANCELLED,
        result=Result.CANCELLED,
        completed_at=at,
        not_before=None,
        deadline=None,
        error_code=None,
    )
