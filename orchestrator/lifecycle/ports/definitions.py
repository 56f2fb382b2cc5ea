"""What a repository defines at a commit: its workflows, with all that decides what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from orchestrator.definition.model import AgentDefinition, Workflow
from orchestrator.definition.project import Project
from orchestrator.errors import Problem

if TYPE_CHECKING:
    # Every worker knows the port, and none of them compares.
    from orchestrator.definition.changes import DefinitionChanges


@dataclass(frozen=True, kw_only=True, slots=True)
class Definitions:
    """Everything that was read at `commit`.

    `sources` are the workflows as written, by id; `transcripts` those beside each, by node run key; `agents` all that
    workflows may name. Files with problems are left out, and their problems are here.

    `earlier` has, by id, what a workflow is read from whose file is invalid at `commit` and whose last valid version
    counts; such workflows are among `workflows`.
    """

    commit: str
    workflows: Mapping[str, Workflow]
    sources: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, AgentDefinition] = field(default_factory=dict)
    transcripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    project: Project = field(default_factory=Project)
    problems: tuple[Problem, ...] = ()
    earlier: Mapping[str, Definitions] = field(default_factory=dict)

    @property
    def broken(self) -> tuple[str, ...]:
        """The ids of workflows whose file is invalid and of which no version counts."""
        return tuple(name for name in self.sources if name not in self.workflows)

    def going_on(self, earlier: Mapping[str, Definitions]) -> Definitions:
        """The same, with these versions of workflows that are broken; in the order of the files, as if all were
        valid."""
        valid = {**self.workflows, **{name: then.workflows[name] for name, then in earlier.items()}}
        return replace(
            self,
            workflows={name: valid[name] for name in self.sources if name in valid},
            earlier={**self.earlier, **earlier},
        )

    def of(self, workflow_id: str) -> Definitions:
        """What the workflow belongs to, with the agents and the project file that it was valid with."""
        return self.earlier.get(workflow_id, self)


class DefinitionSource(Protocol):
    """Reads definitions from commits, never from a folder that nodes work in."""

    def at(self, commit: str) -> Definitions:
        """What the commit defines. `Unavailable` where the commit cannot be had; problems of files are not raised."""
        ...

    def in_force(self, commit: str) -> Definitions:
        """What counts once a branch that is trusted has come to this commit: of a workflow whose file is invalid, or
        invalid with the agents and the project file there are, the last valid version on that branch.

        A file that is not there defines nothing, and neither does one without a valid version before.
        """
        ...


class Comparison(Protocol):
    """What commits change in the definitions of others."""

    def concerns(self, path: str) -> bool:
        """Whether a file at this path defines something."""
        ...

    def between(self, before: str, after: str) -> DefinitionChanges:
        """What `after` changes. Of a pull request `before` is where its branch left the base: what others changed there
        since is none of its doing. `Unavailable` where one of them cannot be had, `BadInput` where there is too much to
        compare."""
        ...
