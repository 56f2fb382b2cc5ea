"""One unit of work on SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.ledger import Balance, Reservation
from orchestrator.execution.publication import Publication
from orchestrator.execution.showing import Proposal, Showing, Shown
from orchestrator.execution.state import Execution, NodeRun, Plan
from orchestrator.lifecycle.ports import Dossier, Intake, Lead, StoredEffect
from orchestrator.store import executions, leads, reservations, showing
from orchestrator.store.attempts import write_attempt
from orchestrator.store.neighbourhood import (
    read_execution,
    read_predecessors,
    read_run,
    read_runs,
    read_successors,
)
from orchestrator.store.outbox import read_effects, remove_effect, write_effects
from orchestrator.store.plans import write_plan
from orchestrator.store.proposals import write_proposed
from orchestrator.store.proposals import write_told as write_proposal_told
from orchestrator.store.publications import read_publications, write_publication
from orchestrator.store.run_writer import RunWriter


class SqlTransaction:
    """`Transaction` on one connection. Writing to an execution it has not locked is a bug, and raises.

    That an execution changed is written at the very end, so that nobody waits for a lock that we hold.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs = RunWriter(connection)
        self._locked: dict[str, Execution] = {}
        self._claimed = False
        self._changed: set[str] = set()

    def finish(self) -> None:
        """The last thing to be done before the commit."""
        self._runs.flush()
        showing.count_up(self._connection, self._changed)

    @property
    def intake(self) -> Intake:
        # Workers take nothing in, and need not import it.
        from orchestrator.store.intake import SqlIntake

        return SqlIntake(self._connection)

    def next_number(self, workflow_id: str) -> int:
        return executions.next_number(self._connection, workflow_id)

    def insert(
        self, execution: Execution, plan: Plan, runs: Sequence[NodeRun], edges: Sequence[tuple[int, int]]
    ) -> None:
        executions.add_execution(self._connection, execution)
        self._locked[execution.id] = execution
        showing.add_showing(self._connection, execution)
        write_plan(self._connection, execution.id, plan)
        executions.add_graph(self._connection, execution, runs, edges)

    def lock(self, execution_id: str) -> Execution:
        if self._claimed:
            raise RuntimeError("`lock` comes before `claim`: the other order can deadlock")
        self._locked[execution_id] = read_execution(self._connection, execution_id, lock=True)
        return self._locked[execution_id]

    def execution(self, execution_id: str) -> Execution:
        held = self._locked.get(execution_id)
        return held or read_execution(self._connection, execution_id)

    def save(self, execution: Execution) -> None:
        executions.write_changed(self._connection, self._hold(execution.id), execution)
        self._locked[execution.id] = execution

    def run(self, execution_id: str, index: int) -> NodeRun:
        self._runs.flush()
        return read_run(self._connection, execution_id, index)

    def runs(self, execution_id: str) -> list[NodeRun]:
        self._runs.flush()
        self._know(execution_id)
        return read_runs(self._connection, execution_id)

    def successors(self, execution_id: str, index: int) -> list[NodeRun]:
        self._runs.flush()
        self._know(execution_id)
        return read_successors(self._connection, execution_id, index)

    def predecessors(self, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
        self._runs.flush()
        self._know(execution_id)
        return read_predecessors(self._connection, execution_id, indexes)

    def save_runs(self, runs: Sequence[NodeRun]) -> None:
        for execution_id in {run.execution_id for run in runs}:
            self._hold(execution_id)
        self._runs.save(runs)

    def cancel_pending(self, execution_id: str, at: datetime) -> int:
        self._hold(execution_id)
        return self._runs.cancel_pending(execution_id, at)

    def claim(self, *, labels: Sequence[str], instance: str, worker: str, now: datetime) -> NodeRun | None:
        def claimable(run: NodeRun) -> bool:
            execution = self._hold(run.execution_id)
            return execution.instance == instance and not execution.cancel_requested

        taken = self._runs.claim(claimable, labels=labels, instance=instance, worker=worker, now=now)
        self._claimed = self._claimed or taken is not None
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

        self._runs.flush()
        return read_dossier(self._connection, execution_id)

    def put_dossier(self, dossier: Dossier) -> None:
        from orchestrator.store.dossiers import write_rest

        self.insert(dossier.execution, dossier.plan, dossier.runs, dossier.edges)
        write_rest(self._connection, dossier)

    def remove(self, execution_id: str) -> None:
        from orchestrator.store.dossiers import remove

        self._hold(execution_id)
        self._runs.flush()
        remove(self._connection, execution_id)
        self._locked.pop(execution_id)
        self._changed.discard(execution_id)

    def lead(self, name: str) -> Lead | None:
        return leads.read_lead(self._connection, name)

    def take_lead(self, name: str, lead: Lead, *, expected: Lead | None) -> bool:
        return leads.take_lead(self._connection, name, lead, expected)

    def drop_lead(self, name: str, holder: str) -> None:
        leads.drop_lead(self._connection, name, holder)

    def _hold(self, execution_id: str) -> Execution:
        if execution_id not in self._locked:
            self._know(execution_id)
            raise RuntimeError(f"execution {execution_id} is written to without `lock`")
        return self._locked[execution_id]

    def _know(self, execution_id: str) -> None:
        if execution_id not in self._locked:
            read_execution(self._connection, execution_id)
