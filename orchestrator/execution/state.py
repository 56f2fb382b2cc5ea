"""What an execution is while it runs: its statuses, its node runs, its plan.

Frozen values; `store/` keeps them, `machine.py` computes the next ones. All times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from orchestrator.definition.model import AgentDefinition, JsonValue, Workflow
from orchestrator.definition.project import Project
from orchestrator.execution.outcome import Outcome
from orchestrator.execution.showing import Target

CANCELLED_BY: Final = "cancelled by"
"""How the message of an execution begins that somebody has cancelled without saying why."""


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


class TriggerKind(StrEnum):
    """What started an execution, as the REST API names it."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    WEBHOOK = "webhook"
    GITHUB_ACTION = "github-action"


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
