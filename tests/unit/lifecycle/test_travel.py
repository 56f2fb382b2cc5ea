"""Commits of an execution on several machines, which share store, logs and blobs, and have a repository each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.definition.model import WorkspaceMode
from orchestrator.errors import BadInput
from orchestrator.execution.outcome import FailureClass
from orchestrator.execution.state import Execution
from orchestrator.lifecycle import finish
from orchestrator.lifecycle.rerun import rerun
from orchestrator.store.opening import Storage
from tests.fakes.git import MemoryGit
from tests.fakes.runner import writes
from tests.fakes.world import World, node, workflow

WRITE = WorkspaceMode.WRITE
WRITTEN = workflow(node("a", workspace=WRITE))


class Machines:
    """One that starts executions, one that works, and one that has the control loop."""

    def __init__(self, folder: Path) -> None:
        self.here = World(folder / "here")
        kept = Storage(store=self.here.store, logs=self.here.logs, blobs=self.here.blobs)
        self.worker, self.control = (World(folder / name, storage=kept) for name in ("worker", "control"))
        self.all = (self.here, self.worker, self.control)
        for world in self.all:
            world.services = replace(world.services, spread=True, branches=False)
            world.runner.deeds["a"] = writes(new_txt="new")
        for world in (self.worker, self.control):
            world.git = MemoryGit(folder / "other", {})
            world.services = replace(world.services, git=world.git)
        self.control.control = type(self.control.control)(self.control.services, "control")

    def run(self, execution: Execution) -> Execution:
        self.worker.work()
        self.control.control.step()
        return self.here.store.execution(execution.id)


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return Machines(tmp_path)


def test_a_base_travels_with_its_uncommitted_changes_and_the_result_lies_where_the_control_loop_is(
    machines: Machines,
) -> None:
    machines.here.git.checkout["README.md"] = b"mine"
    execution = machines.run(machines.here.start(WRITTEN))
    assert execution.dirty
    assert execution.result_branch
    assert execution.result
    assert machines.control.git.branches == {execution.result_branch: execution.result}
    assert machines.control.git.read(execution.result, "README.md") == b"mine"
    assert execution.result_branch not in machines.here.git.branches
    assert machines.worker.git.branches == {}
    assert machines.here.outbox() == 0
    assert finish.fetch(machines.here.services, execution.id) == execution.result_branch
    assert machines.here.git.branches[execution.result_branch] == execution.result


def test_what_origin_has_is_fetched_and_not_sent(machines: Machines) -> None:
    for world in (machines.worker, machines.control):
        world.git.origin = machines.here.git
    machines.here.git.origin = machines.here.git
    execution = machines.here.start(WRITTEN)
    assert machines.here.store.plan(execution.id).base_bundle is None
    assert machines.run(execution).result_branch


def test_a_bundle_builds_on_what_origin_has(machines: Machines, tmp_path: Path) -> None:
    origin = MemoryGit(tmp_path / "origin")
    origin._commits = dict(machines.here.git._commits)
    for world in machines.all:
        world.git.origin = origin
    machines.here.git.checkout["later.txt"] = b"not pushed"
    machines.here.git.commit_checkout("Not pushed")
    execution = machines.here.start(WRITTEN)
    digest = machines.here.store.plan(execution.id).base_bundle
    assert digest
    ended = machines.run(execution)
    assert ended.result
    assert machines.control.git.read(ended.result, "later.txt") == b"not pushed"


def test_what_cannot_be_had_fails_its_node_with_the_commit_and_a_way_out(machines: Machines) -> None:
    machines.here.git.origin = machines.here.git  # the others' `origin` is another one, or none
    execution = machines.run(machines.here.start(WRITTEN))
    run = machines.here.node_run(execution, "a")
    assert run.outcome is not None
    assert run.outcome.failure is FailureClass.SETUP
    assert f"commit {execution.base} is neither on this machine nor at its `origin`" in run.outcome.message
    assert "push it" in run.outcome.message


def test_a_result_out_of_the_control_loops_reach_ends_without_a_branch(machines: Machines) -> None:
    machines.here.git.origin = machines.worker.git.origin = machines.here.git
    execution = machines.run(machines.here.start(WRITTEN))
    assert execution.result
    assert execution.result_branch is None
    assert machines.here.outbox() == 0
    assert finish.fetch(machines.here.services, execution.id) == "mycelium/demo/1"


def test_a_rerun_from_another_machine_takes_the_bundle_along(machines: Machines) -> None:
    machines.here.git.checkout["README.md"] = b"mine"
    first = machines.run(machines.here.start(WRITTEN))
    idle = World(
        machines.here.folder / "idle",
        storage=Storage(store=machines.here.store, logs=machines.here.logs, blobs=machines.here.blobs),
    )
    idle.git = MemoryGit(machines.here.folder / "idle", {})
    idle.services = replace(idle.services, git=idle.git, spread=True, branches=False)
    again = rerun(idle.services, first.id, failed_only=False)
    assert machines.here.store.plan(again.id).base_bundle == machines.here.store.plan(first.id).base_bundle
    assert machines.run(again).result_branch == "mycelium/demo/2"


def test_where_nodes_run_on_this_machine_alone_no_base_is_stored(machines: Machines) -> None:
    machines.here.services = replace(machines.here.services, spread=False, branches=True)
    execution = machines.here.start(WRITTEN)
    assert machines.here.store.plan(execution.id).base_bundle is None


def test_there_is_nothing_to_fetch_without_a_result(machines: Machines) -> None:
    execution = machines.here.start(WRITTEN)
    with pytest.raises(BadInput, match="no result"):
        finish.fetch(machines.here.services, execution.id)
