"""The real agent programs as tests see them: how each is called, and what a model says so that it does something."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

import pytest

from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.codex import CodexEngine
from orchestrator.runners.engine import Engine
from tests.fakes import claude_cli, codex_cli
from tests.fakes.agent_programs import search_path
from tests.fakes.model_server import Block, Turn, call, say

KEY = "scripted-0123456789-abcdef"


class Cli(Protocol):
    """One program. Blocks are for `say`: the tool calls with which its model does what is wanted.

    `tries` is how often it puts one request to a service that is overloaded. `late` is how many turns more it takes
    than it may: one that does not count them itself is stopped from outside. `confines` says that its own sandbox ends
    what a command leaves running.
    """

    name: str
    program: str
    engine: Engine
    tools: tuple[str, ...]
    tries: int
    late: int
    confines: bool

    def environ(self, url: str) -> dict[str, str]:
        """A worker's environment in which its model is the scripted one at `url`."""
        ...

    def shell(self, command: str) -> Block: ...

    def write(self, path: str, text: str) -> Block:
        """A file that is not there yet, by its path in the workspace."""
        ...

    def answer(self, **values: Any) -> Turn:
        """The turn that answers by a schema."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Claude:
    """Claude Code, which speaks Anthropic's Messages."""

    name: str = "claude"
    program: str = claude_cli.PROGRAM
    engine: Engine = ClaudeEngine()  # noqa: RUF009 - it is immutable
    tools: tuple[str, ...] = ("Read", "Grep", "Glob", "Edit", "Write", "Bash")
    tries: int = 3
    late: int = 0
    confines: bool = False

    def environ(self, url: str) -> dict[str, str]:
        return {"PATH": search_path(), "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url}

    def shell(self, command: str) -> Block:
        return call("Bash", command=command, description="scripted")

    def write(self, path: str, text: str) -> Block:
        return call("Write", file_path=path, content=text)

    def answer(self, **values: Any) -> Turn:
        return say("I judge.", call("StructuredOutput", **values))


@dataclass(frozen=True, kw_only=True, slots=True)
class Codex:
    """Codex, which speaks OpenAI's Responses."""

    name: str = "codex"
    program: str = codex_cli.PROGRAM
    engine: Engine = CodexEngine()  # noqa: RUF009 - it is immutable
    tools: tuple[str, ...] = ("Read", "Edit", "Write", "Bash")
    tries: int = 9
    late: int = 1
    confines: bool = True

    def environ(self, url: str) -> dict[str, str]:
        return {"PATH": search_path(), "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1"}

    def shell(self, command: str) -> Block:
        return call("exec_command", cmd=command)

    def write(self, path: str, text: str) -> Block:
        added = "".join(f"+{line}\n" for line in text.splitlines())
        return call("apply_patch", input=f"*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch\n")

    def answer(self, **values: Any) -> Turn:
        return say(json.dumps(values))


CLIS: Mapping[str, Cli] = {"claude": Claude(), "codex": Codex()}


def every_cli() -> list[Any]:
    """For `parametrize`: each program, skipped where it is not installed."""
    marks = {"claude": claude_cli.needs_claude, "codex": codex_cli.needs_codex}
    return [pytest.param(cli, id=name, marks=marks[name]) for name, cli in CLIS.items()]


def takes_turn(nodeid: str, name: str) -> bool:
    """Whether the test with this id, of which `name` is the program, is done where each is done with one program only.

    It is the same program whatever else is selected.
    """
    test, _, case = nodeid.partition("[")
    others = [part for part in case.removesuffix("]").split("-") if part != name]
    return list(CLIS)[crc32("-".join([test, *others]).encode()) % len(CLIS)] == name
