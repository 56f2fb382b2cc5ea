"""One unit of work on SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, text, update

from orchestrator.definition.codec import dump_agents, dump_project, dump_workflow
from orchestrator.definition.project import Project
from orchestrator.errors import Conflict, NotFound, StaleClaim
from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.ledger import Balance, Reservation
from orchestrator.execution.publication import Publication
from orchestrator.execution.showing import Proposal, Showing, Shown
from orchestrator.execution.state import Execution, NodeRun, NodeStatus, Plan, Result
from orchestrator.lifecycle.ports import Dossier, Intake, Lead, StoredEffect
from orchestrator.store import claims, reservations, showing
from orchestrator.store.attempts import write_attempt
from orchestrator.store.neighbourhood import (
    read_execution,
    read_predecessors,
    read_run,
    read_runs,
    read_successors,
)
from orchestrator.store.outbox import read_effects, remove_effect, write_effects
from orchestrator.store.prepared import Prepared
from orchestrator.store.proposals import write_proposed
from orchestrator.store.proposals import write_told as write_proposal_told
from orchestrator.store.publications import read_publications, write_publication
from orchestrator.store.schema import RUN_COLUMNS, edges, executions, leads, node_runs, plans

_EXECUTION_FIELDS = tuple(field.name for field in fields(Execution))
_RUN_FIELDS = tuple(field.name for field in fields(NodeRun))
_RUN_KEY = ("execution_id", "index")
_CANCELLABLE = (NodeStatus.PENDING, NodeStatus.QUEUED, NodeStatus.WAITING)


def _saving_runs() -> Prepared:
    """Replaces rows whose claim is not newer than ours."""
    runs = node_runs.c
    return Prepared(
        update(node_runs)
        .where(
            runs.execution_id == bindparam("of_execution"),
            runs.index == bindparam("of_index"),
            runs.epoch <= bindparam("of_epoch"),
        )
        .values({column.name: bindparam(column.name) for column in RUN_COLUMNS if column.name not in _RUN_KEY})
    )


@cache
def _saving(names: tuple[str, ...]) -> Prepared:
    """Writes these columns of one execution."""
    row = executions.c.id == bindparam("of_execution")
    return Prepared(update(executions).where(row).values({name: bindparam(name) for name in names}))


_SAVE_RUNS = _saving_runs()
_HIGHEST = Prepared(
    select(func.max(executions.c.number).label("number")).where(executions.c.workflow_id == bindparam("workflow_id"))
)
_KNOWN = Prepared(
    select(executions.c.id).where(
        or_(
            executions.c.id == bindparam("of_execution"),
            (executions.c.workflow_id == bindparam("workflow_id")) & (executions.c.number == bindparam("number")),
        )
    )
)
_ADD_EXECUTION, _ADD_PLAN = Prepared(insert(executions)), Prepared(insert(plans))
_ADD_RUNS, _ADD_EDGES = Prepared(insert(node_runs)), Prepared(insert(edges))
_ADD_LEAD = text("INSERT INTO leads (name, holder, beat) VALUES (:name, :holder, :beat) ON CONFLICT DO NOTHING")
_MANY_ROWS = 1_000
_COUNT_ANEW = text("ANALYZE (SKIP_LOCKED) node_runs, edges")
_ONE_NUMBER_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(:workflow_id))")


class SqlTransaction:
    """`Transaction` on one connection. Writing to an execution it has not locked is a bug, and raises.

    A run that becomes ready is mostly claimed by the same transaction, so it is kept until then, and written once.
    Whatever else looks at node runs, and the end of the transaction, has it written before: `flush` is called there.
    That an execution changed is written at the very end, so that nobody waits for a lock that we hold.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._locked: dict[str, Execution] = {}
        self._claimed = False
        self._ready: list[NodeRun] = []
        self._changed: set[str] = set()

    def finish(self) -> None:
        """The last thing to be done before the commit."""
        self.flush()
        showing.count_up(self._connection, self._changed)

    def flush(self) -> None:
        """Write the node runs that are kept."""
        ready, self._ready = self._ready, []
        self._write(ready)

    @property
    def intake(self) -> Intake:
        # Workers take nothing in, and need not import it.
        from orchestrator.store.intake import SqlIntake

        return SqlIntake(self._connection)

    def next_number(self, workflow_id: str) -> int:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_ONE_NUMBER_AT_A_TIME, {"workflow_id": workflow_id})
        (highest,) = _HIGHEST.rows(self._connection, workflow_id=workflow_id)
        return 1 + (highest["number"] or 0)

    def insert(
        self, execution: Execution, plan: Plan, runs: Sequence[NodeRun], edges: Sequence[tuple[int, int]]
    ) -> None:
        self._refuse_known(execution)
        _ADD_EXECUTION.write(self._connection, {name: getattr(execution, name) for name in _EXECUTION_FIELDS})
        self._locked[execution.id] = execution
        showing.add_showing(self._connection, execution)
        self._insert_plan(execution.id, plan)
        if runs:
            rows = [{"instance": execution.instance, **_run_values(run)} for run in runs]
            _ADD_RUNS.write(self._connection, *rows)
        self._insert_edges(execution.id, edges)
        if len(runs) + len(edges) >= _MANY_ROWS and self._connection.dialect.name == "postgresql":
            # It plans by what it counted last, and would come back to that by itself only minutes later.
            self._connection.execute(_COUNT_ANEW)

    def lock(self, execution_id: str) -> Execution:
        if self._claimed:
            raise RuntimeError("`lock` comes before `claim`: the other order can deadlock")
        self._locked[execution_id] = read_execution(self._connection, execution_id, lock=True)
        return self._locked[execution_id]

    def execution(self, execution_id: str) -> Execution:
        held = self._locked.get(execution_id)
        return held or read_execution(self._connection, execution_id)

    def save(self, execution: Execution) -> None:
        before = self._hold(execution.id)
        new = {name: getattr(execution, name) for name in _EXECUTION_FIELDS}
        changed = {name: value for name, value in new.items() if value != getattr(before, name)}
        if changed:
            _saving(tuple(changed)).write(self._connection, {"of_execution": execution.id, **changed})
        if "instance" in changed:
            self._hand_over([execution.id], execution.instance)
        self._locked[execution.id] = execution

    def run(self, execution_id: str, index: int) -> NodeRun:
        self.flush()
        return read_run(self._connection, execution_id, index)

    def runs(self, execution_id: str) -> list[NodeRun]:
        self.flush()
        self._know(execution_id)
        return read_runs(self._connection, execution_id)

    def successors(self, execution_id: str, index: int) -> list[NodeRun]:
        self.flush()
        self._know(execution_id)
        return read_successors(self._connection, execution_id, index)

    def predecessors(self, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
        self.flush()
        self._know(execution_id)
        return read_predecessors(self._connection, execution_id, indexes)

    def save_runs(self, runs: Sequence[NodeRun]) -> None:
        for execution_id in {run.execution_id for run in runs}:
            self._hold(execution_id)
        self.flush()
        self._write([run for run in runs if not _ready_now(run)])
        self._ready = [run for run in runs if _ready_now(run)]

    def cancel_pending(self, execution_id: str, at: datetime) -> int:
        self._hold(execution_id)
        self.flush()
        cancelled = {"status": NodeStatus.CANCELLED, "result": Result.CANCELLED, "completed_at": at}
        pending = node_runs.c.status.in_(_CANCELLABLE)
        return self._connection.execute(
            update(node_runs).where(node_runs.c.execution_id == execution_id, pending).values(cancelled)
        ).rowcount

    def claim(self, *, labels: Sequence[str], instance: str, worker: str, now: datetime) -> NodeRun | None:
        found = self._first_kept(labels, instance, now)
        if found:
            self._ready.remove(found)
            taken = claims.taken(found, worker, now)
            self._write([taken], over=found.epoch)
        else:
            self.flush()
            found = claims.first_due(self._connection, labels=labels, instance=instance, now=now, hold=True)
            if found is None:
                return None
            taken = claims.taken(found, worker, now)
            claims.write_taken(self._connection, taken)
        self._claimed = True
        return taken

    def reservation(self, execution_id: str, index: int, epoch: int) -> Reservation | None:
        return reservations.read_reservation(self._connection, execution_id, index, epoch)

    def put_reservation(self, execution_id: str, reservation: Reservation) -> None:
        self._hold(execution_id)
        reservations.write_reservation(self._connection, execution_id, reservation)

    def balance(self, execution_id: str, index: int | None = None) -> Balance:
        self._know(execution_id)
        return reservations.read_balance(self._connection, execution_id, index)

    def begin_anew(self, execution_id: str, indexes: Collection[int]) -> None:
        self._hold(execution_id)
        reservations.begin_anew(self._connection, execution_id, indexes)

    def coming(self, execution_id: str) -> dict[str, int]:
        self._know(execution_id)
        return reservations.count_coming(self._connection, execution_id)

    def short_of_budget(self, execution_id: str) -> list[NodeRun]:
        self._know(execution_id)
        return reservations.read_short(self._connection, execution_id)

    def remember(self, attempt: AgentRun) -> None:
        self._hold(attempt.execution_id)
        write_attempt(self._connection, attempt)

    def publications(self, execution_id: str) -> list[Publication]:
        return read_publications(self._connection, execution_id)

    def put_publication(self, publication: Publication) -> None:
        self._hold(publication.execution_id)
        write_publication(self._connection, publication)

    def add_effects(self, execution_id: str, effects: Sequence[Effect]) -> None:
        self._know(execution_id)
        write_effects(self._connection, execution_id, effects)

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        return read_effects(self._connection, instance, limit, execution_id)

    def remove_effect(self, effect_id: int) -> None:
        remove_effect(self._connection, effect_id)

    def changed(self, execution_id: str) -> None:
        self._changed.add(execution_id)

    def begin_round(self, execution_id: str, places: Collection[str]) -> None:
        showing.begin_round(self._connection, execution_id, places)

    def put_shown(self, execution_id: str, thing: Shown) -> bool:
        return showing.write_shown(self._connection, execution_id, thing)

    def tell(self, showing_now: Showing) -> None:
        showing.write_told(self._connection, showing_now)

    def propose(self, proposal: Proposal) -> None:
        write_proposed(self._connection, proposal)

    def put_proposal(self, proposal: Proposal) -> None:
        write_proposal_told(self._connection, proposal)

    def dossier(self, execution_id: str) -> Dossier:
        from orchestrator.store.dossiers import read_dossier  # workers take nothing elsewhere, and need not import it

        self.flush()
        return read_dossier(self._connection, execution_id)

    def put_dossier(self, dossier: Dossier) -> None:
        from orchestrator.store.dossiers import write_rest

        self.insert(dossier.execution, dossier.plan, dossier.runs, dossier.edges)
        write_rest(self._connection, dossier)

    def remove(self, execution_id: str) -> None:
        from orchestrator.store.dossiers import remove

        self._hold(execution_id)
        self.flush()
        remove(self._connection, execution_id)
        self._locked.pop(execution_id)
        self._changed.discard(execution_id)

    def lead(self, name: str) -> Lead | None:
        row = self._connection.execute(select(leads).where(leads.c.name == name)).one_or_none()
        return Lead(holder=row.holder, beat=row.beat) if row else None

    def take_lead(self, name: str, lead: Lead, *, expected: Lead | None) -> bool:
        values = {"holder": lead.holder, "beat": lead.beat}
        if expected is None:
            return self._connection.execute(_ADD_LEAD, {"name": name, **values}).rowcount == 1
        held = (leads.c.name == name) & (leads.c.holder == expected.holder) & (leads.c.beat == expected.beat)
        return self._connection.execute(update(leads).where(held).values(values)).rowcount == 1

    def drop_lead(self, name: str, holder: str) -> None:
        self._connection.execute(delete(leads).where(leads.c.name == name, leads.c.holder == holder))

    def _hold(self, execution_id: str) -> Execution:
        if execution_id not in self._locked:
            self._know(execution_id)
            raise RuntimeError(f"execution {execution_id} is written to without `lock`")
        return self._locked[execution_id]

    def _first_kept(self, labels: Sequence[str], instance: str, now: datetime) -> NodeRun | None:
        """What is to be claimed of the runs that are kept; None where a stored one comes first.

        The stored one is not held: others would pass over it, and nobody would have it.
        """
        kept = claims.first(run for run in self._ready if run.queue in labels and self._claimable(run, instance))
        if kept is None:
            return None
        stored = claims.first_due(self._connection, labels=labels, instance=instance, now=now, hold=False)
        comes_first = stored is None or (_key(stored) != _key(kept) and claims.first([stored, kept]) is kept)
        return kept if comes_first else None

    def _claimable(self, run: NodeRun, instance: str) -> bool:
        execution = self._hold(run.execution_id)
        return execution.instance == instance and not execution.cancel_requested

    def _write(self, runs: Sequence[NodeRun], *, over: int | None = None) -> None:
        """Replace rows whose epoch is not above the run's, or not above `over`."""
        if not runs:
            return
        rows: list[dict[str, Any]] = [
            {
                **_run_values(run),
                "of_execution": run.execution_id,
                "of_index": run.index,
                "of_epoch": run.epoch if over is None else over,
            }
            for run in runs
        ]
        if _SAVE_RUNS.write(self._connection, *rows) != len(rows):
            self._explain_missing(rows)

    def _know(self, execution_id: str) -> None:
        if execution_id not in self._locked:
            read_execution(self._connection, execution_id)

    def _hand_over(self, execution_ids: Sequence[str], instance: str) -> None:
        for execution_id in execution_ids:
            runs_of = node_runs.c.execution_id == execution_id
            self._connection.execute(update(node_runs).where(runs_of).values(instance=instance))

    def _refuse_known(self, execution: Execution) -> None:
        row = {"of_execution": execution.id, "workflow_id": execution.workflow_id, "number": execution.number}
        if _KNOWN.rows(self._connection, **row):
            number = f"number {execution.number} of {execution.workflow_id}"
            raise Conflict(f"execution {execution.id} ({number}) exists already")

    def _insert_plan(self, execution_id: str, plan: Plan) -> None:
        values = {
            "execution_id": execution_id,
            "definition": dump_workflow(plan.definition),
            "source": plan.source,
            "agents": dump_agents(plan.agents),
            "files": plan.files,
            "base_bundle": plan.base_bundle,
            "project": None if plan.project == Project() else dump_project(plan.project),
            "record": plan.record,
            "last_valid": plan.last_valid,
        }
        _ADD_PLAN.write(self._connection, values)

    def _insert_edges(self, execution_id: str, pairs: Sequence[tuple[int, int]]) -> None:
        rows = [{"execution_id": execution_id, "source": source, "target": target} for source, target in pairs]
        if rows:
            _ADD_EDGES.write(self._connection, *rows)

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


def _run_values(run: NodeRun) -> dict[str, object]:
    return {name: getattr(run, name) for name in _RUN_FIELDS}
