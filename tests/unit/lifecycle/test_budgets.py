"""Budgets over the life of an execution: reserve, start or not, charge, give back."""

from __future__ import annotations

import select
from typing import Any

import pytest

from orchestrator.definition.model import Agent, Budget, Merge, Node, Retry, RetryClass, Workflow, WorkspaceMode
from orchestrator.errors import StaleClaim
from orchestrator.execution.amounts import Unit, value
from orchestrator.execution.budget import Allowance
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.execution.state import Execution, NodeRun
from orchestrator.lifecycle import advance, budgets
from orchestrator.lifecycle.cancel import cancel
from orchestrator.lifecycle.ports import AgentTask, Control, LogSink, Task
from orchestrator.lifecycle.rerun import rerun
from tests.fakes.runner import Deed, writes
from tests.fakes.world import World, agent, node, workflow

AGENTS = {name: agent(name) for name in ("writer", "mender")}
PATIENCE = 10.0
CURED = Retry(attempts=3, delay_seconds=0, on=(RetryClass.EXIT, RetryClass.TIMEOUT, RetryClass.LOST))


def asks(name: str, *needs: str, usd: float | None = None, **keys: Any) -> Node:
    """An agent node, with a budget of its own where `usd` says so."""
    if usd is not None:
        keys["budget"] = Budget(usd=usd)
    return node(name, *needs, action=Agent(agent="writer"), **keys)


def budgeted(*nodes: Node, **limits: Any) -> Workflow:
    return workflow(*nodes, budget=Budget(**limits) if limits else None)


def costs(usd: float | None, **more: Any) -> Outcome:
    usage = Usage(model="sonnet", input_tokens=100, output_tokens=20, turns=2, cost_usd=usd)
    return Outcome(usage=usage, **more)


def start(world: World, definition: Workflow) -> Execution:
    return world.start(definition, agents=AGENTS)


def run(world: World, definition: Workflow) -> Execution:
    return world.run(definition, agents=AGENTS)


def allowed(world: World, key: str) -> list[float | None]:
    """The dollars of every attempt at a node run."""
    actions = [task.action for task in world.runner.tasks if task.key == key and isinstance(task.action, AgentTask)]
    return [action.allowance.usd if action.allowance else None for action in actions]


def spent(world: World, execution: Execution, unit: Unit = Unit.USD) -> tuple[float, float]:
    """What the execution has spent, and what of its budget is still reserved."""
    with world.store.begin() as tx:
        found = tx.balance(execution.id)
    return value(unit, found.spent[unit]), value(unit, found.reserved[unit])


def begin(world: World, worker: str) -> tuple[NodeRun, budgets.Start]:
    """Somebody else claims the next run, and reserves."""
    claimed = world.claim(worker)
    return claimed, budgets.start(world.services, claimed)


def end(world: World, claimed: NodeRun, outcome: Outcome) -> None:
    advance.settle(world.services, claimed, outcome, world.claimant())


def said(world: World, execution: Execution, level: Level = Level.INFO) -> list[str]:
    return [line.text for line in world.logs.read(execution.id, level=level)]


def test_without_a_budget_nothing_is_reserved(world: World) -> None:
    execution = start(world, budgeted(asks("a")))
    claimed, started = begin(world, "w1")
    assert started == budgets.Start()
    end(world, claimed, costs(0.2))
    assert world.store.reservations(execution.id) == []


def test_commands_of_an_execution_with_a_budget_reserve_nothing(world: World) -> None:
    world.runner.deeds["a"] = costs(0.2)
    execution = run(world, budgeted(asks("a"), node("make", "a"), usd=2))
    assert [each.index for each in world.store.reservations(execution.id)] == [0]


