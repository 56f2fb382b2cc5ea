"""The books: every commit is compared with the one before it, and with what the documentation allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan
from orchestrator.lifecycle.control import LOST_AFTER_SECONDS
from orchestrator.lifecycle.ports import StoredEffect
from tests.fakes.clock import FakeClock
from tests.fakes.store import MemoryStore, MemoryTransaction, Tables
from tests.unit.lifecycle.machine import deeds
from tests.unit.lifecycle.machine.accounts import WAITS, Accounts
from tests.unit.lifecycle.machine.graphs import Graph
from tests.unit.lifecycle.machine.oracle import BROKEN, RUN, SKIP, Oracle, after_attempt, final_status
from tests.unit.lifecycle.machine.processes import Process

Key = tuple[str, int]
PENDING, QUEUED, RUNNING, WAITING = NodeStatus.PENDING, NodeStatus.QUEUED, NodeStatus.RUNNING, NodeStatus.WAITING
COMPLETED, FAILED = NodeStatus.COMPLETED, NodeStatus.FAILED
SKIPPED, CANCELLED = NodeStatus.SKIPPED, NodeStatus.CANCELLED
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class WatchedStore(MemoryStore):
    """A store that shows its tables to `books` after each commit, with the process `by` which it was made."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.books = Books(clock)

    @contextmanager
    def begin(self, by: Process | None = None) -> Iterator[MemoryTransaction]:
        with super().begin() as tx:
            yield tx
        self.books.read(self._tables, by)

    def plan(self, execution_id: str) -> Plan:
        """Without a copy: plans never change, and every process of a game reads them anew."""
        return self._tables.plans[execution_id]

    @property
    def tables(self) -> Tables:
        """To look at, without copies."""
        return self._tables


@dataclass
class Line:
    """What the books know of a node run since it was last begun anew: counted by what happened, not read."""

    attempt: int = 0
    lost: int = 0
    arrived: bool = False


@dataclass
class Page:
    """An execution as it was after the last commit. `cascades` are the settled runs of which successors still hear."""

    execution: Execution
    runs: dict[int, NodeRun]
    cascades: Counter[int] = field(default_factory=Counter)


