"""What a workflow is: the frozen values that parsing produces and everything else reads.

The words are those of `docs/workflow-format.md`. A text that may hold expressions stays a `str` with its `${{ }}`;
parsing has checked that every expression in it parses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from typing_extensions import TypeAliasType

from orchestrator.definition.publish import Publish
from orchestrator.definition.roles import Trust
from orchestrator.errors import Place

JsonValue = TypeAliasType("JsonValue", "None | bool | int | float | str | list[JsonValue] | dict[str, JsonValue]")


class EdgeCondition(StrEnum):
    """When an edge lets its target run, judged by the source's `needs.X.result`."""

    ON_SUCCESS = "on_success"
    ON_FAILURE = "on_failure"
    ALWAYS = "always"


class NodeKind(StrEnum):
    """What a node does; exactly one of these keys stands in a node."""

    RUN = "run"
    AGENT = "agent"
    APPROVAL = "approval"
    MERGE = "merge"


class WorkspaceMode(StrEnum):
    """What a node sees of the repository: nothing, a throw-away tree, or a tree whose changes are committed."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class Skipped(StrEnum):
    """How the check run of a skipped node concludes; both let a required check pass."""

    SUCCESS = "success"
    NEUTRAL = "neutral"


class Backoff(StrEnum):
    """How the delay between attempts grows."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class RetryClass(StrEnum):
    """Failures that `retry.on` may name. `MAX_TURNS` is no new attempt: the agent's session goes on once."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"
    LOST = "lost"
    MAX_TURNS = "max_turns"


class InputType(StrEnum):
    """The type of a workflow input, as in `workflow_dispatch` of GitHub Actions."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class ContextMode(StrEnum):
    """Whether an agent is handed what its predecessors found."""

    NEEDS = "needs"
    NONE = "none"


class SandboxMode(StrEnum):
    """Where an agent's program runs: in bubblewrap, not confined, or confined where the machine can."""

    AUTO = "auto"
    BWRAP = "bwrap"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """An edge, seen from its target."""

    node: str
    when: EdgeCondition = EdgeCondition.ON_SUCCESS


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """`attempts` is the total, the first one included; `delay_seconds` is the first delay."""

    attempts: int = 1
    backoff: Backoff = Backoff.EXPONENTIAL
    delay_seconds: float = 5.0
    on: tuple[RetryClass, ...] = (RetryClass.TIMEOUT, RetryClass.OVERLOADED, RetryClass.LOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What agents may use: US dollars, tokens (read, cached and written), turns, minutes of work. None is no limit."""

    usd: float | None = None
    tokens: int | None = None
    turns: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """`strategy.matrix`: a node run for each combination of `axes`, less `exclude`, plus `include`.

    A value may be a text that holds expressions over `inputs`, `github` and `vars`; so may `expression`, which
    stands for the whole matrix (`matrix: ${{ fromJSON(inputs.matrix) }}`) and excludes the other fields.
    """

    axes: dict[str, list[JsonValue] | str] = field(default_factory=dict)
    include: list[dict[str, JsonValue]] = field(default_factory=list)
    exclude: list[dict[str, JsonValue]] = field(default_factory=list)
    expression: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A shell command; `script` runs in `bash -eo pipefail`."""

    kind: Literal[NodeKind.RUN] = NodeKind.RUN
    script: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """An AI coding agent: a named definition, and the engine (CLI) that runs it.

    `answer` is the JSON Schema of the result, an object schema (`{"type": "object", "properties": …}`), or None. `mcp`
    are the names of the MCP servers that it is given.
    """

    kind: Literal[NodeKind.AGENT] = NodeKind.AGENT
    agent: str
    prompt: str = ""
    engine: str = "claude"
    model: str | None = None
    tools: tuple[str, ...] | None = None
    max_turns: int | None = None
    answer: dict[str, JsonValue] | None = None
    context: ContextMode = ContextMode.NEEDS
    mcp: tuple[str, ...] = ()
    sandbox: SandboxMode = SandboxMode.AUTO


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A person decides; `on_timeout` says what silence means.

    `reviewers` are logins, and teams as `organisation/team`, of whom `minimum` must agree; without any, whoever may
    write to the repository.
    """

    kind: Literal[NodeKind.APPROVAL] = NodeKind.APPROVAL
    message: str = ""
    timeout_minutes: float | None = None
    on_timeout: str = "reject"
    reviewers: tuple[str, ...] = ()
    minimum: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """Integrates the commits of `nodes` in the order written; a conflict goes to the agent `resolver`, or fails."""

    kind: Literal[NodeKind.MERGE] = NodeKind.MERGE
    nodes: tuple[str, ...]
    resolver: str | None = None
    engine: str = "claude"
    model: str | None = None
    prompt: str = ""
    sandbox: SandboxMode = SandboxMode.AUTO


class _ByKind:
    """Tells pydantic which member of a union it reads. It takes long to import, and only stored workflows need it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator="kind")])


