"""MCP servers of an attempt: what the project file describes, with secrets, and the blackboard."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import pytest

from orchestrator.definition.model import Agent
from orchestrator.definition.project_file import parse_project
from orchestrator.errors import SetupError, Unavailable
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.ports import AgentTask, Control, LogSink, McpServer, Task
from orchestrator.lifecycle.rerun import rerun
from tests.fakes.blackboard import FakeBlackboard
from tests.fakes.payloads import pull_request
from tests.fakes.world import World, agent, node, workflow

AGENTS = {"writer": agent("writer")}
PROJECT = parse_project("""
mcp:
  docs: {command: docs-mcp, args: [-q], env: {KEY: "key={TOKEN}", LEVEL: "3"}, secrets: [TOKEN]}
  tracker: {url: "https://mcp.example", headers: {Authorization: "Bearer {TOKEN}"}, secrets: [TOKEN]}
engines: {mine: {command: [mine, "{mcp_config_file}"]}}
""")
TOKEN = "token-0123456789"


@pytest.fixture
def board() -> FakeBlackboard:
    return FakeBlackboard()


@pytest.fixture
def world(world_with: Callable[..., World], board: FakeBlackboard) -> World:
    return world_with(secrets={"TOKEN": TOKEN, "OTHER": "other"}, blackboard=board)


def run(world: World, *names: str, **changes: object) -> Execution:
    action = Agent(agent="writer", prompt="Write.", mcp=names, **changes)  # type: ignore[arg-type]
    return world.run(workflow(node("write", action=action)), agents=AGENTS, project=PROJECT)


def action_of(world: World) -> AgentTask:
    action = world.runner.task("write").action
    assert isinstance(action, AgentTask)
    return action


def servers_of(world: World) -> Mapping[str, McpServer]:
    return {server.name: server for server in action_of(world).servers}


def failure(world: World, execution: Execution) -> str:
    run = world.node_run(execution, "write")
    assert run.outcome is not None
    return f"{run.error_code}: {run.outcome.message}"


def test_secrets_are_put_in_for_the_attempt_and_stored_nowhere(world: World) -> None:
    world.runner.deeds["write"] = lambda *_: Outcome(outputs={"text": f"I saw {TOKEN}"})
    execution = run(world, "docs", "tracker")
    servers = servers_of(world)
    assert servers["docs"].env == {"TOKEN": TOKEN, "KEY": f"key={TOKEN}", "LEVEL": "3"}
    assert servers["tracker"].headers == {"Authorization": f"Bearer {TOKEN}"}
    assert servers["tracker"].env == {}
    assert TOKEN not in repr(world.store.plan(execution.id))
    assert world.outputs(execution, "write")["text"] == "I saw ***"


def test_a_secret_that_is_missing_is_named(world_with: Callable[..., World]) -> None:
    world = world_with()
    message = "AGENT_SETUP: the MCP server `docs` needs the secret `TOKEN` (set MYCELIUM_SECRET_TOKEN for the workers)"
    assert failure(world, run(world, "docs")) == message


def test_the_blackboard_is_open_for_the_attempt_alone(world: World, board: FakeBlackboard) -> None:
    good: list[bool] = []

    def look(task: Task, log: LogSink, control: Control) -> Outcome:
        assert isinstance(task.action, AgentTask)
        (server,) = task.action.servers
        good.append(board.good(server))
        log.line(f"my password is {server.secrets[0]}")
        return Outcome()

    world.runner.deeds["write"] = look
    execution = run(world, "redis")
    assert execution.status.value == "completed"
    assert (good, board.logins) == ([True], {})
    assert "my password is ***" in [line.text for line in world.logs.read(execution.id)]
    assert f"begins with `board:{execution.id}:`" in action_of(world).prompt
    assert board.retired == [execution.id]


def test_without_a_blackboard_the_node_says_what_to_set(world_with: Callable[..., World]) -> None:
    world = world_with()
    told = failure(world, run(world, "redis"))
    assert told.startswith("AGENT_SETUP: `mcp: [redis]` needs a blackboard")
    assert "MYCELIUM_BLACKBOARD_URL" in told


def test_a_blackboard_that_is_away_is_tried_again(world: World, board: FakeBlackboard) -> None:
    board.trouble = Unavailable("Redis is out of reach")
    assert failure(world, run(world, "redis")) == "AGENT_OVERLOADED: Redis is out of reach"


def test_what_cannot_be_retired_keeps_nobody_waiting(
    world: World, board: FakeBlackboard, caplog: pytest.LogCaptureFixture
) -> None:
    def trouble(task: Task, log: LogSink, control: Control) -> Outcome:
        board.trouble = SetupError("the server is full")
        return Outcome()

    world.runner.deeds["write"] = trouble
    with caplog.at_level(logging.WARNING):
        execution = run(world, "redis")
    assert execution.status.value == "completed"
    assert world.outbox() == 0
    assert "is left as it is: the server is full" in caplog.text


def test_a_workflow_without_it_leaves_the_blackboard_alone(world: World, board: FakeBlackboard) -> None:
    run(world, "docs")
    assert board.retired == []
    assert "blackboard" not in action_of(world).prompt


def test_a_replay_calls_no_tools_and_gets_none(world: World, board: FakeBlackboard) -> None:
    world.services.runners["replay"] = world.runner  # type: ignore[index]
    board.trouble = SetupError("nobody asks")
    execution = run(world, "docs", "redis", engine="replay")
    assert action_of(world).servers == ()
    assert execution.status.value == "completed"


def test_the_template_of_an_engine_of_ones_own_comes_along(world: World) -> None:
    world.services.runners["template"] = world.runner  # type: ignore[index]
    run(world, "docs", engine="mine")
    template = action_of(world).template
    assert template is not None
    assert template.command == (("mine",), ("{mcp_config_file}",))


def test_an_execution_keeps_what_the_project_file_said_and_so_does_its_rerun(world: World) -> None:
    execution = run(world, "docs")
    assert world.store.plan(execution.id).project == PROJECT
    again = rerun(world.services, execution.id, failed_only=False)
    assert again.id != execution.id
    assert world.store.plan(again.id).project == PROJECT


def test_an_execution_for_a_fork_gets_no_secrets(world: World) -> None:
    event = {"pull_request": pull_request(fork=True)}
    action = Agent(agent="writer", prompt="Write.", mcp=("docs",))
    execution = world.run(workflow(node("write", action=action)), agents=AGENTS, project=PROJECT, event=event)
    assert "needs the secret `TOKEN`, and executions for forks get none" in failure(world, execution)
    same = world.run(
        workflow(node("write", action=action)), agents=AGENTS, project=PROJECT, event={"pull_request": pull_request()}
    )
    assert world.statuses(same) == {"write": "completed"}


def test_neither_do_its_expressions(world: World) -> None:
    reads = node("write", action=Agent(agent="writer", prompt="${{ toJSON(secrets) }}"))
    for fork in (True, False):
        world.run(workflow(reads), agents=AGENTS, event={"pull_request": pull_request(fork=fork)})
        assert (TOKEN in action_of(world).prompt) is not fork
