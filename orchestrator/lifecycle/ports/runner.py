"""How an attempt is run, and how it is told to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from orchestrator.definition.model import AgentDefinition, JsonValue, SandboxMode
from orchestrator.definition.project import EngineTemplate
from orchestrator.execution.budget import Allowance
from orchestrator.execution.log_line import Level
from orchestrator.execution.outcome import Outcome

STEP_FILES: Final = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
"""What a script may write to: files by the names of the variables that have their paths."""


class StopReason(StrEnum):
    """Why a node should end before it is done."""

    CANCELLED = "cancelled"
    DRAIN = "drain"
    STALE = "stale"


class Control(Protocol):
    """How a running node hears that it should end."""

    def fileno(self) -> int:
        """Readable as soon as `reason` may have changed; for `select`."""
        ...

    def reason(self) -> StopReason | None: ...


class LogSink(Protocol):
    """Where a runner writes; masks, batches and stores."""

    def line(self, text: str, *, level: Level = Level.INFO, stream: str = "stdout", group: str = "") -> None: ...

    def mask(self, value: str) -> None:
        """From now on this value shows as `***`."""
        ...

    def tick(self) -> None:
        """Store what has waited long enough; runners call it at least every half second."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellTask:
    """A script for `bash`, with its expressions evaluated."""

    script: str


@dataclass(frozen=True, kw_only=True, slots=True)
class McpServer:
    """An MCP server, ready to be started or called: a program with its words and environment, or an address.

    Secrets stand in `env` and `headers`, and nowhere else; `secrets` are those that were made for this attempt. `hosts`
    are what it must reach where the network is closed, `readable` the paths that it must see where files are hidden.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hosts: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentTask:
    """A prompt for an agent, with its expressions evaluated and its context fenced in.

    `transcript` is what `engine: replay` plays, or None; `transcript_name` is what its file is called, when that is
    not the node run's key. `conflicts` are the paths a resolver must mend. `resumes`: where its turns are
    used up, the session goes on once. `template` describes an engine of the repository's own. `servers` are the MCP
    servers that the agent is given: the node fails where one of them is not there. `fingerprint` has the
    hashes, by part, of what is asked, whatever the folder and the execution; `strict` says that a transcript for
    anything else is not played. `record` is the file into which a runner writes what it heard of the agent, as events
    of a transcript; None where nobody wants it. `allowance` is what the attempt may still
    use, None where there is no budget; its minutes are part of the task's `timeout_seconds` already.
    """

    definition: AgentDefinition
    engine: str
    prompt: str
    model: str | None = None
    tools: tuple[str, ...] | None = None
    max_turns: int | None = None
    answer: dict[str, JsonValue] | None = None
    transcript: str | None = None
    transcript_name: str = ""
    conflicts: tuple[str, ...] = ()
    resumes: bool = False
    template: EngineTemplate | None = None
    servers: tuple[McpServer, ...] = ()
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    record: Path | None = None
    sandbox: SandboxMode = SandboxMode.AUTO
    allowance: Allowance | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One attempt at one node run, ready to start.

    `workspace` is the working directory, `scratch` an empty folder outside it for the runner's own files (that of a
    script may hold `STEP_FILES`, empty), `temp` another one for what the node's programs put into `TMPDIR`. `borrowed`
    are folders elsewhere that git reads when it is called in the workspace. `env` is what the workflow asked for, on
    top of the runner's allow-list. `secrets` are values to mask from the first line on.
    """

    execution_id: str
    number: int
    workflow_id: str
    key: str
    node: str
    attempt: int
    epoch: int
    action: ShellTask | AgentTask
    workspace: Path
    scratch: Path
    temp: Path
    writable: bool
    borrowed: tuple[Path, ...] = ()
    timeout_seconds: float
    idle_seconds: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()


class Runner(Protocol):
    """One way to run a node. Never raises for what the node does; `SetupError` becomes the failure `setup`."""

    def run(self, task: Task, log: LogSink, control: Control) -> Outcome:
        """Run to the end; nothing of the node is alive afterwards. Fills what it knows of the outcome."""
        ...