class Books:
    """`graphs` are by execution; `left` says which deed ended each claim, `remembered` what is kept of it where it
    was an agent's: number and outcome of the attempt."""

    def __init__(self, clock: FakeClock) -> None:
        self.graphs: dict[str, Graph] = {}
        self.accounts = Accounts(self.graphs)
        self.left: dict[tuple[str, int, int], Any] = {}
        self.remembered: dict[tuple[str, int, int], tuple[int, str]] = {}
        self.alive_at: dict[tuple[str, int, int], float] = {}
        self.decided: list[Any] = []
        self.changes: list[tuple[str, int, str]] = []
        self._clock = clock
        self._pages: dict[str, Page] = {}
        self._lines: dict[Key, Line] = {}
        self._due = 0

    def read(self, tables: Tables, by: Process | None) -> None:
        """Judge what `by` has just committed."""
        for execution_id, execution in list(tables.executions.items()):
            runs, page = tables.runs[execution_id], self._pages.get(execution_id)
            cascades = _cascades(tables.outbox, execution_id)
            if page and _same(page, execution, runs, cascades):
                continue
            if page is None:
                assert by
                assert isinstance(by.deed, deeds.Start | deeds.Rerun)
                self.graphs[execution_id] = by.deed.graph
                fresh = {index: _fresh(run) for index, run in runs.items()}
                page = Page(execution=replace(execution, status=ExecutionStatus.PENDING), runs=fresh)
            now = Page(execution=execution, runs=dict(runs), cascades=cascades)
            self._compare(page, now, by, tables)
            self._audit(now, tables)
            self._pages[execution_id] = now
        self.accounts.read(tables, by.deed if by else None)
        found = {claim: (row.attempt, row.outcome) for claim, row in tables.agent_runs.items()}
        assert found == self.remembered, "attempts of agents are remembered once each, and nothing else"

    def live(self, claim: NodeRun) -> bool:
        """Whether a claim still holds its node run."""
        run = self._pages[claim.execution_id].runs[claim.index]
        return run.status is RUNNING and run.epoch == claim.epoch

    def oracle(self, execution_id: str) -> Oracle:
        return Oracle(self.graphs[execution_id], self._pages[execution_id].runs)

    def _compare(self, old: Page, new: Page, by: Process | None, tables: Tables) -> None:
        before, after = old.execution, new.execution
        oracle = Oracle(self.graphs[after.id], new.runs)
        again = self._begun_anew(old, oracle, by) if before.status.ended and not _still(before, after) else set()
        assert after.id == before.id
        assert after.cancel_requested or not before.cancel_requested or again, "a cancellation was forgotten"
        for index, run in new.runs.items():
            was = old.runs[index]
            if index in again:
                self._lines[run.execution_id, index] = Line()
                self.accounts.anew[run.execution_id, index] = was.epoch
                was = replace(_fresh(was), epoch=was.epoch)
            if run is was:
                continue
            self._moved(was, run, old, new, by, oracle, tables)
            if run.status is not was.status:
                self.changes.append((run.execution_id, index, run.status.value))

    def _begun_anew(self, old: Page, oracle: Oracle, by: Process | None) -> set[int]:
        """The runs that a rerun takes back: what it was asked for, and all that follows."""
        deed = by.deed if by else None
        assert isinstance(deed, deeds.Rerun), f"{deed} moved an execution that had ended"
        runs = old.runs.values()
        if deed.node is None:
            chosen = {run.index for run in runs if run.status in (FAILED, CANCELLED)}
        else:
            chosen = {run.index for run in runs if deed.node in (run.node, run.key)}
        assert chosen
        roots = {old.runs[index].node for index in chosen}
        after = {name for root in roots for name in oracle.follows({root}) - {root}}
        return chosen | {run.index for run in runs if run.node in after}

    def _moved(
        self, was: NodeRun, run: NodeRun, old: Page, new: Page, by: Process | None, oracle: Oracle, tables: Tables
    ) -> None:
        line = self._lines.setdefault((run.execution_id, run.index), Line())
        claimed = run.epoch - was.epoch
        assert claimed in (0, 1), f"{was.key}: epoch {was.epoch} became {run.epoch}"
        status = QUEUED if claimed else run.status
        deed = by.deed if by else None
        if was.status.settled:
            assert _facts(run) == _facts(was), f"{run.key} had settled, and {deed} changed it"
            return
        if was.status is RUNNING and (claimed or status is not RUNNING):
            self._left(was, run, status, line, new, by)
        elif was.status is WAITING and status is not WAITING:
            self._decided(was, run, status, deed)
        elif was.status is PENDING and status is not PENDING:
            self._arrived(run, status, line, oracle, deed)
        elif was.status is QUEUED and status is CANCELLED:
            assert isinstance(deed, deeds.Cancel)
        else:
            assert status is was.status, f"{run.key} went from {was.status} to {run.status} by {deed}"
        if was.status is PENDING and status is PENDING:
            assert run.waiting_for <= was.waiting_for
        if claimed:
            self._claimed(run, line, old, by, tables)
        if run.status is not PENDING:
            assert (run.attempt, run.lost) == (line.attempt, line.lost), f"{run.key} is wrong about its attempts"

    def _arrived(self, run: NodeRun, status: NodeStatus, line: Line, oracle: Oracle, deed: Any) -> None:
        if status is CANCELLED:
            assert isinstance(deed, deeds.Cancel)
            return
        line.arrived = True
        verdict = oracle.verdict(run)
        expected = {RUN: (QUEUED, WAITING), SKIP: (SKIPPED,), BROKEN: (FAILED,)}[verdict]
        assert status in expected, f"{run.key} is {status}, and the documentation says: {verdict}"
        kind = oracle.kind(run.node)
        if verdict == RUN:
            assert (status is WAITING) == (kind == "approval")
        if verdict == BROKEN:
            assert run.outcome
            assert run.outcome.failure is FailureClass.SETUP
            assert run.error_code == f"{kind.upper()}_SETUP"
        if status is WAITING:
            minutes = oracle.minutes(run.node)
            assert run.ready_at
            assert run.deadline == (run.ready_at + timedelta(minutes=minutes) if minutes else None)

    def _left(self, was: NodeRun, run: NodeRun, status: NodeStatus, line: Line, new: Page, by: Process | None) -> None:
        """An attempt has ended, one way or another."""
        claim, deed = (was.execution_id, was.index, was.epoch), by.deed if by else None
        assert claim not in self.left, f"{was.key} was left twice at epoch {was.epoch}"
        self.left[claim] = deed
        cancelled = new.execution.cancel_requested
        if isinstance(deed, deeds.Reserve):
            assert _same_claim(deed.claim, was)
            assert self.accounts.verdict(was) == WAITS, f"{was.key} waits for what will not come"
            line.attempt -= not cancelled
            assert status is (CANCELLED if cancelled else QUEUED)
            assert cancelled or (run.not_before and run.error_code == f"{self._kind(was)}_BUDGET")
            return
        if isinstance(deed, deeds.Requeue):
            assert _same_claim(deed.claim, was)
            line.attempt -= not cancelled
            assert status is (CANCELLED if cancelled else QUEUED)
            assert cancelled or run.not_before is None
            return
        outcome = self._outcome(was, deed, claim)
        node = self.graphs[was.execution_id].nodes[was.node]
        never_began = outcome.cancelled or outcome.failure is FailureClass.BUDGET
        if node.kind == "agent" and (outcome.called or not never_began):
            self.remembered[claim] = (was.attempt, _word(outcome))
        expected, delay = after_attempt(node, was, outcome, cancelled=cancelled)
        assert status == expected, f"{was.key} after {outcome.failure} is {status}, not {expected}"
        if status is FAILED:
            owner = "WORKER" if outcome.failure is FailureClass.LOST else node.kind.upper()
            assert run.error_code == f"{owner}_{str(outcome.failure).upper()}"
        if status is QUEUED:
            lost = outcome.failure is FailureClass.LOST
            line.lost, line.attempt = line.lost + lost, line.attempt - lost
            assert run.ready_at
            waits = (run.not_before - run.ready_at).total_seconds() if run.not_before else 0.0
            assert abs(waits - (delay or 0.0)) < 0.001
        elif outcome.failure is not FailureClass.LOST:
            assert run.outcome == outcome

    def _kind(self, run: NodeRun) -> str:
        return self.graphs[run.execution_id].nodes[run.node].kind.upper()

    def _outcome(self, was: NodeRun, deed: Any, claim: tuple[str, int, int]) -> Outcome:
        if isinstance(deed, deeds.Deliver):
            assert _same_claim(deed.claim, was), f"a result of epoch {deed.claim.epoch} settled epoch {was.epoch}"
            return deed.outcome
        if isinstance(deed, deeds.Control):
            silent = self._clock.monotonic() - self.alive_at[claim]
            assert silent >= LOST_AFTER_SECONDS, f"{was.key} was taken from a worker that was silent for {silent}s"
        elif isinstance(deed, deeds.Replace):
            assert was.worker
            assert was.worker.rpartition(".")[0] == deed.seat
        else:
            assert isinstance(deed, deeds.Resume), f"{deed} ended an attempt at {was.key}"
            assert deed.execution_id == was.execution_id
        return Outcome(failure=FailureClass.LOST)

    def _decided(self, was: NodeRun, run: NodeRun, status: NodeStatus, deed: Any) -> None:
        if status is CANCELLED:
            assert isinstance(deed, deeds.Cancel)
            return
        self.decided.append(deed)
        if isinstance(deed, deeds.Decide):
            assert (status is COMPLETED, run.decided_by) == (deed.approve, deed.by)
            return
        assert isinstance(deed, deeds.Control)
        assert was.deadline
        assert was.deadline <= self._clock.now()
        approved = self.graphs[run.execution_id].nodes[run.node].keys["approval"]["on-timeout"] == "approve"
        assert (status is COMPLETED, run.decided_by) == (approved, "timeout")

    def _claimed(self, run: NodeRun, line: Line, old: Page, by: Process | None, tables: Tables) -> None:
        assert by
        assert run.status is RUNNING
        assert not old.execution.cancel_requested or old.execution.status.ended, "claimed from a cancelled execution"
        assert (run.worker, run.lease) == (by.name, 0)
        assert run.queue in by.labels
        assert run.started_at
        assert tables.executions[run.execution_id].instance == by.instance
        assert run.not_before is None or run.not_before <= run.started_at
        self._passed_nobody_over(run, by, tables)
        line.attempt += 1
        self.alive_at[run.execution_id, run.index, run.epoch] = self._clock.monotonic()

    def _passed_nobody_over(self, run: NodeRun, by: Process, tables: Tables) -> None:
        for other in tables.due(by.instance, run.started_at or LONG_AGO):
            if other.queue in by.labels:
                assert _urgency(run) < _urgency(other), f"{other.key} was more urgent than {run.key}"

    def _audit(self, page: Page, tables: Tables) -> None:
        execution, runs = page.execution, page.runs
        oracle = Oracle(self.graphs[execution.id], runs)
        for run in runs.values():
            self._audit_run(run, page, oracle)
        still_open = [run for run in runs.values() if not run.status.settled]
        active = [run for run in still_open if run.status in (QUEUED, RUNNING)]
        assert (execution.open_runs, execution.active_runs) == (len(still_open), len(active))
        if execution.cancel_requested:
            assert all(run.status is RUNNING for run in still_open), "a cancelled execution holds on to node runs"
        if still_open:
            begun = "running" if execution.started_at else "pending"
            assert execution.status == (begun if active else "waiting")
            assert execution.completed_at is None
        else:
            self._audit_end(execution, [run for _, run in sorted(runs.items())])

    def _audit_end(self, execution: Execution, runs: list[NodeRun]) -> None:
        assert execution.status == final_status(execution, runs)
        assert execution.completed_at
        assert execution.started_at
        commits = [run.outcome.commit for run in runs if run.status is COMPLETED and run.outcome]
        assert execution.result == ([None] + [commit for commit in commits if commit])[-1]
        failed = any(run.result == "failure" for run in runs)
        assert bool(execution.error_message) == (failed or execution.cancel_requested)

    def _audit_run(self, run: NodeRun, page: Page, oracle: Oracle) -> None:
        sources = oracle.before(run.node)
        waits_for = sum(not source.status.settled for source in sources)
        waits_for += sum(page.cascades[source.index] for source in sources if source.status.settled)
        assert run.status.settled == (run.result is not None)
        if run.status.settled:
            assert run.result == _result(run, continues=self.graphs[run.execution_id].nodes[run.node].continues)
            assert run.completed_at
        if run.status is PENDING:
            assert run.waiting_for == waits_for > 0, f"{run.key} waits for {run.waiting_for}, not {waits_for}"
        elif self._lines[run.execution_id, run.index].arrived:
            assert waits_for == 0, f"{run.key} is {run.status} before what it waits for"
            assert run.any_failed == oracle.failed_above(run.node), f"{run.key} is wrong about failures"
            assert run.any_cancelled == oracle.cancelled_above(run.node), f"{run.key} is wrong about cancellations"
        if run.status in (QUEUED, RUNNING, WAITING):
            assert run.ready_at
        if run.status is QUEUED:
            assert run.worker is None


