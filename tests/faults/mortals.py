"""A machine whose processes may die, and what is left when an execution on it has come to its end."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.definition.model import Agent
from orchestrator.execution.publication import Publication
from orchestrator.execution.state import Execution, NodeRun, NodeStatus
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.attempts.execute import work
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.ports import Control, LogSink, Scope, Store, Task
from orchestrator.lifecycle.ports.github import User
from orchestrator.lifecycle.resume import resume
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest, start
from orchestrator.queue.offline import NobodyToWake, NobodyWatching
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import FakeClock
from tests.fakes.events import FakeEvents
from tests.fakes.git import MemoryGit
from tests.fakes.github_branches import connected
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.logs import MemoryLogs
from tests.fakes.runner import FakeRunner
from tests.fakes.wake import FakeStopSignals, FakeWake
from tests.fakes.world import agent
from tests.faults.stories import Story
from tests.faults.tripwire import Died, Ledger, Process, Tripwire

LONGEST = 60
"""Passes after which an execution that has not ended never will."""

BETWEEN_SECONDS = 16.0
OF_AN_ATTEMPT = ("epoch", "lost", "lease", "worker", "execution_id", "waiting_for")
TIMES = ("ready_at", "not_before", "deadline", "started_at", "completed_at")


class _Runner(FakeRunner):
    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def run(self, task: Task, log: LogSink, control: Control) -> Any:
        self._ledger.carried_out(task)
        return super().run(task, log, control)


@dataclass
class Machine:
    """What outlives its processes, and whoever is at work: a person, a worker, and a control loop.

    `successor` says who goes on after a death: the `seat`'s next process, an `other` worker once the lease has
    expired, or a `tree` of its own when everything died at once.
    """

    story: Story
    folder: Path
    store: Store
    clock: FakeClock
    tripwire: Tripwire
    successor: str = "seat"
    mended: bool = False
    deaths: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    _id: str = ""

    def __post_init__(self) -> None:
        self.git = MemoryGit(self.folder, {"README.md": b"# Example\n", "shared.txt": b"neither\n"})
        self.logs, self.blobs, self.events = MemoryLogs(), MemoryBlobs(), FakeEvents()
        self.github = MemoryGitHub() if self.story.definition.publish else None
        if self.github:
            connected(self.git, self.github)
            head = self.git.branches["main"]
            self.github.add_pull_request(head, author=User(id=5, login="ada"), head_ref="topic", lines=[("a.py", 1)])
            self.github.repo.patches[1] = {"a.py": "@@ -1 +1 @@\n+one"}
        self.signals = FakeStopSignals()
        self.instance = _named(self.folder, 0)
        runner = _Runner(self.ledger)
        runner.deeds.update(self.story.deeds(self))
        names = itertools.count(1)
        self._new_id = lambda: f"{self.folder.name}-{next(names):04d}"
        self._runners = {"shell": runner, "claude": runner}
        self._processes: dict[str, Process] = {}
        self._loop: ControlLoop | None = None

    def run(self) -> Execution:
        """Everybody does what there is to do, and whoever dies is followed by another, to the execution's end."""
        for _ in range(LONGEST):
            try:
                if self._nothing_left():
                    return self._execution()
            except Died:
                self._bury()
            self.clock.advance(BETWEEN_SECONDS)
        raise AssertionError(
            f"never ended: {[(r.key, r.status.value) for r in self._runs()]}, {self._rows()} effects left"
        )

    def outsider(self, act: Callable[[Services], None]) -> None:
        """A command in another terminal; again, where it died."""
        self._beside("outsider", lambda: act(self._process("outsider").services))

    def look_after(self) -> None:
        """A pass of the control loop while a worker is at work; again, where it died."""
        self._beside("control", self._control)

    def _beside(self, role: str, act: Callable[[], None]) -> None:
        for _ in range(2):
            process = self._process(role)
            try:
                act()
            except Died:
                if not process.dead:
                    raise
                self._bury_one(role)
            else:
                return

    def left(self) -> dict[str, Any]:
        """All that must be the same however it came about."""
        execution = self._execution()
        runs = self._runs()
        plain: dict[str, Any] = self._plain(
            {
                "execution": {
                    key: value
                    for key, value in asdict(execution).items()
                    if key
                    not in ("id", "instance", "number", "created_at", "started_at", "completed_at", "result_branch")
                },
                "runs": [self._run(run) for run in runs],
                "branches": {"mycelium" if name != "main" else name: sha for name, sha in self.git.branches.items()},
                "published": [self._publication(each) for each in self.store.publications(execution.id)],
                "github": self._on_github(),
            }
        )
        return plain

    def faults(self) -> list[str]:
        """What must never be, whatever else is right."""
        execution, runs = self._execution(), self._runs()
        outcomes = [run.outcome for run in runs if run.outcome]
        digests = [each.bundle for each in outcomes if each.bundle] + [a.digest for o in outcomes for a in o.artifacts]
        numbers = [line.id for line in self.logs.read(execution.id)]
        branches = [name for name in self.git.branches if name != "main"]
        told = [event.event.value for event in self.events.published if event.event.value.startswith("execution_")]
        found = {
            "the outbox is not empty": self._rows(),
            "a blob is missing": [digest for digest in digests if not self.blobs.has(digest)],
            "log lines are not numbered from 1": numbers != list(range(1, len(numbers) + 1)),
            "the counters are wrong": execution.open_runs or execution.active_runs,
            "a node run waits": [run.key for run in runs if run.waiting_for and run.status is not NodeStatus.CANCELLED],
            "more than one branch": branches[1:],
            "the branch is not the execution's": branches and branches[0] != execution.result_branch,
            "the end was not told": told[-1:] != [f"execution_{execution.status.value}"],
            "more than one execution": len(self._mine()) > 1,
            "more losses than deaths": sum(run.lost for run in runs) > self.deaths,
            "something is still reserved": [each for each in self.store.reservations(execution.id) if each.open],
            "more attempts were charged than deaths explain": self._charged_too_often(),
            "attempts of agents are not remembered once each": self._misremembered(runs),
            "something was not published": [each for each in self.store.publications(execution.id) if each.pending],
        }
        return [*self.ledger.twice, *(f"{what}: {value}" for what, value in found.items() if value)]

    def _charged_too_often(self) -> bool:
        """Each attempt that ended is charged once; one whose process died may have been charged before it."""
        charged = self.store.reservations(self._execution().id)
        ended = sum(run.attempt for run in self._runs() if run.index in {each.index for each in charged})
        return not ended <= len(charged) <= ended + self.deaths

    def _misremembered(self, runs: list[NodeRun]) -> list[tuple[str, str, int]]:
        """What differs from the attempts that the node runs tell of, in either direction. Those before a rerun they do
        not tell of: a process that died explains as many lost ones."""
        rows = self.store.history().recent(Scope(replayed=True), limit=10_000)
        found = Counter((row.key, row.outcome) for row in rows if row.execution_id == self._execution().id)
        expected = Counter((run.key, "success") for run in runs if run.outcome and run.outcome.called)
        for run in runs:
            if isinstance(self.story.definition.nodes[run.node].action, Agent):
                most = self.deaths if self.mended else run.lost
                expected[run.key, "lost"] += max(run.lost, min(most, found[run.key, "lost"]))
                expected[run.key, "exit"] += max(0, run.attempt - 1)
        return [(key, outcome, count) for (key, outcome), count in ((found - expected) + (expected - found)).items()]

    def lines(self) -> Counter[tuple[int, int, str]]:
        """What the logs of the node runs say that were not stopped."""
        stopped = {run.index for run in self._runs() if run.status is NodeStatus.CANCELLED}
        return Counter(
            (line.run, line.attempt, re.sub(r"[0-9a-f]{12}", "…", line.text))
            for line in self.logs.read(self._execution().id)
            if line.run not in stopped
        )

    def _nothing_left(self) -> bool:
        if not self._begun():
            self._start(self._process("person").services)
        self._control()
        self._work()
        acted = self.story.act(self, self._process("person").services, self._execution())
        return not acted and self._execution().status.ended and not self._rows() and not self._unpublished()

    def _start(self, services: Services) -> None:
        agents = {name: agent(name) for name in self.story.agents}
        snapshot = services.git.snapshot()
        request = StartRequest(workflow=self.story.definition, source="", agents=agents, snapshot=snapshot)
        if self.github:
            request = replace(request, event_name="pull_request", event=pull_request_event(snapshot.head))
        start(services, request)

    def _control(self) -> None:
        process = self._process("control")
        if self._loop is None:
            self._loop = ControlLoop(process.services, "pool.control")
        self._loop.step()

    def _work(self) -> None:
        fresh = "worker" not in self._processes
        process = self._process("worker")
        seat = f"{self.instance}.{self.deaths if self.successor == 'other' else 0}"
        if fresh and self.successor != "other":
            advance.lose_all_of(process.services, seat)
        work(process.services, labels=["default"], worker=f"{seat}.{self.deaths}", signals=self.signals)

    def _bury(self) -> None:
        for role in [role for role, process in self._processes.items() if process.dead]:
            self._bury_one(role)
        if self.successor != "tree":
            return
        self._processes.clear()
        self._loop = None
        self.instance = _named(self.folder, self.deaths)
        if self._begun() and (self._rows() or self._unpublished() or not self._execution().status.ended):
            resume(self._process("person").services, self._id)

    def _bury_one(self, role: str) -> None:
        self.deaths += 1
        del self._processes[role]
        if role == "control":
            self._loop = None

    def _process(self, role: str) -> Process:
        if role not in self._processes:
            services = self._services()
            if role == "outsider":
                services = replace(services, instance="", wake=NobodyToWake(), events=NobodyWatching())
            self._processes[role] = Process(services, self.tripwire, self.ledger)
        return self._processes[role]

    def _services(self) -> Services:
        return Services(
            store=self.store,
            logs=self.logs,
            blobs=self.blobs,
            github=self.github,
            events=self.events,
            wake=FakeWake(self.signals, idle={"default": 4}),
            git=self.git,
            runners=self._runners,
            clock=self.clock,
            new_id=self._new_id,
            instance=self.instance,
            secrets={},
            jitter=lambda: 0.0,
        )

    def _mine(self) -> list[Execution]:
        found = self.store.executions(before=f"{self.folder.name}-~", limit=2)
        return [each for each in found if each.id.startswith(f"{self.folder.name}-")]

    def _begun(self) -> bool:
        """Whether the execution is there; its id is looked for until then."""
        if not self._id and (found := self._mine()):
            self._id = found[0].id
        return bool(self._id)

    def _execution(self) -> Execution:
        assert self._begun()
        return self.store.execution(self._id)

    def _runs(self) -> list[NodeRun]:
        return self.store.runs(self._id) if self._begun() else []

    def _rows(self) -> int:
        """What the outbox holds; an execution that nobody has taken up belongs to a dead tree."""
        return len(self.store.effects(instance=self._execution().instance)) if self._begun() else 0

    def _unpublished(self) -> bool:
        return any(each.pending for each in self.store.publications(self._id))

    def _publication(self, found: Publication) -> dict[str, Any]:
        kept = {key: value for key, value in asdict(found).items() if not key.endswith(("_at", "_id", "before"))}
        return {**kept, "branch": bool(found.branch), "tries": 0, "title": re.sub(r"[0-9a-f]{12}", "…", found.title)}

    def _on_github(self) -> dict[str, Any]:
        """How much there is of everything, and what says nothing of ids and numbers."""
        if self.github is None:
            return {}
        repo = self.github.repo
        return {
            "pulls": [(each.title, each.state, each.labels) for each in repo.pull_requests.values()],
            "issues": [(each.title, each.labels) for each in repo.issues.values()],
            "comments": len(repo.comments),
            "reviews": [(each.state, len(repo.review_comments[each.id])) for each in repo.reviews.get(1, ())],
            "branches": len(repo.branches),
        }

    def _run(self, run: NodeRun) -> dict[str, Any]:
        kept = {key: value for key, value in asdict(run).items() if key not in (*OF_AN_ATTEMPT, *TIMES)}
        stopped = run.status is NodeStatus.CANCELLED
        # The digest of a bundle follows from the ids of its commits, and what a stopped node had come to, from luck.
        return {
            **kept,
            "outcome": None
            if stopped or not run.outcome
            else {**asdict(run.outcome), "bundle": bool(run.outcome.bundle)},
        }

    def _plain(self, value: Any) -> Any:
        """With a commit's tree in place of its id: that follows from the execution's id and number."""
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in value]
        if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}", value) and self.git.has(value):
            files = [(path, self.git.read(value, path)) for path in self.git.files(value)]
            return f"tree {hashlib.sha1(repr(files).encode()).hexdigest()}"
        return value


def pull_request_event(head: str) -> dict[str, Any]:
    """What tells of the pull request that every machine's GitHub has."""
    ends = {"head": {"ref": "topic", "sha": head}, "base": {"ref": "main", "sha": "0" * 40}}
    told = {name: {**end, "repo": {"full_name": "octo/demo"}} for name, end in ends.items()}
    return {"pull_request": {"number": 1, **told}, "repository": {"full_name": "octo/demo"}}


def _named(folder: Path, number: int) -> str:
    return f"{folder.name}-tree-{number}"
