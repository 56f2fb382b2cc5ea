"""An execution as programs see it."""

from __future__ import annotations

import json

from orchestrator.definition.model import Agent, Budget, Input, Matrix, Merge, WorkspaceMode
from orchestrator.execution.outcome import FailureClass, Outcome, Usage
from orchestrator.lifecycle import budgets
from orchestrator.lifecycle.ports import Control, LogSink, Task
from orchestrator.lifecycle.report import as_json, view
from orchestrator.site.stored import StoredExecutions
from tests.fakes.runner import writes
from tests.fakes.world import World, agent, node, workflow


def test_the_rest_shape(world: World) -> None:
    world.runner.deeds["test (2)"] = Outcome(failure=FailureClass.EXIT, message="exit code 1", exit_code=1)
    world.runner.deeds["test (1)"] = Outcome(outputs={"n": 1})
    definition = workflow(node("test", matrix=Matrix(axes={"v": [1, 2]})), node("after", "test"))
    execution = world.run(definition, triggered_by="alice")
    shown = as_json(view(world.services, execution.id))
    assert json.loads(json.dumps(shown)) == shown
    assert shown["status"] == "failed"
    assert shown["trigger"] == "manual"
    assert shown["triggered_by"] == "alice"
    assert shown["node_statuses"] == {"test": "failed", "after": "skipped"}
    assert shown["error_message"] == "node `test (2)` failed: exit code 1"
    assert shown["output_data"] == {"after": {}}
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    failed = runs[1]
    assert isinstance(failed, dict)
    assert (failed["key"], failed["error_code"], failed["matrix"]) == ("test (2)", "RUN_EXIT", {"v": 2})


def test_it_says_where_an_agents_program_ran(world: World) -> None:
    world.runner.deeds["a"] = Outcome(sandbox="bwrap")
    shown = as_json(view(world.services, world.run(workflow(node("a"), node("b"))).id))
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    assert [run["sandbox"] for run in runs if isinstance(run, dict)] == ["bwrap", None]


def test_the_budget_is_told_in_the_units_of_the_workflow(world: World) -> None:
    usage = Usage(input_tokens=100, output_tokens=20, turns=2, cost_usd=2.1)
    world.runner.deeds["a"] = Outcome(usage=usage)
    nodes = (node("a", action=Agent(agent="a")), node("b", "a", action=Agent(agent="a")), node("c", "b"))
    definition = workflow(*nodes, budget=Budget(usd=2, minutes=60))
    execution = world.run(definition, agents={"a": agent("a")})
    shown = as_json(view(world.services, execution.id))
    assert json.loads(json.dumps(shown)) == shown
    assert shown["budget"] == {
        "limit": {"usd": 2.0, "minutes": 60.0},
        "spent": {"usd": 2.1, "tokens": 120, "turns": 2, "minutes": 0.0},
        "reserved": {},
        "over": {"usd": 0.1},
    }
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    first, second, third = runs
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert isinstance(third, dict)
    assert first["budget"] == {
        "limit": {"usd": 1.0, "minutes": 30.0},
        "spent": {"usd": 2.1, "tokens": 120, "turns": 2, "minutes": 0.0},
        "over": {"usd": 1.1},
    }
    assert (second["error_code"], second["budget"], third["budget"]) == ("AGENT_BUDGET", None, None)
    world.start(workflow(node("a")))
    assert as_json(view(world.services, world.store.find("latest").id))["budget"] is None


def test_a_budget_says_what_attempts_have_reserved(world: World) -> None:
    execution = world.start(
        workflow(node("a", action=Agent(agent="a")), budget=Budget(usd=2)), agents={"a": agent("a")}
    )
    budgets.start(world.services, world.claim())
    shown = as_json(view(world.services, execution.id))
    assert shown["budget"] == {"limit": {"usd": 2.0}, "spent": {}, "reserved": {"usd": 2.0}, "over": {}}
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    assert isinstance(runs[0], dict)
    assert runs[0]["budget"] == {"limit": {"usd": 2.0}, "spent": None, "over": {}}


