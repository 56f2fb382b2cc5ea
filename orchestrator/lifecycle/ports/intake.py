"""What came from GitHub and what became of it: decisions, executions that are held back, and votes on approvals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.definition.model import JsonValue
from orchestrator.execution.state import TriggerKind


class Ruling(StrEnum):
    """What was decided of a workflow or a command when an event came."""

    MATCHED = "matched"
    FILTERED = "filtered"
    DENIED = "denied"
    WAITING = "waiting"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided, by which rule, and why.

    One delivery has one decision on each `subject`: a workflow's id, or a command with its slash. `number` is that of
    the issue or pull request. An answer is `owed` where somebody asked, by the comment `comment_id` or by a `label`, or
    has to do something; `told` says that it was given. `lines` are what there is to say beyond `reason`. Until it is
    stored its `id` is 0.
    """

    delivery_id: str
    subject: str
    ruling: Ruling
    rule: str
    reason: str
    event: str
    actor: str
    at: datetime
    number: int | None = None
    head_sha: str = ""
    execution_id: str = ""
    owed: bool = False
    told: bool = False
    comment_id: int | None = None
    label: str = ""
    lines: tuple[str, ...] = ()
    id: int = 0


class Hold(StrEnum):
    """Where an execution stands that does not simply start: waits for somebody, or for its group, has started, or never
    will."""

    WAITING = "waiting"
    QUEUED = "queued"
    STARTED = "started"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldStart:
    """An execution that waits for an allowance or its turn, or that holds a concurrency group.

    It may start only as it was decided on: `head_sha` is the pull request's head, `fingerprint` covers workflow, agents
    and project file, and `inputs` and `event` are as they were, and empty once it has started or never will.
    `allowed_by` is who let it. `cancels` has the group's running execution stopped. `group` is empty where the workflow
    has none.
    """

    delivery_id: str
    workflow_id: str
    state: Hold
    actor: str
    event_name: str
    event: dict[str, JsonValue]
    trigger: TriggerKind
    inputs: dict[str, JsonValue]
    head_sha: str
    fingerprint: str
    at: datetime
    number: int | None = None
    asked: bool = False
    allowed_by: str = ""
    group: str = ""
    waiting_limit: int = 1
    cancels: bool = False
    execution_id: str = ""
    id: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One reviewer's approval of a node run that waits since `since`; a run that waits anew has no votes."""

    execution_id: str
    index: int
    since: datetime
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A concurrency group: executions that have not ended, and those that wait for their turn, oldest first."""

    running: tuple[str, ...] = ()
    queued: tuple[HeldStart, ...] = ()


class Intake(Protocol):
    """Part of a `Transaction`: what is written here is committed with the rest of it."""

    def record(self, decision: Decision) -> Decision:
        """Keep it, with an id. `Conflict` where this delivery has a decision on the subject already."""
        ...

    def amend(self, decision: Decision) -> None:
        """Replace a stored decision."""
        ...

    def decided(self, delivery_id: str) -> list[Decision]:
        """What was decided of a delivery, in order."""
        ...

    def of_thread(self, number: int, *, limit: int = 50) -> list[Decision]:
        """The latest decisions about an issue or pull request, newest first."""
        ...

    def untold(self, *, limit: int = 100) -> list[Decision]:
        """Those with an answer that is owed and was not given yet, oldest first."""
        ...

    def hold(self, start: HeldStart) -> HeldStart:
        """Keep it, with an id."""
        ...

    def settle(self, start: HeldStart) -> None:
        """Replace what is stored of it."""
        ...

    def held(self, states: Collection[Hold], *, number: int | None = None) -> list[HeldStart]:
        """Those in these states, of one thread where it is named, oldest first."""
        ...

    def group(self, name: str) -> Group:
        """The group as it is, held against others until the transaction ends."""
        ...

    def mark(self, name: str) -> datetime | None:
        """Until when something was seen to; None where it never was."""
        ...

    def put_mark(self, name: str, at: datetime) -> None:
        """Note it."""
        ...

    def vote(self, vote: Vote) -> None:
        """Count it; a second one of the same reviewer changes nothing."""
        ...

    def votes(self, execution_id: str, index: int, since: datetime) -> Sequence[str]:
        """Who has approved, in order."""
        ...
