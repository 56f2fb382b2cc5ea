"""PostgreSQL is stopped and started again under a store, logs, blobs, a control loop and a worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.definition.model import WorkspaceMode
from orchestrator.errors import Unavailable
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.store.opening import Storage, open_storage
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.world import World, node, workflow


@pytest.fixture
def databases(postgres_databases: PostgresDatabases, tmp_path: Path) -> Iterator[PostgresDatabases]:
    """A server of our own: that of the others stays up."""
    own = PostgresDatabases(tmp_path / "postgres", durable=False)
    yield own
    own.close()


@pytest.fixture
def storage(databases: PostgresDatabases, tmp_path: Path) -> Iterator[Storage]:
    opened = open_storage(databases.create(tcp=True), home=tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def world(storage: Storage, tmp_path: Path) -> World:
    return World(tmp_path, storage=storage)


def test_connections_are_made_anew(world: World, databases: PostgresDatabases) -> None:
    execution = world.run(workflow(node("a")))
    digest = world.blobs.put(b"bytes")
    databases.server.stop()
    with pytest.raises(Unavailable):
        world.store.execution(execution.id)
    with pytest.raises(Unavailable):
        world.control.step()
    databases.server.start()
    assert world.store.execution(execution.id).status is ExecutionStatus.COMPLETED
    assert world.blobs.get(digest) == b"bytes"
    world.control.step()
    assert world.run(workflow(node("a"))).status is ExecutionStatus.COMPLETED


def test_what_a_node_did_during_a_restart_is_kept(world: World, databases: PostgresDatabases, tmp_path: Path) -> None:
    """The server is away when the node ends, and comes back when its artifact waits to be stored."""
    back = threading.Timer(1.0, databases.server.start)

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        log.line("before")
        databases.server.stop()
        (task.workspace / "kept.txt").write_text("kept")
        back.start()
        return Outcome(outputs={"n": 1})

    world.runner.deeds["a"] = deed
    keys = {"artifacts": ("kept.txt",), "workspace": WorkspaceMode.WRITE}
    execution = world.run(workflow(node("a", **keys), node("b", "a")))
    back.join()
    assert world.statuses(execution) == {"a": "completed", "b": "completed"}
    run = world.node_run(execution, "a")
    assert (run.epoch, run.attempt, run.lost) == (1, 1, 0)
    assert run.outcome is not None
    assert world.blobs.get(run.outcome.artifacts[0].digest) == b"kept"


def test_a_settled_run_whose_commit_was_not_answered_is_not_settled_again(
    world: World, databases: PostgresDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = world.store.begin
    lost: list[str] = []

    class Cut:
        """A transaction that commits, and whose answer is lost with the connection."""

        def __enter__(self) -> object:
            self._inner = begin()
            return self._inner.__enter__()

        def __exit__(self, *problem: object) -> None:
            self._inner.__exit__(*problem)  # type: ignore[arg-type]
            if problem[0] is None and settling:
                settling.clear()
                lost.append("an answer")
                raise Unavailable("the connection was lost")

    settling: list[str] = []

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        settling.append(task.key)
        return Outcome()

    world.runner.deeds["a"] = deed
    monkeypatch.setattr(world.store, "begin", Cut)
    execution = world.run(workflow(node("a")))
    assert lost == ["an answer"]
    run = world.node_run(execution, "a")
    assert (world.statuses(execution), run.epoch, run.lost) == ({"a": "completed"}, 1, 0)
    world.control.step()
    assert world.store.execution(execution.id).status is ExecutionStatus.COMPLETED
    assert world.outbox() == 0


def test_nobody_is_taken_for_lost_because_the_server_was_away(world: World, databases: PostgresDatabases) -> None:
    execution = world.start(workflow(node("a")))
    world.control.step()
    world.claim()
    world.control.step()
    databases.server.stop()
    world.clock.advance(20)
    with pytest.raises(Unavailable):
        world.control.step()
    world.clock.advance(20)
    databases.server.start()
    world.control.step()
    assert world.statuses(execution) == {"a": "running"}
    world.clock.advance(31)
    world.control.step()
    assert world.statuses(execution) == {"a": "queued"}
