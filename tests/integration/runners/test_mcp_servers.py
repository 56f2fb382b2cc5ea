"""MCP servers with the real Claude Code and Codex: the agent has them, and a node whose server is not there fails."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.definition.model import AgentDefinition, SandboxMode
from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.execution.state import NodeRun
from orchestrator.lifecycle.ports.runner import AgentTask, McpServer
from orchestrator.queue.blackboard import RedisBlackboard
from orchestrator.queue.server import EmbeddedServer, find_binary
from orchestrator.runners import mcp
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.codex import CodexEngine
from orchestrator.runners.engine import Engine
from orchestrator.runners.sandbox import usable
from tests.fakes import claude_cli, codex_cli, mcp_server
from tests.fakes.agent_programs import search_path
from tests.fakes.model_server import ModelServer, Script, call, model_server, say, turns
from tests.fakes.running import ListLog, pipe_control, task

KEY = "sk-scripted-0123456789"
TOKEN = "token-of-the-server"
WRITER = AgentDefinition(id="writer", name="writer", description="Writes.", prompt="You write.", tools=("Read", "Bash"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Cli:
    """A real program, and how it is told of its key and its model."""

    engine: Engine
    program: str
    environ: Mapping[str, str]
    address: str


CLAUDE = Cli(
    engine=ClaudeEngine(),
    program=claude_cli.PROGRAM,
    environ={"ANTHROPIC_API_KEY": KEY},
    address="ANTHROPIC_BASE_URL",
)
CODEX = Cli(
    engine=CodexEngine(),
    program=codex_cli.PROGRAM,
    environ={"OPENAI_API_KEY": KEY},
    address="OPENAI_BASE_URL",
)
both = pytest.mark.parametrize(
    "cli",
    [
        pytest.param(CLAUDE, id="claude", marks=claude_cli.needs_claude),
        pytest.param(CODEX, id="codex", marks=codex_cli.needs_codex),
    ],
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    outcome: Outcome
    log: ListLog
    model: ModelServer

    @property
    def everything(self) -> str:
        """All that the model was ever told."""
        return json.dumps([asked.body for asked in self.model.asked])


def run(cli: Cli, folder: Path, script: Script, *servers: McpServer, **given: Any) -> Ran:
    action = AgentTask(definition=WRITER, engine=cli.engine.program, prompt="Do it.", servers=servers, **given)
    log = ListLog()
    with model_server(script) as model, pipe_control() as control:
        suffix = "/v1" if cli is CODEX else ""
        environ = {"PATH": search_path(), cli.address: f"{model.url}{suffix}", **cli.environ}
        runner = AgentRunner(cli.engine, environ=environ, program=Path(cli.program))
        outcome = runner.run(task(folder, action), log, control)
    return Ran(outcome=outcome, log=log, model=model)


def server(how: str, folder: Path, name: str = "echo") -> McpServer:
    words = (str(Path(mcp_server.__file__)), how, str(folder / "workspace" / "seen"))
    return McpServer(name=name, command=sys.executable, args=words, env={"TOKEN": TOKEN})


ECHOED = turns(say(call("mcp__echo__echo", text="hello")), say("Done."))


@both
def test_the_agent_uses_a_server_which_learns_no_key(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, ECHOED, server("works", tmp_path))
    assert ran.outcome.succeeded, ran.outcome.message
    assert "echo: hello" in ran.everything
    seen = json.loads((tmp_path / "workspace" / "seen").read_text())
    assert seen["TOKEN"] == TOKEN
    assert KEY not in json.dumps(seen)
    assert not set(cli.environ) & set(seen)


@both
def test_what_a_server_is_told_is_gone_before_the_agent_does_anything(cli: Cli, tmp_path: Path) -> None:
    found: list[Path] = []

    def script(asked: Any) -> Any:
        home = tmp_path / "scratch" / "home"
        files = [each for each in home.rglob("*") if each.is_file()]
        found.extend(each for each in files if TOKEN.encode() in each.read_bytes())
        return ECHOED(asked)

    ran = run(cli, tmp_path, script, server("works", tmp_path))
    assert ran.outcome.succeeded, ran.outcome.message
    assert found == []


@both
def test_a_server_that_ends_at_once_fails_the_node_and_says_why(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, turns(say("I do without.")), server("works", tmp_path), server("exits", tmp_path, "docs"))
    assert ran.outcome.failure is FailureClass.SETUP
    assert "the MCP server `docs` did not start" in ran.outcome.message
    assert "MCP server docs: the server has no mind to work" in ran.log.texts


@both
def test_so_does_one_that_is_not_there_at_all(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, turns(say("I do without.")), McpServer(name="docs", command="no-such-program"))
    assert ran.outcome.failure is FailureClass.SETUP
    assert "the MCP server `docs` did not start" in ran.outcome.message
    assert any("no-such-program" in text for text in ran.log.texts)


@both
def test_so_does_an_address_where_nobody_listens(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    nowhere = McpServer(name="docs", url=url, headers={"Authorization": f"Bearer {TOKEN}"})
    ran = run(cli, tmp_path, turns(say("I do without.")), nowhere)
    assert ran.outcome.failure is FailureClass.SETUP
    assert "the MCP server `docs` did not start" in ran.outcome.message


@both
def test_one_that_never_answers_is_waited_for_and_fails_the_node(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp, "START_SECONDS", 3)
    ran = run(cli, tmp_path, turns(say("I do without.")), server("hangs", tmp_path))
    assert ran.outcome.failure is FailureClass.SETUP
    assert "the MCP server `echo` did not start" in ran.outcome.message


@both
def test_tools_that_are_listed_are_the_only_ones_of_their_server(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, ECHOED, server("works", tmp_path), tools=("Read", "mcp__echo__other"))
    assert "echo: hello" not in ran.everything
    (tmp_path / "more").mkdir()
    ran = run(cli, tmp_path / "more", ECHOED, server("works", tmp_path / "more"), tools=("Read", "mcp__echo__echo"))
    assert "echo: hello" in ran.everything


@contextmanager
def _blackboard(where: str) -> Iterator[RedisBlackboard]:
    """A blackboard on a unix socket, or on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = EmbeddedServer(find_binary(), () if where == "socket" else (f"port {port}",))
    server.start()
    login = server.url.removeprefix("unix://").partition("@")[0]
    try:
        yield RedisBlackboard(server.url if where == "socket" else f"redis://{login}@127.0.0.1:{port}/0")
    finally:
        server.stop()


@pytest.mark.skipif(not usable().works, reason="bubblewrap does not work here")
@pytest.mark.parametrize(
    ("cli", "where"),
    [
        # Where the server listens is nothing to the program.
        pytest.param(CLAUDE, "socket", id="claude-socket", marks=claude_cli.needs_claude),
        pytest.param(CODEX, "port", id="codex-port", marks=codex_cli.needs_codex),
    ],
)
def test_the_blackboard_is_reached_from_a_sandbox(cli: Cli, where: str, tmp_path: Path) -> None:
    with _blackboard(where) as board, board.admit(_RUN) as redis:
        key = f"{board.prefix(_RUN.execution_id)}note"
        wrote = say(call("mcp__redis__set", key=key, value="forty-two"))
        script = turns(wrote, say(call("mcp__redis__get", key=key)), say("Done."))
        ran = run(cli, tmp_path, script, redis, sandbox=SandboxMode.BWRAP)
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.everything.count("forty-two") > 2


_RUN = NodeRun(execution_id="01aaaaaaaaaaaaaaaaaaaaaaaa", index=0, node="a", key="a", epoch=1)
