"""The store in memory, with the rules of the real one.

Values are copied on the way in and out; a transaction undoes what it changed when its block raises; one lock stands
for the database's. What would go wrong on a real database raises `RuntimeError` here: a write without `lock`, a
transaction inside a transaction, a read beside an open transaction of the same thread.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Protocol, TypeVar

from orchestrator.errors import BadInput, Conflict, NotFound, StaleClaim
from orchestrator.execution.amounts import Unit
from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.failure import SHORT_OF_BUDGET
from orchestrator.execution.ledger import Balance, Reservation, balance
from orchestrator.execution.publication import Publication, PublicationState
from orchestrator.execution.showing import Proposal, Showing, Shown
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan, Result
from orchestrator.lifecycle.ports import AgentHistory, Dossier, Lead, Lease, StoredEffect
from tests.fakes.copied import copied
from tests.fakes.history import MemoryHistory
from tests.fakes.intake import IntakeTables, MemoryIntake

Key = tuple[str, int]
K = TypeVar("K")
V = TypeVar("V")
LONG_AGO = datetime.min.replace(tzinfo=UTC)
CANCELLABLE = (NodeStatus.PENDING, NodeStatus.QUEUED, NodeStatus.WAITING)


class NowClock(Protocol):
    """As much of a clock as fakes take; the store is told every time it needs and reads none."""

    def now(self) -> datetime: ...


@dataclass
class Tables:
    """What a database would hold. `moving` has the runs that are queued, running or waiting, for quick look-ups."""

    executions: dict[str, Execution] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    runs: dict[str, dict[int, NodeRun]] = field(default_factory=dict)
    edges: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    sources: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    targets: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    moving: dict[Key, NodeRun] = field(default_factory=dict)
    reservations: dict[tuple[str, int, int], Reservation] = field(default_factory=dict)
    agent_runs: dict[tuple[str, int, int], AgentRun] = field(default_factory=dict)
    publications: dict[tuple[str, str], Publication] = field(default_factory=dict)
    outbox: dict[int, StoredEffect] = field(default_factory=dict)
    showings: dict[str, Showing] = field(default_factory=dict)
    shown: dict[tuple[str, str], Shown] = field(default_factory=dict)
    proposals: dict[tuple[str, str], Proposal] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    copies: dict[str, dict[str, str]] = field(default_factory=dict)
    intake: IntakeTables = field(default_factory=IntakeTables)
    last_effect: int = 0

    def execution(self, execution_id: str) -> Execution:
        if execution_id not in self.executions:
            raise NotFound(f"there is no execution {execution_id}")
        return self.executions[execution_id]

    def run(self, execution_id: str, index: int) -> NodeRun:
        self.execution(execution_id)
        if index not in self.runs[execution_id]:
            raise NotFound(f"execution {execution_id} has no node run {index}")
        return self.runs[execution_id][index]

    def put_run(self, run: NodeRun) -> None:
        self.runs[run.execution_id][run.index] = run
        if run.status in (NodeStatus.QUEUED, NodeStatus.RUNNING, NodeStatus.WAITING):
            self.moving[run.execution_id, run.index] = run
        else:
            self.moving.pop((run.execution_id, run.index), None)

    def moving_of(self, instance: str, status: NodeStatus) -> list[NodeRun]:
        found = [run for run in self.moving.values() if run.status is status]
        mine = [run for run in found if self.executions[run.execution_id].instance == instance]
        return sorted(mine, key=attrgetter("execution_id", "index"))

    def due(self, instance: str, now: datetime) -> list[NodeRun]:
        queued = self.moving_of(instance, NodeStatus.QUEUED)
        free = [run for run in queued if not self.executions[run.execution_id].cancel_requested]
        return [run for run in free if run.not_before is None or run.not_before <= now or _set_back(run, now)]

    def reserved_of(self, execution_id: str, index: int | None = None) -> list[Reservation]:
        """With `index`, those of one node run since it was begun anew."""
        self.execution(execution_id)
        mine = [each for key, each in sorted(self.reservations.items()) if key[0] == execution_id]
        return [each for each in mine if index is None or (each.index == index and not each.earlier)]

    def publications_of(self, execution_id: str) -> list[Publication]:
        return [each for key, each in sorted(self.publications.items()) if key[0] == execution_id]

    def planned(self, instance: str) -> list[Publication]:
        planned = [each for _, each in sorted(self.publications.items()) if each.pending]
        known = self.executions
        return [
            each for each in planned if each.execution_id in known and known[each.execution_id].instance == instance
        ]

    def followed(self, repository: str) -> list[Publication]:
        return [
            each
            for _, each in sorted(self.publications.items())
            if each.state is PublicationState.PUBLISHED
            and each.repository == repository
            and each.fate is not None
            and not each.final
        ]

    def dossier(self, key: str) -> Dossier:
        intake = self.intake
        held = [each for _, each in sorted(intake.starts.items()) if each.execution_id == key]
        votes = [vote for vote in intake.votes if vote.execution_id == key]
        return deepcopy(
            Dossier(
                execution=self.execution(key),
                plan=self.plans[key],
                runs=tuple(_by_index(self.runs[key].values())),
                edges=tuple(self.edges[key]),
                reservations=tuple(self.reserved_of(key)),
                effects=tuple(row.effect for _, row in sorted(self.outbox.items()) if row.execution_id == key),
                showing=self.showings.get(key),
                shown=tuple(thing for (of, _), thing in sorted(self.shown.items()) if of == key),
                attempts=tuple(each for _, each in sorted(self.agent_runs.items()) if each.execution_id == key),
                publications=tuple(self.publications_of(key)),
                decisions=tuple(
                    replace(each, id=0) for _, each in sorted(intake.decisions.items()) if each.execution_id == key
                ),
                held=tuple(replace(each, id=0) for each in held),
                votes=tuple(sorted(votes, key=attrgetter("index", "since"))),
                copies=self.copies.get(key, {}),
            )
        )

    def forget(self, key: str) -> None:
        """What is not an execution's own row, and goes with it all the same."""
        self.outbox = {number: row for number, row in self.outbox.items() if row.execution_id != key}
        self.shown = {place: thing for place, thing in self.shown.items() if place[0] != key}
        self.publications = {target: each for target, each in self.publications.items() if target[0] != key}
        self.copies.pop(key, None)
        intake = self.intake
        intake.decisions = {id_: each for id_, each in intake.decisions.items() if each.execution_id != key}
        intake.starts = {id_: each for id_, each in intake.starts.items() if each.execution_id != key}
        intake.votes = [vote for vote in intake.votes if vote.execution_id != key]

    def effects(self, instance: str, execution_id: str | None) -> list[StoredEffect]:
        rows = [row for _, row in sorted(self.outbox.items())]
        mine = [row for row in rows if self.executions[row.execution_id].instance == instance]
        return copied([row for row in mine if execution_id in (None, row.execution_id)])


