"""The blackboard through `mycelium run`, the real Claude Code and the real redis-mcp-server; the model is scripted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.queue.connection import connect
from orchestrator.queue.server import BLACKBOARD_LIMITS, EmbeddedServer, find_binary
from tests.fakes.agent_programs import search_path
from tests.fakes.checkout import Checkout, alive, eventually, family
from tests.fakes.claude_cli import PROGRAM, needs_claude
from tests.fakes.model_server import Asked, ModelServer, Turn, call, model_server, say

pytestmark = needs_claude

PATIENCE_SECONDS = 240.0
NOTES = """
    name: Notes
    defaults: {mcp: redis, workspace: none}
    nodes:
      find: {agent: code-reviewer, prompt: Look for trouble.}
      read: {agent: code-reviewer, prompt: Tell what was found., needs: find, context: none}
    """
SPY = """
    name: Spy
    inputs: {prefix: {required: true}}
    nodes:
      spy: {agent: code-reviewer, mcp: redis, workspace: none, prompt: "The prefix is `${{ inputs.prefix }}`."}
    """


def _next_turn(asked: Asked) -> Turn:
    """What a model would do that has read its prompt."""
    node = re.search(r"You work on node `(\w+)`", asked.prompt)
    prefix = re.search(r"begins with `(blackboard:[^`]+)`", asked.prompt)
    assert node, asked.prompt
    assert prefix, asked.prompt
    here = prefix[1]
    said = " ".join(json.dumps(result) for result in asked.results)
    match node[1], asked.turn:
        case "find", 0:
            listed = call("mcp__redis__sadd", name=f"{here}keys", value=f"{here}note")
            return say(call("mcp__redis__set", key=f"{here}note", value="forty-two"), listed)
        case "read", 0:
            return say(call("mcp__redis__smembers", name=f"{here}keys"))
        case "read", 1:
            assert f"{here}note" in said
            return say(call("mcp__redis__get", key=f"{here}note"))
        case "spy", 0:
            theirs = re.search(r"The prefix is `([^`]+)`", asked.prompt)
            assert theirs
            spoil = call("mcp__redis__set", key=f"{theirs[1]}note", value="spoiled")
            return say(call("mcp__redis__get", key=f"{theirs[1]}note"), spoil)
        case _:
            return say(f"I heard: {said}")


@pytest.fixture
def model(checkout: Checkout) -> Iterator[ModelServer]:
    folder = checkout.folder / "bin"
    folder.mkdir()
    (folder / "claude").symlink_to(Path(PROGRAM).resolve())
    with model_server(_next_turn) as server:
        keys = {"ANTHROPIC_API_KEY": "sk-ant-scripted", "ANTHROPIC_BASE_URL": server.url}
        checkout.environ.update(keys, PATH=f"{folder}:{search_path()}")
        yield server


def _run(checkout: Checkout, *words: str) -> dict[str, Any]:
    process = checkout.start("run", *words, "--json")
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, f"{stdout}\n{stderr}"
    shown: dict[str, Any] = json.loads(stdout)
    return shown


def _said(shown: dict[str, Any], node: str) -> str:
    return str(next(each for each in shown["node_runs"] if each["key"] == node)["outputs"]["text"])


def test_agents_share_it_on_a_server_that_comes_and_goes(checkout: Checkout, model: ModelServer) -> None:
    process = checkout.start("run", checkout.workflow("notes", NOTES), "--json")
    tree = eventually(lambda: len(found := family(process.pid)) > 3 and found, "the process tree")
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, f"{stdout}\n{stderr}"
    assert "forty-two" in _said(json.loads(stdout), "read")
    assert alive(tree) == []


def test_another_execution_cannot_look_into_it(checkout: Checkout, model: ModelServer) -> None:
    server = EmbeddedServer(find_binary(), BLACKBOARD_LIMITS)
    server.start()
    try:
        checkout.environ["MYCELIUM_BLACKBOARD_URL"] = server.url
        notes = _run(checkout, checkout.workflow("notes", NOTES))
        assert "forty-two" in _said(notes, "read")
        prefix = f"blackboard:{notes['id']}:"
        spied = _said(_run(checkout, checkout.workflow("spy", SPY), "--input", f"prefix={prefix}"), "spy")
        assert spied.count("No permissions to access a key") == 2
        assert "forty-two" not in spied
        with connect(server.url) as admin:
            assert admin.get(f"{prefix}note") == b"forty-two"
            assert admin.ttl(f"{prefix}note") > 0
            assert admin.acl_users() == ["default"]
    finally:
        server.stop()
