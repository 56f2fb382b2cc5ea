"""What is remembered of agents, as it comes about: in the transaction that ends an attempt, once for each."""

from __future__ import annotations

import select

import pytest

from orchestrator.definition.model import Agent, AgentDefinition, Input, Merge, Retry, Run, Workflow, WorkspaceMode
from orchestrator.errors import StaleClaim
from orchestrator.execution.experience import AgentRun
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle import advance
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.ports import Control, Lease, LogSink, Scope, Task
from orchestrator.lifecycle.rerun import rerun
from tests.fakes.runner import writes
from tests.fakes.world import World, agent, node, workflow

WRITE = WorkspaceMode.WRITE
AGENTS = {name: agent(name) for name in ("writer", "tester", "resolver")}
USED = Usage(
    model="sonnet-5",
    input_tokens=10,
    output_tokens=20,
    cache_read_tokens=30,
    cache_write_tokens=40,
    turns=5,
    cost_usd=0.25,
)
PATIENCE_SECONDS = 60.0
SHARED = {"left": writes(shared_txt="left\n"), "right": writes(shared_txt="right\n")}


def remembered(world: World) -> list[AgentRun]:
    """Oldest first."""
    return world.store.history().recent(Scope(replayed=True), limit=100)[::-1]


def story(world: World) -> list[tuple[str, int, int, str]]:
    return [(row.key, row.epoch, row.attempt, row.outcome) for row in remembered(world)]


def lost(claim: NodeRun, beat: int = 0) -> Lease:
    return Lease(execution_id=claim.execution_id, index=claim.index, epoch=claim.epoch, beat=beat)


def start(world: World, **keys: object) -> Execution:
    return world.start(workflow(node("fix", action=Agent(agent="writer"), **keys)), agents=AGENTS)


