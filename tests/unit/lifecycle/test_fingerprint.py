"""What an agent is asked, as hashes: the same in every execution, and another one for every change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orchestrator.definition.model import Agent
from orchestrator.definition.project import McpTemplate, Project
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.state import ExecutionStatus
from orchestrator.lifecycle.ports import AgentTask
from tests.fakes.world import World, agent, node, workflow

WRITER = agent("writer")
PROJECT = Project(mcp={"docs": McpTemplate(name="docs", command="docs-mcp")})


def fingerprint(world: World, prompt: str = "Fix it.", **more: Any) -> dict[str, str]:
    """What the agent of one node after another is asked, in an execution of its own."""
    found = more.pop("found", "found")
    definition = more.pop("definition", WRITER)
    world.runner.deeds["a"] = Outcome(outputs={"text": found}, summary=found)
    b = node("b", "a", action=Agent(agent="writer", prompt=prompt, **more))
    execution = world.run(workflow(node("a"), b), agents={"writer": definition}, project=PROJECT)
    assert execution.status is ExecutionStatus.COMPLETED
    action = world.runner.task("b").action
    assert isinstance(action, AgentTask)
    return dict(action.fingerprint)


def test_what_is_asked_is_the_same_in_every_execution_and_each_change_shows(world: World) -> None:
    known = fingerprint(world)
    assert known == fingerprint(world)
    assert known.keys() == {"prompt", "agent", "findings"}
    others = {
        "prompt": fingerprint(world, prompt="Fix that."),
        "findings": fingerprint(world, found="other"),
        "agent": fingerprint(world, definition=replace(WRITER, prompt="You are another.")),
        "answer": fingerprint(world, answer={"type": "object"}),
        "tools": fingerprint(world, tools=()),
        "mcp": fingerprint(world, mcp=("docs",)),
    }
    for part, other in others.items():
        assert {name for name in known.keys() | other.keys() if known.get(name) != other.get(name)} == {part}
    assert fingerprint(world, model="opus", max_turns=3) == known


def test_no_hash_of_a_secret_can_be_searched_for(world_with: Callable[..., World]) -> None:
    one, other = (world_with(secrets={"TOKEN": value}) for value in ("hunter22", "another-value"))
    prompt = "Use ${{ secrets.TOKEN }}."
    assert fingerprint(one, prompt=prompt) == fingerprint(other, prompt=prompt)
