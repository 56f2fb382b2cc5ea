"""Writing node runs, and claiming them: one that becomes ready is mostly claimed by the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from orchestrator.errors import NotFound, StaleClaim
from orchestrator.execution.state import NodeRun, NodeStatus, Result
from orchestrator.store import claims
from orchestrator.store.neighbourhood import read_run
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import RUN_COLUMNS, node_runs

_FIELDS = tuple(field.name for field in fields(NodeRun))
_KEY = ("execution_id", "index")
_CANCELLABLE = (NodeStatus.PENDING, NodeStatus.QUEUED, NodeStatus.WAITING)


def _saving() -> Prepared:
    """Replaces rows whose claim is not newer than ours."""
    runs = node_runs.c
    return Prepared(
        update(node_runs)
        .where(
            runs.execution_id == bindparam("of_execution"),
            runs.index == bindparam("of_index"),
            runs.epoch <= bindparam("of_epoch"),
        )
        .values({column.name: bindparam(column.name) for column in RUN_COLUMNS if column.name not in _KEY})
    )


_SAVE = _saving()


def run_values(run: NodeRun) -> dict[str, object]:
    """Its columns."""
    return {name: getattr(run, name) for name in _FIELDS}


class RunWriter:
    """Keeps what is ready until it is claimed, so that it is written once.

    Before anybody else looks at node runs, and at the end of the transaction, `flush` is to be called.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ready: list[NodeRun] = []

    def flush(self) -> None:
        """Write the node runs that are kept."""
        ready, self._ready = self._ready, []
        self._write(ready)

    def save(self, runs: Sequence[NodeRun]) -> None:
        """As `Transaction.save_runs`."""
        self.flush()
        self._write([run for run in runs if not _ready_now(run)])
        self._ready = [run for run in runs if _ready_now(run)]

    def cancel_pending(self, execution_id: str, at: datetime) -> int:
        """As `Transaction.cancel_pending`."""
        self.flush()
        cancelled = {"status": NodeStatus.CANCELLED, "result": Result.CANCELLED, "completed_at": at}
        pending = node_runs.c.status.in_(_CANCELLABLE)
        return self._connection.execute(
            update(node_runs).where(node_runs.c.execution_id == execution_id, pending).values(cancelled)
        ).rowcount

    def claim(
        self,
        claimable: Callable[[NodeRun], bool],
        *,
        labels: Sequence[str],
        instance: str,
        worker: str,
        now: datetime,
    ) -> NodeRun | None:
        """As `Transaction.claim`; of those that are kept, one that is `claimable`."""
        found = self._first_kept(claimable, labels, instance, now)
        if found:
            self._ready.remove(found)
            taken = claims.taken(found, worker, now)
            self._write([taken], over=found.epoch)
            return taken
        self.flush()
        found = claims.first_due(self._connection, labels=labels, instance=instance, now=now, hold=True)
        if found is None:
            return None
        taken = claims.taken(found, worker, now)
        claims.write_taken(self._connection, taken)
        return taken

    def _first_kept(
        self, claimable: Callable[[NodeRun], bool], labels: Sequence[str], instance: str, now: datetime
    ) -> NodeRun | None:
        """What is to be claimed of the runs that are kept; None where a stored one comes first.

        The stored one is not held: others would pass over it, and nobody would have it.
        """
        kept = claims.first(run for run in self._ready if run.queue in labels and claimable(run))
        if kept is None:
            return None
        stored = claims.first_due(self._connection, labels=labels, instance=instance, now=now, hold=False)
        comes_first = stored is None or (_key(stored) != _key(kept) and claims.first([stored, kept]) is kept)
        return kept if comes_first else None

    def _write(self, runs: Sequence[NodeRun], *, over: int | None = None) -> None:
        """Replace rows whose epoch is not above the run's, or not above `over`."""
        if not runs:
            return
        rows: list[dict[str, Any]] = [
            {
                **run_values(run),
                "of_execution": run.execution_id,
                "of_index": run.index,
                "of_epoch": run.epoch if over is None else over,
            }
            for run in runs
        ]
        if _SAVE.write(self._connection, *rows) != len(rows):
            self._explain_missing(rows)

    def _explain_missing(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            stored = read_run(self._connection, row["of_execution"], row["of_index"])
            if stored.epoch > row["of_epoch"]:
                raise StaleClaim(f"{stored.key} of {stored.execution_id} has been claimed again since")
        raise NotFound("a node run disappeared while it was saved")


def _key(run: NodeRun) -> tuple[str, int]:
    return run.execution_id, run.index


def _ready_now(run: NodeRun) -> bool:
    return run.status is NodeStatus.QUEUED and run.not_before is None
