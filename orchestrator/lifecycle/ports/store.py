"""SQL, the truth: executions, node runs, the outbox, leases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.execution.effects import Effect
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.ledger import Balance, Reservation
from orchestrator.execution.publication import Publication
from orchestrator.execution.showing import Proposal, Showing, Shown
from orchestrator.execution.state import (
    Execution,
    ExecutionStatus,
    NodeRun,
    Plan,
)
from orchestrator.lifecycle.ports.dossier import Dossier
from orchestrator.lifecycle.ports.history import AgentHistory
from orchestrator.lifecycle.ports.intake import Intake


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEffect:
    """An outbox row; `id` grows in the order of writing."""

    id: int
    execution_id: str
    effect: Effect


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A running node run as the sweep sees it: expired when `beat` stays the same for too long.

    `worker` is told by `Store.leases`, and asked for by nobody else.
    """

    execution_id: str
    index: int
    epoch: int
    beat: int
    worker: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """Who holds a named lead (the control loop of an instance), and how often it has renewed it."""

    holder: str
    beat: int


class Transaction(Protocol):
    """One unit of work: all of it is committed when the `with` block ends, none of it when it raises.

    Writers of one execution are serialised by `lock`, which comes first. Methods on unknown ids raise `NotFound`.
    """

    @property
    def intake(self) -> Intake:
        """What came from GitHub and what became of it."""
        ...

    def next_number(self, workflow_id: str) -> int:
        """1 + the highest number of this workflow's executions."""
        ...

    def insert(
        self, execution: Execution, plan: Plan, runs: Sequence[NodeRun], edges: Sequence[tuple[int, int]]
    ) -> None:
        """A new execution with its node runs, in bulk; `edges` are (source index, target index)."""
        ...

    def lock(self, execution_id: str) -> Execution:
        """The execution as it is now, held against other writers until the transaction ends."""
        ...

    def execution(self, execution_id: str) -> Execution:
        """The execution as it is now, held by nobody."""
        ...

    def save(self, execution: Execution) -> None:
        """Replace the execution's row."""
        ...

    def run(self, execution_id: str, index: int) -> NodeRun: ...

    def runs(self, execution_id: str) -> list[NodeRun]:
        """All node runs, by index. O(nodes): not for use on every transition."""
        ...

    def successors(self, execution_id: str, index: int) -> list[NodeRun]:
        """The node runs that wait for this one, by index."""
        ...

    def predecessors(self, execution_id: str, indexes: Collection[int]) -> dict[int, list[NodeRun]]:
        """For each of `indexes`, the node runs it waits for, by index."""
        ...

    def save_runs(self, runs: Sequence[NodeRun]) -> None:
        """Replace these node runs' rows, outcome included."""
        ...

    def cancel_pending(self, execution_id: str, at: datetime) -> int:
        """Settle every `pending`, `queued` and `waiting` run as cancelled in one statement; how many there were."""
        ...

    def claim(self, *, labels: Sequence[str], instance: str, worker: str, now: datetime) -> NodeRun | None:
        """Take the first queued run that is due, or None.

        Of executions of `instance` without `cancel_requested`, with a queue in `labels` and `not_before` past (or
        `ready_at` more than a minute ahead: the clock was set back since, and the delay counts no more); by
        priority (higher first), then `ready_at`, then execution and index. It comes back `running`, with epoch and
        attempt one higher, `worker`, `started_at` and a fresh lease, already saved.
        """
        ...

    def reservation(self, execution_id: str, index: int, epoch: int) -> Reservation | None:
        """What the attempt of a claim has reserved."""
        ...

    def put_reservation(self, execution_id: str, reservation: Reservation) -> None:
        """Add it, or replace the one of the same claim."""
        ...

    def balance(self, execution_id: str, index: int | None = None) -> Balance:
        """What all attempts of an execution have spent and reserved, in every unit.

        With `index`, those of one node run since it was begun anew.
        """
        ...

    def begin_anew(self, execution_id: str, indexes: Collection[int]) -> None:
        """Make the reservations of these node runs `earlier` ones: what they spent counts for the execution alone."""
        ...

    def coming(self, execution_id: str) -> dict[str, int]:
        """How many runs have neither settled nor reserved anything, by node. O(nodes)."""
        ...

    def short_of_budget(self, execution_id: str) -> list[NodeRun]:
        """The queued runs whose `error_code` says that they wait for others, in claiming order. O(nodes)."""
        ...

    def remember(self, attempt: AgentRun) -> None:
        """Add the record of an attempt; `Conflict` where it has one. It stays when the execution is removed."""
        ...

    def publications(self, execution_id: str) -> list[Publication]:
        """What the execution is to publish or has published, by target."""
        ...

    def put_publication(self, publication: Publication) -> None:
        """Add it, or replace the one of the same target. It stays when the execution is removed."""
        ...

    def add_effects(self, execution_id: str, effects: Sequence[Effect]) -> None: ...

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        """The oldest outbox rows of this instance's executions, in order of writing."""
        ...

    def remove_effect(self, effect_id: int) -> None:
        """Done; removing it twice is no error."""
        ...

    def changed(self, execution_id: str) -> None:
        """Have GitHub's picture of an execution with a target brought up to date; one statement a transaction."""
        ...

    def begin_round(self, execution_id: str, places: Collection[str]) -> None:
        """What is shown at these places stays as it is, and something new takes its place; what was refused may be
        tried again."""
        ...

    def put_shown(self, execution_id: str, thing: Shown) -> bool:
        """Add it, or replace what is stored for its place; false, and nothing done, where a later round has begun."""
        ...

    def tell(self, showing: Showing) -> None:
        """Store how far GitHub agrees, what it refuses and what is the matter; the rest stays as it is."""
        ...

    def propose(self, proposal: Proposal) -> None:
        """Add it, or have what is stored of its subject looked at again, by this instance; what was refused may be
        tried again."""
        ...

    def put_proposal(self, proposal: Proposal) -> None:
        """Store how far GitHub agrees, what it shows and refuses, and what is the matter; the rest stays as it is."""
        ...

    def dossier(self, execution_id: str) -> Dossier:
        """All that is stored of it, as it is now. O(nodes)."""
        ...

    def put_dossier(self, dossier: Dossier) -> None:
        """Store an execution that comes from elsewhere; `Conflict` where its id, or its number, is taken.

        What is remembered of attempts, and was decided, is left as it is where it is known already.
        """
        ...

    def remove(self, execution_id: str) -> None:
        """Forget the execution, all but what is remembered of its attempts."""
        ...

    def lead(self, name: str) -> Lead | None: ...

    def take_lead(self, name: str, lead: Lead, *, expected: Lead | None) -> bool:
        """Compare and swap: false when the stored lead is not `expected`."""
        ...

    def drop_lead(self, name: str, holder: str) -> None: ...