def test_three_at_once_and_one_after_them(world: World) -> None:
    definition = budgeted(*(asks(name) for name in "abc"), asks("last", "a", "b", "c"), usd=2)
    execution = start(world, definition)
    begun = [begin(world, f"w{number}") for number in range(3)]
    assert [started.reserved for _, started in begun] == [{Unit.USD: 500_000}] * 3
    assert spent(world, execution) == (0, 1.5)
    for claimed, _ in begun:
        end(world, claimed, costs(0.1))
    world.runner.deeds["last"] = costs(0.25)
    world.work()
    assert allowed(world, "last") == [1.7]
    assert world.statuses(execution) == dict.fromkeys(("a", "b", "c", "last"), "completed")
    assert spent(world, execution) == (0.55, 0)


def test_an_agent_is_told_all_that_is_limited(world: World) -> None:
    limits = Budget(usd=0.5, turns=20)
    run(world, budgeted(asks("a", budget=limits), usd=2, tokens=1_000, minutes=6))
    action = world.runner.task("a").action
    assert isinstance(action, AgentTask)
    assert action.allowance == Allowance(usd=0.5, tokens=1_000, turns=20, minutes=6)
    assert world.runner.task("a").timeout_seconds == 360


def test_a_node_of_its_own_budget_keeps_it_over_its_attempts(world: World) -> None:
    world.runner.deeds["a"] = [costs(0.2, failure=FailureClass.EXIT), costs(0.1, failure=FailureClass.EXIT), costs(0.1)]
    execution = run(world, budgeted(asks("a", usd=0.5, retry=CURED), usd=2))
    assert allowed(world, "a") == [0.5, 0.3, 0.2]
    assert world.statuses(execution) == {"a": "completed"}
    assert spent(world, execution) == (0.4, 0)


def test_an_attempt_without_any_budget_left_does_not_start(world: World) -> None:
    world.runner.deeds["a"] = costs(0.6, failure=FailureClass.EXIT)
    execution = run(world, budgeted(asks("a", usd=0.5, retry=CURED), usd=2))
    assert allowed(world, "a") == [0.5]
    ended = world.node_run(execution, "a")
    assert (ended.status.value, ended.error_code, ended.attempt) == ("failed", "AGENT_BUDGET", 2)
    assert ended.outcome
    assert ended.outcome.message == (
        "it did not start: of its 0.50 USD, 0.60 USD are spent (raise the `budget` of the node)"
    )
    assert said(world, execution, Level.WARNING) == [
        "the attempt used 0.10 USD more than the 0.50 USD it was allowed",
        "",
        ended.outcome.message,
    ]


def test_what_would_overrun_the_execution_does_not_start(world: World) -> None:
    world.runner.deeds["a"] = costs(1.9)
    execution = run(world, budgeted(asks("a"), asks("b", "a", usd=0.5), node("c", "b"), usd=2))
    assert world.statuses(execution) == {"a": "completed", "b": "failed", "c": "skipped"}
    assert execution.error_message == (
        "node `b` failed: it did not start: it needs 0.50 USD, and 0.10 USD of the execution's 2.00 USD are left "
        "(raise the `budget` of the workflow)"
    )
    assert allowed(world, "b") == []
    assert spent(world, execution) == (1.9, 0)


def test_one_that_does_not_fit_beside_others_waits_without_using_up_an_attempt(world: World) -> None:
    execution = start(world, budgeted(*(asks(name, usd=0.8) for name in "abc"), usd=2))
    (first, one), (second, two) = begin(world, "w1"), begin(world, "w2")
    assert one.reserved == two.reserved == {Unit.USD: 800_000}
    assert world.work() == 1
    waits = world.node_run(execution, "c")
    assert (waits.status.value, waits.error_code, waits.attempt, waits.worker) == ("queued", "AGENT_BUDGET", 0, None)
    assert said(world, execution) == [
        "waits until other nodes give back what they have reserved: it needs 0.80 USD, and 0.40 USD of the "
        "execution's 2.00 USD are left"
    ]
    assert world.store.ready("here", world.clock.now()) == {}
    end(world, first, costs(0.7))
    assert world.store.ready("here", world.clock.now()) == {}, "0.5 are not enough"
    end(world, second, costs(0.1))
    assert world.store.ready("here", world.clock.now()) == {"default": 1}
    world.runner.deeds["c"] = costs(0.3)
    world.work()
    ended = world.node_run(execution, "c")
    assert (ended.status.value, ended.attempt, ended.error_code) == ("completed", 1, None)
    assert spent(world, execution) == (1.1, 0)


