"""An execution holds what its limits allow; one more gets a word about it, and the execution goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.definition.model import Agent, Matrix, WorkspaceMode
from orchestrator.errors import BadInput
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Annotation, Artifact, FailureClass, Outcome
from orchestrator.execution.state import NodeStatus
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.attempts import carry_out
from orchestrator.lifecycle.attempts.tasks import MAX_ENVIRONMENT_BYTES, MAX_VARIABLE_BYTES
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.limits import (
    MAX_ANNOTATIONS,
    MAX_ARTIFACT_BYTES,
    MAX_ARTIFACTS,
    MAX_MESSAGE,
    MAX_OUTPUTS_BYTES,
    MAX_SUMMARY,
    within_limits,
)
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.lifecycle.start import MAX_EDGES, MAX_RUNS, lay_out
from tests.fakes.world import World, agent, node, workflow

OWN = len('{"summary": "", "exit-code": 0, "x": ""}')


def outcome_of(world: World, execution_id: str, key: str) -> Outcome:
    run = next(run for run in world.store.runs(execution_id) if run.key == key)
    assert run.outcome is not None
    return run.outcome


@pytest.mark.parametrize("more", [0, 1])
def test_outputs_up_to_their_limit(world: World, more: int) -> None:
    world.runner.deeds["a"] = Outcome(outputs={"x": "v" * (MAX_OUTPUTS_BYTES - OWN + more)})
    execution = world.run(workflow(node("a"), node("b", "a"), node("c")))
    assert world.statuses(execution) == {
        "a": "failed" if more else "completed",
        "b": "skipped" if more else "completed",
        "c": "completed",
    }
    if more:
        said = "the outputs are 1,000,001 bytes, and 1,000,000 are allowed; the largest is `x` (keep large results as"
        assert outcome_of(world, execution.id, "a").message.startswith(said)


def test_a_failure_keeps_its_reason_where_its_outputs_are_too_large(world: World) -> None:
    outputs = {"x": "v" * MAX_OUTPUTS_BYTES}
    world.runner.deeds["a"] = Outcome(failure=FailureClass.EXIT, message="tests failed", outputs=outputs)  # type: ignore[arg-type]
    execution = world.run(workflow(node("a")))
    kept = outcome_of(world, execution.id, "a")
    assert (kept.failure, kept.message, kept.outputs) == (FailureClass.EXIT, "tests failed", {})


def test_texts_of_an_outcome_are_cut() -> None:
    remarks = [Annotation(level="notice", message="m" * 4_000) for _ in range(1_000)]
    long = Outcome(message="m" * 10**6, summary="s" * 2 * MAX_SUMMARY, annotations=tuple(remarks))
    kept = within_limits(long)
    assert (len(kept.message), len(kept.summary)) == (MAX_MESSAGE, MAX_SUMMARY)
    assert len(kept.annotations) == MAX_ANNOTATIONS // 4_000
    exact = Outcome(message="m" * MAX_MESSAGE, summary="s" * MAX_SUMMARY, annotations=tuple(remarks[:250]))
    assert within_limits(exact) == exact


@pytest.mark.parametrize("more", [0, 1])
def test_artifacts_of_one_node_up_to_the_limit(world: World, more: int) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        for name, size in (("a.bin", MAX_ARTIFACT_BYTES - 10), ("b.bin", 10 + more), ("c.txt", 0)):
            with Path(task.workspace, name).open("wb") as file:
                file.truncate(size)
        return Outcome()

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a", artifacts=("?.*",))))
    names = [artifact.name for artifact in outcome_of(world, execution.id, "a").artifacts]
    assert names == ["a.bin", *["b.bin"] * (not more), "c.txt"]
    assert execution.artifact_bytes == MAX_ARTIFACT_BYTES - 10 * more
    told = [line.text for line in world.logs.read(execution.id, level=Level.WARNING)]
    said = "artifact b.bin (11 bytes) is left out: an execution may keep 100,000,000 bytes"
    assert told == [said] * more


def test_nodes_that_run_side_by_side_share_the_room_for_artifacts(world: World) -> None:
    execution = world.start(workflow(node("a"), node("b"), node("c")))
    for name in ("a", "b", "c"):
        claim = world.claim(name)
        half = Artifact(name=f"{name}.bin", digest="0" * 64, size=MAX_ARTIFACT_BYTES // 2 + (name == "b"))
        advance.settle(world.services, claim, Outcome(artifacts=(half,)), world.claimant(name))
    kept = {name: outcome_of(world, execution.id, name) for name in ("a", "b", "c")}
    assert [len(kept[name].artifacts) for name in ("a", "b", "c")] == [1, 0, 1]
    assert [each.message for each in kept["b"].annotations] == [
        "artifact b.bin (50,000,001 bytes) is left out: an execution may keep 100,000,000 bytes"
    ]
    ended = world.store.execution(execution.id)
    assert (ended.artifact_bytes, ended.status.value) == (MAX_ARTIFACT_BYTES, "completed")


@pytest.mark.parametrize("more", [0, 1])
def test_a_node_keeps_a_thousand_files(world: World, more: int) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        for number in range(MAX_ARTIFACTS + more):
            (task.workspace / f"{number:04}.txt").touch()
        return Outcome()

    world.runner.deeds["a"] = deed
    execution = world.run(workflow(node("a", artifacts=("*.txt",))))
    assert len(outcome_of(world, execution.id, "a").artifacts) == MAX_ARTIFACTS
    told = [line.text for line in world.logs.read(execution.id, level=Level.WARNING)]
    assert told == ["1,001 files match `artifacts`; the first 1,000 are kept (pack them into one)"] * more


@pytest.mark.parametrize("more", [0, 1])
def test_changed_files_are_listed_up_to_their_limit(world: World, monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    monkeypatch.setattr(carry_out, "MAX_CHANGES", 20)

    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        for number in range(20 + more):
            (task.workspace / f"{number:04}.txt").write_text("x")
        return Outcome(outputs={"text": "Done"})

    world.runner.deeds["a"] = deed
    definition = workflow(node("a", action=Agent(agent="w"), workspace=WorkspaceMode.WRITE))
    execution = world.run(definition, agents={"w": agent("w")})
    kept = outcome_of(world, execution.id, "a")
    assert (kept.succeeded, len(kept.changes)) == (True, 20)
    assert execution.result == kept.commit
    told = [line.text for line in world.logs.read(execution.id, level=Level.WARNING)]
    assert told == ["the first 20 changed files are listed; the commit has all"] * more


@pytest.mark.parametrize("more", [0, 1])
def test_a_variable_as_large_as_programs_may_be_given(world: World, more: int) -> None:
    value = "v" * (MAX_VARIABLE_BYTES - len("LARGE=") + more)
    execution = world.run(workflow(node("a", env={"LARGE": value}), node("b")))
    assert world.statuses(execution) == {"a": "failed" if more else "completed", "b": "completed"}
    if more:
        kept = outcome_of(world, execution.id, "a")
        assert kept.failure is FailureClass.SETUP
        said = "the variable `LARGE` has 131,072 bytes; at most 131,071 are allowed (hand large texts over in a file)"
        assert kept.message == said


@pytest.mark.parametrize("more", [0, 1])
def test_an_environment_as_large_as_programs_may_be_given(world: World, more: int) -> None:
    size = MAX_ENVIRONMENT_BYTES // 10
    env = {f"V{number}": "v" * (size - len("V0=")) for number in range(10)}
    env["V9"] += "v" * more
    execution = world.run(workflow(node("a", env=env)))
    assert execution.status.value == ("failed" if more else "completed")
    if more:
        assert outcome_of(world, execution.id, "a").message.startswith("`env` has 1,000,001 bytes; at most 1,000,000")


def test_texts_that_grow_from_node_to_node_end_the_node_and_not_the_worker(world: World) -> None:
    world.runner.deeds["a"] = Outcome(outputs={"x": "v" * 900_000})
    many = {f"O{number}": "${{ needs.a.outputs.x }}" for number in range(1_000)}
    execution = world.run(workflow(node("a"), node("b", "a", outputs=many), node("c", "a", env=many), node("d", "a")))
    assert world.statuses(execution) == {"a": "completed", "b": "failed", "c": "failed", "d": "completed"}
    assert "the texts come to more than 10,000,000 characters" in outcome_of(world, execution.id, "b").message
    assert "the texts come to more than 10,000,000 characters" in outcome_of(world, execution.id, "c").message


def matrix(count: int) -> Matrix:
    return Matrix(axes={"v": list(range(count))})


def of_runs(count: int) -> list[object]:
    return [node(f"n{number}", matrix=matrix(250)) for number in range(count // 250)] + [
        node(f"m{number}") for number in range(count % 250)
    ]


@pytest.mark.no_cover
def test_ten_thousand_node_runs_start_move_on_and_are_cancelled(world: World) -> None:
    execution = world.start(workflow(*of_runs(MAX_RUNS)))  # type: ignore[arg-type]
    assert execution.open_runs == MAX_RUNS
    for name in ("w1", "w2"):
        advance.settle(world.services, world.claim(name), Outcome(), world.claimant(name))
    cancel(world.services, execution.id, "me")
    ended = world.store.execution(execution.id)
    assert (ended.status.value, ended.open_runs, world.outbox()) == ("cancelled", 0, 0)
    settled = [run.status for run in world.store.runs(execution.id)]
    assert settled.count(NodeStatus.COMPLETED) == 2
    assert settled.count(NodeStatus.CANCELLED) == MAX_RUNS - 2


def test_one_node_run_more_is_refused_and_leaves_nothing(world: World) -> None:
    with pytest.raises(BadInput, match=r"more than 10,000 node runs \(make its matrices smaller\)"):
        world.start(workflow(*of_runs(MAX_RUNS + 1)))  # type: ignore[arg-type]
    assert world.store.executions() == []


def test_edges_between_node_runs_up_to_their_limit(world: World) -> None:
    wide = [node(f"n{each}", *([f"n{each - 1}"] if each else []), matrix=matrix(256)) for each in range(8)]
    rest = [node("o", "n7", matrix=matrix(161)), node("p", matrix=matrix(32)), node("q", "p")]
    assert len(lay_out(workflow(*wide, *rest), "1", {}).edges) == MAX_EDGES
    with pytest.raises(BadInput, match="more than 500,000 edges between node runs"):
        world.start(workflow(*wide, *rest, node("r", "q")))
    assert world.store.executions() == []