class MemoryTransaction:
    """One unit of work on `Tables`; every change leaves behind how to undo it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._undo: list[Callable[[], object]] = []
        self._locked: set[str] = set()
        self._claimed: set[str] = set()
        self._changed: set[str] = set()

    @property
    def intake(self) -> MemoryIntake:
        return MemoryIntake(self._tables.intake, self._tables.executions, self._undo)

    def roll_back(self) -> None:
        for undo in reversed(self._undo):
            undo()

    def next_number(self, workflow_id: str) -> int:
        mine = [e.number for e in self._tables.executions.values() if e.workflow_id == workflow_id]
        return 1 + max(mine, default=0)

    def insert(
        self, execution: Execution, plan: Plan, runs: Sequence[NodeRun], edges: Sequence[tuple[int, int]]
    ) -> None:
        tables, key = self._tables, execution.id
        taken = {(e.workflow_id, e.number) for e in tables.executions.values()}
        if key in tables.executions or (execution.workflow_id, execution.number) in taken:
            raise Conflict(f"execution {key} (number {execution.number} of {execution.workflow_id}) exists already")
        self._undo.append(lambda: self._forget(key))
        self._locked.add(key)
        tables.executions[key], tables.plans[key] = copied(execution), copied(plan)
        if execution.target:
            shows = Showing(execution_id=key, workflow_id=execution.workflow_id, target=execution.target, changes=1)
            tables.showings[key] = shows
        tables.edges[key] = sorted(edges)
        tables.runs[key], tables.sources[key], tables.targets[key] = {}, {}, {}
        for run in runs:
            tables.put_run(copied(run))
        for source, target in tables.edges[key]:
            tables.targets[key].setdefault(source, []).append(target)
            tables.sources[key].setdefault(target, []).append(source)

    def lock(self, execution_id: str) -> Execution:
        if self._claimed:
            raise RuntimeError("`lock` comes before `claim`: the other order can deadlock")
        execution = self._tables.execution(execution_id)
        self._locked.add(execution_id)
        return copied(execution)

    def execution(self, execution_id: str) -> Execution:
        return copied(self._tables.execution(execution_id))

    def save(self, execution: Execution) -> None:
        self._put_execution(copied(execution))

    def run(self, execution_id: str, index: int) -> NodeRun:
        return copied(self._tables.run(execution_id, index))

    def runs(self, execution_id: str) -> list[NodeRun]:
        self._tables.execution(execution_id)
        return copied(_by_index(self._tables.runs[execution_id].values()))

    def successors(self, execution_id: str, index: int) -> list[NodeRun]:
        self._tables.run(execution_id, index)
        return self._pick(execution_id, self._tables.targets[execution_id].get(index, ()))

    def predecessors(self, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
        self._tables.execution(execution_id)
        sources = self._tables.sources[execution_id]
        return {index: self._pick(execution_id, sources.get(index, ())) for index in indexes}

    def save_runs(self, runs: Sequence[NodeRun]) -> None:
        for run in runs:
            if run.epoch < self._tables.run(run.execution_id, run.index).epoch:
                raise StaleClaim(f"{run.key} of {run.execution_id} has been claimed again since")
            self._put_run(copied(run))

    def cancel_pending(self, execution_id: str, at: datetime) -> int:
        self._tables.execution(execution_id)
        self._hold(execution_id)
        pending = [run for run in self._tables.runs[execution_id].values() if run.status in CANCELLABLE]
        for run in pending:
            self._put_run(replace(run, status=NodeStatus.CANCELLED, result=Result.CANCELLED, completed_at=at))
        return len(pending)

    def claim(self, *, labels: Sequence[str], instance: str, worker: str, now: datetime) -> NodeRun | None:
        due = [run for run in self._tables.due(instance, now) if run.queue in labels]
        if not due:
            return None
        return self._take(min(due, key=_claim_order), worker, now)

    def reservation(self, execution_id: str, index: int, epoch: int) -> Reservation | None:
        return self._tables.reservations.get((execution_id, index, epoch))

    def put_reservation(self, execution_id: str, reservation: Reservation) -> None:
        self._tables.run(execution_id, reservation.index)
        self._hold(execution_id)
        self._put(self._tables.reservations, (execution_id, reservation.index, reservation.epoch), reservation)

    def balance(self, execution_id: str, index: int | None = None) -> Balance:
        found = balance(self._tables.reserved_of(execution_id, index))
        nothing = dict.fromkeys(Unit, 0)
        return Balance(spent={**nothing, **found.spent}, reserved={**nothing, **found.reserved})

    def begin_anew(self, execution_id: str, indexes: Collection[int]) -> None:
        self._tables.execution(execution_id)
        self._hold(execution_id)
        for key, each in list(self._tables.reservations.items()):
            if key[0] == execution_id and key[1] in indexes:
                self._put(self._tables.reservations, key, replace(each, earlier=True))

    def coming(self, execution_id: str) -> dict[str, int]:
        held = {each.index for each in self._tables.reserved_of(execution_id) if each.open}
        runs = self._tables.runs[execution_id].values()
        return dict(Counter(run.node for run in runs if run.result is None and run.index not in held))

    def short_of_budget(self, execution_id: str) -> list[NodeRun]:
        self._tables.execution(execution_id)
        runs = self._tables.runs[execution_id].values()
        short = [run for run in runs if run.status is NodeStatus.QUEUED and run.error_code in SHORT_OF_BUDGET]
        return copied(sorted(short, key=_claim_order))

    def remember(self, attempt: AgentRun) -> None:
        self._hold(attempt.execution_id)
        key = (attempt.execution_id, attempt.run, attempt.epoch)
        if key in self._tables.agent_runs:
            raise Conflict(f"attempt {key} is remembered already")
        self._put(self._tables.agent_runs, key, attempt)

    def publications(self, execution_id: str) -> list[Publication]:
        return self._tables.publications_of(execution_id)

    def put_publication(self, publication: Publication) -> None:
        self._hold(publication.execution_id)
        kept = replace(publication, agents=tuple(sorted(set(publication.agents))))
        self._put(self._tables.publications, (publication.execution_id, publication.target), kept)

    def add_effects(self, execution_id: str, effects: Sequence[Effect]) -> None:
        self._tables.execution(execution_id)
        for effect in effects:
            self._tables.last_effect += 1
            stored = StoredEffect(id=self._tables.last_effect, execution_id=execution_id, effect=copied(effect))
            self._put(self._tables.outbox, stored.id, stored)

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        return self._tables.effects(instance, execution_id)[:limit]

    def remove_effect(self, effect_id: int) -> None:
        self._drop(self._tables.outbox, effect_id)

    def changed(self, execution_id: str) -> None:
        self._changed.add(execution_id)

    def finish(self) -> None:
        """What the real one does right before the commit."""
        for key in self._changed & self._tables.showings.keys():
            known = self._tables.showings[key]
            self._put(self._tables.showings, key, replace(known, changes=known.changes + 1))

    def begin_round(self, execution_id: str, places: Collection[str]) -> None:
        for place in places:
            if known := self._tables.shown.get((execution_id, place)):
                anew = Shown(place=place, round=known.round + 1)
                self._put(self._tables.shown, (execution_id, place), anew)
        if shows := self._tables.showings.get(execution_id):
            self._put(self._tables.showings, execution_id, replace(shows, refused=(), trouble=""))

    def put_shown(self, execution_id: str, thing: Shown) -> bool:
        if execution_id not in self._tables.showings:
            raise RuntimeError(f"execution {execution_id} has no target")
        known = self._tables.shown.get((execution_id, thing.place))
        if known and known.round > thing.round:
            return False
        self._put(self._tables.shown, (execution_id, thing.place), thing)
        return True

    def tell(self, showing: Showing) -> None:
        known = self._tables.showings[showing.execution_id]
        told = {"told": showing.told, "refused": showing.refused, "trouble": showing.trouble}
        self._put(self._tables.showings, showing.execution_id, replace(known, **told))

    def propose(self, proposal: Proposal) -> None:
        key = (proposal.repository, proposal.subject)
        known = self._tables.proposals.get(key)
        again = known and replace(known, instance=proposal.instance, changes=known.changes + 1, refused=(), trouble="")
        self._put(self._tables.proposals, key, again or proposal)

    def put_proposal(self, proposal: Proposal) -> None:
        key = (proposal.repository, proposal.subject)
        if known := self._tables.proposals.get(key):
            told = {name: getattr(proposal, name) for name in ("told", "refused", "trouble", "shown")}
            self._put(self._tables.proposals, key, replace(known, **told))

    def dossier(self, execution_id: str) -> Dossier:
        return self._tables.dossier(execution_id)

    def put_dossier(self, dossier: Dossier) -> None:
        found, key = deepcopy(dossier), dossier.execution.id
        self.insert(found.execution, found.plan, found.runs, found.edges)
        for reservation in found.reservations:
            self.put_reservation(key, reservation)
        self.add_effects(key, found.effects)
        if found.showing and key in self._tables.showings:
            self._put(self._tables.showings, key, found.showing)
            for thing in found.shown:
                self.put_shown(key, thing)
        for attempt in found.attempts:
            self._tables.agent_runs.setdefault((key, attempt.run, attempt.epoch), attempt)
        for publication in found.publications:
            self.put_publication(publication)
        for decision in found.decisions:
            with suppress(Conflict):
                self.intake.record(decision)
        for held in found.held:
            self.intake.hold(held)
        for vote in found.votes:
            self.intake.vote(vote)
        self._put(self._tables.copies, key, dict(found.copies))

    def remove(self, execution_id: str) -> None:
        self._hold(execution_id)
        before = deepcopy(self._tables)
        self._undo.append(lambda: vars(self._tables).update(vars(before)))
        self._forget(execution_id)
        self._tables.forget(execution_id)
        self._locked.discard(execution_id)
        self._changed.discard(execution_id)

    def lead(self, name: str) -> Lead | None:
        return self._tables.leads.get(name)

    def take_lead(self, name: str, lead: Lead, *, expected: Lead | None) -> bool:
        if self._tables.leads.get(name) != expected:
            return False
        self._put(self._tables.leads, name, lead)
        return True

    def drop_lead(self, name: str, holder: str) -> None:
        lead = self._tables.leads.get(name)
        if lead and lead.holder == holder:
            self._drop(self._tables.leads, name)

    def _take(self, run: NodeRun, worker: str, now: datetime) -> NodeRun:
        self._claimed.add(run.execution_id)
        taken = replace(
            run,
            status=NodeStatus.RUNNING,
            epoch=run.epoch + 1,
            attempt=run.attempt + 1,
            worker=worker,
            started_at=now,
            lease=0,
        )
        self._store_run(taken)
        return copied(taken)

    def _pick(self, execution_id: str, indexes: Collection[int]) -> list[NodeRun]:
        return [copied(self._tables.runs[execution_id][index]) for index in indexes]

    def _put_execution(self, execution: Execution) -> None:
        self._tables.execution(execution.id)
        self._hold(execution.id)
        self._put(self._tables.executions, execution.id, execution)

    def _put_run(self, run: NodeRun) -> None:
        self._hold(run.execution_id)
        self._store_run(run)

    def _hold(self, execution_id: str) -> None:
        if execution_id not in self._locked:
            raise RuntimeError(f"execution {execution_id} is written to without `lock`")

    def _store_run(self, run: NodeRun) -> None:
        before = self._tables.run(run.execution_id, run.index)
        self._undo.append(lambda: self._tables.put_run(before))
        self._tables.put_run(run)

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        self._drop(table, key)
        self._undo.append(lambda: table.pop(key))
        table[key] = value

    def _drop(self, table: dict[K, V], key: K) -> None:
        if key in table:
            before = table.pop(key)
            self._undo.append(lambda: table.__setitem__(key, before))

    def _forget(self, execution_id: str) -> None:
        tables = self._tables
        for index in tables.runs[execution_id]:
            tables.moving.pop((execution_id, index), None)
        for key in [key for key in tables.reservations if key[0] == execution_id]:
            del tables.reservations[key]
        tables.showings.pop(execution_id, None)
        for table in (tables.executions, tables.plans, tables.runs, tables.edges, tables.sources, tables.targets):
            table.pop(execution_id)


class MemoryStore:
    """`Store` without a database; safe for threads."""

    def __init__(self, clock: NowClock | None = None) -> None:
        self.clock = clock
        self._tables = Tables()
        self._lock = threading.RLock()
        self._open = False

    @contextmanager
    def begin(self) -> Iterator[MemoryTransaction]:
        with self._lock:
            if self._open:
                raise RuntimeError("a transaction inside a transaction waits for itself")
            transaction, self._open = MemoryTransaction(self._tables), True
            try:
                yield transaction
                transaction.finish()
            except BaseException:
                transaction.roll_back()
                raise
            finally:
                self._open = False

    @contextmanager
    def _reading(self, *, constant: bool = False) -> Iterator[Tables]:
        with self._lock:
            if self._open and not constant:
                raise RuntimeError("read through the open transaction: the store does not see its changes yet")
            yield self._tables

    def execution(self, execution_id: str) -> Execution:
        with self._reading() as tables:
            return copied(tables.execution(execution_id))

    def find(self, reference: str) -> Execution:
        with self._reading() as tables:
            if reference in tables.executions:
                return copied(tables.executions[reference])
            if reference == "latest" and tables.executions:
                return copied(tables.executions[max(tables.executions)])
            found = sorted(key for key in tables.executions if len(reference) >= 4 and key.startswith(reference))
            if not found:
                raise NotFound(f"there is no execution {reference}")
            if len(found) > 1:
                raise BadInput(f"{reference} is ambiguous: {', '.join(found)}")
            return copied(tables.executions[found[0]])

    def executions(
        self,
        *,
        workflow_id: str | None = None,
        statuses: Collection[ExecutionStatus] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[Execution]:
        with self._reading() as tables:
            found = [tables.executions[key] for key in sorted(tables.executions, reverse=True)]
            found = [
                e for e in found if workflow_id in (None, e.workflow_id) and (not statuses or e.status in statuses)
            ]
            return copied([e for e in found if before is None or e.id < before][:limit])

    def plan(self, execution_id: str) -> Plan:
        with self._reading(constant=True) as tables:
            tables.execution(execution_id)
            return copied(tables.plans[execution_id])

    def runs(self, execution_id: str) -> list[NodeRun]:
        with self._reading() as tables:
            tables.execution(execution_id)
            return copied(_by_index(tables.runs[execution_id].values()))

    def edges(self, execution_id: str) -> list[tuple[int, int]]:
        with self._reading(constant=True) as tables:
            tables.execution(execution_id)
            return list(tables.edges[execution_id])

    def reservations(self, execution_id: str) -> list[Reservation]:
        with self._reading() as tables:
            return tables.reserved_of(execution_id)

    def beat(self, leases: Sequence[Lease]) -> dict[tuple[str, int], bool]:
        answer: dict[Key, bool] = {}
        with self._reading() as tables:
            for lease in leases:
                run = tables.moving.get((lease.execution_id, lease.index))
                if run and run.status is NodeStatus.RUNNING and run.epoch == lease.epoch:
                    tables.put_run(replace(run, lease=run.lease + 1))
                    answer[run.execution_id, run.index] = tables.executions[run.execution_id].cancel_requested
        return answer

    def leases(self, instance: str) -> list[Lease]:
        with self._reading() as tables:
            running = tables.moving_of(instance, NodeStatus.RUNNING)
            return [
                Lease(execution_id=r.execution_id, index=r.index, epoch=r.epoch, beat=r.lease, worker=r.worker)
                for r in running
            ]

    def ready(self, instance: str, now: datetime) -> dict[str, int]:
        with self._reading() as tables:
            return dict(Counter(run.queue for run in tables.due(instance, now)))

    def next_due(self, instance: str) -> datetime | None:
        with self._reading() as tables:
            retries = [run.not_before for run in tables.moving_of(instance, NodeStatus.QUEUED)]
            deadlines = [run.deadline for run in tables.moving_of(instance, NodeStatus.WAITING)]
            put_off = [each.not_before for each in tables.planned(instance)]
            return min((at for at in retries + deadlines + put_off if at is not None), default=None)

    def overdue(self, instance: str, now: datetime) -> list[NodeRun]:
        with self._reading() as tables:
            waiting = tables.moving_of(instance, NodeStatus.WAITING)
            return copied([run for run in waiting if run.deadline is not None and run.deadline <= now])

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        with self._reading() as tables:
            return tables.effects(instance, execution_id)[:limit]

    def behind(self, instance: str) -> list[Showing]:
        with self._reading() as tables:
            found = [each for _, each in sorted(tables.showings.items()) if each.behind]
            return [each for each in found if tables.executions[each.execution_id].instance == instance]

    def showing(self, execution_id: str) -> Showing | None:
        with self._reading() as tables:
            return tables.showings.get(execution_id)

    def shown(self, execution_id: str) -> list[Shown]:
        with self._reading() as tables:
            return [thing for (key, _), thing in sorted(tables.shown.items()) if key == execution_id]

    def newest_shown(self, repository: str, number: int, workflow_id: str, place: str) -> list[tuple[str, int | None]]:
        with self._reading() as tables:
            ids = {key: thing.github_id for (key, where), thing in tables.shown.items() if where == place}
            return [
                (each.execution_id, ids.get(each.execution_id))
                for _, each in sorted(tables.showings.items(), reverse=True)
                if (each.target.repository, each.target.number, each.workflow_id) == (repository, number, workflow_id)
            ]

    def proposals(self, instance: str) -> list[Proposal]:
        with self._reading() as tables:
            return [each for _, each in sorted(tables.proposals.items()) if each.behind and each.instance == instance]

    def proposal(self, repository: str, subject: str) -> Proposal | None:
        with self._reading() as tables:
            return tables.proposals.get((repository, subject))

    def publications(self, execution_id: str) -> list[Publication]:
        with self._reading() as tables:
            return tables.publications_of(execution_id)

    def copies(self, execution_id: str) -> dict[str, str]:
        with self._reading() as tables:
            return dict(tables.copies.get(execution_id, {}))

    def due_publications(self, instance: str, now: datetime, *, limit: int = 20) -> list[Publication]:
        with self._reading() as tables:
            due = [each for each in tables.planned(instance) if each.not_before is None or each.not_before <= now]
            return due[:limit]

    def followed(self, repository: str, *, before: datetime, limit: int) -> list[Publication]:
        with self._reading() as tables:
            found = [
                each for each in tables.followed(repository) if each.checked_at is None or each.checked_at < before
            ]
            return sorted(found, key=lambda each: each.checked_at or LONG_AGO)[:limit]

    def followed_at(self, repository: str, number: int) -> list[Publication]:
        with self._reading() as tables:
            return [each for each in tables.followed(repository) if each.number == number]

    def history(self) -> AgentHistory:
        return MemoryHistory(self._attempts, self._published)

    def close(self) -> None:
        """Nothing to close."""

    def _attempts(self) -> list[AgentRun]:
        with self._reading() as tables:
            return list(tables.agent_runs.values())

    def _published(self) -> list[Publication]:
        with self._reading() as tables:
            return [each for each in tables.publications.values() if each.state is PublicationState.PUBLISHED]


def _by_index(runs: Collection[NodeRun]) -> list[NodeRun]:
    return sorted(runs, key=attrgetter("index"))


def _claim_order(run: NodeRun) -> tuple[int, datetime, str, int]:
    return -run.priority, run.ready_at or LONG_AGO, run.execution_id, run.index


def _set_back(run: NodeRun, now: datetime) -> bool:
    return run.ready_at is not None and run.ready_at > now + timedelta(minutes=1)
