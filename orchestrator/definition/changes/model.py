"""What two versions of a repository's definitions differ in: files, the graphs of workflows, and each key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from orchestrator.definition.model import AgentDefinition, EdgeCondition, JsonValue, Node, Workflow
from orchestrator.definition.project import Project
from orchestrator.errors import Place, Problem

Key: TypeAlias = tuple[str, ...]
"""Where a value stands, in the words of the file: `("nodes", "review", "budget", "usd")`."""


class Subject(StrEnum):
    """What a change is about, in the order in which people should read of it."""

    START = "start"
    APPROVALS = "approvals"
    PUBLISH = "publish"
    SECRETS = "secrets"
    WRITE = "write"
    TOOLS = "tools"
    BUDGET = "budget"
    QUEUE = "queue"
    COMMANDS = "commands"
    PROMPTS = "prompts"
    ORDER = "order"
    OTHER = "other"


class Kind(StrEnum):
    """What became of a value. A node is `RENAMED` where only its id differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


class FileKind(StrEnum):
    """What a file defines."""

    WORKFLOW = "workflow"
    AGENT = "agent"
    PROJECT = "project"


class FileState(StrEnum):
    """What became of a file. `BROKEN` has problems now, `MENDED` had some before; of one that is `REWRITTEN` only
    comments or the way things are written differ."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"
    BROKEN = "broken"
    MENDED = "mended"
    REWRITTEN = "rewritten"


class Mark(StrEnum):
    """What became of a node in the graph; `RENAMED` counts as changed, and says so."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Definitions:
    """All that a commit defines. `texts` are the workflow files and the project file, by path; `workflows`, the valid
    ones, are by path too. `agents` are by name, the shipped ones included."""

    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    agents: Mapping[str, AgentDefinition] = field(default_factory=dict)
    project: Project = field(default_factory=Project)
    problems: tuple[Problem, ...] = ()

    def problems_of(self, path: str) -> tuple[Problem, ...]:
        """Those of one file."""
        return tuple(problem for problem in self.problems if problem.place and problem.place.file == path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value that differs. `before` is None where it is new, `after` where it is gone.

    `widens` is true where the workflow may do more than before: be started by more, spend more, reach more, or go on
    without a person. `place` is in the file as it is after; of what is gone, where it would stand.
    """

    key: Key
    kind: Kind
    before: JsonValue = None
    after: JsonValue = None
    subject: Subject = Subject.OTHER
    widens: bool = False
    place: Place | None = None

    @property
    def node(self) -> str | None:
        """The id of the node that it belongs to."""
        return self.key[1] if self.key[0] == "nodes" and len(self.key) > 1 else None

    @property
    def is_whole_node(self) -> bool:
        return len(self.key) == 2 and self.key[0] == "nodes"


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedNode:
    """A node of both graphs together; `before` is None where it is new, `after` where it is gone."""

    id: str
    mark: Mark
    before: Node | None = None
    after: Node | None = None

    @property
    def previous_id(self) -> str:
        """What it was called before; its id where it is new."""
        return self.before.id if self.before else self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedEdge:
    """An edge of both graphs together, between the ids of `MarkedNode`; None where it is not."""

    source: str
    target: str
    before: EdgeCondition | None = None
    after: EdgeCondition | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedGraph:
    """Both graphs of a workflow in one: the nodes of after in the order of the file, then those that are gone."""

    nodes: tuple[MarkedNode, ...]
    edges: tuple[MarkedEdge, ...]

    @property
    def differs(self) -> bool:
        """Whether there is a node or an edge that is not on both sides alike."""
        return any(node.mark is not Mark.SAME for node in self.nodes) or self.is_rewired

    @property
    def is_rewired(self) -> bool:
        """Whether the shape differs, and not just what nodes do."""
        marks = {node.mark for node in self.nodes}
        return bool(marks & {Mark.ADDED, Mark.REMOVED}) or any(edge.before != edge.after for edge in self.edges)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFile:
    """A file that differs. `name` is the workflow's id, the agent's name, or that of the project file.

    `problems` are those it has now; `was_valid` tells whether it had none before. `used_by` are ids of workflows that
    name the agent.
    """

    kind: FileKind
    name: str
    path: str
    state: FileState
    previous_path: str = ""
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    was_valid: bool = False
    graph: MarkedGraph | None = None
    used_by: tuple[str, ...] = ()

    @property
    def widening(self) -> tuple[Change, ...]:
        """The changes by which more is allowed than before."""
        return tuple(change for change in self.changes if change.widens)


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinitionChanges:
    """Every file that differs: workflows first, then agents, then the project file; by path within each."""

    files: tuple[ChangedFile, ...] = ()

    @property
    def broken(self) -> tuple[ChangedFile, ...]:
        return tuple(file for file in self.files if file.problems)

    @property
    def widening(self) -> tuple[Change, ...]:
        return tuple(change for file in self.files for change in file.widening)