class Store(Protocol):
    """SQL, the truth. Reads outside `begin` are short transactions of their own."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A write transaction (SQLite: `BEGIN IMMEDIATE`)."""
        ...

    def execution(self, execution_id: str) -> Execution: ...

    def find(self, reference: str) -> Execution:
        """By id, by a unique beginning of an id (4 characters or more), or `latest`; `NotFound` otherwise."""
        ...

    def executions(
        self,
        *,
        workflow_id: str | None = None,
        statuses: Collection[ExecutionStatus] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[Execution]:
        """Newest first; ids grow with time, `before` pages by id."""
        ...

    def plan(self, execution_id: str) -> Plan: ...

    def runs(self, execution_id: str) -> list[NodeRun]: ...

    def edges(self, execution_id: str) -> list[tuple[int, int]]: ...

    def reservations(self, execution_id: str) -> list[Reservation]:
        """Those of all attempts, by index and epoch."""
        ...

    def beat(self, leases: Sequence[Lease]) -> dict[tuple[str, int], bool]:
        """Bump the lease of each run still running at that epoch.

        Returns, for those, whether a cancel was requested; a run missing from the answer is not ours any more.
        """
        ...

    def leases(self, instance: str) -> list[Lease]:
        """Every running run of the instance."""
        ...

    def ready(self, instance: str, now: datetime) -> dict[str, int]:
        """How many queued runs are due, by queue label."""
        ...

    def next_due(self, instance: str) -> datetime | None:
        """The nearest `not_before` of a queued run or a planned publication, or `deadline` of a waiting run, past or
        future."""
        ...

    def overdue(self, instance: str, now: datetime) -> list[NodeRun]:
        """Waiting runs whose deadline has passed."""
        ...

    def effects(self, *, instance: str, limit: int = 100, execution_id: str | None = None) -> list[StoredEffect]:
        """As `Transaction.effects`, for looking without holding up those who write."""
        ...

    def behind(self, instance: str) -> list[Showing]:
        """Of the instance's executions, those that have changed since GitHub last agreed, oldest first."""
        ...

    def showing(self, execution_id: str) -> Showing | None:
        """None where the execution has no target."""
        ...

    def shown(self, execution_id: str) -> list[Shown]:
        """By place."""
        ...

    def newest_shown(self, repository: str, number: int, workflow_id: str, place: str) -> list[tuple[str, int | None]]:
        """The executions of a workflow below a pull request, newest first, each with GitHub's id of a place."""

    def proposals(self, instance: str) -> list[Proposal]:
        """Those of the instance that GitHub does not agree with yet, by repository and subject."""
        ...

    def proposal(self, repository: str, subject: str) -> Proposal | None: ...

    def publications(self, execution_id: str) -> list[Publication]:
        """As `Transaction.publications`."""
        ...

    def copies(self, execution_id: str) -> dict[str, str]:
        """As in its `Dossier`; nothing where it began here."""
        ...

    def due_publications(self, instance: str, now: datetime, *, limit: int = 20) -> list[Publication]:
        """The planned ones of this instance's executions whose `not_before` is past, by execution and target."""
        ...

    def followed(self, repository: str, *, before: datetime, limit: int) -> list[Publication]:
        """The published ones whose fate may still change, and that nobody looked at since `before`.

        Those never looked at come first, then those longest not looked at.
        """
        ...

    def followed_at(self, repository: str, number: int) -> list[Publication]:
        """Those of them that belong to this issue or pull request."""
        ...

    def history(self) -> AgentHistory:
        """What agents have done; usable until the store is closed."""
        ...

    def close(self) -> None: ...
