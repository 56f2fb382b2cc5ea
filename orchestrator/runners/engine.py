"""What every engine is: how its program is called, how what it prints is read, and what its ending means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrator.definition.model import JsonValue
from orchestrator.execution.outcome import FailureClass, Usage
from orchestrator.lifecycle.ports.runner import AgentTask, Task
from orchestrator.runners.credentials import Credentials
from orchestrator.runners.happenings import Happening

Host = tuple[str, int]
"""A name and a port."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call of an engine's program.

    `session` continues an earlier call of the same attempt, which has `spent` so much.
    `turns` and `usd` are what is left of the node's `max-turns` and budget. `home` is a private folder that lasts as
    long as the attempt; `env` is all of the program's environment before the engine adds its own. `confined` where a
    sandbox of ours keeps it in its workspace.
    """

    task: Task
    action: AgentTask
    prompt: str
    home: Path
    env: Mapping[str, str]
    session: str = ""
    spent: Usage = field(default_factory=Usage)
    turns: int | None = None
    usd: float | None = None
    confined: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """How the program is started: `arguments` after its name, all of its environment, and what it reads on standard
    input. The files `passing` hold secrets that it reads while it starts: they are removed as soon as it says that it
    has."""

    arguments: Sequence[str]
    env: Mapping[str, str]
    stdin: str = ""
    passing: Sequence[Path] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What one call came to, by the engine's own rules; its exit code alone says little.

    `failure` is None on success. `text` is the agent's last words. `answer` is what it gave for the schema, unchecked.
    `denied` names the tools it was refused, `session` what a later call may continue, `retry_after_seconds` how long
    the service asked to wait.
    """

    failure: FailureClass | None = None
    message: str = ""
    text: str = ""
    answer: JsonValue = None
    usage: Usage = field(default_factory=Usage)
    denied: tuple[str, ...] = ()
    session: str = ""
    retry_after_seconds: float | None = None


class Reader(Protocol):
    """Hears one call of the program. Whatever the program prints is read: nothing raises."""

    def line(self, text: str) -> Iterable[Happening]:
        """A line of stdout."""
        ...

    def complaint(self, text: str) -> Iterable[Happening]:
        """A line of stderr."""
        ...

    def ending(self, code: int | None) -> Ending:
        """The verdict, once the program has ended with `code` (negative for a signal, None when nobody knows)."""
        ...


class Engine(Protocol):
    """One agent program. Members are immutable and serve any number of attempts at once."""

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def program(self) -> str:
        """The name that is looked for on PATH."""
        ...

    @property
    def install(self) -> str:
        """The command that installs it."""
        ...

    @property
    def credentials(self) -> Credentials: ...

    @property
    def sessions(self) -> tuple[str, ...] | None:
        """The folders of its home that a later call needs to go on, and that nothing in them makes it run; None for
        all of it."""
        ...

    def hosts(self, env: Mapping[str, str]) -> list[Host]:
        """Where its model is: all that it has to reach."""
        ...

    def call(self, request: Request) -> Call:
        """The command line and environment; files it needs are written into `request.home`. Raises `SetupError`."""
        ...

    def reader(self, request: Request) -> Reader:
        """For what the program prints when `request` is put to it."""
        ...
