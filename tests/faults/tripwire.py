"""Processes that die at a chosen point: before or after a commit, an effect, or any other deed outside of memory.

Points are counted, not named in the code under test: a first passage lists them all, and then one passage for each
has its process die there. So a new effect, or a new call of git, is covered without a word here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from orchestrator.errors import Unavailable
from orchestrator.execution.state import NodeRun, NodeStatus
from orchestrator.lifecycle.ports import StoredEffect, Task
from orchestrator.lifecycle.services import Services

LOOKS = frozenset(
    {"beat", "changes", "close", "diff", "files", "get", "has", "head", "left_out", "log", "read", "settle", "tail"}
    | {"branch", "comments", "facts", "find_check_runs", "find_issues", "issue", "me", "patches", "pull_request"}
    | {"pull_requests", "remote", "reviews", "room"}
)
"""Methods of the adapters that leave nothing behind: dying around them is dying after the deed before.

A lease beat does, but comes from a thread of its own, at any time.
"""
ADAPTERS = ("git", "blobs", "logs", "wake", "events")
CANCELLABLE = (NodeStatus.PENDING, NodeStatus.QUEUED, NodeStatus.WAITING)


class Died(BaseException):
    """What `kill -9` is to a process: nothing catches it, and nothing of the process works afterwards."""


@dataclass
class Tripwire:
    """Lists the points that are passed, and is deadly at one of them (None: at none), the first one being 0."""

    deadly: int | None = None
    passed: list[str] = field(default_factory=list)

    def touch(self, point: str) -> bool:
        """Pass a point; whether it is the deadly one."""
        self.passed.append(point)
        return len(self.passed) - 1 == self.deadly


@dataclass
class Ledger:
    """What must happen once: a node run settles, and a claim of it is carried out."""

    settled: set[tuple[str, int]] = field(default_factory=set)
    ran: set[tuple[str, str, int]] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)

    def saved(self, run: NodeRun) -> None:
        key = (run.execution_id, run.index)
        if run.status.settled and key in self.settled:
            self.twice.append(f"{run.key} settled a second time")
        (self.settled.add if run.status.settled else self.settled.discard)(key)

    def carried_out(self, task: Task) -> None:
        claim = (task.execution_id, task.key, task.epoch)
        if claim in self.ran:
            self.twice.append(f"{task.key} ran a second time at epoch {task.epoch}")
        self.ran.add(claim)


class Process:
    """A process: its services pass the tripwire with every deed, and refuse everything once it has died."""

    def __init__(self, services: Services, tripwire: Tripwire, ledger: Ledger) -> None:
        self.dead = False
        self.tripwire = tripwire
        watched: dict[str, Any] = {name: Watched(getattr(services, name), self, name) for name in ADAPTERS}
        watched["store"] = WatchedStore(services.store, self, ledger)
        watched["runners"] = {name: Watched(runner, self, "runner") for name, runner in services.runners.items()}
        if services.github:
            watched["github"] = Watched(services.github, self, "github")
        self.services: Services = replace(services, **watched)

    def touch(self, point: str) -> None:
        """Pass a point, or die there; `Died` ever after."""
        if self.dead and threading.current_thread() is not threading.main_thread():
            raise Unavailable("the process of this thread has died")
        if self.dead or self.tripwire.touch(point):
            self.dead = True
            raise Died(point)

    @contextmanager
    def deed(self, name: str) -> Iterator[None]:
        self.touch(f"before {name}")
        yield
        self.touch(f"after {name}")

    def look(self) -> None:
        if self.dead:
            self.touch("")


class Watched:
    """An adapter of a process that may die."""

    def __init__(self, inner: Any, process: Process, name: str) -> None:
        self.inner = inner
        self.process = process
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self.inner, attribute)
        if not callable(found) or attribute == "subscribe":
            return found
        return partial(self._look if attribute in LOOKS else self._do, attribute, found)

    def _look(self, _attribute: str, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.process.look()
        return method(*args, **named)

    def _do(self, attribute: str, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self.process.deed(f"{self._name} {attribute}"):
            return method(*args, **named)


class WatchedStore(Watched):
    """A store whose every commit is a point, and whose reads are none."""

    def __init__(self, inner: Any, process: Process, ledger: Ledger) -> None:
        super().__init__(inner, process, "store")
        self._ledger = ledger

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.process.look()
        saved: list[NodeRun] = []
        with self.inner.begin() as tx:
            yield _Listening(tx, saved)
            self.process.touch("before commit")
        for run in saved:
            self._ledger.saved(run)
        self.process.touch("after commit")

    def __getattr__(self, attribute: str) -> Any:
        return partial(self._look, attribute, getattr(self.inner, attribute))


class _Listening:
    """A transaction that notes which node runs it saves."""

    def __init__(self, inner: Any, saved: list[NodeRun]) -> None:
        self._inner = inner
        self._saved = saved

    def save_runs(self, runs: list[NodeRun]) -> None:
        self._inner.save_runs(runs)
        self._saved += runs

    def cancel_pending(self, execution_id: str, at: Any) -> int:
        pending = [run for run in self._inner.runs(execution_id) if run.status in CANCELLABLE]
        self._saved += [replace(run, status=NodeStatus.CANCELLED) for run in pending]
        return int(self._inner.cancel_pending(execution_id, at))

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._inner, attribute)


Perform = Callable[[Services, StoredEffect], None]


def deadly_effects(effects: Mapping[str, Perform]) -> dict[str, Perform]:
    """The table of effects, each a deed of the process that performs it."""

    def perform(kind: str, effect: Perform, services: Services, row: StoredEffect) -> None:
        process: Process = services.store.process  # type: ignore[attr-defined]  # only watched stores come here
        with process.deed(f"effect {kind}"):
            effect(services, row)

    return {kind: partial(perform, kind, effect) for kind, effect in effects.items()}
