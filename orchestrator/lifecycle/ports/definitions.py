"""What a repository defines at a commit: its workflows, with all that decides what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.definition.model import AgentDefinition, Workflow
from orchestrator.definition.project import Project
from orchestrator.errors import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Definitions:
    """Everything that was read at `commit`.

    `sources` are the workflows as written, by id; `transcripts` those beside each, by node run key; `agents` all that
    workflows may name. Files with problems are left out, and their problems are here.
    """

    commit: str
    workflows: Mapping[str, Workflow]
    sources: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, AgentDefinition] = field(default_factory=dict)
    transcripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    project: Project = field(default_factory=Project)
    problems: tuple[Problem, ...] = ()


class DefinitionSource(Protocol):
    """Reads definitions from commits, never from a folder that nodes work in."""

    def at(self, commit: str) -> Definitions:
        """What the commit defines. `Unavailable` where the commit cannot be had; problems of files are not raised."""
        ...