def test_one_that_waits_fails_as_soon_as_waiting_cannot_help(world: World) -> None:
    execution = start(world, budgeted(*(asks(name, usd=1.5) for name in "ab"), usd=2))
    first, _ = begin(world, "w1")
    world.work()
    end(world, first, costs(0.7))
    world.work()
    assert world.statuses(execution) == {"a": "completed", "b": "failed"}
    assert world.node_run(execution, "b").error_code == "AGENT_BUDGET"


def test_only_as_many_are_let_go_on_as_there_is_room_for(world: World) -> None:
    execution = start(world, budgeted(*(asks(name, usd=0.9) for name in "abcd"), usd=2))
    (first, _), (second, _) = begin(world, "w1"), begin(world, "w2")
    assert world.work() == 2
    end(world, first, costs(0.0))
    assert world.store.ready("here", world.clock.now()) == {"default": 1}
    third, started = begin(world, "w3")
    assert (third.key, started.reserved) == ("c", {Unit.USD: 900_000})
    for claimed in (second, third):
        end(world, claimed, costs(0.1))
    world.work()
    assert set(world.statuses(execution).values()) == {"completed"}


def test_all_are_let_go_on_that_there_is_room_for(world: World) -> None:
    start(world, budgeted(asks("a", usd=1.6), asks("b", usd=0.8), asks("c", usd=0.8), usd=2))
    first, _ = begin(world, "w1")
    assert world.work() == 2
    end(world, first, costs(0.1))
    assert world.store.ready("here", world.clock.now()) == {"default": 2}


def test_what_waits_looks_again_by_itself(world: World) -> None:
    start(world, budgeted(*(asks(name, usd=1.5) for name in "ab"), usd=2))
    begin(world, "w1")
    world.work()
    assert world.work() == 0
    world.clock.advance(budgets.LOOK_AGAIN_SECONDS)
    assert world.work() == 1


def test_what_waits_is_cancelled_like_everything_else(world: World) -> None:
    execution = start(world, budgeted(*(asks(name, usd=1.5) for name in "ab"), usd=2))
    first, _ = begin(world, "w1")
    second = world.claim("w2")
    cancel(world.services, execution.id, "alice")
    assert budgets.start(world.services, second).short
    assert world.statuses(execution) == {"a": "running", "b": "cancelled"}
    end(world, first, costs(0.3, cancelled=True))
    assert world.statuses(execution) == {"a": "cancelled", "b": "cancelled"}
    assert spent(world, execution) == (0.3, 0)


def test_asking_twice_reserves_once(world: World) -> None:
    execution = start(world, budgeted(asks("a"), asks("b"), usd=2))
    claimed, started = begin(world, "w1")
    assert budgets.start(world.services, claimed) == started
    assert spent(world, execution) == (0, 1)


def test_a_lost_worker_has_spent_what_it_had_reserved(world: World) -> None:
    execution = start(world, budgeted(asks("a"), asks("b", "a"), usd=2, minutes=60))
    claimed, _ = begin(world, "w1.1")
    world.clock.advance(90)
    advance.lose_all_of(world.services, "w1")
    assert spent(world, execution) == (1, 0)
    assert spent(world, execution, Unit.MINUTES) == (1.5, 0)
    lost = world.node_run(execution, "a")
    assert lost.outcome
    assert lost.outcome.message == (
        "worker w1.1 vanished while it ran `a` (attempt 1); what it had reserved counts as spent: 1.00 USD, 30 minutes"
    )
    with pytest.raises(StaleClaim):
        end(world, claimed, costs(0.1))
    world.work()
    assert allowed(world, "a") == [0.5]
    assert world.statuses(execution) == {"a": "completed", "b": "completed"}


