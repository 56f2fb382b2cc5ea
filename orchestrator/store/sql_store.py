"""The store on SQL: transactions, and the reads that need none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, func, or_, select, text, update

from orchestrator.errors import BadInput
from orchestrator.execution.ledger import Reservation
from orchestrator.execution.publication import Publication
from orchestrator.execution.showing import Proposal, Showing, Shown
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, Plan
from orchestrator.lifecycle.ports import AgentHistory, Lease, StoredEffect
from orchestrator.store.claims import QUEUED, SET_BACK
from orchestrator.store.engine import WRITE
from orchestrator.store.faults import translated
from orchestrator.store.neighbourhood import (
    execution_of,
    no_execution,
    read_execution,
    read_runs,
    run_of,
)
from orchestrator.store.outbox import read_effects
from orchestrator.store.plans import read_plan
from orchestrator.store.proposals import read_proposal, read_proposals
from orchestrator.store.publications import (
    next_publication,
    read_about,
    read_due,
    read_followed,
    read_publications,
)
from orchestrator.store.reservations import read_reservations
from orchestrator.store.schema import RUN_COLUMNS, edges, executions, node_runs
from orchestrator.store.showing import read_behind, read_newest, read_showing, read_shown
from orchestrator.store.transaction import SqlTransaction

RUNNING = text("node_runs.status = 'running'")
WAITING = text("node_runs.status = 'waiting'")
_SHORTEST_PREFIX = 4
_SHOWN_CANDIDATES = 10


class SqlStore:
    """`Store` on an engine; safe for threads and after a fork. `where` names the database in errors."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**WRITE)
        self._where = where

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        with translated(self._where), self._writing.begin() as connection:
            transaction = SqlTransaction(connection)
            yield transaction
            transaction.finish()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._where), self._engine.connect() as connection:
            yield connection

    def execution(self, execution_id: str) -> Execution:
        with self._reading() as connection:
            return read_execution(connection, execution_id)

    def find(self, reference: str) -> Execution:
        with self._reading() as connection:
            candidates = _candidates(connection, reference)
            if not candidates:
                raise no_execution(reference)
            if len(candidates) > 1:
                more = ", …" if len(candidates) > _SHOWN_CANDIDATES else ""
                listed = ", ".join(candidates[:_SHOWN_CANDIDATES]) + more
                raise BadInput(f"several executions begin with {reference}: {listed}", hint="give more of the id")
            return read_execution(connection, candidates[0])

    def executions(
        self,
        *,
        workflow_id: str | None = None,
        statuses: Collection[ExecutionStatus] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[Execution]:
        query = select(executions).order_by(executions.c.id.desc()).limit(limit)
        if workflow_id is not None:
            query = query.where(executions.c.workflow_id == workflow_id)
        if statuses:
            query = query.where(executions.c.status.in_(sorted(statuses)))
        if before is not None:
            query = query.where(executions.c.id < before)
        with self._reading() as connection:
            return [execution_of(row) for row in connection.execute(query)]

    def plan(self, execution_id: str) -> Plan:
        with self._reading() as connection:
            return read_plan(connection, execution_id)

    def runs(self, execution_id: str) -> list[NodeRun]:
        with self._reading() as connection:
            read_execution(connection, execution_id)
            return read_runs(connection, execution_id)

    def edges(self, execution_id: str) -> list[tuple[int, int]]:
        query = select(edges.c.source, edges.c.target).where(edges.c.execution_id == execution_id)
        with self._reading() as connection:
            read_execution(connection, execution_id)
            rows = connection.execute(query.order_by(edges.c.source, edges.c.target))
            return [(source, target) for source, target in rows]

    def reservations(self, execution_id: str) -> list[Reservation]:
        with self._reading() as connection:
            read_execution(connection, execution_id)
            return read_reservations(connection, execution_id)

    def beat(self, leases: Sequence[Lease]) -> dict[tuple[str, int], bool]:
        if not leases:
            return {}
        with translated(self._where), self._writing.begin() as connection:
            ours = [lease for lease in leases if _renew(connection, lease)]
            if not ours:
                return {}
            ids = {lease.execution_id for lease in ours}
            query = select(executions.c.id, executions.c.cancel_requested).where(executions.c.id.in_(sorted(ids)))
            cancelled = dict(connection.execute(query).all())
        return {(lease.execution_id, lease.index): cancelled[lease.execution_id] for lease in ours}

    def leases(self, instance: str) -> list[Lease]:
        runs = node_runs.c
        columns = (runs.execution_id, runs.index, runs.epoch, runs.lease.label("beat"), runs.worker)
        query = select(*columns).where(RUNNING, runs.instance == instance).order_by(runs.execution_id, runs.index)
        with self._reading() as connection:
            return [Lease(**row) for row in connection.execute(query).mappings()]

    def ready(self, instance: str, now: datetime) -> dict[str, int]:
        with self._reading() as connection:
            return dict(connection.execute(due_by_label(instance, now)).all())

    def next_due(self, instance: str) -> datetime | None:
        retry = select(func.min(node_runs.c.not_before)).where(QUEUED, node_runs.c.instance == instance)
        deadline = select(func.min(node_runs.c.deadline)).where(WAITING, node_runs.c.instance == instance)
        with self._reading() as connection:
            found: list[datetime | None] = [connection.execute(query).scalar() for query in (retry, deadline)]
            found.append(next_publication(connection, instance))
        return min((at for at in found if at is not None), default=None)

    def overdue(self, instance: str, now: datetime) -> list[NodeRun]:
        runs = node_runs.c
        query = select(*RUN_COLUMNS).where(WAITING, runs.instance == instance, runs.deadline <= now)
        with self._reading() as connection:
            return [run_of(row) for row in connection.execute(query.order_by(runs.execution_id, runs.index))]

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        with self._reading() as connection:
            return read_effects(connection, instance, limit, execution_id)

    def behind(self, instance: str) -> list[Showing]:
        with self._reading() as connection:
            return read_behind(connection, instance)

    def showing(self, execution_id: str) -> Showing | None:
        with self._reading() as connection:
            return read_showing(connection, execution_id)

    def shown(self, execution_id: str) -> list[Shown]:
        with self._reading() as connection:
            return read_shown(connection, execution_id)

    def newest_shown(self, repository: str, number: int, workflow_id: str, place: str) -> list[tuple[str, int | None]]:
        with self._reading() as connection:
            return read_newest(connection, repository, number, workflow_id, place)

    def proposals(self, instance: str) -> list[Proposal]:
        with self._reading() as connection:
            return read_proposals(connection, instance)

    def proposal(self, repository: str, subject: str) -> Proposal | None:
        with self._reading() as connection:
            return read_proposal(connection, repository, subject)

    def publications(self, execution_id: str) -> list[Publication]:
        with self._reading() as connection:
            return read_publications(connection, execution_id)

    def copies(self, execution_id: str) -> dict[str, str]:
        from orchestrator.store.dossiers import read_copies  # few executions come from elsewhere

        with self._reading() as connection:
            return read_copies(connection, execution_id)

    def due_publications(self, instance: str, now: datetime, *, limit: int = 20) -> list[Publication]:
        with self._reading() as connection:
            return read_due(connection, instance, now, limit)

    def followed(self, repository: str, *, before: datetime, limit: int) -> list[Publication]:
        with self._reading() as connection:
            return read_followed(connection, repository, before, limit)

    def followed_at(self, repository: str, number: int) -> list[Publication]:
        with self._reading() as connection:
            return read_about(connection, repository, number)

    def history(self) -> AgentHistory:
        # Workers ask nothing of it, and need not import it.
        from orchestrator.store.history import SqlHistory

        return SqlHistory(self._engine, self._where)

    def close(self) -> None:
        self._engine.dispose()


def due_by_label(instance: str, now: datetime) -> Select[str, int]:
    """Counts the queued runs that a worker may take now, by queue label."""
    runs = node_runs.c
    return (
        select(runs.queue, func.count())
        .join(executions, executions.c.id == runs.execution_id)
        .where(
            QUEUED,
            runs.instance == instance,
            or_(runs.not_before.is_(None), runs.not_before <= now, runs.ready_at > now + SET_BACK),
            executions.c.cancel_requested.is_(False),
        )
        .group_by(runs.queue)
    )


def _candidates(connection: Connection, reference: str) -> list[str]:
    ids = executions.c.id
    if reference == "latest":
        return list(connection.execute(select(ids).order_by(ids.desc()).limit(1)).scalars())
    if connection.execute(select(ids).where(ids == reference)).first():
        return [reference]
    if len(reference) < _SHORTEST_PREFIX:
        return []
    # A range instead of LIKE: it uses the index everywhere, and no character in it has a meaning.
    beginning = (ids >= reference) & (ids <= reference + "\U0010ffff")
    return list(connection.execute(select(ids).where(beginning).order_by(ids).limit(_SHOWN_CANDIDATES + 1)).scalars())


def _renew(connection: Connection, lease: Lease) -> bool:
    runs = node_runs.c
    mine = (runs.execution_id == lease.execution_id) & (runs.index == lease.index) & (runs.epoch == lease.epoch)
    renewed = update(node_runs).where(mine, RUNNING).values(lease=runs.lease + 1)
    return connection.execute(renewed).rowcount == 1