def _cascades(outbox: Mapping[int, StoredEffect], execution_id: str) -> Counter[int]:
    rows = [row.effect for row in outbox.values() if row.execution_id == execution_id]
    return Counter(index for effect in rows if effect.kind == "cascade" for index in effect.payload["indexes"])  # type: ignore[union-attr, misc]


def _same(page: Page, execution: Execution, runs: dict[int, NodeRun], cascades: Counter[int]) -> bool:
    same = page.execution is execution and page.cascades == cascades
    return same and all(run is page.runs[index] for index, run in runs.items())


def _still(before: Execution, after: Execution) -> bool:
    """Whether an ended execution is as it was, but for the branch its result got, or its owner."""
    return replace(after, result_branch=before.result_branch, instance=before.instance) == before


def _fresh(run: NodeRun) -> NodeRun:
    return NodeRun(
        execution_id=run.execution_id,
        index=run.index,
        node=run.node,
        key=run.key,
        matrix=run.matrix,
        queue=run.queue,
        priority=run.priority,
        waiting_for=1_000_000,
    )


def _facts(run: NodeRun) -> tuple[object, ...]:
    return run.status, run.result, run.epoch, run.attempt, run.lost, run.outcome, run.error_code, run.completed_at


def _word(outcome: Outcome) -> str:
    if outcome.cancelled:
        return "cancelled"
    return str(outcome.failure) if outcome.failure else "success"


def _same_claim(one: NodeRun, other: NodeRun) -> bool:
    return (one.execution_id, one.index, one.epoch) == (other.execution_id, other.index, other.epoch)


def _urgency(run: NodeRun) -> tuple[int, datetime, str, int]:
    return -run.priority, run.ready_at or LONG_AGO, run.execution_id, run.index


def _result(run: NodeRun, *, continues: bool) -> str:
    named = {COMPLETED: "success", SKIPPED: "skipped", CANCELLED: "cancelled"}
    return named.get(run.status, "success" if continues else "failure")
