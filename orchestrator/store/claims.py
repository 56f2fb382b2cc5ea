"""Claiming: the first queued node run that is due becomes this worker's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, or_, select, text, update

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.store.neighbourhood import run_of
from orchestrator.store.schema import RUN_COLUMNS, executions, node_runs

QUEUED = text("node_runs.status = 'queued'")


def claim(
    connection: Connection, *, labels: Sequence[str], instance: str, worker: str, now: datetime
) -> NodeRun | None:
    """As `Transaction.claim`. Each label is one step along an index; the best of them wins."""
    rows = [connection.execute(first_due(label, instance, now)).one_or_none() for label in dict.fromkeys(labels)]
    found = [run_of(row) for row in rows if row is not None]
    return _take(connection, min(found, key=_urgency), worker, now) if found else None


def first_due(label: str, instance: str, now: datetime) -> Select[*tuple[Any, ...]]:
    """The first run of one queue in claiming order, held against other claims and passing over what they hold."""
    runs = node_runs.c
    return (
        select(*RUN_COLUMNS)
        .join(executions, executions.c.id == runs.execution_id)
        .where(
            QUEUED,
            runs.instance == instance,
            runs.queue == label,
            or_(runs.not_before.is_(None), runs.not_before <= now),
            executions.c.cancel_requested.is_(False),
        )
        .order_by(runs.priority.desc(), runs.ready_at, runs.execution_id, runs.index)
        .limit(1)
        .with_for_update(of=node_runs, skip_locked=True)
    )


def _take(connection: Connection, run: NodeRun, worker: str, now: datetime) -> NodeRun:
    taken = replace(
        run,
        status=NodeStatus.RUNNING,
        epoch=run.epoch + 1,
        attempt=run.attempt + 1,
        worker=worker,
        started_at=now,
        lease=0,
    )
    changed = ("status", "epoch", "attempt", "worker", "started_at", "lease")
    connection.execute(
        update(node_runs)
        .where(node_runs.c.execution_id == run.execution_id, node_runs.c.index == run.index)
        .values({name: getattr(taken, name) for name in changed})
    )
    return taken


def _urgency(run: NodeRun) -> tuple[int, float, str, int]:
    return -run.priority, run.ready_at.timestamp() if run.ready_at else 0.0, run.execution_id, run.index
