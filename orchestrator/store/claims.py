"""Claiming: the first queued node run that is due becomes this worker's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, text, update

from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import RUN_COLUMNS, executions, node_runs

QUEUED = text("node_runs.status = 'queued'")
SET_BACK = timedelta(minutes=1)
"""A run that became ready so far in the future says that the clock was set back since: its delay counts no more."""


_DUE = (
    select(*RUN_COLUMNS)
    .join(executions, executions.c.id == node_runs.c.execution_id)
    .where(
        QUEUED,
        node_runs.c.instance == bindparam("of_instance"),
        node_runs.c.queue == bindparam("label"),
        or_(
            node_runs.c.not_before.is_(None),
            node_runs.c.not_before <= bindparam("now"),
            node_runs.c.ready_at > bindparam("ahead"),
        ),
        executions.c.cancel_requested.is_(False),
    )
    .order_by(node_runs.c.priority.desc(), node_runs.c.ready_at, node_runs.c.execution_id, node_runs.c.index)
    .limit(1)
)
"""The first run of one queue in claiming order."""

_FIRST_DUE = Prepared(_DUE)
_FIRST_FREE = Prepared(_DUE.with_for_update(of=node_runs, skip_locked=True))
"""Held against other claims, and passing over what they hold."""

_CHANGED = ("status", "epoch", "attempt", "worker", "started_at", "lease")
_TAKE = Prepared(
    update(node_runs)
    .where(node_runs.c.execution_id == bindparam("of_execution"), node_runs.c.index == bindparam("of_index"))
    .values({name: bindparam(name) for name in _CHANGED})
)


def first_due(
    connection: Connection, *, labels: Sequence[str], instance: str, now: datetime, hold: bool
) -> NodeRun | None:
    """The run that `Transaction.claim` would take. Each label is one step along an index; the best of them wins.

    To `hold` it keeps other claims from it; whoever only looks may be shown one that is being claimed.
    """
    query = _FIRST_FREE if hold else _FIRST_DUE
    when = {"now": now, "ahead": now + SET_BACK}
    rows = [query.row(connection, of_instance=instance, label=label, **when) for label in dict.fromkeys(labels)]
    return first(NodeRun(**row) for row in rows if row is not None)


def first(runs: Iterable[NodeRun]) -> NodeRun | None:
    """The one of these queued runs that is to be claimed before the others."""
    return min(runs, key=_urgency, default=None)


def taken(run: NodeRun, worker: str, now: datetime) -> NodeRun:
    """A queued run as its claim leaves it."""
    return replace(
        run,
        status=NodeStatus.RUNNING,
        epoch=run.epoch + 1,
        attempt=run.attempt + 1,
        worker=worker,
        started_at=now,
        lease=0,
    )


def write_taken(connection: Connection, run: NodeRun) -> None:
    """Store what `taken` changed."""
    values = {name: getattr(run, name) for name in _CHANGED}
    _TAKE.write(connection, {"of_execution": run.execution_id, "of_index": run.index, **values})


def _urgency(run: NodeRun) -> tuple[int, float, str, int]:
    return -run.priority, run.ready_at.timestamp() if run.ready_at else 0.0, run.execution_id, run.index
