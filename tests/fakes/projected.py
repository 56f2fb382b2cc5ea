"""Executions that are shown on GitHub in memory, with a clock that jumps from one thing that happens to the next."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from orchestrator.definition.model import Approval, Node, Run, Skipped, Workflow
from orchestrator.errors import Place
from orchestrator.execution import progress
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.showing import EXECUTION, Target, run_place
from orchestrator.execution.state import Execution, ExecutionStatus, NodeRun, NodeStatus, Plan, Result
from orchestrator.lifecycle.ports.github import Credential, User
from orchestrator.lifecycle.projection.passes import Projection
from orchestrator.lifecycle.services import Services
from orchestrator.report.check_run import CheckRun
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import FakeClock
from tests.fakes.events import FakeEvents
from tests.fakes.git import MemoryGit
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.logs import MemoryLogs
from tests.fakes.store import MemoryStore
from tests.fakes.wake import FakeStopSignals, FakeWake

AUTHOR = User(id=5, login="ada")
REPOSITORY = "octo/demo"
RESULTS = {
    NodeStatus.COMPLETED: Result.SUCCESS,
    NodeStatus.FAILED: Result.FAILURE,
    NodeStatus.SKIPPED: Result.SKIPPED,
    NodeStatus.CANCELLED: Result.CANCELLED,
}
REQUEST_SECONDS = 0.2
"""How long GitHub takes for an answer."""


class QuickStore(MemoryStore):
    """Hands out node runs without copying them: nobody here changes what is in them."""

    def runs(self, execution_id: str) -> list[NodeRun]:
        with self._reading() as tables:
            return [tables.runs[execution_id][index] for index in sorted(tables.runs[execution_id])]


@dataclass
class Scene:
    """One process that keeps GitHub up to date, and a script of what happens to its executions.

    `moments` are the times at which something changed, by execution, in order.
    """

    folder: Path
    credential: Credential = Credential.APP
    limited: bool = True
    public_url: str = ""
    listens: bool = True
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.store = QuickStore(self.clock)
        self.logs = MemoryLogs()
        self.github = MemoryGitHub(REPOSITORY, credential=self.credential, clock=self.clock if self.limited else None)
        self.services = Services(
            store=self.store,
            logs=self.logs,
            blobs=MemoryBlobs(),
            events=FakeEvents(),
            wake=FakeWake(FakeStopSignals(), idle={}),
            git=MemoryGit(self.folder),
            runners={},
            clock=self.clock,
            new_id=lambda: "",
            instance="here",
            secrets={},
            github=self.github,
            public_url=self.public_url,
            listens=self.listens,
        )
        self.watch: Callable[[], None] = lambda: None
        self.moments: dict[str, list[datetime]] = {}
        self._script: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self.restart()

    def restart(self) -> None:
        """The process dies, and another one follows."""
        self.projection = Projection(self.services, self.github)

    def pull_request(self, head_sha: str = "a" * 40) -> int:
        return self.github.add_pull_request(head_sha, author=AUTHOR).number

    def add(
        self,
        nodes: int,
        *,
        number: int | None = None,
        workflow: str = "demo",
        head_sha: str = "a" * 40,
        approvals: Collection[int] = (),
        skipped: Skipped = Skipped.NEUTRAL,
        repository: str = REPOSITORY,
    ) -> str:
        """An execution whose nodes all wait for their turn."""
        count = next(self._numbers)
        key, target = f"{count:08d}", Target(repository=repository, head_sha=head_sha, number=number)
        definition = Workflow(
            id=workflow,
            path=f"workflows/{workflow}.yaml",
            name=workflow.capitalize(),
            skipped=skipped,
            nodes={f"n{index}": _node(index, index in approvals) for index in range(nodes)},
        )
        made = Execution(
            id=key,
            number=count,
            workflow_id=workflow,
            workflow_name=definition.name,
            target=target,
            instance="here",
            open_runs=nodes,
            active_runs=nodes,
            created_at=self.clock.now(),
        )
        runs = [NodeRun(execution_id=key, index=index, node=f"n{index}", key=f"n{index}") for index in range(nodes)]
        with self.store.begin() as tx:
            tx.insert(made, Plan(definition=definition, source=""), runs, [])
        self.moments[key] = []
        return key

    def set(self, key: str, index: int, status: NodeStatus, **changes: object) -> None:
        """A node run moves on, and its execution with it, in one transaction."""
        now = self.clock.now()
        with self.store.begin() as tx:
            execution = tx.lock(key)
            run = tx.run(key, index)
            running = status is NodeStatus.RUNNING
            moved = replace(
                run,
                status=status,
                result=RESULTS.get(status),
                epoch=run.epoch + running,
                attempt=run.attempt + running,
                started_at=now if running or status is NodeStatus.WAITING else run.started_at,
                completed_at=now if status.settled else None,
                outcome=_outcome(status, run.outcome),
            )
            moved = replace(moved, **changes)  # type: ignore[arg-type]
            tx.save_runs([moved])
            left = execution.open_runs + run.status.settled - moved.status.settled
            active = execution.active_runs + _active(moved) - _active(run)
            execution = replace(
                execution,
                open_runs=left,
                active_runs=active,
                started_at=execution.started_at or now,
                status=ExecutionStatus.RUNNING if active else ExecutionStatus.WAITING,
            )
            tx.save(execution if left else progress.ended(execution, tx.runs(key), now))
            tx.changed(key)
        self.moments[key].append(now)

    def at(self, seconds: float, act: Callable[..., object], *args: object, **named: object) -> None:
        """Have something happen so many seconds from now."""
        when = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._script, (when, next(self._order), partial(act, *args, **named)))

    def run(self, seconds: float) -> None:
        """Let time pass: what is scripted happens when its time comes, and GitHub is kept up to date meanwhile."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while (now := self.clock.now()) < end:
            while self._script and self._script[0][0] <= now:
                heapq.heappop(self._script)[2]()
            before = len(self.github.sent)
            pause = self.projection.step()
            self.watch()
            asked = len(self.github.sent) > before or pause == 0.0
            until = self._script[0][0] if self._script else end
            wait = REQUEST_SECONDS if asked else min(pause, (min(until, end) - self.clock.now()).total_seconds())
            self.clock.advance(max(wait, 0.001))

    def settle(self, seconds: float = 600.0) -> float:
        """Let time pass until GitHub agrees; how many seconds that took, at most so many."""
        began = self.clock.now()
        while self.store.behind("here") and (self.clock.now() - began).total_seconds() < seconds:
            self.run(0.5)
        return (self.clock.now() - began).total_seconds()

    @property
    def checks(self) -> dict[str, CheckRun]:
        """The newest of each name."""
        known = sorted(self.github.repo.checks.values(), key=lambda each: each.id)
        return {each.check.name: each.check for each in known}

    def statuses(self, sha: str = "a" * 40) -> dict[str, list[tuple[str, str]]]:
        """All of each context, oldest first."""
        found: dict[str, list[tuple[str, str]]] = {}
        for status in self.github.repo.statuses.get(sha, []):
            found.setdefault(status.context, []).append((status.state, status.description))
        return found

    def disagreements(self, key: str) -> list[str]:
        """What GitHub shows otherwise than it is stored."""
        execution, runs = self.store.execution(key), self.store.runs(key)
        known = {thing.place: thing for thing in self.store.shown(key)}
        found = [f"{each.place} is unclear" for each in known.values() if each.begun]
        for place, status in [
            (EXECUTION, execution.status.value),
            *((run_place(r.index), r.status.value) for r in runs),
        ]:
            thing = known.get(place)
            if thing is None or thing.github_id is None:
                continue
            check = self.github.repo.checks[thing.github_id].check
            if (check.conclusion is not None) is not _ended(status):
                found.append(f"{place} is {status}, and shown as {check.conclusion}")
        return found


def _ended(status: str) -> bool:
    return status not in ("pending", "queued", "running")


def _active(run: NodeRun) -> bool:
    return not run.status.settled and run.status is not NodeStatus.WAITING


def _node(index: int, approval: bool) -> Node:
    action = Approval(message=f"Go on with {index}?") if approval else Run(script=f"make {index}")
    return Node(id=f"n{index}", action=action, place=Place(file="workflows/demo.yaml"))


def _outcome(status: NodeStatus, before: Outcome | None) -> Outcome | None:
    if status is NodeStatus.FAILED:
        return Outcome(failure=FailureClass.EXIT, message="Exit code 1", exit_code=1)
    return Outcome() if status is NodeStatus.COMPLETED else before
