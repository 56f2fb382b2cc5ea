"""What an execution is while it runs: statuses, node runs, outcomes.

Frozen values; `store/` keeps them, `machine.py` computes the next ones. All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.definition.model import AgentDefinition, JsonValue, Workflow
from orchestrator.definition.project import Project
from orchestrator.execution.showing import Target


class ExecutionStatus(StrEnum):
    """The status of an execution; `waiting` means that only a person can move it on."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in _ENDED_EXECUTIONS


class NodeStatus(StrEnum):
    """The status of a node run. `queued`: ready, and not claimed by a worker (a retry may still wait its delay)."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        return self in _SETTLED


_ENDED_EXECUTIONS = frozenset({ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED})
_SETTLED = frozenset({NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED})


class Result(StrEnum):
    """`needs.X.result`, in GitHub's words."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


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


class TriggerKind(StrEnum):
    """What started an execution, as the REST API names it."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    WEBHOOK = "webhook"
    GITHUB_ACTION = "github-action"


class Level(StrEnum):
    """Level of a log line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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
class FileChange:
    """One changed file. `status`: added, modified, deleted or renamed; counts are lines, None for binary files."""

    path: str
    status: str
    additions: int | None = None
    deletions: int | None = None
    previous_path: str | None = None


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


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeRun:
    """One node of one execution; a matrix node has several.

    `index` names it within its execution, from 0 in topological order; so does `key`, for people: the node's id, or
    `test (3.11)`. `epoch` rises with each claim; a write that carries an older one is refused. `attempt` counts
    tries that used up a retry, from 1 once claimed; `lost` the claims whose worker vanished. `waiting_for` counts
    unsettled predecessor runs. `deadline` is when an approval stops waiting; `not_before` when a retry may start.
    `lease` counts the worker's beats. `any_failed` and `any_cancelled` are merged over all ancestors, as `failure()`
    and `cancelled()` ask. `heads` are the commits its workspace is made from, in merge order: what its predecessors
    committed, or what they themselves started from; empty means the execution's `base`.
    """

    execution_id: str
    index: int
    node: str
    key: str
    status: NodeStatus = NodeStatus.PENDING
    matrix: dict[str, JsonValue] = field(default_factory=dict)
    epoch: int = 0
    attempt: int = 0
    lost: int = 0
    waiting_for: int = 0
    any_failed: bool = False
    any_cancelled: bool = False
    heads: tuple[str, ...] = ()
    queue: str = "default"
    priority: int = 0
    ready_at: datetime | None = None
    not_before: datetime | None = None
    deadline: datetime | None = None
    lease: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    worker: str | None = None
    result: Result | None = None
    error_code: str | None = None
    decided_by: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One run of a workflow, as stored.

    `number` counts the executions of this workflow in this store, from 1. `base` is the snapshot's commit, `head`
    the commit the checkout stood on (they differ when uncommitted changes were taken along), `result` the commit of
    the last node that had one. `open_runs` counts unsettled node runs, `active_runs` those of them that are queued or
    running (none of them: only people can move it on), `artifact_bytes` what its nodes kept. `event` is
    `github.event`. `target` is where GitHub shows it; None where nothing is shown. `instance` names the process tree
    that owns it.
    """

    id: str
    number: int
    workflow_id: str
    workflow_name: str
    status: ExecutionStatus = ExecutionStatus.PENDING
    trigger: TriggerKind = TriggerKind.MANUAL
    triggered_by: str = ""
    event_name: str = ""
    event: dict[str, JsonValue] = field(default_factory=dict)
    target: Target | None = None
    inputs: dict[str, JsonValue] = field(default_factory=dict)
    repository: str = ""
    repository_path: str = ""
    branch: str = ""
    head: str | None = None
    base: str | None = None
    dirty: bool = False
    result: str | None = None
    result_branch: str | None = None
    instance: str = ""
    cancel_requested: bool = False
    open_runs: int = 0
    active_runs: int = 0
    artifact_bytes: int = 0
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error_message: str | None = None

    @property
    def merge_base(self) -> str | None:
        """The commit that the result forks from: uncommitted changes taken along come after it."""
        return self.head or self.base

    @property
    def comparison(self) -> tuple[str, str] | None:
        """The two commits that a pull request compares; None while no node committed anything."""
        if not self.merge_base or not self.result or self.result == self.base:
            return None
        return self.merge_base, self.result

    def is_snapshot(self, commit: str) -> bool:
        """Whether `commit` holds the uncommitted changes of the checkout, and no work of a node."""
        return self.dirty and commit == self.base


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The fixed half of an execution: the workflow as parsed and as YAML, every agent it names, and what the project
    file said, which is not read again.

    `files` are texts that lie beside the workflow and that nodes read by name: the transcripts of `engine: replay`,
    by node run key. `base_bundle` is the digest of a git bundle that brings the execution's base to other machines,
    where they cannot be expected to have it. `record` has what agents do written into transcripts. `last_valid` is the
    commit that all of this is from where the workflow was broken since, and went on as it last was valid.
    """

    definition: Workflow
    source: str
    agents: dict[str, AgentDefinition] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    base_bundle: str | None = None
    project: Project = field(default_factory=Project)
    record: bool = False
    last_valid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line of a node run's log.

    `id` grows within an execution, from 1; `after=` pages by it. `run` is the node run's index. `text` is masked,
    without a line end. `stream` is `stdout`, `stderr`, `agent`, `tool` or `mycelium` (our own words). `group` is the
    title of the `::group::` it stands in.
    """

    id: int
    run: int
    key: str
    attempt: int
    at: datetime
    level: Level
    stream: str
    text: str
    group: str = ""
    error_code: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit as pages and comments show it. `body` is the message without subject and trailers."""

    sha: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    at: datetime
    subject: str
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    changes: tuple[FileChange, ...] = ()