def test_so_has_an_attempt_whose_processes_vanished_unless_somebody_counted(world: World) -> None:
    world.runner.deeds["a"] = [Outcome(failure=FailureClass.LOST), costs(0.1, failure=FailureClass.LOST), costs(0.1)]
    execution = run(world, budgeted(asks("a"), asks("b", "a"), usd=2))
    assert allowed(world, "a") == [1, 0.5, 0.45]
    assert said(world, execution, Level.WARNING)[0] == "what it had reserved counts as spent: 1.00 USD"
    assert spent(world, execution) == (1.2, 0)


def test_what_a_lost_worker_may_have_spent_is_not_spent_again(world: World) -> None:
    execution = start(world, budgeted(asks("a", usd=0.5)))
    begin(world, "w1.1")
    advance.lose_all_of(world.services, "w1")
    world.work()
    assert world.node_run(execution, "a").error_code == "AGENT_BUDGET"


@pytest.mark.parametrize("own", [None, 2.0])
def test_somebody_may_go_on_after_a_loss(world: World, own: float | None) -> None:
    execution = start(world, budgeted(asks("a", usd=own), usd=2))
    begin(world, "w1.1")
    advance.lose_all_of(world.services, "w1")
    world.work()
    assert world.node_run(execution, "a").error_code == "AGENT_BUDGET"
    assert spent(world, execution) == (2, 0)
    rerun(world.services, execution.id, failed_only=True)
    world.runner.deeds["a"] = costs(0.1)
    world.work()
    assert (world.statuses(execution), allowed(world, "a")) == ({"a": "completed"}, [2])
    assert spent(world, execution) == (0.1, 0)


