"""What the repository file `mycelium.yaml` says: engines of one's own, MCP servers, and how strict a replay is.

The words are those of `docs/project-file.md`. A text may hold placeholders, which `placeholders.py` fills.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.definition.model import Skipped
from orchestrator.definition.placeholders import names_in
from orchestrator.definition.pointers import Pointer

FILE = "mycelium.yaml"
BLACKBOARD = "redis"
"""The MCP server that Mycelium brings along; nobody else's may be called so."""


class PromptBy(StrEnum):
    """How an engine takes its prompt: on standard input, as `{prompt}` or as `{prompt_file}` in its command."""

    STDIN = "stdin"
    ARGUMENT = "argument"
    FILE = "file"


class OutputForm(StrEnum):
    """What an engine prints: text for people, one JSON object, or a JSON object a line."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


class ExitMeaning(StrEnum):
    """What an exit code may mean: the classes of failure that a program can tell."""

    AUTH = "auth"
    OVERLOADED = "overloaded"
    MAX_TURNS = "max_turns"
    BUDGET = "budget"
    REFUSED = "refused"
    DENIED = "denied"
    BAD_OUTPUT = "bad_output"
    TIMEOUT = "timeout"
    SETUP = "setup"
    EXIT = "exit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Where an engine's output says what: the agent's text (the last one found is its result), the first session and
    model named, an error (whatever is found there fails the node), tools that it called, and figures that are added
    up, by their names in `Usage`. With `pieces` the texts of lines that follow each other are one."""

    text: Pointer | None = None
    pieces: bool = False
    session: Pointer | None = None
    model: Pointer | None = None
    error: Pointer | None = None
    tool: Pointer | None = None
    usage: dict[str, Pointer] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineTemplate:
    """An engine that is any command line tool.

    `command` are groups of words; a group is left out where one of its placeholders has no value, and so is an
    entry of `env`. `model` is the model where the node names none. `read` tells what the output says. `exit_codes` are
    codes with a meaning, others mean `exit`. `credentials` are names in the worker's environment that this engine
    gets, of which it needs one. `hosts` are those that it must reach. `files` are written into its empty home folder,
    by path.
    """

    name: str
    command: tuple[tuple[str, ...], ...]
    prompt: PromptBy = PromptBy.STDIN
    output: OutputForm = OutputForm.TEXT
    read: Findings = Findings()
    exit_codes: dict[int, ExitMeaning] = field(default_factory=dict)
    model: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    install: str = ""
    files: dict[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that may hold placeholders."""
        words = tuple(word for group in self.command for word in group)
        return (*words, *self.env.values(), *self.files.values())

    @property
    def takes_servers(self) -> bool:
        """Whether MCP servers have a place in it."""
        return any(name.startswith("mcp_") for text in self.texts for name, _ in names_in(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class McpTemplate:
    """An MCP server as the file describes it: a program that speaks over its standard streams, or an address.

    `secrets` are the names of secrets; a program finds each in its environment, and `{NAME}` in `env` and `headers`
    stands for its value. `hosts` are those that the server must reach.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """How `engine: replay` takes a prompt that is not the recorded one: with a warning, or as a failure."""

    strict: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The file as a whole; a repository without one has the defaults. `skipped` is for workflows that do not say it."""

    engines: dict[str, EngineTemplate] = field(default_factory=dict)
    mcp: dict[str, McpTemplate] = field(default_factory=dict)
    replay: Replay = Replay()
    skipped: Skipped = Skipped.NEUTRAL

    @property
    def servers(self) -> tuple[str, ...]:
        """The names that `mcp` of a node may take."""
        return (BLACKBOARD, *self.mcp)