Action = Annotated[Run | Agent | Approval | Merge, _ByKind()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One node of the graph.

    `implied_success` is true when `needs` was written as a list (or one name) and `if` holds no status function:
    then `success()` stands before the condition, as in GitHub Actions. `condition` is the text of `if` without
    `${{ }}`. `budget` is what each of its runs may use, all attempts together.
    """

    id: str
    action: Action
    place: Place
    name: str = ""
    needs: tuple[Need, ...] = ()
    implied_success: bool = True
    condition: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    matrix: Matrix | None = None
    retry: Retry = Retry()
    timeout_minutes: float = 30.0
    continue_on_error: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    queue: str = "default"
    priority: int = 0
    workspace: WorkspaceMode = WorkspaceMode.READ
    budget: Budget | None = None

    @property
    def kind(self) -> NodeKind:
        return self.action.kind

    @property
    def asks_agents(self) -> bool:
        """Whether an agent may work in it: an agent node, or a merge with a resolver."""
        return isinstance(self.action, Agent) or (isinstance(self.action, Merge) and self.action.resolver is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A typed parameter of a workflow."""

    name: str
    type: InputType = InputType.STRING
    description: str = ""
    required: bool = False
    default: JsonValue = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """One entry of `on`: the event's name and its filters, as written and checked.

    `filters` of `schedule` is `{"entries": [{"cron", "timezone", "catch-up"}, …]}`.
    """

    event: str
    filters: dict[str, JsonValue] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Concurrency:
    """`concurrency`: of executions whose `group` comes to the same text, one runs at a time and `queue` may wait.

    Both `group` and `cancel_in_progress` may hold expressions over `github`, `inputs` and `vars`.
    """

    group: str
    cancel_in_progress: bool | str = False
    queue: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """A parsed workflow file. `id` is its path below the workflows folder without suffix; `budget` what all agents of
    an execution may use together; `skipped` how the check runs of its skipped nodes conclude."""

    id: str
    path: str
    name: str
    nodes: dict[str, Node]
    description: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    inputs: dict[str, Input] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    budget: Budget | None = None
    skipped: Skipped = Skipped.NEUTRAL
    publish: Publish | None = None
    trust: Trust = field(default_factory=Trust)
    concurrency: Concurrency | None = None
    is_template: bool = False

    @property
    def queues(self) -> tuple[str, ...]:
        """The queue labels that nodes wait in, sorted."""
        return tuple(sorted({node.queue for node in self.nodes.values()}))

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the agents that nodes use and merges resolve with, sorted."""
        named = {node.action.agent for node in self.nodes.values() if isinstance(node.action, Agent)}
        resolvers = {node.action.resolver for node in self.nodes.values() if isinstance(node.action, Merge)}
        return tuple(sorted(named | {resolver for resolver in resolvers if resolver}))

    @property
    def servers(self) -> frozenset[str]:
        """The names of the MCP servers that nodes are given."""
        agents = (node.action for node in self.nodes.values() if isinstance(node.action, Agent))
        return frozenset(name for agent in agents for name in agent.mcp)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentDefinition:
    """A sub-agent: a Markdown file with front matter, in the format of `.claude/agents/`."""

    id: str
    name: str
    description: str
    prompt: str
    category: str = ""
    keywords: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    model: str | None = None
    source: str = ""