def test_no_duration_is_negative_where_the_clock_was_set_back(world: World) -> None:
    def deed(task: Task, log: LogSink, control: Control) -> Outcome:
        world.clock.advance(-3600)
        return Outcome()

    world.runner.deeds["a"] = deed
    shown = as_json(view(world.services, world.run(workflow(node("a"))).id))
    runs = shown["node_runs"]
    assert isinstance(runs, list)
    assert isinstance(runs[0], dict)
    assert (shown["duration_seconds"], runs[0]["duration_seconds"]) == (0, 0)


def test_the_tail_of_a_failed_run_is_at_hand(world: World) -> None:
    world.runner.deeds["a"] = Outcome(failure=FailureClass.EXIT, message="exit code 1")
    execution = world.run(workflow(node("a")))
    assert [line.text for line in view(world.services, execution.id).tails[0]] == ["exit code 1"]


def test_the_engine_of_an_agent_is_known_as_soon_as_it_begins(world: World) -> None:
    definition = workflow(
        node("played", action=Agent(agent="a", engine="${{ inputs.engine }}")),
        node(
            "real",
            "played",
            action=Agent(agent="a", engine="${{ matrix.engine }}"),
            matrix=Matrix(axes={"engine": ["claude"]}),
        ),
        node("joined", "real", action=Merge(nodes=("real",), resolver="a", engine="replay")),
        inputs={"engine": Input(name="engine")},
    )
    execution = world.start(definition, inputs={"engine": "replay"}, agents={"a": agent("a")})
    before = view(world.services, execution.id)
    assert (before.engines, before.replayed) == ({}, False)
    world.claim()
    begun = view(world.services, execution.id)
    assert (begun.engines, begun.replayed) == ({0: "replay"}, True)
    assert as_json(begun)["replayed"] is True


def test_an_engine_that_cannot_be_told_is_not_called_a_replay(world: World) -> None:
    action = Agent(agent="a", engine="${{ fromJSON('{') }}")
    execution = world.start(workflow(node("odd", action=action)), agents={"a": agent("a")})
    world.claim()
    assert view(world.services, execution.id).engines == {}


def test_what_the_outcome_says_of_a_replay_counts_more_than_the_engine(world: World) -> None:
    world.runner.deeds["a"] = Outcome(usage=Usage(replayed=True))
    definition = workflow(node("a", action=Agent(agent="a", engine="claude")))
    execution = world.run(definition, agents={"a": agent("a")})
    assert view(world.services, execution.id).replayed


def test_commits_and_diff_are_what_a_pull_request_compares(world: World) -> None:
    world.git.checkout["README.md"] = b"# Changed\n"
    world.runner.deeds["fix"] = writes(new_txt="text")
    definition = workflow(node("fix", action=Agent(agent="a"), workspace=WorkspaceMode.WRITE))
    execution = world.run(definition, agents={"a": agent("a")})
    mine, theirs = view(world.services, execution.id).commits
    assert [execution.is_snapshot(commit.sha) for commit in (mine, theirs)] == [True, False]
    diff = StoredExecutions(world.services).diff(execution.id, None)
    assert ("# Changed" in diff, "new.txt" in diff) == (True, True)


def test_uncommitted_changes_alone_are_no_result(world: World) -> None:
    world.git.checkout["README.md"] = b"# Changed\n"
    execution = world.run(workflow(node("look")))
    assert execution.dirty
    assert view(world.services, execution.id).commits == ()
    assert StoredExecutions(world.services).diff(execution.id, None) == ""


def test_the_time_of_an_ended_execution_stands_still(world: World) -> None:
    execution = world.run(workflow(node("a")))
    world.clock.advance(3_600)
    assert view(world.services, execution.id).now == execution.completed_at