def test_an_attempt_is_remembered_with_all_it_took(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.clock.advance(80)
        writes(a_txt="a", b_txt="b")(task, log, control)
        return Outcome(usage=USED)

    world.runner.deeds["fix"] = deed
    definition = workflow(
        node("first"), node("fix", "first", action=Agent(agent="writer", model="opus"), workspace=WRITE)
    )
    execution = world.run(definition, agents=AGENTS)
    run = world.node_run(execution, "fix")
    assert run.started_at
    assert run.completed_at
    assert remembered(world) == [
        AgentRun(
            execution_id=execution.id,
            run=1,
            epoch=1,
            attempt=1,
            given=1,
            key="fix",
            workflow_id="demo",
            repository=execution.repository,
            agent="writer",
            engine="claude",
            model="sonnet-5",
            outcome="success",
            started_at=run.started_at,
            ended_at=run.completed_at,
            seconds=(run.completed_at - run.started_at).total_seconds(),
            input_tokens=10,
            output_tokens=20,
            cache_read_tokens=30,
            cache_write_tokens=40,
            turns=5,
            cost_usd=0.25,
            files_changed=2,
            committed=True,
        )
    ]


def test_nothing_is_remembered_of_other_nodes(world: World) -> None:
    world.runner.deeds["build"] = Outcome(failure=FailureClass.EXIT)
    world.run(workflow(node("build"), node("test", action=Run(script="true"))))
    assert remembered(world) == []


def test_what_a_reader_changed_counts_for_nothing(world: World) -> None:
    world.runner.deeds["fix"] = writes(a_txt="a")
    start(world)
    world.work()
    (row,) = remembered(world)
    assert (row.files_changed, row.committed) == (0, False)


@pytest.mark.parametrize(
    ("asked", "own", "reported", "model"),
    [
        ("opus", "haiku", "opus-5", "opus-5"),
        ("opus", "haiku", "", "opus"),
        (None, "haiku", "", "haiku"),
        (None, None, "", ""),
    ],
)
def test_the_model_is_what_the_engine_said_or_what_was_asked(
    world: World, asked: str | None, own: str | None, reported: str, model: str
) -> None:
    definition = AgentDefinition(id="writer", name="writer", description="d", prompt="p", model=own)
    world.runner.deeds["fix"] = Outcome(usage=Usage(model=reported))
    world.run(workflow(node("fix", action=Agent(agent="writer", model=asked))), agents={"writer": definition})
    assert [row.model for row in remembered(world)] == [model]


def test_an_agent_file_names_no_model_of_another_engine(world: World) -> None:
    definition = AgentDefinition(id="writer", name="writer", description="d", prompt="p", model="sonnet")
    world.run(workflow(node("fix", action=Agent(agent="writer", engine="codex"))), agents={"writer": definition})
    assert [(row.engine, row.model) for row in remembered(world)] == [("codex", "")]


def test_engine_and_model_are_remembered_evaluated_and_masked(world: World) -> None:
    world = World(world.folder, secrets={"TOKEN": "hunter22"})
    action = Agent(agent="writer", engine="${{ inputs.engine }}", model="${{ github.event.model }}")
    definition = workflow(node("fix", action=action), inputs={"engine": Input(name="engine")})
    world.run(definition, agents=AGENTS, inputs={"engine": "claude"}, event={"model": "a\n hunter22"})
    assert [(row.engine, row.model) for row in remembered(world)] == [("claude", "a ***")]


def test_every_retry_is_an_attempt(world: World) -> None:
    world.runner.deeds["fix"] = [
        Outcome(failure=FailureClass.OVERLOADED, usage=USED),
        Outcome(failure=FailureClass.TIMEOUT),
        Outcome(),
    ]
    start(world, retry=Retry(attempts=3, delay_seconds=0.0))
    world.work()
    assert story(world) == [("fix", 1, 1, "overloaded"), ("fix", 2, 2, "timeout"), ("fix", 3, 3, "success")]
    assert [row.cost_usd for row in remembered(world)] == [0.25, None, None]
    (found,) = world.store.history().by_agent(Scope())
    assert (found.runs, found.attempts, found.flaky, found.retries) == (1, 3, 1, 2)


def test_a_rerun_of_the_same_belongs_to_the_run(world: World) -> None:
    definition = workflow(node("first"), node("fix", "first", action=Agent(agent="writer")))
    world.runner.deeds["fix"] = [Outcome(failure=FailureClass.BAD_OUTPUT), Outcome()]
    execution = world.run(definition, agents=AGENTS)
    rerun(world.services, execution.id, failed_only=True)
    world.work()
    assert [row.given for row in remembered(world)] == [1, 1]
    (found,) = world.store.history().by_agent(Scope())
    assert (found.runs, found.succeeded, found.flaky, found.retries) == (1, 1, 1, 0)


def test_a_rerun_of_what_came_before_makes_another_run(world: World) -> None:
    definition = workflow(node("first"), node("fix", "first", action=Agent(agent="writer")))
    world.runner.deeds["fix"] = [Outcome(failure=FailureClass.BAD_OUTPUT), Outcome()]
    execution = world.run(definition, agents=AGENTS)
    rerun(world.services, execution.id, failed_only=False, node="first")
    world.work()
    assert [row.given for row in remembered(world)] == [1, 2]
    (found,) = world.store.history().by_agent(Scope())
    assert (found.runs, found.succeeded, found.flaky) == (2, 1, 0)


def test_an_attempt_lost_with_its_worker_is_remembered_as_lost(world: World) -> None:
    action = Agent(agent="writer", engine="${{ inputs.engine }}", model="opus")
    inputs = {"engine": Input(name="engine")}
    world.start(workflow(node("fix", action=action), inputs=inputs), agents=AGENTS, inputs={"engine": "claude"})
    claim = world.claim()
    world.clock.advance(30)
    assert advance.lose(world.services, lost(claim))
    assert not advance.lose(world.services, lost(claim))
    world.work()
    assert story(world) == [("fix", 1, 1, "lost"), ("fix", 2, 1, "success")]
    first = remembered(world)[0]
    assert (first.engine, first.model, round(first.seconds)) == ("claude", "opus", 30)


def test_an_engine_that_cannot_be_told_is_left_open(world: World) -> None:
    action = Agent(agent="writer", engine="${{ fromJSON('{') }}")
    world.start(workflow(node("fix", action=action, retry=Retry(on=()))), agents=AGENTS)
    advance.lose(world.services, lost(world.claim()))
    assert [(row.engine, row.outcome) for row in remembered(world)] == [("", "lost")]


def test_a_late_result_adds_nothing(world: World) -> None:
    start(world)
    claim = world.claim()
    advance.lose(world.services, lost(claim))
    with pytest.raises(StaleClaim):
        advance.settle(world.services, claim, Outcome(), world.claimant())
    with pytest.raises(StaleClaim):
        advance.requeue(world.services, claim)
    world.work()
    assert story(world) == [("fix", 1, 1, "lost"), ("fix", 2, 1, "success")]


def test_a_result_handed_in_twice_is_one(world: World) -> None:
    start(world)
    claim = world.claim()
    advance.settle(world.services, claim, Outcome(), world.claimant())
    with pytest.raises(StaleClaim):
        advance.settle(world.services, claim, Outcome(), world.claimant())
    assert story(world) == [("fix", 1, 1, "success")]


def test_what_a_drained_agent_used_is_remembered(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.signals.drain(hurry=True)
        assert select.select([control.fileno()], [], [], PATIENCE_SECONDS)[0]
        return Outcome(cancelled=True, usage=USED)

    world.runner.deeds["fix"] = deed
    start(world)
    world.work()
    assert [(row.outcome, row.cost_usd) for row in remembered(world)] == [("cancelled", 0.25)]


def test_a_cancelled_agent_is_remembered_and_one_that_never_began_is_not(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        cancel(world.services, task.execution_id, "alice")
        return Outcome(cancelled=True)

    world.runner.deeds["fix"] = deed
    start(world)
    world.work()
    assert story(world) == [("fix", 1, 1, "cancelled")]
    start(world)
    advance.settle(world.services, world.claim(), Outcome(cancelled=True), world.claimant())
    assert len(remembered(world)) == 1


def test_a_resolver_is_remembered_where_it_was_called(world: World) -> None:
    world.runner.deeds.update(SHARED, both=lambda task, log, control: _mended(task, log, control, USED))
    world.run(_merging(), agents=AGENTS)
    row = next(row for row in remembered(world) if row.key == "both")
    assert (row.agent, row.engine, row.outcome, row.cost_usd) == ("resolver", "claude", "success", 0.25)
    assert row.committed


def test_a_merge_without_conflicts_calls_nobody(world: World) -> None:
    world.runner.deeds.update(left=writes(a_txt="a"), right=writes(b_txt="b"))
    world.run(_merging(), agents=AGENTS)
    assert {row.key for row in remembered(world)} == {"left", "right"}


def test_the_calls_of_a_resolver_are_one_attempt(world: World) -> None:
    world.runner.deeds.update(SHARED, third=writes(shared_txt="third\n"))
    world.runner.deeds["both"] = lambda task, log, control: _mended(task, log, control, USED)
    execution = world.run(_merging("third"), agents=AGENTS)
    (row,) = (row for row in remembered(world) if row.key == "both")
    assert (row.cost_usd, row.turns, row.output_tokens) == (0.5, 10, 40)
    usage = world.outputs(execution, "both")["usage"]
    assert isinstance(usage, dict)
    assert usage["cost_usd"] == 0.5


def test_what_a_resolver_used_in_vain_is_remembered(world: World) -> None:
    world.runner.deeds.update(SHARED, both=Outcome(usage=USED))
    execution = world.run(_merging(), agents=AGENTS)
    outcome = world.node_run(execution, "both").outcome
    assert outcome is not None
    assert (outcome.failure, outcome.usage) == (FailureClass.CONFLICT, USED), "it left the conflict as it was"
    row = next(row for row in remembered(world) if row.key == "both")
    assert (row.agent, row.outcome, row.cost_usd) == ("resolver", "conflict", 0.25)


def test_an_agent_that_could_not_be_called_is_remembered_with_why(world: World) -> None:
    world.run(workflow(node("fix", action=Agent(agent="writer", engine="none such"))), agents=AGENTS)
    assert [(row.agent, row.engine, row.outcome) for row in remembered(world)] == [("writer", "none such", "setup")]


def test_an_agent_that_had_no_budget_to_begin_is_not_remembered(world: World) -> None:
    start(world)
    advance.settle(world.services, world.claim(), Outcome(failure=FailureClass.BUDGET), world.claimant())
    assert remembered(world) == []


@pytest.mark.parametrize("usage", [None, Usage(replayed=True)])
def test_replays_are_marked(world: World, usage: Usage | None) -> None:
    world.services.runners["replay"] = world.runner  # type: ignore[index]
    world.runner.deeds["fix"] = Outcome(usage=usage)
    world.run(workflow(node("fix", action=Agent(agent="writer", engine="replay"))), agents=AGENTS)
    assert [row.replayed for row in remembered(world)] == [True]
    assert world.store.history().by_agent(Scope()) == []


def _merging(*more: str) -> Workflow:
    names = ("left", "right", *more)
    writers = [node(name, action=Agent(agent="writer"), workspace=WRITE) for name in names]
    return workflow(*writers, node("both", *names, action=Merge(nodes=names, resolver="resolver")))


def _mended(task: Task, log: LogSink, control: Control, usage: Usage) -> Outcome:
    writes(shared_txt="mended\n")(task, log, control)
    return Outcome(usage=usage)
