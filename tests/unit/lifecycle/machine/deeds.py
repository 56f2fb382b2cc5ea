"""What a process is about when it commits something: the books judge each commit by it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.execution.outcome import Outcome, Usage
from orchestrator.execution.state import NodeRun
from tests.unit.lifecycle.machine.graphs import Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """A new execution of `graph`."""

    graph: Graph


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A worker asks for work."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reserve:
    """A worker asks whether the budget lets it begin with `claim`."""

    claim: NodeRun


@dataclass(frozen=True, kw_only=True, eq=False)
class Begin:
    """A worker says that it has begun with `claim`."""

    claim: NodeRun


@dataclass(frozen=True, kw_only=True, eq=False)
class Deliver:
    """The outcome of an attempt is handed in."""

    claim: NodeRun
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class Requeue:
    """A draining worker gives back `claim`, for which an agent has used something already."""

    claim: NodeRun
    usage: Usage | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Control:
    """A control loop's pass: node runs are taken from workers that are silent, and approvals end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Replace:
    """A new worker takes a dead one's place, and what it ran."""

    seat: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Decide:
    """A person's word on an approval."""

    approve: bool
    by: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Cancel:
    """A person has had enough."""

    by: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Rerun:
    """What failed or was cancelled, or `node`, runs again; or all of it, as a new execution of `graph`."""

    graph: Graph
    node: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Resume:
    """Another instance takes up what a dead one left."""

    execution_id: str
