"""Services made of fakes, and workflows in a line or two, for tests of the lifecycle."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.definition.model import Action, AgentDefinition, JsonValue, Need, Node, Run, Workflow
from orchestrator.errors import Place
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle.attempts.execute import work
from orchestrator.lifecycle.claim import Claimant
from orchestrator.lifecycle.control import ControlLoop
from orchestrator.lifecycle.ports import Blackboard
from orchestrator.lifecycle.ports.github import GitHub
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest, start
from orchestrator.store.opening import Storage
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import FakeClock
from tests.fakes.events import FakeEvents
from tests.fakes.git import MemoryGit
from tests.fakes.logs import MemoryLogs
from tests.fakes.runner import FakeRunner
from tests.fakes.store import MemoryStore
from tests.fakes.wake import FakeStopSignals, FakeWake


def node(name: str, *needs: str | Need, action: Action | None = None, **keys: Any) -> Node:
    """A `run` node unless `action` says otherwise; `needs` are names, or edges with a condition."""
    edges = tuple(need if isinstance(need, Need) else Need(node=need) for need in needs)
    return Node(id=name, action=action or Run(script=f"echo {name}"), place=Place(file="w.yaml"), needs=edges, **keys)


def workflow(*nodes: Node, **keys: Any) -> Workflow:
    """A workflow of these nodes."""
    return Workflow(id="demo", path="workflows/demo.yaml", name="Demo", nodes={each.id: each for each in nodes}, **keys)


def agent(name: str) -> AgentDefinition:
    return AgentDefinition(id=name, name=name, description=f"The {name}", prompt=f"You are {name}.")


@dataclass
class World:
    """One process on one machine. `folder` holds the workspaces; all else is in memory, unless there is a `storage`."""

    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    instance: str = "here"
    storage: Storage | None = None
    blackboard: Blackboard | None = None
    github: GitHub | None = None

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        kept = self.storage or Storage(store=MemoryStore(self.clock), logs=MemoryLogs(), blobs=MemoryBlobs())
        self.store, self.logs, self.blobs = kept.store, kept.logs, kept.blobs
        known = self.store.executions(limit=1)
        numbers = itertools.count(int(known[0].id) + 1 if known else 1)
        self.events = FakeEvents()
        self.signals = FakeStopSignals()
        self.wake = FakeWake(self.signals, idle={"default": 4})
        self.git = MemoryGit(self.folder)
        self.runner = FakeRunner()
        self.services = Services(
            store=self.store,
            logs=self.logs,
            blobs=self.blobs,
            events=self.events,
            wake=self.wake,
            git=self.git,
            runners={"shell": self.runner, "claude": self.runner},
            clock=self.clock,
            new_id=lambda: f"{next(numbers):08d}",
            instance=self.instance,
            secrets=self.secrets,
            jitter=lambda: 0.0,
            blackboard=self.blackboard,
            github=self.github,
        )
        self.control = ControlLoop(self.services, "control")

    def start(self, definition: Workflow, **request: Any) -> Execution:
        """Start an execution of `definition` on the repository's present commit."""
        request.setdefault("snapshot", self.git.snapshot())
        return start(self.services, StartRequest(workflow=definition, source="name: Demo", **request))

    def work(self, worker: str = "w1") -> int:
        return work(self.services, labels=["default"], worker=worker, signals=self.signals)

    def run(self, definition: Workflow, **request: Any) -> Execution:
        """Start, and work until nothing is ready."""
        execution = self.start(definition, **request)
        self.work()
        return self.store.execution(execution.id)

    def claim(self, worker: str = "w1") -> NodeRun:
        """Take the first ready run, as a worker does before it dies or dawdles."""
        with self.store.begin() as tx:
            claim = tx.claim(labels=["default"], instance=self.instance, worker=worker, now=self.clock.now())
        assert claim is not None
        return claim

    def claimant(self, worker: str = "w1") -> Claimant:
        """Somebody who reports and claims nothing more."""
        return Claimant(name=worker, labels=[], signals=self.signals)

    def node_run(self, execution: Execution, key: str) -> NodeRun:
        return next(run for run in self.store.runs(execution.id) if run.key == key)

    def statuses(self, execution: Execution) -> dict[str, str]:
        return {run.key: run.status.value for run in self.store.runs(execution.id)}

    def outputs(self, execution: Execution, key: str) -> dict[str, JsonValue]:
        outcome = self.node_run(execution, key).outcome
        assert outcome is not None
        return outcome.outputs

    def outbox(self) -> int:
        return len(self.store.effects(instance=self.instance))
