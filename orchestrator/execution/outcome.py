"""How one attempt ended, and what came of it.

Frozen values, as in `state.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.definition.model import JsonValue
from orchestrator.execution.commit import FileChange


class FailureClass(StrEnum):
    """Why an attempt failed; drives retries, and is shown. `error_code` is `AGENT_TIMEOUT`, `RUN_EXIT` and so on."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    IDLE = "idle"
    OVERLOADED = "overloaded"
    AUTH = "auth"
    MAX_TURNS = "max_turns"
    BUDGET = "budget"
    REFUSED = "refused"
    DENIED = "denied"
    BAD_OUTPUT = "bad_output"
    LOST = "lost"
    CRASHED = "crashed"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    SETUP = "setup"


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """A remark on a line of a file, as `::error file=…` makes it; `level` is notice, warning or failure."""

    level: str
    message: str
    path: str = ""
    start_line: int = 1
    end_line: int = 1
    start_column: int | None = None
    end_column: int | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What an agent used. `cost_usd` is None where nobody can say, and `cost_estimated` where it is our own estimate by
    a price list; a replay shows the recorded figures."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    turns: int = 0
    cost_usd: float | None = None
    replayed: bool = False
    cost_estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """One after the other: the model is the later one's, and a cost that nobody knows stays out of the sum."""
        costs = [usage.cost_usd for usage in (self, other) if usage.cost_usd is not None]
        return Usage(
            model=other.model or self.model,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            turns=self.turns + other.turns,
            cost_usd=sum(costs) if costs else None,
            replayed=self.replayed or other.replayed,
            cost_estimated=self.cost_estimated or other.cost_estimated,
        )

    @property
    def tokens(self) -> int:
        """All of them, whatever they cost."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentCall:
    """The agent that an attempt called, with the engine and model it asked for; `""` leaves the model to the engine."""

    agent: str
    engine: str
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file a node kept. `name` is its path in the workspace, `digest` the sha256 (hex) that the blob store knows."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one attempt ended.

    `failure` is None on success. `outputs` become `needs.X.outputs`; a run node has `summary` and `exit-code`, an
    agent its answer and `text commit files_changed usage`. `summary` is the Markdown of GITHUB_STEP_SUMMARY.
    `sandbox` says where an agent's program ran: `bwrap` or `none`; empty where no such program ran.
    `base` and `commit` are the workspace's commits (full SHA-1) before and after; `commit` is None when nothing was
    committed. `bundle` is the digest of a git bundle that brings `commit` to another machine. `discarded` counts
    changed files that a `read` workspace threw away. `transcripts` are the digests of what was recorded, one for each
    call of an agent. `called` is the agent that worked, or None where none was called; of several calls of a resolver
    `usage` is the sum.
    """

    failure: FailureClass | None = None
    message: str = ""
    exit_code: int | None = None
    outputs: dict[str, JsonValue] = field(default_factory=dict)
    summary: str = ""
    annotations: tuple[Annotation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    usage: Usage | None = None
    called: AgentCall | None = None
    base: str | None = None
    commit: str | None = None
    bundle: str | None = None
    changes: tuple[FileChange, ...] = ()
    discarded: int = 0
    sandbox: str = ""
    cancelled: bool = False
    retry_after_seconds: float | None = None
    transcripts: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.failure is None and not self.cancelled