def test_a_drained_attempt_is_charged_and_comes_back(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.signals.drain(hurry=True)
        assert select.select([control], [], [], PATIENCE)[0], "nothing was heard"
        return costs(0.2, cancelled=True)

    world.runner.deeds["a"] = deed
    execution = run(world, budgeted(asks("a", usd=0.5), usd=2))
    assert world.statuses(execution) == {"a": "queued"}
    assert spent(world, execution) == (0.2, 0)
    with world.store.begin() as tx:
        assert tx.coming(execution.id) == {"a": 1}


@pytest.mark.parametrize(
    ("failure", "cancelled"), [(FailureClass.EXIT, False), (FailureClass.AUTH, False), (None, True)]
)
def test_what_failed_or_was_cancelled_is_charged_too(
    world: World, failure: FailureClass | None, cancelled: bool
) -> None:
    world.runner.deeds["a"] = costs(0.2, failure=failure, cancelled=cancelled)
    execution = run(world, budgeted(asks("a"), usd=2, tokens=1_000, turns=10))
    assert spent(world, execution) == (0.2, 0)
    assert spent(world, execution, Unit.TOKENS) == (120, 0)
    assert spent(world, execution, Unit.TURNS) == (2, 0)


def test_usage_survives_whatever_happens_after_the_agent(world: World) -> None:
    world.runner.deeds["a"] = costs(0.2)
    execution = run(world, budgeted(asks("a", outputs={"x": "${{ fromJSON('{') }}"}), usd=2))
    ended = world.node_run(execution, "a")
    assert ended.error_code == "AGENT_BAD_OUTPUT"
    assert ended.outcome
    assert ended.outcome.usage
    assert spent(world, execution) == (0.2, 0)


def test_minutes_are_those_between_claim_and_end(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.clock.advance(90)
        return costs(None)

    world.runner.deeds["a"] = deed
    execution = run(world, budgeted(asks("a"), asks("b", "a"), minutes=6))
    assert world.runner.task("a").timeout_seconds == 180
    assert world.runner.task("b").timeout_seconds == 270
    assert spent(world, execution, Unit.MINUTES) == (1.5, 0)


def test_a_time_limit_of_the_budget_is_no_time_out(world: World) -> None:
    world.runner.deeds["a"] = Outcome(failure=FailureClass.TIMEOUT, message="timed out after 90 seconds")
    execution = run(world, budgeted(asks("a", budget=Budget(minutes=1.5), retry=CURED)))
    ended = world.node_run(execution, "a")
    assert ended.error_code == "AGENT_BUDGET"
    assert ended.outcome
    assert ended.outcome.message == "it was stopped after 1.5 minutes, by its budget"
    execution = run(world, budgeted(asks("a", budget=Budget(minutes=40))))
    assert world.node_run(execution, "a").error_code == "AGENT_TIMEOUT"


def test_a_rerun_keeps_what_was_spent_and_begins_the_node_anew(world: World) -> None:
    world.runner.deeds["a"] = [costs(0.5, failure=FailureClass.EXIT), costs(0.4)]
    execution = run(world, budgeted(asks("a", usd=0.5), asks("b", "a"), usd=2))
    assert world.statuses(execution) == {"a": "failed", "b": "skipped"}
    rerun(world.services, execution.id, failed_only=True)
    world.work()
    assert allowed(world, "a") == [0.5, 0.5]
    assert allowed(world, "b") == [1.1]
    assert spent(world, execution) == (0.9, 0)
    again = rerun(world.services, execution.id, failed_only=False)
    assert spent(world, again) == (0, 0)


def test_a_cost_that_nobody_knows_is_not_charged(world: World) -> None:
    world.runner.deeds["a"] = costs(None)
    execution = run(world, budgeted(asks("a"), usd=2))
    assert spent(world, execution) == (0, 0)
    assert spent(world, execution, Unit.TOKENS) == (120, 0)


def merging(*needs: str, **keys: Any) -> Node:
    return node("m", *needs, action=Merge(nodes=needs, resolver="mender"), **keys)


def test_a_resolver_reserves_once_and_is_told_what_is_left_at_each_call(world: World) -> None:
    sides = {name: asks(name, workspace=WorkspaceMode.WRITE) for name in ("a", "b", "c")}
    world.runner.deeds.update({name: writes(same_txt=name) for name in sides})
    world.runner.deeds["m"] = _paid(writes(same_txt="all"), 0.2)
    execution = run(world, budgeted(*sides.values(), merging(*sides, budget=Budget(usd=0.5))))
    assert world.statuses(execution)["m"] == "completed"
    assert allowed(world, "m") == [0.5, 0.3]
    assert spent(world, execution) == (0.4, 0)
    outcome = world.node_run(execution, "m").outcome
    assert outcome
    assert outcome.usage
    assert outcome.usage.cost_usd == 0.4
    assert world.outputs(execution, "m")["usage"]


def test_a_resolver_is_not_called_again_without_a_budget(world: World) -> None:
    sides = {name: asks(name, workspace=WorkspaceMode.WRITE) for name in ("a", "b", "c")}
    world.runner.deeds.update({name: writes(same_txt=name) for name in sides})
    world.runner.deeds["m"] = _paid(writes(same_txt="all"), 0.6)
    execution = run(world, budgeted(*sides.values(), merging(*sides, budget=Budget(usd=0.5))))
    assert world.node_run(execution, "m").error_code == "MERGE_BUDGET"
    assert allowed(world, "m") == [0.5]
    assert spent(world, execution) == (0.6, 0)


def test_a_merge_without_conflict_gives_everything_back(world: World) -> None:
    sides = {name: asks(name, workspace=WorkspaceMode.WRITE) for name in ("a", "b")}
    world.runner.deeds.update({name: writes(**{f"{name}_txt": name}) for name in sides})
    execution = run(world, budgeted(*sides.values(), merging(*sides), usd=2))
    assert set(world.statuses(execution).values()) == {"completed"}
    assert spent(world, execution) == (0, 0)


def _paid(deed: Deed, usd: float) -> Deed:
    def paid(task: Task, log: LogSink, control: Control) -> Outcome:
        done = deed(task, log, control)
        return Outcome(outputs=done.outputs, usage=costs(usd).usage)

    return paid
